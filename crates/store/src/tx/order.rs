//! Orders for schedules: what a request of Graph or ARM says beside what every request says.

use ephor_domain::{
    approval::Approval,
    grant::Grant,
    id::{GrantId, PrincipalId, RequestId},
    life::Owed,
    policy::Kind,
    principal::PrincipalKind,
    provider::{Details, Provider},
    request::{Action, Request},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Tx, code, fold,
    role_assignment::{ScopeCursor, ScopeSpan},
    row,
};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// What is kept beside the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleOrder {
    /// The request.
    pub request: RequestId,
    /// Which collection it was sent to.
    pub kind: Kind,
    /// The role definition, or the group.
    pub definition: Uuid,
    /// Canonical text of the scope; of a group the access.
    pub scope: String,
    /// The line it is about.
    pub line: Uuid,
    /// The schedule it made, or is about.
    pub schedule: Option<Uuid>,
    /// The grant it took away.
    pub ends: Option<GrantId>,
    /// Approval was asked for.
    pub gated: bool,
    /// The rest.
    pub details: Details,
}

/// A request with its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The request.
    pub request: Request,
    /// The grant it made, or took away.
    pub grant: Option<Grant>,
    /// The order.
    pub order: ScheduleOrder,
    /// What the requester is; a user once the account is gone.
    pub requester: PrincipalKind,
    /// The requester's name.
    pub requester_name: Option<String>,
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Orders {
    /// All.
    All,
    /// For one principal.
    Of(PrincipalId),
    /// By one requester.
    By(PrincipalId),
    /// For one role definition or group.
    Definition(Uuid),
    /// At exactly one scope.
    Scope(String),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            row::request_columns!(),
            ", ",
            row::grant_columns!(),
            ", o.kind, o.definition, o.scope, o.line, o.schedule, o.ends, o.gated, o.details, q.kind, q.display_name \
             FROM schedule_order o JOIN request r ON r.id = o.request \
             LEFT JOIN access_grant g ON g.id = COALESCE(r.grant_id, o.ends) \
             LEFT JOIN principal q ON q.id = o.requester ",
            $rest
        )
    };
}

static READ: Statement = Statement::new("schedule_order.read", select!("WHERE o.request = $1"));
static NAMED: Statement = Statement::new(
    "schedule_order.named",
    select!("WHERE r.provider = $1 AND r.name_key = $2 AND r.name_key IS NOT NULL"),
);
static LIST: Statement = Statement::new(
    "schedule_order.list",
    select!("WHERE o.provider = $1 AND o.kind = $2 AND o.request < $3 ORDER BY o.request DESC LIMIT $4"),
);
static OF_PRINCIPAL: Statement = Statement::new(
    "schedule_order.of_principal",
    select!(
        "WHERE o.principal = $5 AND o.provider = $1 AND o.kind = $2 AND o.request < $3 ORDER BY o.request DESC LIMIT $4"
    ),
);
static BY_REQUESTER: Statement = Statement::new(
    "schedule_order.by_requester",
    select!(
        "WHERE o.requester = $5 AND o.provider = $1 AND o.kind = $2 AND o.request < $3 ORDER BY o.request DESC LIMIT $4"
    ),
);
static OF_DEFINITION: Statement = Statement::new(
    "schedule_order.of_definition",
    select!(
        "WHERE o.definition = $5 AND o.provider = $1 AND o.kind = $2 AND o.request < $3 ORDER BY o.request DESC LIMIT $4"
    ),
);
static OF_SCOPE: Statement = Statement::new(
    "schedule_order.of_scope",
    select!(
        "WHERE o.provider = $1 AND o.kind = $2 AND o.scope = $5 AND o.request < $3 ORDER BY o.request DESC LIMIT $4"
    ),
);
static IN_SPAN: Statement = Statement::new(
    "schedule_order.in_span",
    select!(
        "WHERE o.provider = $1 AND o.kind = $2 AND o.scope >= $3 AND (o.scope, o.request) < ($4, $5) \
         ORDER BY o.scope DESC, o.request DESC LIMIT $6"
    ),
);
static WAITING_FOR_SOMEBODY: Statement = Statement::new(
    "schedule_order.waiting_for_somebody",
    select!("WHERE r.stage = 1 AND r.provider = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3"),
);
static GATED: Statement = Statement::new(
    "schedule_order.gated",
    select!("WHERE o.gated AND o.provider = $1 AND o.request < $2 ORDER BY o.request DESC LIMIT $3"),
);
static OF_SCHEDULE: Statement = Statement::new(
    "schedule_order.of_schedule",
    select!("WHERE o.schedule = $1 AND o.schedule IS NOT NULL ORDER BY o.request DESC LIMIT 10"),
);
static WAITING: Statement = Statement::new(
    "schedule_order.waiting",
    "SELECT r.id, r.action, r.due FROM schedule_order o JOIN request r ON r.id = o.request \
     WHERE o.line = $1 AND r.due IS NOT NULL ORDER BY r.id",
);
static INSERT: Statement = Statement::new(
    "schedule_order.insert",
    "INSERT INTO schedule_order (request, provider, kind, principal, requester, definition, scope, line, schedule, ends, \
     gated, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
);
static DETAIL: Statement =
    Statement::new("schedule_order.detail", "UPDATE schedule_order SET details = $2 WHERE request = $1");
