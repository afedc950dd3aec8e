//! A target in memory that fails on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ephor_domain::id::TargetId;
use ephor_engine::port::Clock;
use ephor_engine::port::target::{
    Change, FaultKind, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault,
    TargetGroup, Wanted,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How a target fails until it is [repaired](StubTarget::repair).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Connections are refused.
    Refuses,
    /// The connection breaks before anything was done.
    Resets,
    /// Nothing is answered and nothing done.
    Hangs,
    /// It does what it is asked, after so long.
    Slow(Duration),
    /// It says that it is busy.
    Busy,
    /// Our password is wrong, or has expired.
    WrongPassword,
    /// Our account may not write.
    NoRights,
    /// It does what it is asked, and the answer is lost.
    AnswerLost,
    /// Every second change of a batch is done, then the connection breaks.
    BreaksMidway,
}

/// Where a call at the target can be cut off as by a crash of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Asked who is a member, not answered yet.
    BeforeLook,
    /// Asked for all members, not answered yet.
    BeforeMembers,
    /// Asked to write, nothing done yet.
    BeforeWrite,
    /// Written, the answer still to come.
    AfterWrite,
}

/// One value that was written or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When, by the clock of the world.
    pub at: Timestamp,
    /// Native name of the group.
    pub group: String,
    /// The member as the target spells it.
    pub member: String,
    /// Put in, or taken out.
    pub present: bool,
}

#[derive(Debug, Default)]
struct State {
    groups: BTreeMap<String, BTreeSet<String>>,
    accounts: BTreeMap<String, String>,
    disabled: BTreeSet<String>,
    trouble: Option<Trouble>,
    crash: Option<(Point, u32)>,
    hold: Option<Point>,
    written: Vec<Written>,
    calls: u64,
    disconnected: u64,
}

/// A target in memory. Groups and accounts appear as they are named.
pub struct StubTarget {
    id: TargetId,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    crashed: Notify,
    held: Notify,
    released: Notify,
}

impl std::fmt::Debug for StubTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StubTarget").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a login name is called natively.
#[must_use]
pub fn account_native(login: &str) -> String {
    format!("uid={login}")
}

/// What a group is called natively.
#[must_use]
pub fn group_native(name: &str) -> String {
    format!("cn={name}")
}

impl StubTarget {
    /// An empty target.
    #[must_use]
    pub fn new(id: TargetId, clock: Arc<dyn Clock>) -> Self {
        let (crashed, held, released) = (Notify::new(), Notify::new(), Notify::new());
        Self { id, clock, state: Mutex::new(State::default()), crashed, held, released }
    }

    /// From now on every call fails so.
    pub fn trouble(&self, trouble: Trouble) {
        self.state.lock().trouble = Some(trouble);
    }

    /// Works again.
    pub fn repair(&self) {
        self.state.lock().trouble = None;
    }

    /// The call that passes `point` for the `nth` time (from 1) never comes back, and [`crashed`](Self::crashed) completes.
    pub fn crash_at(&self, point: Point, nth: u32) {
        self.state.lock().crash = Some((point, nth));
    }

    /// No call is cut off any more.
    pub fn no_crash(&self) {
        self.state.lock().crash = None;
    }

    /// Completes when a call was cut off.
    pub async fn crashed(&self) {
        self.crashed.notified().await;
    }

    /// The next call that passes `point` waits there until it is [released](Self::release).
    pub fn hold_at(&self, point: Point) {
        self.state.lock().hold = Some(point);
    }

    /// Completes when a call waits.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Lets the waiting call go on.
    pub fn release(&self) {
        self.released.notify_one();
    }

