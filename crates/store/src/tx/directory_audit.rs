//! The index of the audit log that readers of the directory's audits look into: in the order of time, and by what a record
//! is about. It holds no names and no free texts, and goes with the bodies of the records.

use ephor_domain::{
    id::{EntitlementId, PrincipalId, RequestId},
    provider::Provider,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, code};
use crate::{
    Fault,
    sql::{Op, Reader, Statement, Value},
};

/// One record, as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Records of one instant sort by it in the order in which they were made.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Number of the event.
    pub event: u16,
    /// Whose rules.
    pub provider: Option<Provider>,
    /// Who caused it.
    pub actor: Option<PrincipalId>,
    /// Which part of the server did, where nobody else.
    pub component: Option<String>,
    /// Where the call came from.
    pub address: Option<String>,
    /// Whose access it is about.
    pub subject: Option<PrincipalId>,
    /// Which request.
    pub request: Option<RequestId>,
    /// Which entitlement.
    pub entitlement: Option<EntitlementId>,
    /// The request's id, or the call's.
    pub correlation: Uuid,
    /// Why it was refused.
    pub failure: Option<String>,
    /// The details of the record, as a JSON object.
    pub facts: String,
    /// Everything it is about; written, not read back.
    pub targets: Vec<Uuid>,
}

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AuditFilter {
    /// All.
    #[default]
    All,
    /// Of one event.
    Event(u16),
    /// Of one request or call.
    Correlation(Uuid),
    /// Caused by one principal.
    Actor(PrincipalId),
    /// About one of these; four at most count.
    Target(Vec<Uuid>),
}

/// A stretch of the index, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSpan {
    /// Which.
    pub filter: AuditFilter,
    /// Older than this place.
    pub before: (Timestamp, Uuid),
    /// Not older than this.
    pub since: Timestamp,
    /// Most rows.
    pub limit: u32,
}

macro_rules! columns {
    () => {
        "a.id, a.at, a.event, a.provider, a.actor, a.component, a.address, a.subject, a.request, a.entitlement, \
         a.correlation, a.failure, a.facts"
    };
}

macro_rules! list {
    ($where:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM directory_audit a WHERE ",
            $where,
            "(a.at, a.id) < ($1, $2) AND a.at >= $3 ORDER BY a.at DESC, a.id DESC LIMIT $4"
        )
    };
}

static ONE: Statement =
    Statement::new("directory_audit.read", concat!("SELECT ", columns!(), " FROM directory_audit a WHERE a.id = $1"));
static LIST: Statement = Statement::new("directory_audit.list", list!(""));
static AFTER: Statement = Statement::new(
    "directory_audit.after",
    concat!(
        "SELECT ",
        columns!(),
        " FROM directory_audit a WHERE (a.at, a.id) > ($1, $2) ORDER BY a.at, a.id LIMIT $3"
    ),
);
static BY_EVENT: Statement = Statement::new("directory_audit.by_event", list!("a.event = $5 AND "));
static BY_CORRELATION: Statement = Statement::new("directory_audit.by_correlation", list!("a.correlation = $5 AND "));
static BY_ACTOR: Statement = Statement::new("directory_audit.by_actor", list!("a.actor = $5 AND "));
static BY_TARGET: Statement = Statement::new(
    "directory_audit.by_target",
    concat!(
        "SELECT DISTINCT ",
        columns!(),
        " FROM directory_audit_target t JOIN directory_audit a ON a.id = t.audit \
         WHERE t.target IN ($5, $6, $7, $8) AND (t.at, t.audit) < ($1, $2) AND t.at >= $3 \
         ORDER BY a.at DESC, a.id DESC LIMIT $4"
    ),
);
static INSERT: Statement = Statement::new(
    "directory_audit.insert",
    "INSERT INTO directory_audit (id, at, event, provider, actor, component, address, subject, request, entitlement, \
     correlation, failure, facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
);
static INSERT_TARGET: Statement = Statement::new(
    "directory_audit.insert_target",
    "INSERT INTO directory_audit_target (target, at, audit) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
);
static FORGET: Statement = Statement::new("directory_audit.forget", "DELETE FROM directory_audit WHERE at < $1");
static FORGET_TARGETS: Statement =
    Statement::new("directory_audit.forget_targets", "DELETE FROM directory_audit_target WHERE at < $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &ONE,
    &LIST,
    &AFTER,
    &BY_EVENT,
    &BY_CORRELATION,
    &BY_ACTOR,
    &BY_TARGET,
    &INSERT,
    &INSERT_TARGET,
    &FORGET,
    &FORGET_TARGETS,
];

