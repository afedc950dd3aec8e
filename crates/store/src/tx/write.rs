//! One way to write what was decided: state, audit record and outbox rows as one batch.

use std::collections::{HashMap, HashSet};

use ephor_domain::{
    approval::Approval,
    effect::Membership,
    grant::{Grant, Phase},
    id::{GrantId, GroupId, PrincipalId, RequestId},
    pam::status,
    provider::Provider,
    request::{Action, Request, Stage},
};
use jiff::Timestamp;

use super::{
    Tx, alert, code,
    directory_audit::{self, AuditRow},
    fold, line,
    outbox::Outgoing,
    row,
};
use crate::{
    Fault, Sealed,
    sql::{Op, Statement, Value},
};

/// One row to write.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new request.
    InsertRequest(Request),
    /// The stage of a request.
    UpdateRequest(Request),
    /// A new grant.
    InsertGrant(Grant),
    /// Phase and length of a grant. A grant that is *Ended* loses its effect rows.
    UpdateGrant(Grant),
    /// A new approval.
    InsertApproval(Approval),
    /// The decision of an approval.
    DecideApproval(Approval),
    /// A live grant owes a membership.
    InsertEffect {
        /// The grant.
        grant: GrantId,
        /// The group.
        group: GroupId,
        /// The account.
        principal: PrincipalId,
    },
    /// A grant owes nothing any more.
    CloseEffects {
        /// The grant.
        grant: GrantId,
    },
    /// A grant owes one membership no longer, and the others as before.
    CloseEffect {
        /// The grant.
        grant: GrantId,
        /// The group.
        group: GroupId,
    },
    /// A membership, new or changed. Fault text and alarm level stay, and are cleared when nothing is left to do or
    /// another thing is wanted.
    PutMembership(Membership),
    /// A membership that is settled away.
    DropMembership {
        /// The group.
        group: GroupId,
        /// The account.
        principal: PrincipalId,
    },
    /// Something to deliver.
    Outbox(Outgoing),
    /// An audit record. The last one of a batch is named by the request and grant rows of the batch (seams §16).
    Record(Sealed),
    /// What is looked for of a record.
    Audit(Box<AuditRow>),
    /// Somebody signed in.
    SignedIn(PrincipalId, Timestamp),
}

static INSERT_REQUEST: Statement = Statement::new(
    "request.insert",
    "INSERT INTO request (id, name, name_key, provider, action, principal, requester, entitlement, channel, \
     justification, asked_ttl, asked_start, created, stage, due, approval, grant_id, cause, settled, finished, position, \
     leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
);

static UPDATE_REQUEST: Statement = Statement::new(
    "request.update",
    "UPDATE request SET stage = $2, due = $3, approval = COALESCE($4, approval), grant_id = $5, cause = $6, settled = $7, \
     finished = COALESCE($8, finished), position = COALESCE($9, position), leaf = COALESCE($10, leaf) WHERE id = $1",
);

// The place of a request in its list follows its grant.
static PLACE_REQUEST: Statement = Statement::new(
    "request.place",
    "UPDATE request SET finished = $2, position = COALESCE($3, created + 1152921504606846976), leaf = COALESCE($4, leaf) \
     WHERE id = $1",
);

