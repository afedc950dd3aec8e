//! Records of the directory and of privileged access to it, for those who read audits there (`GRAPH 16`): looked for in an
//! index of the audit log that is written in the same commit as the record.

use std::{collections::HashMap, sync::Arc};

use ephor_audit::{
    Actor as By, Record,
    detail::Detail,
    events::{self, Event},
};
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right, may},
    directory::reader::reads_roles,
    entitlement::{Access, EntitlementKey},
    id::{GroupId, Id, PrincipalId, RequestId},
    principal::{Actor, Proof},
    provider::Provider,
    scope::DirectoryScope,
};
pub use ephor_store::tx::{
    directory_audit::{AuditFilter, AuditRow, AuditSpan},
    order::OrderRow,
};
use ephor_store::{Fault, Tx};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::memberships;
use crate::{
    answer::{Answer, Denied},
    call::Call,
    engine::Engine,
};

/// Events of the directory itself; of privileged access all are.
const OF_THE_DIRECTORY: [Event; 24] = [
    events::PRINCIPAL_CREATED,
    events::PRINCIPAL_CHANGED,
    events::PRINCIPAL_DISABLED,
    events::PRINCIPAL_ENABLED,
    events::PRINCIPAL_DELETED,
    events::GROUP_CREATED,
    events::GROUP_CHANGED,
    events::GROUP_DELETED,
    events::GROUP_MEMBER_ADDED,
    events::GROUP_MEMBER_REMOVED,
    events::APPLICATION_CHANGED,
    events::APPLICATION_DELETED,
    events::APPLICATION_CREDENTIAL_ADDED,
    events::ROLE_CREATED,
    events::ROLE_CHANGED,
    events::ROLE_DELETED,
    events::ASSIGNMENT_ASSIGNED,
    events::ASSIGNMENT_REMOVED,
    events::POLICY_CHANGED,
    events::ALERT_SETTING_CHANGED,
    events::ALERT_DISMISSED,
    events::ALERT_REFRESHED,
    events::ALERT_RAISED,
    events::ALERT_RESOLVED,
];

/// What the index keeps of a record; `None` for records that are no business of the directory's readers. `number` is the
/// place of the record in its call.
pub(crate) fn indexed(call: &Call, record: &Record, number: usize) -> Option<AuditRow> {
    let provider = match record.provider.as_deref() {
        None => None,
        Some("directory_roles") => Some(Provider::DirectoryRoles),
        Some("groups") => Some(Provider::Groups),
        // Other families are on other faces.
        Some(_) => return None,
    };
    if provider.is_none() && !OF_THE_DIRECTORY.iter().any(|event| event.id == record.event) {
        return None;
    }
    let detail = |name: &str| match record.details.get(name) {
        Some(Detail::Text(text)) => Uuid::try_parse(text).ok(),
        Some(_) | None => None,
    };
    let about = [record.subject, record.request_id, record.entitlement_id, detail("group"), detail("definition")];
    let (actor, component) = match &record.actor {
        By::Principal { id, .. } => (Some(PrincipalId::new(*id)), None),
        By::System { component } => (None, Some(component.clone().into_owned())),
        By::Anonymous => (None, None),
    };
    Some(AuditRow {
        id: row_id(call, number),
        at: record.at,
        event: record.event,
        provider,
        actor,
        component,
        address: record.actor_address.map(|address| address.to_string()),
        subject: record.subject.map(Id::new),
        request: record.request_id.map(Id::new),
        entitlement: record.entitlement_id.map(Id::new),
        correlation: record.request_id.unwrap_or(call.correlation.uuid()),
        failure: failed(record.event).then(|| record.reason.clone().map(String::from)).flatten(),
        facts: serde_json::to_string(&record.details).unwrap_or_else(|_| "{}".to_owned()),
        targets: about.into_iter().flatten().collect(),
    })
}

/// Records of one instant sort in the order of their calls, and those of one call in their own.
fn row_id(call: &Call, number: usize) -> Uuid {
    let mut bytes = call.ids().request.uuid().into_bytes();
    let [.., high, low] = &mut bytes;
    [*high, *low] = u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    Uuid::from_bytes(bytes)
}

fn failed(event: u16) -> bool {
    [events::CREATE_REFUSED, events::CLOSE_REFUSED, events::DECISION_REFUSED].iter().any(|refused| refused.id == event)
}

/// A record with the order that it belongs to, if that is still kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The record.
    pub row: AuditRow,
    /// Its request, and what was ordered.
    pub order: Option<OrderRow>,
}

/// Everything under which a record about `id` is found: of roles and groups also what is held of them.
#[must_use]
pub fn audited_as(id: Uuid) -> Vec<Uuid> {
    let group = |access| EntitlementKey::Group { group: GroupId::new(id), access }.id().uuid();
    let role = EntitlementKey::DirectoryRole { definition: id, scope: DirectoryScope::Tenant }.id().uuid();
    vec![id, role, group(Access::Member), group(Access::Owner)]
}

