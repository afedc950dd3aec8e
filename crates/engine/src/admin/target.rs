//! Targets: how they stand, what is bound to them, what drifted (architecture §7, R6, R7).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    id::{GroupId, PrincipalId, TargetId},
    pam::group::Group,
    principal::Actor,
};
pub use ephor_store::tx::{
    membership::Placed,
    target::{Mode, Target},
};
use ephor_store::{
    Fault, Tx,
    tx::{account::Account, lock::Lock},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Listing,
    desk::{Command, Desk, Files, Query, Subject},
};
use crate::{answer::Answer, engine::Engine, reconcile::TargetStatus};

/// The target that a new account or group is to live at: the one named, or the only outside one, or the built-in one.
pub(super) async fn enforcing(tx: &mut Tx, named: Option<TargetId>) -> Answer<Option<Target>> {
    if let Some(id) = named {
        return Ok(Some(tx.target(id).await?.ok_or(Refusal::NotFound { what: "target" })?));
    }
    let (built_in, mut outside): (Vec<_>, Vec<_>) = tx.targets().await?.into_iter().partition(|target| target.built_in);
    if outside.len() > 1 {
        return Err(Refusal::Invalid { field: "targetId", rule: "is needed, as there are several targets" }.into());
    }
    Ok(outside.pop().or_else(|| built_in.into_iter().next()))
}

/// A target as stored and as this node sees it.
#[derive(Debug, Clone)]
pub struct TargetDetail {
    /// As stored.
    pub target: Target,
    /// As this node sees it; `None` for the built-in one and for targets this node has no connection to.
    pub status: Option<TargetStatus>,
    /// When the next attempt is due there.
    pub next_due: Option<Timestamp>,
}

/// All targets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored;

impl Query for Stored {
    type Output = Vec<(Target, Option<Timestamp>)>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let mut all = Vec::new();
        for target in files.tx.targets().await? {
            let next = files.tx.next_due_membership(target.id).await?;
            all.push((target, next));
        }
        Ok(all)
    }
}

impl Engine {
    /// All targets with their state.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; faults of the store.
    pub async fn list_targets(&self, actor: &Actor) -> Answer<Vec<TargetDetail>> {
        let stored = self.consult(actor, Stored).await?;
        Ok(stored
            .into_iter()
            .map(|(target, next_due)| TargetDetail { status: self.target_status(target.id), target, next_due })
            .collect())
    }

    /// One target with its state.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`], [`Refusal::NotFound`]; faults of the store.
    pub async fn target(&self, actor: &Actor, target: TargetId) -> Answer<TargetDetail> {
        self.consult(actor, Known { target }).await?;
        let all = self.list_targets(actor).await?;
        Ok(all.into_iter().find(|detail| detail.target.id == target).ok_or(Refusal::NotFound { what: "target" })?)
    }

    /// Members of the target's groups that nobody is known to owe, as the last read-back cycle of this node saw them.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; faults of the store.
    pub async fn drift(&self, actor: &Actor, target: TargetId) -> Answer<Vec<Foreign>> {
        self.consult(actor, Known { target }).await?;
        let Some(slot) = self.inner.targets.get(&target) else { return Ok(Vec::new()) };
        let spelled = |key: &String| slot.directory.spelled(key);
        Ok(slot
            .state
            .seen()
            .into_iter()
            .map(|(group, members)| Foreign { group, members: members.iter().map(spelled).collect() })
            .filter(|foreign| !foreign.members.is_empty())
            .collect())
    }

    /// Tests a target now and compares it with what is owed.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`], [`Refusal::NotFound`]; faults of the store.
    pub async fn test_target_now(&self, actor: &Actor, target: TargetId) -> Answer<Option<TargetStatus>> {
        self.administer(actor, Test { target }).await?;
        self.test_target(target).await?;
        Ok(self.target_status(target))
    }
}

/// Members of one group whom nobody is known to owe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The group.
    pub group: GroupId,
    /// As the target spells them.
    pub members: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    target: TargetId,
}

impl Query for Known {
    type Output = ();

    fn subject(&self) -> Subject {
        Subject::target(self.target)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<()> {
        files.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        Ok(())
    }
}

/// Authorizes a test of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    target: TargetId,
}

impl Command for Test {
    type Output = ();

    fn right(&self) -> Right {
        Right::Targets
    }

    fn subject(&self) -> Subject {
        Subject::target(self.target)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        desk.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        Ok(())
    }
}

/// Groups that live at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBindings {
    /// The target.
    pub target: TargetId,
    /// Goes on here.
    pub after: Option<GroupId>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListBindings {
    type Output = Listing<Group, GroupId>;

    fn subject(&self) -> Subject {
        Subject::target(self.target)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        files.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        let rows = files.tx.groups_of_target(self.target, self.after, self.limit).await?;
        let next = (rows.len() >= self.limit as usize).then(|| rows.last().map(|group| group.id)).flatten();
        Ok(Listing { rows, next })
    }
}

