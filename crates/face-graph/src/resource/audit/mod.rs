//! Audits of the directory (`GRAPH 16`): one row for each activity that a record is.

mod activity;
mod row;

use ephor_domain::id::Id;
use ephor_engine::directory::{AuditEntry, AuditFilter, AuditSpan, audited_as};
use ephor_odata::{
    ast::Op,
    v4::{Constant, Predicate},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use self::row::Names;
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, Token, shape, single},
};

const OF: &str = "directoryAudit";
const SET: &str = "auditLogs/directoryAudits";

/// Records read at once.
const BATCH: u32 = 200;
/// Records that are looked at for one page; what is not found among them is looked for on the next page.
const LOOKED_AT: usize = 10_000;
/// Records that are looked at to count them or to put them in another order.
const GATHERED: usize = 50_000;

const WHEN: &str = "activityDateTime";

/// Where the index is looked into, as the filter says.
fn filter(predicate: Option<&Predicate>) -> AuditFilter {
    let Some(predicate) = predicate else { return AuditFilter::All };
    let one = |steps: &[&str]| match predicate.equals(steps)?.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    if let Some(id) = one(&["correlationId"]) {
        // What is no id correlates nothing.
        return AuditFilter::Correlation(guid(&id).unwrap_or_default());
    }
    if let Some(id) = target(predicate) {
        return AuditFilter::Target(guid(&id).map(audited_as).unwrap_or_default());
    }
    if let Some(id) = one(&["initiatedBy", "user", "id"]) {
        return AuditFilter::Actor(Id::new(guid(&id).unwrap_or_default()));
    }
    if let Some(name) = one(&["activityDisplayName"])
        && let [event] = activity::events_named(&name).as_slice()
    {
        return AuditFilter::Event(*event);
    }
    AuditFilter::All
}

/// `targetResources/any(t:t/id eq '…')`
fn target(predicate: &Predicate) -> Option<String> {
    fn id(body: &Predicate) -> Option<String> {
        if let Predicate::And(parts) = body {
            return parts.iter().find_map(id);
        }
        let Predicate::Compare(column, Op::Eq, Constant::Text(text)) = body else { return None };
        (column.level == 1 && column.steps == ["id"]).then(|| text.clone())
    }
    if let Predicate::And(parts) = predicate {
        return parts.iter().find_map(target);
    }
    let Predicate::Any(column, Some(body)) = predicate else { return None };
    if column.steps == ["targetResources"] { id(body) } else { None }
}

/// The stretch of time outside of which nothing is kept: from, and up to and with.
fn stretch(predicate: Option<&Predicate>) -> (Timestamp, Timestamp) {
    let whole = (Timestamp::MIN, Timestamp::MAX);
    if let Some(Predicate::And(parts)) = predicate {
        let parts = parts.iter().map(|part| stretch(Some(part)));
        return parts.fold(whole, |known, part| (known.0.max(part.0), known.1.min(part.1)));
    }
    let Some(Predicate::Compare(column, op, Constant::Instant(at))) = predicate else { return whole };
    if column.steps != [WHEN] {
        return whole;
    }
    match op {
        Op::Eq => (*at, *at),
        Op::Ge | Op::Gt => (*at, whole.1),
        Op::Le | Op::Lt => (whole.0, *at),
        Op::Ne => whole,
    }
}

/// Rows of the index, from the newest on.
struct Walk {
    span: AuditSpan,
    is_over: bool,
    looked_at: usize,
}

impl Walk {
    fn of(plan: &Plan, after: Option<(Timestamp, Uuid)>) -> Self {
        let (since, until) = stretch(plan.predicate.as_ref());
        // With the last instant itself; the store keeps microseconds.
        let begin = until.saturating_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
        let before = after.map_or((begin, Uuid::nil()), |(at, id)| {
            // With the record itself: some of its rows may be left.
            (at, Uuid::from_u128(id.as_u128().saturating_add(1)))
        });
        let filter = filter(plan.predicate.as_ref());
        Self { span: AuditSpan { filter, before, since, limit: BATCH }, is_over: false, looked_at: 0 }
    }