/// The role or group, and what of it, that a record is about, where the record names the entitlement alone.
#[must_use]
pub fn entitlement_among(entitlement: Uuid, definitions: &[Uuid], groups: &[Uuid]) -> Option<EntitlementKey> {
    let roles =
        definitions.iter().map(|id| EntitlementKey::DirectoryRole { definition: *id, scope: DirectoryScope::Tenant });
    let groups = groups.iter().flat_map(|id| {
        [Access::Member, Access::Owner].map(|access| EntitlementKey::Group { group: GroupId::new(*id), access })
    });
    roles.chain(groups).find(|key| key.id().uuid() == entitlement)
}

impl Engine {
    /// The last record of the directory: changes begin behind it. The beginning of time where there is none.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_place(&self) -> Answer<(Timestamp, Uuid)> {
        let span = AuditSpan {
            filter: AuditFilter::All,
            before: (Timestamp::MAX, Uuid::nil()),
            since: Timestamp::MIN,
            limit: 1,
        };
        let read = self.store.read(move |tx| {
            let span = span.clone();
            Box::pin(async move { tx.directory_audits(&span).await })
        });
        Ok(read.await?.first().map_or((Timestamp::UNIX_EPOCH, Uuid::nil()), |row| (row.at, row.id)))
    }

    /// What happened in the directory after a place, oldest first: what changed, not who changed it, is everybody's to know
    /// who sees the directory.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_changes(&self, after: (Timestamp, Uuid), limit: u32) -> Answer<Vec<AuditEntry>> {
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let rows = tx.directory_audits_after(after, limit).await?;
                with_orders(tx, rows).await
            })
        });
        Ok(read.await?)
    }

    /// Records, newest first (`GRAPH 16.2`).
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`] for people who read neither roles nor the audit log; faults of the store.
    pub async fn directory_audits(&self, actor: &Actor, span: AuditSpan) -> Answer<Vec<AuditEntry>> {
        self.read_audits(actor, move |tx| {
            let span = span.clone();
            Box::pin(async move { tx.directory_audits(&span).await })
        })
        .await
    }

    /// The record with this id.
    ///
    /// # Errors
    /// As [`directory_audits`](Self::directory_audits).
    pub async fn directory_audit(&self, actor: &Actor, id: Uuid) -> Answer<Option<AuditEntry>> {
        let found = self.read_audits(actor, move |tx| {
            Box::pin(async move { Ok(tx.directory_audit(id).await?.into_iter().collect()) })
        });
        Ok(found.await?.pop())
    }

    async fn read_audits(
        &self,
        actor: &Actor,
        rows: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<Vec<AuditRow>, Fault>> + Send + Sync + 'static,
    ) -> Answer<Vec<AuditEntry>> {
        let (now, actor) = (self.now(), actor.clone());
        let rows = Arc::new(rows);
        let read = self.store.read(move |tx| {
            let (actor, rows) = (actor.clone(), Arc::clone(&rows));
            Box::pin(async move {
                match may_read(tx, &actor, now).await {
                    Ok(()) => {}
                    Err(Denied::Refused(refusal)) => return Ok(Err(refusal)),
                    Err(Denied::Failed(fault)) => return Err(fault),
                }
                let rows = rows(tx).await?;
                Ok(Ok(with_orders(tx, rows).await?))
            })
        });
        Ok(read.await??)
    }
}

/// Records with the orders that they belong to.
async fn with_orders(tx: &mut Tx, rows: Vec<AuditRow>) -> Result<Vec<AuditEntry>, Fault> {
    let mut requests: Vec<RequestId> = rows.iter().filter_map(|row| row.request).collect();
    requests.sort_unstable();
    requests.dedup();
    let mut known = HashMap::new();
    for id in requests {
        if let Some(order) = tx.order(id).await? {
            known.insert(id, order);
        }
    }
    let entry = |row: AuditRow| {
        let order = row.request.and_then(|id| known.get(&id).cloned());
        AuditEntry { row, order }
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// May the caller see the directory's audits? An application may.
async fn may_read(tx: &mut Tx, actor: &Actor, now: Timestamp) -> Answer<()> {
    if actor.proof == Proof::Application {
        return Ok(());
    }
    let held: Vec<Uuid> = memberships(tx, actor.principal.uuid(), true, now).await?.roles.into_iter().collect();
    let own: Vec<AdministratorRole> = held.iter().filter_map(|id| AdministratorRole::from_template(*id)).collect();
    if reads_roles(&held) || may(&own, Right::ReadAudit) { Ok(()) } else { Err(Refusal::NotAdministrator.into()) }
}
