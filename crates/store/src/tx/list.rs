//! Lists of requests and approvals, paged by key.

use ephor_domain::{
    approval::Approval,
    grant::Grant,
    id::{EntitlementId, GrantId, PersonId, PrincipalId, RequestId},
    pam::Role,
    principal::Principal,
    request::Request,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Cursor, Tx, read_all, row};
use crate::{
    Fault,
    sql::{Reader, Row, Statement, Value},
};

/// A request in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The request.
    pub request: Request,
    /// The grant it made.
    pub grant: Option<Grant>,
    /// Where the list goes on after this row.
    pub cursor: Cursor,
}

/// A request that waits for somebody's decision (`PAM 6.3`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToApprove {
    /// The request.
    pub request: Request,
    /// The open approval.
    pub approval: Approval,
    /// Name of the role.
    pub role: String,
    /// Who asked.
    pub requester: Principal,
    /// Where the list goes on after this row.
    pub cursor: Cursor,
}

/// Sorts of requests by where they stand in the store; the clock may say more (`pam::status::view`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateGroup {
    /// Waits at a gate.
    Waiting,
    /// Has a grant that is not ended for good.
    Granted,
    /// Finished.
    Finished,
}

/// Which requests an administrator wants to see.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Of this holder.
    pub principal: Option<PrincipalId>,
    /// For this role.
    pub role: Option<EntitlementId>,
    /// Where they stand; empty means anywhere.
    pub groups: Vec<StateGroup>,
    /// Made at or after this instant.
    pub created_from: Option<Timestamp>,
}

static ROLES_OF: Statement = Statement::new(
    "list.roles_of",
    concat!(
        "SELECT ",
        row::role_columns!(),
        " FROM eligibility e JOIN pam_role o ON o.id = e.entitlement \
         WHERE e.principal = $1 AND e.provider = 0 AND o.deleted IS NULL ORDER BY o.name_key, o.id"
    ),
);

// Two indexes, one of what is alive and one of history, each in order already: merged, cut, and only then read.
static OWN: Statement = Statement::new(
    "list.own",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", ",
        row::grant_columns!(),
        ", k.position FROM (SELECT o.position AS position, o.id AS id FROM request o \
         WHERE o.principal = $1 AND o.provider = 0 AND o.finished IS NULL AND (o.position, o.id) > ($2, $3) \
         UNION ALL SELECT f.position, f.id FROM request f \
         WHERE f.principal = $1 AND f.provider = 0 AND f.finished IS NOT NULL AND (f.position, f.id) > ($2, $3) \
         ORDER BY position, id LIMIT $4) AS k \
         JOIN request r ON r.id = k.id LEFT JOIN access_grant g ON g.id = r.grant_id ORDER BY k.position, k.id"
    ),
);

// Whom the requester named, after asking, or who has a way in from him, is no approver of it (F13).
static TO_APPROVE: Statement = Statement::new(
    "list.to_approve",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", ",
        row::approval_columns!(),
        ", o.name, ",
        row::principal_columns!(),
        " FROM approver v JOIN request r ON r.entitlement = v.entitlement AND r.stage = 1 \
         JOIN approval a ON a.id = r.approval JOIN pam_role o ON o.id = r.entitlement \
         JOIN principal p ON p.id = r.requester JOIN principal h ON h.id = r.principal \
         WHERE v.principal = $1 AND p.person <> $2 AND h.person <> $2 AND r.due > $3 AND r.provider = 0 \
         AND a.verdict IS NULL AND (r.created, r.id) > ($4, $5) \
         AND (v.named_by IS NULL OR v.named_at < r.created OR v.named_by NOT IN (p.person, h.person)) \
         AND NOT EXISTS (SELECT 1 FROM principal x JOIN way_in w ON w.principal = x.id \
         WHERE x.person = $2 AND w.person IN (p.person, h.person)) \
         ORDER BY r.created, r.id LIMIT $6"
    ),
);

static ADMIN: Statement = Statement::new(
    "list.admin",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", ",
        row::grant_columns!(),
        ", r.position FROM request r LEFT JOIN access_grant g ON g.id = r.grant_id \
         WHERE r.id < $1 AND (r.entitlement = $2 OR $2 IS NULL) AND r.created >= $3 AND r.provider = 0 \
         AND ((r.due IS NOT NULL AND $4) OR (r.due IS NULL AND r.finished IS NULL AND $5) \
         OR (r.finished IS NOT NULL AND $6)) ORDER BY r.id DESC LIMIT $7"
    ),
);