    async fn next(&mut self, call: &Call) -> Answer<Vec<(Timestamp, Value)>> {
        let entries = call.engine().directory_audits(&call.signed.caller.actor, self.span.clone()).await?;
        self.is_over = entries.len() < BATCH as usize;
        self.looked_at += entries.len();
        if let Some(last) = entries.last() {
            self.span.before = (last.row.at, last.row.id);
        }
        rows(call, &entries).await
    }
}

/// Newest first: the activities of one record come in the opposite order of the table.
async fn rows(call: &Call, entries: &[AuditEntry]) -> Answer<Vec<(Timestamp, Value)>> {
    let names = Names::of(call, entries).await?;
    let rows = entries.iter().flat_map(|entry| {
        let rows = row::rows(call, &names, entry);
        rows.into_iter().rev().map(|row| (entry.row.at, row))
    });
    Ok(rows.collect())
}

pub(in crate::resource) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, OF, SET, Rules::AUDITS)?;
    let is_natural = match plan.order.as_slice() {
        [] => true,
        [only] => only.descending && only.column.steps == [WHEN],
        _ => false,
    };
    if plan.counts || !is_natural {
        let mut walk = Walk::of(&plan, None);
        let mut all = Vec::new();
        while !walk.is_over {
            all.extend(walk.next(call).await?.into_iter().map(|(_, row)| row));
            if walk.looked_at >= GATHERED && !walk.is_over {
                return Err(GraphError::unsupported_query("Too many audits to count them or to put them in order."));
            }
        }
        return list::whole(call, &plan, all).await;
    }
    let begun = plan.token.as_ref().and_then(|token| {
        let at = token.name.as_deref()?.parse::<i64>().ok()?;
        Some((Timestamp::from_microsecond(at).ok()?, row::record_of(&token.id)?.0))
    });
    let mut walk = Walk::of(&plan, begun);
    // The rest of the record that the last page ended in.
    let mut behind = plan.token.as_ref().map(|token| token.id.clone());
    let (mut kept, mut last): (Vec<Value>, Option<(Timestamp, String)>) = (Vec::new(), None);
    let token = |(at, id): (Timestamp, String)| Token { name: Some(at.as_microsecond().to_string()), id };
    while !walk.is_over && plan.size > 0 {
        for (at, row) in walk.next(call).await? {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(reached) = &behind {
                let is_rest = row::record_of(&id).map(|(id, _)| id) == begun.map(|(_, id)| id);
                let is_last = *reached == id;
                if is_last || !is_rest {
                    behind = None;
                }
                if is_rest {
                    continue;
                }
            }
            if plan.keeps(&row) {
                if kept.len() == plan.size {
                    return Ok(plan.answer(call, &kept, None, last.map(token).as_ref()));
                }
                kept.push(row);
            }
            last = Some((at, id));
        }
        if walk.looked_at >= LOOKED_AT && !walk.is_over {
            return Ok(plan.answer(call, &kept, None, last.map(token).as_ref()));
        }
    }
    Ok(plan.answer(call, &kept, None, None))
}

pub(in crate::resource) async fn get(call: &Call) -> Answer<Reply> {
    let id = call.key(0);
    let (record, _) = row::record_of(id).ok_or_else(GraphError::not_found)?;
    let found = call.engine().directory_audit(&call.signed.caller.actor, record).await?;
    let rows = rows(call, found.as_slice()).await?;
    let row = rows.into_iter().map(|(_, row)| row).find(|row| row.get("id").and_then(Value::as_str) == Some(id));
    let row = row.ok_or_else(GraphError::not_found)?;
    Ok(single(call, OF, SET, &shape(call, OF)?, &row))
}
