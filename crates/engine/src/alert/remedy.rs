//! What was found is put right by an order of an administrator (`GRAPH 14.3`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    alert::AlertKind,
    entitlement::EntitlementKey,
    policy::{Enablement, RuleChange, RuleId},
    scope::DirectoryScope,
};
use ephor_store::tx::{alert::AlertRow, lock::Lock};
use uuid::Uuid;

use super::{Facts, Incident, TENANT, change::LOCK, require, row};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    directory::UnassignRole,
    policy::{ChangePolicy, effective},
};

/// Puts right what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remediate {
    /// Which alert.
    pub kind: AlertKind,
    /// Which incident of it.
    pub incident: String,
}

impl Command for Remediate {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(LOCK)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        require(desk).await?;
        let kind = self.kind;
        let found = desk.tx.alert_incidents(kind, TENANT).await?.into_iter().find(|row| row.id == self.incident);
        let Incident { id, facts } = found.map(Incident::from).ok_or(Refusal::NotFound { what: "alert" })?;
        if !kind.is_remediatable() {
            return Err(Refusal::Invalid { field: "alert", rule: "this is put right by people alone" }.into());
        }
        put_right(desk, kind, &facts).await?;
        desk.tx.drop_alert_incident(kind, TENANT, &id).await?;
        let before = row(desk.tx, kind, TENANT).await?;
        let incidents = before.incidents.saturating_sub(1);
        let active = before.active && incidents > 0;
        let after = AlertRow { active, incidents, modified: Some(desk.now()), ..before };
        desk.tx.put_alert(TENANT, &after).await?;
        desk.changed(events::ALERT_RESOLVED, Subject::NONE, |record| {
            record.detail("alert", kind.word()).detail("incident", id)
        });
        Ok(())
    }
}

async fn put_right(desk: &mut Desk<'_>, kind: AlertKind, facts: &Facts) -> Answer<()> {
    let unknown = Refusal::NotFound { what: "alert" };
    let definition = facts.definition.ok_or_else(|| unknown.clone())?;
    match kind {
        AlertKind::NoMfaOnActivation => ask_for_mfa(desk, definition).await,
        AlertKind::AssignedOutside | AlertKind::StaleSignIn | AlertKind::TooManyGlobalAdministrators => {
            let principal = facts.principal.ok_or(unknown)?;
            desk.tx.lock(&[Lock::Exclusive(definition), Lock::Exclusive(principal.uuid())]).await?;
            let scope = DirectoryScope::Tenant;
            match (UnassignRole { principal, definition, scope }).run(desk).await {
                // Gone already: that is what was asked for.
                Err(crate::answer::Denied::Refused(Refusal::NotFound { .. })) => Ok(()),
                other => other,
            }
        }
        AlertKind::RedundantAssignment
        | AlertKind::InvalidLicense
        | AlertKind::SequentialActivations
        | AlertKind::TooManyOwners
        | AlertKind::TooManyPermanentOwners
        | AlertKind::DuplicateRole
        | AlertKind::ResourceAssignedOutside => Err(unknown.into()),
    }
}

async fn ask_for_mfa(desk: &mut Desk<'_>, definition: Uuid) -> Answer<()> {
    let key = EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant };
    desk.tx.lock(&[Lock::Exclusive(crate::policy::lock(&key))]).await?;
    let rules = effective(desk.tx, &key).await?.policy.activation.enablement;
    let change = RuleChange::Enablement(Some(Enablement { mfa: true, ..rules }));
    let changes = vec![(RuleId::EnablementEndUserAssignment, change)];
    ChangePolicy { key, changes }.run(desk).await.map(drop)
}
