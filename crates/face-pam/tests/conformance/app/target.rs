//! A directory in memory that fails when it is told to.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{
    Change, FaultKind, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault,
    TargetGroup, Wanted,
};
use futures_util::future::BoxFuture;

pub(crate) struct StubTarget {
    id: TargetId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    members: BTreeSet<(GroupId, PrincipalId)>,
    refuses_additions: bool,
    refuses_removals: bool,
    writes: usize,
}

impl StubTarget {
    pub(crate) fn new(id: TargetId) -> Self {
        Self { id, state: Mutex::default() }
    }

    /// From now on nothing can be added.
    pub(crate) fn refuse_additions(&self, refuse: bool) {
        self.state().refuses_additions = refuse;
    }

    /// From now on nothing can be removed.
    pub(crate) fn refuse_removals(&self, refuse: bool) {
        self.state().refuses_removals = refuse;
    }

    pub(crate) fn holds(&self, group: GroupId, principal: PrincipalId) -> bool {
        self.state().members.contains(&(group, principal))
    }

    /// Changes that were made so far.
    pub(crate) fn writes(&self) -> usize {
        self.state().writes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_one(&self, group: GroupId, change: &Change) -> Outcome {
        let mut state = self.state();
        let key = (group, change.account.id);
        let refused =
            || Outcome::Refused(TargetFault { kind: FaultKind::Rejected, cause: "told to refuse".to_owned() });
        let changed = match change.wanted {
            Wanted::Present { .. } if state.refuses_additions => return refused(),
            Wanted::Absent if state.refuses_removals => return refused(),
            Wanted::Present { .. } => state.members.insert(key),
            Wanted::Absent => state.members.remove(&key),
        };
        if !changed {
            return Outcome::Already;
        }
        state.writes += 1;
        Outcome::Done
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, TargetFault>>;

fn answer<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(async move { Ok(value) })
}

impl TargetDirectory for StubTarget {
    fn id(&self) -> TargetId {
        self.id
    }

    fn apply<'a>(&'a self, group: &'a TargetGroup, changes: &'a [Change]) -> Answer<'a, Vec<Outcome>> {
        answer(changes.iter().map(|change| self.apply_one(group.id, change)).collect())
    }

    fn are_members<'a>(&'a self, group: &'a TargetGroup, accounts: &'a [TargetAccount]) -> Answer<'a, Vec<bool>> {
        answer(accounts.iter().map(|account| self.holds(group.id, account.id)).collect())
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> Answer<'a, Vec<String>> {
        let state = self.state();
        let members = state.members.iter().filter(|(of, _)| *of == group.id);
        answer(members.map(|(_, principal)| principal.to_string()).collect())
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        account.id.to_string()
    }

    fn self_test<'a>(&'a self, _: &'a [TargetGroup]) -> Answer<'a, Health> {
        answer(Health { writable: true, native_expiry: false, product: None, ..Health::default() })
    }

    fn find_account<'a>(&'a self, login: &'a str) -> Answer<'a, Option<String>> {
        answer(Some(login.to_owned()))
    }

    fn find_group<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, MemberAttribute)>> {
        answer(Some((name.to_owned(), MemberAttribute::Member)))
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> Answer<'a, String> {
        answer(new.login.clone())
    }

    fn create_group<'a>(&'a self, name: &'a str) -> Answer<'a, (String, MemberAttribute)> {
        answer((name.to_owned(), MemberAttribute::Member))
    }

    fn set_enabled<'a>(&'a self, _: &'a TargetAccount, _: bool) -> Answer<'a, bool> {
        answer(false)
    }
}