static APPROVALS: Statement = Statement::new(
    "schedule_order.approvals",
    concat!("SELECT ", row::approval_columns!(), " FROM approval a WHERE a.request = $1 ORDER BY a.opened, a.id"),
);
static OF_STAGE: Statement = Statement::new("schedule_order.of_stage", "SELECT request FROM approval WHERE id = $1");
static OWED: Statement = Statement::new(
    "schedule_order.owed",
    concat!(
        "SELECT c.id AS group_id, c.target, t.built_in, (SELECT count(*) FROM effect x WHERE x.group_id = c.id \
         AND x.principal = $2 AND x.live), t.unwritable, c.active, ",
        row::membership_columns!(),
        " FROM access_group c JOIN target t ON t.id = c.target \
         LEFT JOIN membership m ON m.group_id = c.id AND m.principal = $2 WHERE c.id = $1"
    ),
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &NAMED,
    &LIST,
    &OF_PRINCIPAL,
    &BY_REQUESTER,
    &OF_DEFINITION,
    &OF_SCOPE,
    &IN_SPAN,
    &WAITING_FOR_SOMEBODY,
    &GATED,
    &OF_SCHEDULE,
    &WAITING,
    &INSERT,
    &DETAIL,
    &APPROVALS,
    &OF_STAGE,
    &OWED,
];

