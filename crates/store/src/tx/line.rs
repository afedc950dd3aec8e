//! Lines: who is eligible for what or assigned it, one row for each principal, entitlement and kind. The state of an
//! assignment is its grant's; the row says which grant that is and what clients know the schedule by.

use ephor_domain::{
    grant::Grant,
    id::{EntitlementId, GrantId, PrincipalId, RequestId},
    policy::Kind,
    provider::Provider,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Tx, code,
    role_assignment::{ScopeCursor, ScopeSpan},
    row,
};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// Name space of ids of lines.
const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_6c69_6e65_6c69);

/// The schedule of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleLine {
    /// Derived from principal, entitlement and kind: [`line_id`].
    pub id: Uuid,
    /// Family of rules.
    pub provider: Provider,
    /// Eligibility or assignment.
    pub kind: Kind,
    /// Who.
    pub principal: PrincipalId,
    /// What.
    pub entitlement: EntitlementId,
    /// The role definition, or the group.
    pub definition: Uuid,
    /// Canonical text of the scope; of a group the access.
    pub scope: String,
    /// What clients know the present schedule by.
    pub schedule: Uuid,
    /// Stays while the line lives, whatever shapes its schedule.
    pub instance: Uuid,
    /// The grant that carries an assignment.
    pub grant: Option<GrantId>,
    /// When the schedule begins.
    pub start: Timestamp,
    /// When an eligibility ends; an assignment ends with its grant.
    pub end: Option<Timestamp>,
    /// When the line came to life.
    pub created: Timestamp,
    /// When the schedule was last shaped anew.
    pub modified: Option<Timestamp>,
    /// The request that shaped it.
    pub made_by: RequestId,
    /// The line of the eligibility that an activation rests on.
    pub rests_on: Option<Uuid>,
    /// In force or to come, as far as settled.
    pub live: bool,
}

/// The id of a line.
#[must_use]
pub fn line_id(principal: PrincipalId, entitlement: EntitlementId, kind: Kind) -> Uuid {
    let word = match kind {
        Kind::Eligibility => "eligibility",
        Kind::Assignment => "assignment",
    };
    Uuid::new_v5(&NAMESPACE, format!("{principal} {entitlement} {word}").as_bytes())
}

/// A line with its grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// The line.
    pub line: ScheduleLine,
    /// The grant of an assignment.
    pub grant: Option<Grant>,
}

/// An activation that rests on the eligibility of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// Its grant.
    pub grant: GrantId,
    /// Who activated.
    pub principal: PrincipalId,
    /// Who is eligible.
    pub holder: PrincipalId,
}

/// Which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// All.
    All,
    /// Of one principal.
    Of(PrincipalId),
    /// Of one role definition or group.
    Definition(Uuid),
    /// At exactly one scope.
    Scope(String),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.provider, l.kind, l.principal, l.entitlement, l.definition, l.scope, l.schedule, l.instance, \
             l.grant_id, l.start_at, l.end_at, l.created, l.modified, l.made_by, l.rests_on, l.live, ",
            row::grant_columns!(),
            " FROM line l LEFT JOIN access_grant g ON g.id = l.grant_id ",
            $rest
        )
    };
}

static READ: Statement = Statement::new("line.read", select!("WHERE l.id = $1"));
static OF_SCHEDULE: Statement =
    Statement::new("line.of_schedule", select!("WHERE l.schedule = $1 AND l.live ORDER BY l.id LIMIT 4"));
static OF_INSTANCE: Statement =
    Statement::new("line.of_instance", select!("WHERE l.instance = $1 AND l.live ORDER BY l.id LIMIT 4"));