static INSERT_GRANT: Statement = Statement::new(
    "access_grant.insert",
    "INSERT INTO access_grant (id, request, provider, principal, entitlement, kind, lasts, phase, start_at, end_at, \
     give_up, cause, due, leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);

static UPDATE_GRANT: Statement = Statement::new(
    "access_grant.update",
    "UPDATE access_grant SET lasts = $2, phase = $3, start_at = $4, end_at = $5, give_up = $6, cause = $7, due = $8, \
     leaf = COALESCE($9, leaf) WHERE id = $1",
);

static INSERT_APPROVAL: Statement = Statement::new(
    "approval.insert",
    "INSERT INTO approval (id, request, opened, until, verdict, decided_by, person, decided_at, justification) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);

static DECIDE_APPROVAL: Statement = Statement::new(
    "approval.decide",
    "UPDATE approval SET verdict = $2, decided_by = $3, person = $4, decided_at = $5, justification = $6 WHERE id = $1",
);

static INSERT_EFFECT: Statement = Statement::new(
    "effect.insert",
    "INSERT INTO effect (grant_id, group_id, principal, live) VALUES ($1, $2, $3, TRUE) \
     ON CONFLICT (grant_id, group_id) DO UPDATE SET live = TRUE",
);

static CLOSE_EFFECTS: Statement =
    Statement::new("effect.close", "UPDATE effect SET live = FALSE WHERE grant_id = $1 AND live");

static CLOSE_EFFECT: Statement =
    Statement::new("effect.close_one", "UPDATE effect SET live = FALSE WHERE grant_id = $1 AND group_id = $2 AND live");

static DELETE_EFFECTS: Statement = Statement::new("effect.delete", "DELETE FROM effect WHERE grant_id = $1");

static PUT_MEMBERSHIP: Statement = Statement::new(
    "membership.put",
    "INSERT INTO membership (group_id, principal, target, built_in, wanted, in_force, prior, since, due, attempts, alarm) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) ON CONFLICT (group_id, principal) DO UPDATE SET \
     target = excluded.target, built_in = excluded.built_in, wanted = excluded.wanted, in_force = excluded.in_force, \
     prior = excluded.prior, since = excluded.since, due = excluded.due, attempts = excluded.attempts, \
     last_fault = CASE WHEN excluded.due IS NULL OR excluded.since <> membership.since THEN NULL \
     ELSE membership.last_fault END, \
     alarm = CASE WHEN excluded.due IS NULL OR excluded.since <> membership.since THEN 0 ELSE membership.alarm END",
);

static DROP_MEMBERSHIP: Statement =
    Statement::new("membership.drop", "DELETE FROM membership WHERE group_id = $1 AND principal = $2");

static INSERT_OUTBOX: Statement = Statement::new(
    "outbox.insert",
    "INSERT INTO outbox (id, kind, payload, due, attempts) VALUES ($1, $2, $3, $4, $5)",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &INSERT_REQUEST,
    &UPDATE_REQUEST,
    &PLACE_REQUEST,
    &INSERT_GRANT,
    &UPDATE_GRANT,
    &INSERT_APPROVAL,
    &DECIDE_APPROVAL,
    &INSERT_EFFECT,
    &CLOSE_EFFECTS,
    &CLOSE_EFFECT,
    &DELETE_EFFECTS,
    &PUT_MEMBERSHIP,
    &DROP_MEMBERSHIP,
    &INSERT_OUTBOX,
];

/// Beyond every instant in microseconds: requests without expiration come after those with one, by creation (`PAM 7.3`).
const WITHOUT_EXPIRATION: i64 = 1 << 60;

impl Tx {
    /// Writes all of it, in one round trip. A conflict may show only when the command commits.
    ///
    /// # Errors
    /// [`Fault::Conflict`]; as any statement.
    pub async fn apply(&mut self, writes: Vec<Write>) -> Result<(), Fault> {
        self.session.write(Batch::of(writes).ops()).await
    }

    /// Writes one audit record.
    ///
    /// # Errors
    /// As any statement.
    pub async fn record(&mut self, record: Sealed) -> Result<(), Fault> {
        self.session.write(vec![Op::Leaf(record)]).await
    }
}

/// Writes in order, each row once: what is written to a row later replaces what was written before.
struct Batch {
    writes: Vec<Write>,
    leaf: Option<Vec<u8>>,
    requests: HashMap<RequestId, usize>,
    grants: HashMap<RequestId, Grant>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Request(RequestId),
    Grant(GrantId),
    Effects(GrantId),
    Effect(GrantId, GroupId),
    Membership(GroupId, PrincipalId),
    SignIn(PrincipalId),
}

impl Batch {
    fn of(writes: Vec<Write>) -> Self {
        let mut batch = Self {
            writes: Vec::with_capacity(writes.len()),
            leaf: None,
            requests: HashMap::new(),
            grants: HashMap::new(),
        };
        let mut places: HashMap<Key, usize> = HashMap::new();
        for write in writes {
            if let Write::InsertGrant(grant) | Write::UpdateGrant(grant) = &write {
                batch.grants.insert(grant.request, grant.clone());
            }
            if let Write::Record(sealed) = &write {
                batch.leaf = Some(sealed.leaf_hash.as_bytes().to_vec());
            }
            let Some(key) = key(&write) else {
                batch.writes.push(write);
                continue;
            };
            match places.get(&key).and_then(|place| batch.writes.get_mut(*place)) {
                Some(earlier) => *earlier = merged(earlier, write),
                None => {
                    if let Key::Request(id) = &key {
                        batch.requests.insert(*id, batch.writes.len());
                    }
                    places.insert(key, batch.writes.len());
                    batch.writes.push(write);
                }
            }
        }
        batch
    }

    fn ops(self) -> Vec<Op> {
        let Self { writes, leaf, requests, grants } = self;
        let leaf = || Value::from(leaf.clone());
        // An ended grant loses its effects altogether.
        let is_ended = |id: GrantId| grants.values().any(|grant| grant.id == id && !grant.is_open());
        let closed: HashSet<GrantId> = writes.iter().filter_map(closes_all).collect();
        let mut ops = Vec::with_capacity(writes.len() + 1);
        for write in writes {
            match write {
                Write::InsertRequest(request) => {
                    let (finished, position) = place(&request, grants.get(&request.id));
                    ops.push(Op::Run(INSERT_REQUEST.with(request_values(&request, finished, position, leaf()))));
                }
                Write::UpdateRequest(request) => {
                    let grant = grants.get(&request.id);
                    let (finished, position) = place(&request, grant);
                    // A grant that is not written with it keeps it in its place.
                    let is_placed = grant.is_some() || !matches!(request.stage, Stage::Granted { .. });
                    let mut values = vec![request.id.into()];
                    values.extend(row::stage_values(request.stage));
                    values.extend([finished.into(), is_placed.then_some(position).into(), leaf()]);
                    ops.push(Op::Run(UPDATE_REQUEST.with(values)));
                }
                Write::InsertGrant(grant) => {
                    let mut values = vec![
                        grant.id.into(),
                        grant.request.into(),
                        code::of(grant.provider),
                        grant.principal.into(),
                        grant.entitlement.into(),
                        code::of(grant.kind),
                        grant.lasts.into(),
                    ];
                    values.extend(row::phase_values(grant.phase));
                    values.extend([grant.due().into(), leaf()]);
                    ops.push(Op::Run(INSERT_GRANT.with(values)));
                    if !requests.contains_key(&grant.request) {
                        ops.push(follow(&grant, leaf()));
                    }
                }
                Write::UpdateGrant(grant) => {
                    let mut values = vec![grant.id.into(), grant.lasts.into()];
                    values.extend(row::phase_values(grant.phase));
                    values.extend([grant.due().into(), leaf()]);
                    ops.push(Op::Run(UPDATE_GRANT.with(values)));
                    if !requests.contains_key(&grant.request) {
                        ops.push(follow(&grant, leaf()));
                    }
                    if !grant.is_open() {
                        ops.push(Op::Run(DELETE_EFFECTS.with([grant.id.into()])));
                    }
                    if grant.provider != Provider::Pam
                        && matches!(grant.phase, Phase::Ending { .. } | Phase::Ended { .. })
                    {
                        ops.push(Op::Run(line::END_OF_GRANT.with([grant.id.into()])));
                    }
                }
                Write::InsertApproval(approval) => ops.push(Op::Run(INSERT_APPROVAL.with(approval_values(approval)))),
                Write::DecideApproval(approval) => {
                    let mut values = approval_values(approval);
                    values.drain(1..4);
                    ops.push(Op::Run(DECIDE_APPROVAL.with(values)));
                }
                Write::InsertEffect { grant, group, principal } => {
                    ops.push(Op::Run(INSERT_EFFECT.with([grant.into(), group.into(), principal.into()])));
                }
                Write::CloseEffects { grant } | Write::CloseEffect { grant, .. } if is_ended(grant) => {}
                Write::CloseEffect { grant, .. } if closed.contains(&grant) => {}
                Write::CloseEffect { grant, group } => {
                    ops.push(Op::Run(CLOSE_EFFECT.with([grant.into(), group.into()])));
                }
                Write::CloseEffects { grant } => ops.push(Op::Run(CLOSE_EFFECTS.with([grant.into()]))),
                Write::PutMembership(membership) => {
                    ops.push(Op::Run(PUT_MEMBERSHIP.with(membership_values(&membership))));
                }
                Write::DropMembership { group, principal } => {
                    ops.push(Op::Run(DROP_MEMBERSHIP.with([group.into(), principal.into()])));
                }
                Write::Outbox(out) => ops.push(Op::Run(INSERT_OUTBOX.with([
                    out.id.into(),
                    out.kind.into(),
                    out.payload.into(),
                    out.due.into(),
                    out.attempts.into(),
                ]))),
                Write::Record(sealed) => ops.push(Op::Leaf(sealed)),
                Write::Audit(row) => directory_audit::insert(*row, &mut ops),
                Write::SignedIn(principal, at) => ops.push(alert::signed_in(principal, at)),
            }
        }
        ops
    }
}

/// The row that a write is about, where a second write to it may come.
fn key(write: &Write) -> Option<Key> {
    match write {
        Write::InsertRequest(request) | Write::UpdateRequest(request) => Some(Key::Request(request.id)),
        Write::InsertGrant(grant) | Write::UpdateGrant(grant) => Some(Key::Grant(grant.id)),
        Write::CloseEffects { grant } => Some(Key::Effects(*grant)),
        Write::CloseEffect { grant, group } => Some(Key::Effect(*grant, *group)),
        Write::PutMembership(membership) => Some(Key::Membership(membership.group, membership.principal)),
        Write::DropMembership { group, principal } => Some(Key::Membership(*group, *principal)),
        Write::SignedIn(principal, _) => Some(Key::SignIn(*principal)),
        Write::InsertApproval(_)
        | Write::DecideApproval(_)
        | Write::InsertEffect { .. }
        | Write::Outbox(_)
        | Write::Record(_)
        | Write::Audit(_) => None,
    }
}

/// The grant all of whose effects are closed.
fn closes_all(write: &Write) -> Option<GrantId> {
    if let Write::CloseEffects { grant } = write { Some(*grant) } else { None }
}

/// A later write to the row of an earlier one.
fn merged(earlier: &Write, later: Write) -> Write {
    match (earlier, later) {
        (Write::InsertRequest(_), Write::UpdateRequest(request)) => Write::InsertRequest(request),
        (Write::InsertGrant(_), Write::UpdateGrant(grant)) => Write::InsertGrant(grant),
        (_, later) => later,
    }
}

/// When a request was finished, and its place in the order of `PAM 7.3`.
fn place(request: &Request, grant: Option<&Grant>) -> (Option<Timestamp>, i64) {
    // The expiration does not depend on the instant it is asked at.
    let expiration = status::view(request, grant, request.created).expiration;
    let position = expiration
        .map_or_else(|| request.created.as_microsecond().saturating_add(WITHOUT_EXPIRATION), Timestamp::as_microsecond);
    let finished = match request.stage {
        Stage::AwaitingMfa { .. } | Stage::AwaitingApproval { .. } | Stage::AwaitingAdministrator { .. } => None,
        Stage::Granted { .. } => grant.and_then(ended),
        // What shaped a schedule is kept as long as that lives.
        Stage::Recorded { .. } if shapes(request) => None,
        Stage::Declined { at, .. } | Stage::Recorded { at } => Some(at),
    };
    (finished, position)
}

/// An administrator's order, carried out, that a schedule rests on.
fn shapes(request: &Request) -> bool {
    let shaping =
        matches!(request.action, Action::AdminAssign | Action::AdminUpdate | Action::AdminExtend | Action::AdminRenew);
    shaping && request.provider != Provider::Pam
}

/// The end of a grant that is ended for good.
fn ended(grant: &Grant) -> Option<Timestamp> {
    match grant.phase {
        Phase::Ended { end, .. } => Some(end),
        Phase::Scheduled { .. } | Phase::Applying { .. } | Phase::InForce { .. } | Phase::Ending { .. } => None,
    }
}

/// Puts the request of a grant in its place when the request itself is not written.
fn follow(grant: &Grant, leaf: Value) -> Op {
    let expiration = status::of_grant(&grant.phase, Timestamp::MIN).expiration;
    Op::Run(PLACE_REQUEST.with([grant.request.into(), ended(grant).into(), expiration.into(), leaf]))
}

fn request_values(request: &Request, finished: Option<Timestamp>, position: i64, leaf: Value) -> Vec<Value> {
    let mut values = vec![
        request.id.into(),
        request.name.clone().into(),
        request.name.as_deref().map(fold).into(),
        code::of(request.provider),
        code::of(request.action),
        request.principal.into(),
        request.requester.into(),
        request.entitlement.into(),
        code::of(request.channel),
        request.justification.as_ref().map(|text| text.as_str()).into(),
        request.asked_ttl.into(),
        request.asked_start.into(),
        request.created.into(),
    ];
    values.extend(row::stage_values(request.stage));
    values.extend([finished.into(), position.into(), leaf]);
    values
}

fn approval_values(approval: Approval) -> Vec<Value> {
    let mut values = vec![approval.id.into(), approval.request.into(), approval.opened.into(), approval.until.into()];
    match approval.decision {
        Some(decision) => values.extend([
            code::of(decision.verdict),
            decision.by.into(),
            decision.person.into(),
            decision.at.into(),
            decision.justification.into(),
        ]),
        None => values.extend([const { Value::Null }; 5]),
    }
    values
}

fn membership_values(membership: &Membership) -> Vec<Value> {
    vec![
        membership.group.into(),
        membership.principal.into(),
        membership.target.into(),
        membership.built_in.into(),
        membership.wanted.into(),
        membership.in_force.into(),
        code::of(membership.prior),
        membership.since.into(),
        membership.due.into(),
        membership.attempts.into(),
    ]
}