impl Tx {
    /// A request with its order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn order(&mut self, request: RequestId) -> Result<Option<OrderRow>, Fault> {
        self.first("request", &READ, vec![request.into()]).await?.map(|mut row| order(&mut row)).transpose()
    }

    /// The request that its client gave this name, case-blind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn order_named(&mut self, provider: Provider, name: &str) -> Result<Option<OrderRow>, Fault> {
        let found = self.first("request", &NAMED, vec![code::of(provider), fold(name).into()]).await?;
        found.map(|mut row| order(&mut row)).transpose()
    }

    /// Orders, newest first, before `before`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn orders(
        &mut self,
        provider: Provider,
        kind: Kind,
        which: &Orders,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, Fault> {
        let before = before.map_or(Uuid::max(), RequestId::uuid);
        let mut values: Vec<Value> = vec![code::of(provider), code::of(kind), before.into(), limit.into()];
        let statement = match which {
            Orders::All => &LIST,
            Orders::Of(principal) => {
                values.push((*principal).into());
                &OF_PRINCIPAL
            }
            Orders::By(requester) => {
                values.push((*requester).into());
                &BY_REQUESTER
            }
            Orders::Definition(definition) => {
                values.push((*definition).into());
                &OF_DEFINITION
            }
            Orders::Scope(scope) => {
                values.push(scope.as_str().into());
                &OF_SCOPE
            }
        };
        self.all("request", statement, values, order).await
    }

    /// Orders in a span of scopes, the last scope first and the newest first of each, before one of them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn orders_in(
        &mut self,
        provider: Provider,
        kind: Kind,
        span: &ScopeSpan,
        before: Option<&ScopeCursor>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, Fault> {
        let (scope, request) = match before {
            Some(before) if before.scope.as_str() < span.end() => (before.scope.as_str(), before.name),
            Some(_) | None => (span.end(), Uuid::nil()),
        };
        let values =
            vec![code::of(provider), code::of(kind), span.start().into(), scope.into(), request.into(), limit.into()];
        self.all("request", &IN_SPAN, values, order).await
    }

    /// Orders that wait for an approval, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn orders_awaiting_approval(
        &mut self,
        provider: Provider,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, Fault> {
        let before = before.map_or(Uuid::max(), RequestId::uuid);
        let values = vec![code::of(provider), before.into(), limit.into()];
        self.all("request", &WAITING_FOR_SOMEBODY, values, order).await
    }

    /// Orders for which approval was asked, whatever became of them, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn gated_orders(
        &mut self,
        provider: Provider,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, Fault> {
        let before = before.map_or(Uuid::max(), RequestId::uuid);
        self.all("request", &GATED, vec![code::of(provider), before.into(), limit.into()], order).await
    }

    /// Orders that made a schedule or are about it, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn orders_of_schedule(&mut self, schedule: Uuid) -> Result<Vec<OrderRow>, Fault> {
        self.all("request", &OF_SCHEDULE, vec![schedule.into()], order).await
    }

    /// Requests about a line that wait for somebody, and until when.
    ///
    /// # Errors
    /// As any statement.
    pub async fn waiting_orders(&mut self, line: Uuid) -> Result<Vec<(RequestId, Action, Timestamp)>, Fault> {
        self.all("request", &WAITING, vec![line.into()], |row| {
            Ok((row.id("id")?, code::read(row, "action")?, row.instant("due")?))
        })
        .await
    }

    /// Keeps an order beside its request.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_order(&mut self, request: &Request, order: &ScheduleOrder) -> Result<(), Fault> {
        let values = vec![
            order.request.into(),
            code::of(request.provider),
            code::of(order.kind),
            request.principal.into(),
            request.requester.into(),
            order.definition.into(),
            order.scope.as_str().into(),
            order.line.into(),
            order.schedule.into(),
            order.ends.into(),
            order.gated.into(),
            json(&order.details)?.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Keeps what became of an order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn detail_order(&mut self, request: RequestId, details: &Details) -> Result<(), Fault> {
        self.session.exec(&DETAIL, vec![request.into(), json(details)?.into()]).await.map(drop)
    }

    /// The stages of a request that were opened, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn approvals_of(&mut self, request: RequestId) -> Result<Vec<Approval>, Fault> {
        self.all("approval", &APPROVALS, vec![request.into()], row::approval).await
    }

    /// The request that an opened stage decides.
    ///
    /// # Errors
    /// As any statement.
    pub async fn request_of_stage(&mut self, stage: Uuid) -> Result<Option<RequestId>, Fault> {
        let found = self.first("approval", &OF_STAGE, vec![stage.into()]).await?;
        found.map(|mut row| row.id("request")).transpose()
    }

    /// What membership of a group would owe for a principal; whether its target cannot be written.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owed_in_group(&mut self, group: Uuid, principal: PrincipalId) -> Result<Option<(Owed, bool)>, Fault> {
        let found = self.first("access_group", &OWED, vec![group.into(), principal.into()]).await?;
        found
            .map(|mut row| {
                let mut owed =
                    Owed { privilege: row::privilege(&mut row)?, others: row.small_count("others")?, membership: None };
                let (unwritable, active) = (row.bool("unwritable")?, row.bool("active")?);
                owed.membership = row::membership_if_any(&mut row)?;
                Ok((owed, unwritable || !active))
            })
            .transpose()
    }
}

fn json(details: &Details) -> Result<String, Fault> {
    serde_json::to_string(details).map_err(|error| Fault::Misuse { cause: error.to_string() })
}

fn order(row: &mut Reader) -> Result<OrderRow, Fault> {
    let request = row::request(row)?;
    let grant = row::grant_if_any(row)?;
    row.of("schedule_order");
    let order = ScheduleOrder {
        request: request.id,
        kind: code::read(row, "kind")?,
        definition: row.uuid("definition")?,
        scope: row.text("scope")?,
        line: row.uuid("line")?,
        schedule: row.uuid_or_null("schedule")?,
        ends: row.id_or_null("ends")?,
        gated: row.bool("gated")?,
        details: serde_json::from_str(&row.text("details")?).map_err(|_| row.fault("details"))?,
    };
    let requester = code::read_or_null(row, "kind")?.unwrap_or(PrincipalKind::User);
    Ok(OrderRow { request, grant, order, requester, requester_name: row.text_or_null("display_name")? })
}