static ADMIN_OPEN: Statement = Statement::new(
    "list.admin_open",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", ",
        row::grant_columns!(),
        ", r.position FROM request r LEFT JOIN access_grant g ON g.id = r.grant_id \
         WHERE r.id < $1 AND (r.entitlement = $2 OR $2 IS NULL) AND r.created >= $3 AND r.provider = 0 \
         AND r.principal = $7 AND r.finished IS NULL AND ((r.due IS NOT NULL AND $4) OR (r.due IS NULL AND $5)) \
         ORDER BY r.id DESC LIMIT $6"
    ),
);

static ADMIN_FINISHED: Statement = Statement::new(
    "list.admin_finished",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", ",
        row::grant_columns!(),
        ", r.position FROM request r LEFT JOIN access_grant g ON g.id = r.grant_id \
         WHERE r.id < $1 AND (r.entitlement = $2 OR $2 IS NULL) AND r.created >= $3 AND r.provider = 0 \
         AND r.principal = $6 AND r.finished IS NOT NULL AND $4 ORDER BY r.id DESC LIMIT $5"
    ),
);

static WAITING: Statement = Statement::new(
    "list.waiting",
    "SELECT r.id FROM request r WHERE r.due IS NOT NULL AND (r.entitlement = $1 OR $1 IS NULL) \
     ORDER BY r.due, r.id LIMIT $2",
);

static WAITING_OF: Statement = Statement::new(
    "list.waiting_of",
    "SELECT r.id FROM request r WHERE r.principal = $3 AND r.finished IS NULL AND r.due IS NOT NULL \
     AND (r.entitlement = $1 OR $1 IS NULL) ORDER BY r.id LIMIT $2",
);

static GRANTS: Statement = Statement::new(
    "list.grants",
    "SELECT g.id FROM access_grant g WHERE g.phase < 4 AND (g.entitlement = $1 OR $1 IS NULL) \
     ORDER BY g.principal, g.entitlement, g.id LIMIT $2",
);

static GRANTS_OF: Statement = Statement::new(
    "list.grants_of",
    "SELECT g.id FROM access_grant g WHERE g.principal = $3 AND g.phase < 4 AND (g.entitlement = $1 OR $1 IS NULL) \
     ORDER BY g.id LIMIT $2",
);

static LINE: Statement = Statement::new(
    "list.line",
    concat!(
        "SELECT ",
        row::grant_columns!(),
        " FROM access_grant g WHERE g.principal = $1 AND g.entitlement = $2 AND g.phase < 4 ORDER BY g.id"
    ),
);

static IS_ACTIVE: Statement = Statement::new(
    "list.is_active",
    "SELECT EXISTS (SELECT 1 FROM access_grant g WHERE g.principal = $1 AND g.entitlement = $2 AND g.phase < 4 \
     AND g.phase = 2 AND (g.end_at > $3 OR g.end_at IS NULL))",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &ROLES_OF,
    &OWN,
    &TO_APPROVE,
    &ADMIN,
    &ADMIN_OPEN,
    &ADMIN_FINISHED,
    &WAITING,
    &WAITING_OF,
    &GRANTS,
    &GRANTS_OF,
    &LINE,
    &IS_ACTIVE,
];

impl Tx {
    /// The roles a principal is a candidate of, by name, then id (`PAM 7.1`).
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_roles_of(&mut self, principal: PrincipalId) -> Result<Vec<Role>, Fault> {
        self.all("pam_role", &ROLES_OF, vec![principal.into()], row::role).await
    }

