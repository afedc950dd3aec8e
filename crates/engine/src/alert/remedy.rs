//! What was found is put right by an order of an administrator (`GRAPH 14.3`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    alert::AlertKind,
    entitlement::EntitlementKey,
    policy::{Enablement, Kind, Presence, RuleChange, RuleId},
    principal::Actor,
    provider::{Asked, AskedEnd, Said, ScheduleRefusal},
    request::{Action, Channel},
    scope::DirectoryScope,
};
use ephor_store::tx::{alert::AlertRow, line::line_id, lock::Lock};
use uuid::Uuid;

use super::{Facts, Incident, TENANT, change::LOCK, require, row};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::{Answer, Denied},
    directory::UnassignRole,
    engine::Engine,
    policy::{ChangePolicy, effective},
    schedule::NewOrder,
};

/// Ends what stands for good, and says that it is put right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remediate {
    kind: AlertKind,
    incident: String,
}

impl Engine {
    /// Puts right what was found: what stands for good is taken away, what a schedule made ends by an order to remove it.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`], [`Refusal::NotFound`] for an incident there is not, [`Refusal::Invalid`] for an
    /// alert that people alone put right; the refusals of the order; faults of the store.
    pub async fn remediate(&self, actor: &Actor, kind: AlertKind, incident: String) -> Answer<()> {
        if let Some(order) = self.ordered(kind, &incident).await? {
            match self.submit(actor, order).await {
                // Gone already: that is what was asked for.
                Ok(_) | Err(Denied::Refused(Refusal::Schedule(ScheduleRefusal::NotHeld))) => {}
                Err(denied) => return Err(denied),
            }
        }
        self.administer(actor, Remediate { kind, incident }).await
    }

    /// The order that takes away what a schedule made; nothing where no schedule did.
    async fn ordered(&self, kind: AlertKind, incident: &str) -> Answer<Option<NewOrder>> {
        let of = match kind {
            AlertKind::RedundantAssignment => Kind::Eligibility,
            AlertKind::TooManyGlobalAdministrators => Kind::Assignment,
            AlertKind::InvalidLicense
            | AlertKind::NoMfaOnActivation
            | AlertKind::AssignedOutside
            | AlertKind::SequentialActivations
            | AlertKind::StaleSignIn
            | AlertKind::TooManyOwners
            | AlertKind::TooManyPermanentOwners
            | AlertKind::DuplicateRole
            | AlertKind::ResourceAssignedOutside => return Ok(None),
        };
        let rows = self.store.read(move |tx| Box::pin(tx.alert_incidents(kind, TENANT))).await?;
        let unknown = Refusal::NotFound { what: "alert" };
        let found = rows.into_iter().find(|row| row.id == incident).map(Incident::from).ok_or(unknown.clone())?;
        let (principal, definition) = match (found.facts.principal, found.facts.definition) {
            (Some(principal), Some(definition)) => (principal, definition),
            _ => return Err(unknown.into()),
        };
        let scope = found.facts.scope.as_deref().unwrap_or(TENANT).parse().map_err(|_| unknown)?;
        let key = EntitlementKey::DirectoryRole { definition, scope };
        let line = line_id(principal, key.id(), of);
        let held = self.store.read(move |tx| Box::pin(tx.line(line))).await?;
        if !held.is_some_and(|row| row.line.live) {
            return Ok(None);
        }
        Ok(Some(NewOrder {
            key,
            kind: of,
            action: Action::AdminRemove,
            principal,
            asked: Asked { start: None, end: AskedEnd::Unsaid },
            said: Said { justification: Some(format!("put right: {}", kind.word())), ..Said::default() },
            target: None,
            name: None,
            channel: Channel::Graph,
            presence: Presence::default(),
            only_validate: false,
        }))
    }
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
                Err(Denied::Refused(Refusal::NotFound { .. })) => Ok(()),
                other => other,
            }
        }
        // An order has taken it away.
        AlertKind::RedundantAssignment => Ok(()),
        AlertKind::InvalidLicense
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