static LIST: Statement = Statement::new(
    "line.list",
    select!("WHERE l.live AND l.provider = $1 AND l.kind = $2 AND l.id > $3 ORDER BY l.id LIMIT $4"),
);
static OF_PRINCIPAL: Statement = Statement::new(
    "line.of_principal",
    select!(
        "WHERE l.live AND l.principal = $5 AND l.provider = $1 AND l.kind = $2 AND l.id > $3 ORDER BY l.id LIMIT $4"
    ),
);
static OF_DEFINITION: Statement = Statement::new(
    "line.of_definition",
    select!(
        "WHERE l.live AND l.definition = $5 AND l.provider = $1 AND l.kind = $2 AND l.id > $3 ORDER BY l.id LIMIT $4"
    ),
);
static OF_SCOPE: Statement = Statement::new(
    "line.of_scope",
    select!("WHERE l.live AND l.provider = $1 AND l.kind = $2 AND l.scope = $5 AND l.id > $3 ORDER BY l.id LIMIT $4"),
);
static IN_SPAN: Statement = Statement::new(
    "line.in_span",
    select!(
        "WHERE l.live AND l.provider = $1 AND l.kind = $2 AND (l.scope, l.id) > ($3, $6) AND l.scope < $4 \
         ORDER BY l.scope, l.id LIMIT $5"
    ),
);
static RESTING: Statement = Statement::new(
    "line.resting",
    select!("WHERE l.rests_on = $1 AND l.live AND l.rests_on IS NOT NULL ORDER BY l.id LIMIT 10000"),
);
/// What [`Resting`] is read from, up to the condition: activations that rest on somebody else's eligibility.
macro_rules! resting {
    ($rest:literal) => {
        concat!(
            "SELECT l.grant_id, l.principal, e.principal AS holder FROM line e JOIN line l ON l.rests_on = e.id \
             WHERE l.live AND l.rests_on IS NOT NULL AND l.grant_id IS NOT NULL AND l.principal <> e.principal AND ",
            $rest,
            " ORDER BY l.id LIMIT 10000"
        )
    };
}

static RESTING_OF: Statement = Statement::new("line.resting_of", resting!("l.principal = $1"));
static RESTING_THROUGH: Statement =
    Statement::new("line.resting_through", resting!("e.live AND e.kind = 0 AND e.principal = $1"));
static OF_GRANT: Statement = Statement::new(
    "line.of_grant",
    select!("WHERE l.grant_id = $1 AND l.live AND l.grant_id IS NOT NULL ORDER BY l.id LIMIT 1"),
);
static DUE: Statement =
    Statement::new("line.due", select!("WHERE l.due IS NOT NULL AND l.due <= $1 ORDER BY l.due, l.id LIMIT $2"));
pub(super) static NEXT: Statement =
    Statement::new("line.next", "SELECT due FROM line WHERE due IS NOT NULL ORDER BY due LIMIT 1");
static IS_KNOWN: Statement = Statement::new(
    "line.is_known",
    "SELECT EXISTS (SELECT 1 FROM schedule_order o WHERE o.definition = $2 AND o.provider = $1)",
);
// Most roles are held for the whole tenant: the index by scope, which looks as good to SQLite, would read them all. An
// expression has no index.
static ROLES_HELD: Statement = Statement::new(
    "line.roles_held",
    "SELECT l.definition FROM line l JOIN access_grant g ON g.id = l.grant_id \
     WHERE l.live AND l.principal = $1 AND l.provider = $3 AND l.kind = $4 AND l.scope || '' = '/' AND g.phase = 2 \
     AND (g.end_at > $2 OR g.end_at IS NULL)",
);
static ROLE_HELD: Statement = Statement::new(
    "line.role_held",
    "SELECT l.definition FROM line l JOIN access_grant g ON g.id = l.grant_id \
     WHERE l.live AND l.definition = $1 AND l.provider = $3 AND l.kind = $4 AND l.scope || '' = '/' AND g.phase = 2 \
     AND (g.end_at > $2 OR g.end_at IS NULL) LIMIT 1",
);
static PUT: Statement = Statement::new(
    "line.put",
    "INSERT INTO line (id, provider, kind, principal, entitlement, definition, scope, schedule, instance, grant_id, \
     start_at, end_at, created, modified, made_by, rests_on, live, due) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
     ON CONFLICT (id) DO UPDATE SET schedule = excluded.schedule, instance = excluded.instance, \
     grant_id = excluded.grant_id, start_at = excluded.start_at, end_at = excluded.end_at, created = excluded.created, \
     modified = excluded.modified, made_by = excluded.made_by, rests_on = excluded.rests_on, live = excluded.live, \
     due = excluded.due",
);
static FINISH: Statement =
    Statement::new("line.finish_order", "UPDATE request SET finished = $2 WHERE id = $1 AND finished IS NULL");

