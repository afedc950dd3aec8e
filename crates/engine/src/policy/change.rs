//! Rules are changed: one, or several that are changed all or none.

use ephor_audit::{detail::Detail, events};
use ephor_domain::{
    Refusal,
    administration::Right,
    entitlement::EntitlementKey,
    id::{GroupId, PrincipalId},
    policy::{Policy, PolicyError, RuleChange, RuleId, approval_rule::Approvers},
    principal::PrincipalKind,
    provider::ScheduleRefusal,
};
use ephor_store::tx::{lock::Lock, policy::StoredPolicy};

use super::{PolicyEntry, effective, lock, right};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    call::word,
};

/// Changes rules of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePolicy {
    /// Whose policy.
    pub key: EntitlementKey,
    /// Which rules, and what of them; a rule may come twice.
    pub changes: Vec<(RuleId, RuleChange)>,
}

/// Lets the defaults hold again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetPolicy {
    /// Whose policy.
    pub key: EntitlementKey,
}

fn subject(key: &EntitlementKey) -> Subject {
    match key {
        EntitlementKey::Group { group, .. } => Subject::group(*group),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
            Subject::NONE
        }
    }
}

impl Command for ChangePolicy {
    type Output = PolicyEntry;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        subject(&self.key)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(lock(&self.key))]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<PolicyEntry> {
        right::changes(desk, &self.key).await?;
        let PolicyEntry { key, policy: before, .. } = effective(desk.tx, &self.key).await?;
        let mut after = before.clone();
        for (id, change) in self.changes {
            after.change(id, change).map_err(refused)?;
        }
        after.check(key.provider(), &before).map_err(refused)?;
        // Those who were named before may be gone by now; they stand in nobody's way.
        check_approvers(desk, &before, &after).await?;
        let stored = StoredPolicy { key, policy: after, modified: desk.now(), modified_by: desk.administrator() };
        desk.tx.put_policy(&stored).await?;
        let changed = RuleId::ALL.into_iter().filter(|id| before.rule(*id) != stored.policy.rule(*id));
        record(desk, &stored.key, changed.map(RuleId::word).collect());
        Ok(stored.into())
    }
}

impl Command for ResetPolicy {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        subject(&self.key)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(lock(&self.key))]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        right::changes(desk, &self.key).await?;
        let PolicyEntry { key, policy: before, .. } = effective(desk.tx, &self.key).await?;
        if desk.tx.delete_policy(key.id()).await? {
            let after = Policy::untouched(key.provider());
            let changed = RuleId::ALL.into_iter().filter(|id| before.rule(*id) != after.rule(*id));
            record(desk, &key, changed.map(RuleId::word).collect());
        }
        Ok(())
    }
}

fn refused(error: PolicyError) -> Refusal {
    Refusal::Schedule(ScheduleRefusal::Policy(error))
}

fn record(desk: &mut Desk<'_>, key: &EntitlementKey, rules: Vec<&'static str>) {
    let rules = rules.into_iter().map(|rule| Detail::Text(rule.to_owned())).collect();
    desk.changed(events::POLICY_CHANGED, subject(key), |mut record| {
        record.provider = Some(word(key.provider().word()));
        record.entitlement_id = Some(key.id().uuid());
        record.detail("policy", key.to_string()).detail("rules", Detail::List(rules))
    });
}

/// # Errors
/// [`PolicyError::UnknownApprover`] for a set that is new and names nobody there is (`GRAPH 13.6`).
async fn check_approvers(desk: &mut Desk<'_>, before: &Policy, after: &Policy) -> Answer<()> {
    let known: Vec<Approvers> = before.activation.approval.approvers().map(|set| set.who).collect();
    let fresh: Vec<Approvers> = after.activation.approval.approvers().map(|set| set.who).collect();
    for who in fresh.into_iter().filter(|who| !known.contains(who)) {
        let exists = match who {
            Approvers::User(id) => is_user(desk, id).await?,
            Approvers::Group(id) => is_group(desk, id).await?,
            Approvers::Manager(_) => true,
        };
        if !exists {
            return Err(refused(PolicyError::UnknownApprover).into());
        }
    }
    Ok(())
}

async fn is_user(desk: &mut Desk<'_>, id: PrincipalId) -> Answer<bool> {
    Ok(desk.tx.principal(id).await?.is_some_and(|account| account.kind == PrincipalKind::User))
}

async fn is_group(desk: &mut Desk<'_>, id: GroupId) -> Answer<bool> {
    Ok(!desk.tx.directory_groups_of(&[id]).await?.is_empty())
}