/// What is written of a row.
pub(super) fn insert(row: AuditRow, ops: &mut Vec<Op>) {
    let (id, at) = (row.id, row.at);
    ops.push(Op::Run(INSERT.with([
        id.into(),
        at.into(),
        u32::from(row.event).into(),
        row.provider.map_or(Value::Null, code::of),
        row.actor.into(),
        row.component.into(),
        row.address.into(),
        row.subject.into(),
        row.request.into(),
        row.entitlement.into(),
        row.correlation.into(),
        row.failure.into(),
        row.facts.into(),
    ])));
    for target in row.targets {
        ops.push(Op::Run(INSERT_TARGET.with([target.into(), at.into(), id.into()])));
    }
}

impl Tx {
    /// The record with this id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_audit(&mut self, id: Uuid) -> Result<Option<AuditRow>, Fault> {
        let found = self.first("directory_audit", &ONE, vec![id.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// Records, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_audits(&mut self, span: &AuditSpan) -> Result<Vec<AuditRow>, Fault> {
        let (at, id) = span.before;
        let mut values = vec![at.into(), id.into(), span.since.into(), span.limit.into()];
        let statement = match &span.filter {
            AuditFilter::All => &LIST,
            AuditFilter::Event(event) => {
                values.push(u32::from(*event).into());
                &BY_EVENT
            }
            AuditFilter::Correlation(id) => {
                values.push((*id).into());
                &BY_CORRELATION
            }
            AuditFilter::Actor(id) => {
                values.push((*id).into());
                &BY_ACTOR
            }
            AuditFilter::Target(ids) => {
                let ids = ids.iter().copied().chain(std::iter::repeat(Uuid::nil())).take(4);
                values.extend(ids.map(Value::from));
                &BY_TARGET
            }
        };
        self.all("directory_audit", statement, values, read).await
    }

    /// Records after a place, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_audits_after(
        &mut self,
        (at, id): (Timestamp, Uuid),
        limit: u32,
    ) -> Result<Vec<AuditRow>, Fault> {
        self.all("directory_audit", &AFTER, vec![at.into(), id.into(), limit.into()], read).await
    }

    /// Forgets what is older than `before`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn forget_directory_audits(&mut self, before: Timestamp) -> Result<u64, Fault> {
        self.session.exec(&FORGET_TARGETS, vec![before.into()]).await?;
        self.session.exec(&FORGET, vec![before.into()]).await
    }
}

fn read(row: &mut Reader) -> Result<AuditRow, Fault> {
    Ok(AuditRow {
        id: row.uuid("id")?,
        at: row.instant("at")?,
        event: u16::try_from(row.int("event")?).map_err(|_| row.fault("event"))?,
        provider: code::read_or_null(row, "provider")?,
        actor: row.id_or_null("actor")?,
        component: row.text_or_null("component")?,
        address: row.text_or_null("address")?,
        subject: row.id_or_null("subject")?,
        request: row.id_or_null("request")?,
        entitlement: row.id_or_null("entitlement")?,
        correlation: row.uuid("correlation")?,
        failure: row.text_or_null("failure")?,
        facts: row.text("facts")?,
        targets: Vec::new(),
    })
}