    /// A principal's own requests in the order of `PAM 7.3`: those with a real expiration ascending by it, then the others
    /// ascending by creation. Fewer than `limit` rows are the end.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_requests_ordered(
        &mut self,
        principal: PrincipalId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        let (key, id) = place(after);
        self.all("request", &OWN, vec![principal.into(), key.into(), id.into(), limit.into()], listed).await
    }

    /// Requests in `PendingApproval` at `now` that `principal` may decide on, ascending by creation (`PAM 7.5`): he is an
    /// approver of the role, and neither requester nor holder is of his `person`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_to_approve(
        &mut self,
        principal: PrincipalId,
        person: PersonId,
        now: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ToApprove>, Fault> {
        let (key, id) = place(after);
        let values = vec![principal.into(), person.into(), now.into(), key.into(), id.into(), limit.into()];
        self.all("request", &TO_APPROVE, values, |row| {
            let request = row::request(row)?;
            let cursor = Cursor { key: request.created.as_microsecond(), id: request.id.uuid() };
            let approval = row::approval(row)?;
            let role = row.of("pam_role").text("name")?;
            Ok(ToApprove { request, approval, role, requester: row::principal(row)?, cursor })
        })
        .await
    }

    /// All PAM requests that fit, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_requests_admin(
        &mut self,
        filter: &RequestFilter,
        after: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        let is_wanted = |group| Value::Bool(filter.groups.is_empty() || filter.groups.contains(&group));
        let after = after.map_or(Uuid::max(), RequestId::uuid);
        let from = filter.created_from.unwrap_or(Timestamp::MIN);
        let (waiting, granted) = (is_wanted(StateGroup::Waiting), is_wanted(StateGroup::Granted));
        let finished = is_wanted(StateGroup::Finished);
        let common = vec![after.into(), filter.role.into(), from.into()];
        let Some(principal) = filter.principal else {
            let values = [common, vec![waiting, granted, finished, limit.into()]].concat();
            return self.all("request", &ADMIN, values, listed).await;
        };
        let open = [common.clone(), vec![waiting, granted, limit.into(), principal.into()]].concat();
        let past = [common, vec![finished, limit.into(), principal.into()]].concat();
        let [open, past] = self.session.rows_of([ADMIN_OPEN.with(open), ADMIN_FINISHED.with(past)]).await?;
        let mut rows = read_all("request", open, listed)?;
        rows.extend(read_all("request", past, listed)?);
        rows.sort_by_key(|row| std::cmp::Reverse(row.request.id));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    /// Requests that wait at a gate, of one principal, one role, both, or all. At most `limit`; where no principal is
    /// named, those whose gate closes first come first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_requests(
        &mut self,
        principal: Option<PrincipalId>,
        role: Option<EntitlementId>,
        limit: u32,
    ) -> Result<Vec<RequestId>, Fault> {
        let (statement, values) = of_principal(principal, role, limit, &WAITING, &WAITING_OF);
        self.all("request", statement, values, |row| row.id("id")).await
    }

    /// Grants that are not *Ended*, of one principal, one role, both, or all. At most `limit`, by holder where none is
    /// named, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_grants(
        &mut self,
        principal: Option<PrincipalId>,
        role: Option<EntitlementId>,
        limit: u32,
    ) -> Result<Vec<GrantId>, Fault> {
        let (statement, values) = of_principal(principal, role, limit, &GRANTS, &GRANTS_OF);
        self.all("access_grant", statement, values, |row| row.id("id")).await
    }

    /// Grants of one line that are not *Ended*, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn live_grants_of_line(
        &mut self,
        principal: PrincipalId,
        role: EntitlementId,
    ) -> Result<Vec<Grant>, Fault> {
        self.all("access_grant", &LINE, vec![principal.into(), role.into()], row::grant).await
    }

    /// Is the principal active in the entitlement at `now`: some grant of the line in force, before its end?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_active(
        &mut self,
        principal: PrincipalId,
        role: EntitlementId,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let found = self.first("access_grant", &IS_ACTIVE, vec![principal.into(), role.into(), now.into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }
}

fn place(after: Option<Cursor>) -> (i64, Uuid) {
    after.map_or((i64::MIN, Uuid::nil()), |after| (after.key, after.id))
}

fn listed(row: &mut Reader) -> Result<Listed, Fault> {
    let request = row::request(row)?;
    let grant = row::grant_if_any(row)?;
    let cursor = Cursor { key: row.of("request").int("position")?, id: request.id.uuid() };
    Ok(Listed { request, grant, cursor })
}

fn of_principal(
    principal: Option<PrincipalId>,
    role: Option<EntitlementId>,
    limit: u32,
    all: &'static Statement,
    of_one: &'static Statement,
) -> (&'static Statement, Vec<Value>) {
    let values: Row = vec![role.into(), limit.into()];
    match principal {
        None => (all, values),
        Some(principal) => (of_one, [values, vec![principal.into()]].concat()),
    }
}