    /// Logins of the members of a group, sorted.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<String> {
        let state = self.state.lock();
        let members = state.groups.get(&group_native(group)).into_iter().flatten();
        members.map(|member| member.trim_start_matches("uid=").to_owned()).collect()
    }

    /// Is the login a member of the group?
    #[must_use]
    pub fn has(&self, group: &str, login: &str) -> bool {
        self.state.lock().groups.get(&group_native(group)).is_some_and(|group| group.contains(&account_native(login)))
    }

    /// Somebody else puts a member in, or takes one out, behind our back.
    pub fn meddle(&self, group: &str, login: &str, present: bool) {
        let mut state = self.state.lock();
        let members = state.groups.entry(group_native(group)).or_default();
        if present {
            members.insert(account_native(login));
        } else {
            members.remove(&account_native(login));
        }
    }

    /// An account that the target has of itself.
    pub fn add_account(&self, login: &str) {
        self.state.lock().accounts.insert(login.to_owned(), account_native(login));
    }

    /// Every value that Ephor changed, in order.
    #[must_use]
    pub fn written(&self) -> Vec<Written> {
        self.state.lock().written.clone()
    }

    /// When a member was last taken out.
    #[must_use]
    pub fn removed_at(&self, group: &str, login: &str) -> Option<Timestamp> {
        let (group, member) = (group_native(group), account_native(login));
        let state = self.state.lock();
        let removals = state.written.iter().filter(|write| write.group == group && write.member == member);
        removals.rev().find(|write| !write.present).map(|write| write.at)
    }

    /// Calls so far, failed ones included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// How often the connections were closed on demand.
    #[must_use]
    pub fn disconnected(&self) -> u64 {
        self.state.lock().disconnected
    }

    async fn pass(&self, point: Point) {
        let waits = {
            let mut state = self.state.lock();
            state.hold.take_if(|hold| *hold == point).is_some()
        };
        if waits {
            self.held.notify_one();
            self.released.notified().await;
        }
        let cut = {
            let mut state = self.state.lock();
            match &mut state.crash {
                Some((at, nth)) if *at == point => {
                    *nth = nth.saturating_sub(1);
                    *nth == 0
                }
                Some(_) | None => false,
            }
        };
        if cut {
            self.state.lock().crash = None;
            self.crashed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// What stands in the way of a call, before anything is done.
    async fn enter(&self, writes: bool) -> Result<Option<Trouble>, TargetFault> {
        let trouble = {
            let mut state = self.state.lock();
            state.calls += 1;
            state.trouble
        };
        let kind = match trouble {
            None => return Ok(None),
            Some(Trouble::Refuses | Trouble::Resets) => FaultKind::Unreachable,
            Some(Trouble::Busy) => FaultKind::Busy,
            Some(Trouble::WrongPassword) => FaultKind::Credentials,
            Some(Trouble::NoRights) if writes => FaultKind::Rights,
            Some(Trouble::Hangs) => std::future::pending().await,
            Some(Trouble::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                return Ok(None);
            }
            Some(other @ (Trouble::NoRights | Trouble::AnswerLost | Trouble::BreaksMidway)) => return Ok(Some(other)),
        };
        Err(fault(kind))
    }

    fn write(&self, group: &TargetGroup, change: &Change) -> Outcome {
        let key = self.member_key(group, &change.account);
        let present = matches!(change.wanted, Wanted::Present { .. });
        let mut state = self.state.lock();
        let members = state.groups.entry(group.native.clone()).or_default();
        let changed = if present { members.insert(key.clone()) } else { members.remove(&key) };
        if !changed {
            return Outcome::Already;
        }
        let at = self.clock.now();
        state.written.push(Written { at, group: group.native.clone(), member: key, present });
        Outcome::Done
    }
}

fn fault(kind: FaultKind) -> TargetFault {
    TargetFault { kind, cause: format!("the stub is told to be {kind}") }
}

impl TargetDirectory for StubTarget {
    fn id(&self) -> TargetId {
        self.id
    }

    fn disconnect(&self) {
        self.state.lock().disconnected += 1;
    }

    fn apply<'a>(
        &'a self,
        group: &'a TargetGroup,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, TargetFault>> {
        Box::pin(async move {
            let trouble = self.enter(true).await?;
            self.pass(Point::BeforeWrite).await;
            let midway = trouble == Some(Trouble::BreaksMidway);
            let outcomes = (0..)
                .zip(changes)
                .map(|(index, change)| {
                    if midway && index % 2 == 1 {
                        Outcome::Refused(fault(FaultKind::Unreachable))
                    } else {
                        self.write(group, change)
                    }
                })
                .collect();
            self.pass(Point::AfterWrite).await;
            match trouble {
                Some(Trouble::AnswerLost) => Err(fault(FaultKind::Timeout)),
                Some(Trouble::BreaksMidway) if changes.len() < 2 => Err(fault(FaultKind::Unreachable)),
                _ => Ok(outcomes),
            }
        })
    }

    fn are_members<'a>(
        &'a self,
        group: &'a TargetGroup,
        accounts: &'a [TargetAccount],
    ) -> BoxFuture<'a, Result<Vec<bool>, TargetFault>> {
        Box::pin(async move {
            self.enter(false).await?;
            self.pass(Point::BeforeLook).await;
            let state = self.state.lock();
            let members = state.groups.get(&group.native);
            let is_member = |account| members.is_some_and(|members| members.contains(&self.member_key(group, account)));
            Ok(accounts.iter().map(is_member).collect())
        })
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>> {
        Box::pin(async move {
            self.enter(false).await?;
            self.pass(Point::BeforeMembers).await;
            let state = self.state.lock();
            Ok(state.groups.get(&group.native).into_iter().flatten().cloned().collect())
        })
    }

    fn member_key(&self, group: &TargetGroup, account: &TargetAccount) -> String {
        match group.attribute {
            MemberAttribute::MemberUid => account.login.clone(),
            MemberAttribute::Member | MemberAttribute::UniqueMember => account.native.clone(),
        }
    }

    fn self_test<'a>(&'a self, _groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>> {
        Box::pin(async move {
            let trouble = self.enter(false).await?;
            let writable = trouble != Some(Trouble::NoRights);
            Ok(Health { writable, native_expiry: false, product: Some("stub".to_owned()), ..Health::default() })
        })
    }

    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>> {
        Box::pin(async move {
            self.enter(false).await?;
            Ok(self.state.lock().accounts.get(login).cloned())
        })
    }

    fn find_group<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>> {
        Box::pin(async move {
            self.enter(false).await?;
            let native = group_native(name);
            let is_there = self.state.lock().groups.contains_key(&native);
            Ok(is_there.then_some((native, MemberAttribute::Member)))
        })
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>> {
        Box::pin(async move {
            self.enter(true).await?;
            self.add_account(&new.login);
            Ok(account_native(&new.login))
        })
    }

    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>> {
        Box::pin(async move {
            self.enter(true).await?;
            self.state.lock().groups.entry(group_native(name)).or_default();
            Ok((group_native(name), MemberAttribute::Member))
        })
    }

    fn set_enabled<'a>(
        &'a self,
        account: &'a TargetAccount,
        enabled: bool,
    ) -> BoxFuture<'a, Result<bool, TargetFault>> {
        Box::pin(async move {
            self.enter(true).await?;
            let mut state = self.state.lock();
            if enabled {
                state.disabled.remove(&account.native);
            } else {
                state.disabled.insert(account.native.clone());
            }
            Ok(true)
        })
    }
}