/// Whatever is over takes its line along.
pub(super) static END_OF_GRANT: Statement =
    Statement::new("line.end_of_grant", "UPDATE line SET live = FALSE WHERE grant_id = $1 AND live");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &OF_SCHEDULE,
    &OF_INSTANCE,
    &LIST,
    &OF_PRINCIPAL,
    &OF_DEFINITION,
    &OF_SCOPE,
    &IN_SPAN,
    &RESTING,
    &RESTING_OF,
    &RESTING_THROUGH,
    &OF_GRANT,
    &DUE,
    &NEXT,
    &IS_KNOWN,
    &ROLES_HELD,
    &ROLE_HELD,
    &PUT,
    &FINISH,
    &END_OF_GRANT,
];

impl Tx {
    /// A line, alive or not.
    ///
    /// # Errors
    /// As any statement.
    pub async fn line(&mut self, id: Uuid) -> Result<Option<LineRow>, Fault> {
        self.first("line", &READ, vec![id.into()]).await?.map(|mut row| line(&mut row)).transpose()
    }

    /// The live lines whose present schedule has this id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lines_of_schedule(&mut self, schedule: Uuid) -> Result<Vec<LineRow>, Fault> {
        self.all("line", &OF_SCHEDULE, vec![schedule.into()], line).await
    }

    /// The live lines whose running has this id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lines_of_instance(&mut self, instance: Uuid) -> Result<Vec<LineRow>, Fault> {
        self.all("line", &OF_INSTANCE, vec![instance.into()], line).await
    }

    /// The live line that a grant carries.
    ///
    /// # Errors
    /// As any statement.
    pub async fn line_of_grant(&mut self, grant: GrantId) -> Result<Option<LineRow>, Fault> {
        self.first("line", &OF_GRANT, vec![grant.into()]).await?.map(|mut row| line(&mut row)).transpose()
    }

    /// Live lines by id, after `after`. What is over by the clock and not settled yet is among them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lines(
        &mut self,
        provider: Provider,
        kind: Kind,
        which: &Lines,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LineRow>, Fault> {
        let after = after.unwrap_or(Uuid::nil());
        let mut values: Vec<Value> = vec![code::of(provider), code::of(kind), after.into(), limit.into()];
        let statement = match which {
            Lines::All => &LIST,
            Lines::Of(principal) => {
                values.push((*principal).into());
                &OF_PRINCIPAL
            }
            Lines::Definition(definition) => {
                values.push((*definition).into());
                &OF_DEFINITION
            }
            Lines::Scope(scope) => {
                values.push(scope.as_str().into());
                &OF_SCOPE
            }
        };
        self.all("line", statement, values, line).await
    }

    /// Live lines in a span of scopes, by scope and id, after one of them. What is over by the clock and not settled yet
    /// is among them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lines_in(
        &mut self,
        provider: Provider,
        kind: Kind,
        span: &ScopeSpan,
        after: Option<&ScopeCursor>,
        limit: u32,
    ) -> Result<Vec<LineRow>, Fault> {
        let (from, id) = span.from(after);
        let values = vec![code::of(provider), code::of(kind), from.into(), span.end().into(), limit.into(), id.into()];
        self.all("line", &IN_SPAN, values, line).await
    }

    /// Live activations that rest on an eligibility.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lines_resting_on(&mut self, eligibility: Uuid) -> Result<Vec<LineRow>, Fault> {
        self.all("line", &RESTING, vec![eligibility.into()], line).await
    }

    /// Live activations of a principal that rest on eligibilities of groups.
    ///
    /// # Errors
    /// As any statement.
    pub async fn resting_of(&mut self, principal: PrincipalId) -> Result<Vec<Resting>, Fault> {
        self.all("line", &RESTING_OF, vec![principal.into()], resting).await
    }

    /// Live activations of others that rest on eligibilities of this group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn resting_through(&mut self, group: PrincipalId) -> Result<Vec<Resting>, Fault> {
        self.all("line", &RESTING_THROUGH, vec![group.into()], resting).await
    }

    /// Eligibilities that end at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_lines(&mut self, now: Timestamp, limit: u32) -> Result<Vec<LineRow>, Fault> {
        self.all("line", &DUE, vec![now.into(), limit.into()], line).await
    }

    /// Was there ever an order for this role definition or group?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_scheduled(&mut self, provider: Provider, definition: Uuid) -> Result<bool, Fault> {
        let found = self.first("schedule_order", &IS_KNOWN, vec![code::of(provider), definition.into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }

    /// Directory roles that a principal holds for the whole tenant by schedule at `now`; not those held through groups.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_held_by_schedule(&mut self, principal: PrincipalId, now: Timestamp) -> Result<Vec<Uuid>, Fault> {
        let values = vec![principal.into(), now.into(), code::of(Provider::DirectoryRoles), code::of(Kind::Assignment)];
        self.all("line", &ROLES_HELD, values, |row| row.uuid("definition")).await
    }

    /// Those of these directory roles that somebody holds for the whole tenant by schedule at `now`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_held_by_anybody(&mut self, roles: &[Uuid], now: Timestamp) -> Result<Vec<Uuid>, Fault> {
        let (provider, kind) = (code::of(Provider::DirectoryRoles), code::of(Kind::Assignment));
        let values = |role: &Uuid| vec![(*role).into(), now.into(), provider.clone(), kind.clone()];
        let answers = self.session.many(&ROLE_HELD, roles.iter().map(values).collect()).await?;
        answers.into_iter().flatten().map(|row| Reader::new("line", row).uuid("definition")).collect()
    }

    /// Writes a line, new or changed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_line(&mut self, line: &ScheduleLine) -> Result<(), Fault> {
        let due = line.end.filter(|_| line.live && line.kind == Kind::Eligibility);
        let values = vec![
            line.id.into(),
            code::of(line.provider),
            code::of(line.kind),
            line.principal.into(),
            line.entitlement.into(),
            line.definition.into(),
            line.scope.as_str().into(),
            line.schedule.into(),
            line.instance.into(),
            line.grant.into(),
            line.start.into(),
            line.end.into(),
            line.created.into(),
            line.modified.into(),
            line.made_by.into(),
            line.rests_on.into(),
            line.live.into(),
            due.into(),
        ];
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// The order that shaped a schedule is history from `at` on: retention counts from there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn finish_order(&mut self, request: RequestId, at: Timestamp) -> Result<(), Fault> {
        self.session.exec(&FINISH, vec![request.into(), at.into()]).await.map(drop)
    }
}

fn resting(row: &mut Reader) -> Result<Resting, Fault> {
    Ok(Resting { grant: row.id("grant_id")?, principal: row.id("principal")?, holder: row.id("principal")? })
}

fn line(row: &mut Reader) -> Result<LineRow, Fault> {
    let line = ScheduleLine {
        id: row.uuid("id")?,
        provider: code::read(row, "provider")?,
        kind: code::read(row, "kind")?,
        principal: row.id("principal")?,
        entitlement: row.id("entitlement")?,
        definition: row.uuid("definition")?,
        scope: row.text("scope")?,
        schedule: row.uuid("schedule")?,
        instance: row.uuid("instance")?,
        grant: row.id_or_null("grant_id")?,
        start: row.instant("start_at")?,
        end: row.instant_or_null("end_at")?,
        created: row.instant("created")?,
        modified: row.instant_or_null("modified")?,
        made_by: row.id("made_by")?,
        rests_on: row.uuid_or_null("rests_on")?,
        live: row.bool("live")?,
    };
    Ok(LineRow { line, grant: row::grant_if_any(row)? })
}
