//! A directory in memory that remembers what it was asked, and fails when it is told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{
    Change, FaultKind, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault,
    TargetGroup, Wanted,
};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;

pub(crate) struct StubTarget {
    id: TargetId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    members: BTreeSet<(GroupId, PrincipalId)>,
    accounts: BTreeMap<String, usize>,
    groups: BTreeSet<String>,
    disabled: BTreeSet<String>,
    down: bool,
}

impl StubTarget {
    pub(crate) fn new(id: TargetId) -> Self {
        Self { id, state: Mutex::default() }
    }

    pub(crate) fn id(&self) -> TargetId {
        self.id
    }

    /// From now on it does not answer, or answers again.
    pub(crate) fn be_down(&self, down: bool) {
        self.state().down = down;
    }

    pub(crate) fn holds(&self, group: GroupId, principal: PrincipalId) -> bool {
        self.state().members.contains(&(group, principal))
    }

    /// Length of the password the account was made with; `None` when there is no such account.
    pub(crate) fn password_length(&self, login: &str) -> Option<usize> {
        self.state().accounts.get(login).copied()
    }

    pub(crate) fn is_disabled(&self, login: &str) -> bool {
        self.state().disabled.contains(login)
    }

    pub(crate) fn put_group(&self, name: &str) {
        self.state().groups.insert(name.to_owned());
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.state().groups.contains(name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<'a, T: Send + 'a>(&self, value: T) -> Answer<'a, T> {
        let down = self.state().down;
        Box::pin(async move {
            if down {
                return Err(TargetFault { kind: FaultKind::Unreachable, cause: "told to be down".to_owned() });
            }
            Ok(value)
        })
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, TargetFault>>;

impl TargetDirectory for StubTarget {
    fn id(&self) -> TargetId {
        self.id
    }

    fn apply<'a>(&'a self, group: &'a TargetGroup, changes: &'a [Change]) -> Answer<'a, Vec<Outcome>> {
        let mut state = self.state();
        let is_down = state.down;
        let outcomes = changes.iter().filter(|_| !is_down).map(|change| {
            let key = (group.id, change.account.id);
            let changed = match change.wanted {
                Wanted::Present { .. } => state.members.insert(key),
                Wanted::Absent => state.members.remove(&key),
            };
            if changed { Outcome::Done } else { Outcome::Already }
        });
        let outcomes = outcomes.collect();
        drop(state);
        self.answer(outcomes)
    }

    fn are_members<'a>(&'a self, group: &'a TargetGroup, accounts: &'a [TargetAccount]) -> Answer<'a, Vec<bool>> {
        self.answer(accounts.iter().map(|account| self.holds(group.id, account.id)).collect())
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> Answer<'a, Vec<String>> {
        let members =
            self.state().members.iter().filter(|(of, _)| *of == group.id).map(|(_, who)| who.to_string()).collect();
        self.answer(members)
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        account.id.to_string()
    }

    fn self_test<'a>(&'a self, _: &'a [TargetGroup]) -> Answer<'a, Health> {
        self.answer(Health {
            writable: true,
            native_expiry: false,
            product: Some("stub".to_owned()),
            ..Health::default()
        })
    }

    fn find_account<'a>(&'a self, login: &'a str) -> Answer<'a, Option<String>> {
        let known = self.state().accounts.contains_key(login);
        self.answer(known.then(|| format!("uid={login}")))
    }

    fn find_group<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, MemberAttribute)>> {
        let known = self.has_group(name);
        self.answer(known.then(|| (format!("cn={name}"), MemberAttribute::UniqueMember)))
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> Answer<'a, String> {
        let length = new.password.as_ref().map_or(0, |password| password.expose_secret().len());
        let mut state = self.state();
        if !state.down {
            state.accounts.insert(new.login.clone(), length);
        }
        drop(state);
        self.answer(format!("uid={}", new.login))
    }

    fn create_group<'a>(&'a self, name: &'a str) -> Answer<'a, (String, MemberAttribute)> {
        self.put_group(name);
        self.answer((format!("cn={name}"), MemberAttribute::Member))
    }

    fn set_enabled<'a>(&'a self, account: &'a TargetAccount, enabled: bool) -> Answer<'a, bool> {
        let mut state = self.state();
        if enabled {
            state.disabled.remove(&account.login);
        } else {
            state.disabled.insert(account.login.clone());
        }
        drop(state);
        self.answer(true)
    }
}