/// Changes what is done about changes that others make at a target (R6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetTargetMode {
    /// The target.
    pub target: TargetId,
    /// Reported or corrected.
    pub mode: Mode,
}

impl Command for SetTargetMode {
    type Output = ();

    fn right(&self) -> Right {
        Right::Targets
    }

    fn subject(&self) -> Subject {
        Subject::target(self.target)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.target.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let mut target = desk.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        if target.built_in {
            return Err(Refusal::Invalid { field: "mode", rule: "means nothing for the built-in directory" }.into());
        }
        if target.mode == self.mode {
            return Ok(());
        }
        target.mode = self.mode;
        desk.tx.update_target(&target).await?;
        let word = match self.mode {
            Mode::ReportOnly => "report-only",
            Mode::Authoritative => "authoritative",
        };
        desk.changed(events::TARGET_CHANGED, Subject::target(target.id), |record| record.detail("mode", word));
        Ok(())
    }
}

/// A target as the host's configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Key: the same on every start.
    pub id: TargetId,
    /// Unique name.
    pub name: String,
    /// `built-in`, `ldap`, `active-directory`, `scim`.
    pub kind: String,
    /// The directory inside the store.
    pub built_in: bool,
    /// What is done about foreign changes, for a target that is new.
    pub mode: Mode,
}

impl Engine {
    /// Makes a target of the configuration known, or follows its name and kind. What administrators set stays.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] when another target has the name; faults of the store.
    pub async fn register_target(&self, target: Configured) -> Answer<()> {
        self.ordain("host", Register(target)).await
    }
}

#[derive(Debug, Clone)]
struct Register(Configured);

impl Command for Register {
    type Output = ();

    fn right(&self) -> Right {
        Right::Targets
    }

    fn subject(&self) -> Subject {
        Subject::target(self.0.id)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.0.id.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let Configured { id, name, kind, built_in, mode } = self.0;
        let known = desk.tx.target(id).await?;
        let event = match known {
            Some(known) if known.name == name && known.kind == kind && known.built_in == built_in => return Ok(()),
            Some(known) => {
                desk.tx.update_target(&Target { name: name.clone(), kind, built_in, ..known }).await?;
                events::TARGET_CHANGED
            }
            None => {
                let target = Target {
                    id,
                    name: name.clone(),
                    kind,
                    config: "{}".to_owned(),
                    secret: None,
                    mode,
                    built_in,
                    unwritable: false,
                    health: None,
                };
                desk.tx.insert_target(&target).await?;
                events::TARGET_ADDED
            }
        };
        desk.changed(event, Subject::target(id), |record| record.detail("name", name));
        Ok(())
    }
}

/// Says what a target calls an account; `None` forgets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAccount {
    /// The account.
    pub principal: PrincipalId,
    /// The target.
    pub target: TargetId,
    /// Native name and login name there.
    pub names: Option<(String, String)>,
}

impl Command for BindAccount {
    type Output = ();

    fn right(&self) -> Right {
        Right::Targets
    }

    fn subject(&self) -> Subject {
        Subject { user: Some(self.principal), ..Subject::target(self.target) }
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid()), Lock::Shared(self.target.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let account = desk.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "user" })?;
        let target = desk.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        if target.built_in {
            return Err(Refusal::Invalid { field: "targetId", rule: "is the built-in directory" }.into());
        }
        // What is written there was written under the name that is known now.
        let held = desk.tx.memberships_of(account.id).await?;
        if held.iter().any(|placed| placed.membership.target == target.id) {
            return Err(Refusal::InUse { what: "the account", by: "memberships at the target" }.into());
        }
        match self.names {
            Some((native, login)) => {
                if native.trim().is_empty() || native.len() > 2048 || login.trim().is_empty() || login.len() > 256 {
                    return Err(Refusal::Invalid { field: "nativeName", rule: "is empty or too long" }.into());
                }
                desk.tx.put_account(&Account { principal: account.id, target: target.id, native, login }).await?;
            }
            None => {
                if !desk.tx.delete_account(account.id, target.id).await? {
                    return Err(Refusal::NotFound { what: "account" }.into());
                }
            }
        }
        let subject = Subject { user: Some(account.id), ..Subject::target(target.id) };
        desk.changed(events::PRINCIPAL_CHANGED, subject, |record| record.detail("change", "account_bound"));
        Ok(())
    }
}

/// Removals that no target has confirmed although they were due a while ago: who still holds what is over (R2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOverdue {
    /// How long ago.
    pub for_longer_than: SignedDuration,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListOverdue {
    type Output = Vec<Placed>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        Ok(overdue(files, self.for_longer_than, self.limit).await?)
    }
}

/// Above every alarm level.
const EVERY_LEVEL: u8 = u8::MAX;

pub(super) async fn overdue(files: &mut Files<'_>, age: SignedDuration, limit: u32) -> Result<Vec<Placed>, Fault> {
    let since = files.now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    files.tx.overdue_removals(since, EVERY_LEVEL, limit).await
}
