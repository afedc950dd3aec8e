//! Who may decide on an order (`GRAPH 11.1`): whom the stage names, directly, through groups, or as the holder's manager;
//! where it names nobody, those who administer. Never the holder, the requester, or another account of either (S1).

use ephor_domain::{
    Refusal,
    approval::{Approver, Case, may_decide},
    directory::reader::{PRIVILEGED_ROLE_ADMINISTRATOR, administers_roles},
    entitlement::EntitlementKey,
    id::{PersonId, PrincipalId},
    policy::{ApprovalMode, StageRule, approval_rule::Approvers},
    principal::{Actor, PrincipalKind},
};
use ephor_store::{Fault, Tx, tx::order::OrderRow};
use jiff::Timestamp;

use super::{authority::Sight, place, policy};
use crate::directory::Reach;

/// Somebody who looks at approvals.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    pub(super) sight: Sight,
    reach: Reach,
    actor: Actor,
    now: Timestamp,
    /// A person's account that may act.
    is_person: bool,
    /// Who gave any account of this person a way in.
    given_by: Vec<PersonId>,
    /// An account of this person has a second factor.
    has_factor: bool,
}

impl Judge {
    pub(super) async fn of(tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<Self, Fault> {
        let account = tx.principal(actor.principal).await?;
        let is_person = account.is_some_and(|account| account.enabled && account.kind == PrincipalKind::User);
        let (mut given_by, mut has_factor) = (Vec::new(), false);
        for own in tx.principals_of_person(actor.person).await? {
            given_by.extend(tx.ways_in(own.id).await?.into_iter().map(|given| given.by));
            // One that was switched off was there to be shown all the same.
            has_factor |= !tx.factors(own.id).await?.is_empty();
        }
        let sight = Sight::of(tx, actor, now).await?;
        let reach = Reach::of(tx, actor.principal, now).await?;
        Ok(Self { sight, reach, actor: actor.clone(), now, is_person, given_by, has_factor })
    }

    /// Is the caller an approver of this stage, as the policy named them when the order came?
    pub(super) async fn is_named(&self, tx: &mut Tx, row: &OrderRow, rule: &StageRule) -> Result<bool, Fault> {
        if rule.primary.is_empty() {
            return self.is_fallback(tx, row).await;
        }
        for set in &rule.primary {
            let is_it = match set.who {
                Approvers::User(principal) => principal == self.actor.principal,
                Approvers::Group(group) if self.sight.groups.contains(&group.uuid()) => {
                    // Whom the requester put into the group after asking is not independent (F13).
                    let parties = parties(tx, row).await?;
                    self.reach.independent(self.actor.principal, &parties, row.request.created).contains(&group)
                }
                Approvers::Group(_) => false,
                Approvers::Manager(levels) => {
                    manager(tx, row.request.principal, levels).await? == Some(self.actor.principal)
                }
            };
            if is_it {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Was the caller an approver of this stage when the order came, and is he one by the policy of now (S3)?
    async fn is_named_still(&self, tx: &mut Tx, row: &OrderRow, at: usize) -> Result<bool, Fault> {
        let Some(asked) = row.order.details.stages.get(at) else { return Ok(false) };
        if !self.is_named(tx, row, &asked.rule).await? {
            return Ok(false);
        }
        let key = place::key(row.request.provider, row.order.definition, &row.order.scope)?;
        let present = policy::of(tx, &key).await?.activation.approval;
        if !present.required || present.mode == ApprovalMode::NoApproval {
            // Nobody is named any more: the gate stays as it was shut.
            return Ok(true);
        }
        // A stage that is gone since is judged by those there are.
        let stages = present.stages.get(at).map_or(present.stages.as_slice(), std::slice::from_ref);
        for rule in stages {
            if rule.primary == asked.rule.primary || self.is_named(tx, row, rule).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_fallback(&self, tx: &mut Tx, row: &OrderRow) -> Result<bool, Fault> {
        let key = place::key(row.request.provider, row.order.definition, &row.order.scope)?;
        Ok(match key {
            EntitlementKey::DirectoryRole { .. } => administers_roles(&self.sight.roles),
            EntitlementKey::Group { group, .. } => {
                let assignable = tx.directory_groups_of(&[group]).await?.pop();
                let assignable = assignable.is_some_and(|entry| entry.facts.role_assignable);
                self.sight.owned.contains(&group)
                    || (assignable && self.sight.roles.contains(&PRIVILEGED_ROLE_ADMINISTRATOR))
            }
            EntitlementKey::Resource { scope, .. } => {
                crate::resource::may_assign(tx, self.actor.principal, &scope, self.now).await?
            }
            EntitlementKey::PamRole(_) => false,
        })
    }

    /// Is the caller an approver of any stage?
    pub(super) async fn is_approver(&self, tx: &mut Tx, row: &OrderRow) -> Result<bool, Fault> {
        if !self.is_person || !row.order.gated {
            return Ok(false);
        }
        for stage in &row.order.details.stages {
            if self.is_named(tx, row, &stage.rule).await? {
                return Ok(!parties(tx, row).await?.contains(&self.actor.person));
            }
        }
        Ok(false)
    }

    /// May the caller decide this stage, by its place, whatever state it is in?
    pub(super) async fn may(&self, tx: &mut Tx, row: &OrderRow, at: usize) -> Result<Result<(), Refusal>, Fault> {
        let parties = parties(tx, row).await?;
        let is_named = self.is_person && self.is_named_still(tx, row, at).await?;
        let approver = Approver {
            principal: self.actor.principal,
            person: self.actor.person,
            enabled: self.is_person,
            // The policy named him before the request was made: it is kept with the request.
            named_by: None,
            named_at: row.request.created,
            given_by: self.given_by.clone(),
            has_factor: self.has_factor,
        };
        let approvers: &[Approver] = if is_named { &[approver] } else { &[] };
        let case = Case { asked_at: row.request.created, parties: &parties, approvers };
        let judged = may_decide(&case, &self.actor);
        // Whoever is no approver is told so: on these faces an approval is no secret (`GRAPH 11.4`).
        Ok(judged.map_err(
            |refusal| {
                if refusal == Refusal::ApprovalNotAvailable { Refusal::NotAdministrator } else { refusal }
            },
        ))
    }
}

/// The persons whose request it is.
async fn parties(tx: &mut Tx, row: &OrderRow) -> Result<Vec<PersonId>, Fault> {
    let mut persons = Vec::new();
    for id in [row.request.principal, row.request.requester] {
        persons.extend(tx.principal(id).await?.map(|account| account.person));
    }
    Ok(persons)
}

/// The manager so many levels up.
async fn manager(tx: &mut Tx, of: PrincipalId, levels: u8) -> Result<Option<PrincipalId>, Fault> {
    let mut at = of;
    for _ in 0..levels.max(1) {
        let entry = tx.directory_users_of(&[at]).await?.pop();
        match entry.and_then(|entry| entry.facts.manager) {
            Some(manager) => at = manager,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}
