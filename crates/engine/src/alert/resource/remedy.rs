//! What was found at a scope is put right by an order of whoever gives and takes roles there (`ARM 17.3`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    alert::AlertKind,
    entitlement::EntitlementKey,
    id::PrincipalId,
    policy::{Kind, Presence},
    principal::Actor,
    provider::{Asked, AskedEnd, Said, ScheduleRefusal},
    request::{Action, Channel},
    resource::OWNER,
    scope::ArmScope,
};
use ephor_store::tx::{alert::AlertRow, line::line_id, lock::Lock};
use uuid::Uuid;

use super::{Ground, Incident, IncidentAt, require};
use crate::{
    admin::desk::{Command, Desk, Subject},
    alert::row,
    answer::{Answer, Denied},
    engine::Engine,
    resource::{At, DeleteResourceRole, DeleteRoleAssignment},
    schedule::NewOrder,
};

/// Takes away what stands for good, and says that it is put right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RemediateAt {
    scope: ArmScope,
    kind: AlertKind,
    incident: String,
}

impl Engine {
    /// Puts right what was found at a scope: owners lose the role there, what was assigned outside of schedules is taken
    /// away, a role that doubles another one is deleted.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an incident there is not; the refusals of the orders that put it right; faults of the store.
    pub async fn remediate_at(&self, actor: &Actor, scope: ArmScope, kind: AlertKind, incident: String) -> Answer<()> {
        let query = IncidentAt { scope, kind, id: incident.clone() };
        let At { scope, found } = self.consult(actor, query).await?;
        for order in self.orders_against(&scope, kind, &found).await? {
            match self.submit(actor, order).await {
                // Gone already: that is what was asked for.
                Ok(_) | Err(Denied::Refused(Refusal::Schedule(ScheduleRefusal::NotHeld))) => {}
                Err(denied) => return Err(denied),
            }
        }
        self.administer(actor, RemediateAt { scope, kind, incident }).await
    }

    /// The orders that take away what schedules made.
    async fn orders_against(&self, scope: &ArmScope, kind: AlertKind, found: &Incident) -> Answer<Vec<NewOrder>> {
        let kinds: &[Kind] = match kind {
            AlertKind::TooManyOwners => &[Kind::Assignment, Kind::Eligibility],
            AlertKind::TooManyPermanentOwners => &[Kind::Assignment],
            AlertKind::InvalidLicense
            | AlertKind::NoMfaOnActivation
            | AlertKind::RedundantAssignment
            | AlertKind::AssignedOutside
            | AlertKind::SequentialActivations
            | AlertKind::StaleSignIn
            | AlertKind::TooManyGlobalAdministrators
            | AlertKind::DuplicateRole
            | AlertKind::ResourceAssignedOutside => &[],
        };
        let Some(principal) = found.facts.principal else { return Ok(Vec::new()) };
        let key = EntitlementKey::Resource { definition: OWNER, scope: scope.clone() };
        let mut orders = Vec::new();
        for of in kinds {
            let line = line_id(principal, key.id(), *of);
            let held = self.store.read(move |tx| Box::pin(tx.line(line))).await?;
            if held.is_some_and(|row| row.line.live) {
                orders.push(removal(key.clone(), *of, principal, kind));
            }
        }
        Ok(orders)
    }
}

fn removal(key: EntitlementKey, of: Kind, principal: PrincipalId, kind: AlertKind) -> NewOrder {
    NewOrder {
        key,
        kind: of,
        action: Action::AdminRemove,
        principal,
        asked: Asked { start: None, end: AskedEnd::Unsaid },
        said: Said { justification: Some(format!("put right: {}", kind.word())), ..Said::default() },
        target: None,
        name: None,
        channel: Channel::Arm,
        presence: Presence::default(),
        only_validate: false,
    }
}

impl Command for RemediateAt {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Ground::of(self.scope.clone()).subject()
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Ground::of(self.scope.clone()).lock()]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let scope = require(desk, &self.scope).await?;
        let (kind, ground) = (self.kind, Ground::of(scope.clone()));
        let found = desk.tx.alert_incident(kind, ground.key(), &self.incident).await?;
        let Incident { id, facts } = found.map(Incident::from).ok_or(Refusal::NotFound { what: "alert incident" })?;
        match kind {
            AlertKind::ResourceAssignedOutside => take(desk, &scope, Uuid::try_parse(&id).ok()).await?,
            AlertKind::TooManyOwners | AlertKind::TooManyPermanentOwners => {
                let principal = facts.principal.ok_or(Refusal::NotFound { what: "alert incident" })?;
                let direct = desk.tx.role_assignment_on(principal, &scope, OWNER).await?;
                take(desk, &scope, direct.map(|one| one.name)).await?;
            }
            AlertKind::DuplicateRole => {
                let id = facts.definition.ok_or(Refusal::NotFound { what: "alert incident" })?;
                let order = DeleteResourceRole { scope: scope.clone(), id };
                desk.tx.lock(&order.locks()).await?;
                order.run(desk).await?;
            }
            AlertKind::InvalidLicense
            | AlertKind::NoMfaOnActivation
            | AlertKind::RedundantAssignment
            | AlertKind::AssignedOutside
            | AlertKind::SequentialActivations
            | AlertKind::StaleSignIn
            | AlertKind::TooManyGlobalAdministrators => return Err(Refusal::NotFound { what: "alert" }.into()),
        }
        desk.tx.drop_alert_incident(kind, ground.key(), &id).await?;
        let before = row(desk.tx, kind, ground.key()).await?;
        let incidents = before.incidents.saturating_sub(1);
        let active = before.active && incidents > 0;
        let after = AlertRow { active, incidents, modified: Some(desk.now()), ..before };
        desk.tx.put_alert(ground.key(), &after).await?;
        desk.changed(events::ALERT_RESOLVED, ground.subject(), |record| {
            ground.put(record, kind).detail("incident", id)
        });
        Ok(())
    }
}

/// Takes a role assignment away that was written directly; one that is gone is what was asked for.
async fn take(desk: &mut Desk<'_>, scope: &ArmScope, name: Option<Uuid>) -> Answer<()> {
    let Some(name) = name else { return Ok(()) };
    let order = DeleteRoleAssignment { scope: scope.clone(), name };
    desk.tx.lock(&order.locks()).await?;
    order.run(desk).await.map(drop)
}
