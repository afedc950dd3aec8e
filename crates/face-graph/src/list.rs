//! Lists: of rows that are all at hand, and of rows that the store gives out by name (architecture §5: by key, never by
//! offset).

use ephor_engine::directory::{NameCursor, Span};
use serde_json::Value;

use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{Plan, Token},
    resource::{self, Source},
};

/// Rows read at once.
const BATCH: u32 = 500;

/// Rows that are looked at for one page; what is not found among them is looked for on the next page.
const LOOKED_AT: usize = 10_000;

/// Rows that are looked at to put them in another order than by name.
const ORDERED: usize = 10_000;

/// Rows that are looked at to count those that a filter keeps.
const COUNTED: usize = 100_000;

/// A page of rows that are all at hand, in their own order unless another one is asked for.
///
/// # Errors
/// Those of finding navigations.
pub(crate) async fn whole(call: &Call, plan: &Plan, mut rows: Vec<Value>) -> Answer<Reply> {
    let needs = plan.needs(call);
    if !needs.is_empty() {
        resource::attach(call, plan.of, &mut rows, &needs).await?;
    }
    rows.retain(|row| plan.keeps(row));
    ephor_odata::v4::Order::sort(&plan.order, &mut rows);
    let count = plan.counts.then(|| rows.len().try_into().unwrap_or(u64::MAX));
    let begin = match &plan.token {
        Some(token) => rows.iter().position(|row| id(row) == token.id).map_or(rows.len(), |at| at + 1),
        None => plan.skip.min(rows.len()),
    };
    let mut rest = rows.split_off(begin);
    let more = rest.len() > plan.size && plan.size > 0;
    rest.truncate(plan.size);
    let next = rest.last().filter(|_| more).map(|row| Token { name: None, id: id(row).to_owned() });
    Ok(plan.answer(call, &rest, count, next.as_ref()))
}

fn id(row: &Value) -> &str {
    row.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// A page of what the store gives out by name.
///
/// # Errors
/// 400 for an order or a count over more rows than are looked at; faults of the store.
pub(crate) async fn by_name(call: &Call, plan: &Plan, source: Source) -> Answer<Reply> {
    if let Some(predicate) = &plan.predicate
        && let Some(rows) = source.look_up(call, predicate).await?
    {
        return whole(call, plan, rows).await;
    }
    let count = match plan.counts {
        true => Some(count(call, plan, source).await?),
        false => None,
    };
    let is_by_name = match plan.order.as_slice() {
        [] => true,
        [only] => !only.descending && only.column.steps == ["displayName"],
        _ => false,
    };
    if !is_by_name {
        let rows = gathered(call, plan, source, ORDERED).await?;
        let rows = rows.ok_or_else(|| GraphError::unsupported_query("Too many rows to put in this order."))?;
        // The count is that of the rows at hand.
        return whole(call, plan, rows).await;
    }
    let mut after = plan.token.as_ref().map(|token| NameCursor {
        name: token.name.clone().unwrap_or_default(),
        id: guid(&token.id).unwrap_or_default(),
    });
    let (mut kept, mut looked_at, mut next) = (Vec::new(), 0, None);
    if plan.size == 0 {
        return Ok(plan.answer(call, &[], count, None));
    }
    'rows: loop {
        let batch = source.batch(call, plan.predicate.as_ref(), after.clone(), BATCH).await?;
        let is_last = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        let mut rows: Vec<Value> = Vec::with_capacity(batch.len());
        let mut cursors = Vec::with_capacity(batch.len());
        for (cursor, row) in batch {
            rows.push(row);
            cursors.push(cursor);
        }
        let needs = plan.needs(call);
        if !needs.is_empty() {
            resource::attach(call, plan.of, &mut rows, &needs).await?;
        }
        for (cursor, row) in cursors.into_iter().zip(rows) {
            looked_at += 1;
            if plan.keeps(&row) {
                if kept.len() == plan.size {
                    next = after;
                    break 'rows;
                }
                kept.push(row);
            }
            // What was looked at and not kept need not be looked at again.
            after = Some(cursor);
        }
        if is_last {
            break;
        }
        if looked_at >= LOOKED_AT {
            next = after;
            break;
        }
    }
    let next = next.map(|cursor| Token { name: Some(cursor.name), id: cursor.id.to_string() });
    Ok(plan.answer(call, &kept, count, next.as_ref()))
}

/// The row's place in its list, for [`keyed`]; no member of the model.
pub(crate) const PLACE: &str = "~place";

/// Rows that come by key.
pub(crate) trait Keyed: Sync {
    /// Rows after a place, as many as `limit` keys gave, and where it goes on.
    fn batch(
        &self,
        call: &Call,
        after: Option<String>,
        limit: u32,
    ) -> impl Future<Output = Answer<(Vec<Value>, Option<String>)>> + Send;
}

/// A page of what the store gives out by key. Each row names its place.
///
/// # Errors
/// 400 for an order or a count over more rows than are looked at; faults of the store.
pub(crate) async fn keyed<K: Keyed>(call: &Call, plan: &Plan, source: &K) -> Answer<Reply> {
    let needs = plan.needs(call);
    if !plan.order.is_empty() || plan.counts || plan.skip > 0 {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let (batch, next) = source.batch(call, after, BATCH).await?;
            rows.extend(batch);
            if next.is_none() {
                return whole(call, plan, rows).await;
            }
            if rows.len() >= COUNTED {
                return Err(GraphError::unsupported_query("Too many rows to count or to put in this order."));
            }
            after = next;
        }
    }
    let mut after = plan.token.as_ref().map(|token| token.id.clone());
    let (mut kept, mut looked_at, mut next) = (Vec::new(), 0, None);
    if plan.size == 0 {
        return Ok(plan.answer(call, &[], None, None));
    }
    // One more tells whether the list goes on. What a filter leaves out is read with the rest.
    let wanted = u32::try_from(plan.size).unwrap_or(BATCH).saturating_add(1).min(BATCH);
    let batch = if plan.predicate.is_none() { wanted } else { BATCH };
    'rows: loop {
        let (mut rows, more) = source.batch(call, after.clone(), batch).await?;
        if !needs.is_empty() {
            resource::attach(call, plan.of, &mut rows, &needs).await?;
        }
        for row in rows {
            looked_at += 1;
            let place = row.get(PLACE).and_then(Value::as_str).map(str::to_owned);
            if plan.keeps(&row) {
                if kept.len() == plan.size {
                    next = after;
                    break 'rows;
                }
                kept.push(row);
            }
            after = place;
        }
        let Some(more) = more else { break };
        after = Some(more);
        if looked_at >= LOOKED_AT {
            next = after;
            break;
        }
    }
    let next = next.map(|id| Token { name: None, id });
    Ok(plan.answer(call, &kept, None, next.as_ref()))
}

/// How many rows stay.
///
/// # Errors
/// 400 when more rows would have to be looked at than is bearable; faults of the store.
pub(crate) async fn count(call: &Call, plan: &Plan, source: Source) -> Answer<u64> {
    if plan.predicate.is_none()
        && plan.search.is_none()
        && let Some(known) = source.count(call).await?
    {
        return Ok(known);
    }
    if let Some(predicate) = &plan.predicate
        && let Some(rows) = source.look_up(call, predicate).await?
    {
        return Ok(rows.iter().filter(|row| plan.keeps(row)).count().try_into().unwrap_or(u64::MAX));
    }
    let rows = gathered(call, plan, source, COUNTED).await?;
    let rows = rows.ok_or_else(|| GraphError::unsupported_query("Too many rows to count with this filter."))?;
    Ok(rows.len().try_into().unwrap_or(u64::MAX))
}

/// All rows that stay; `None` when more than `most` would have to be looked at.
async fn gathered(call: &Call, plan: &Plan, source: Source, most: usize) -> Answer<Option<Vec<Value>>> {
    let (mut kept, mut looked_at, mut after) = (Vec::new(), 0, None);
    let needs = plan.needs(call);
    loop {
        let batch = source.batch(call, plan.predicate.as_ref(), after.clone(), BATCH).await?;
        let is_last = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        looked_at += batch.len();
        after = batch.last().map(|(cursor, _)| cursor.clone());
        let mut rows: Vec<Value> = batch.into_iter().map(|(_, row)| row).collect();
        if !needs.is_empty() {
            resource::attach(call, plan.of, &mut rows, &needs).await?;
        }
        kept.extend(rows.into_iter().filter(|row| plan.keeps(row)));
        if is_last {
            return Ok(Some(kept));
        }
        if looked_at >= most {
            return Ok(None);
        }
    }
}

/// Where the store begins for a filter, and how far it goes.
pub(crate) fn span(predicate: Option<&ephor_odata::v4::Predicate>, after: Option<NameCursor>, limit: u32) -> Span {
    let prefix = predicate.and_then(|predicate| {
        let exact = predicate.equals(&["displayName"]).and_then(|names| match names.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        });
        exact.or_else(|| predicate.prefix(&["displayName"]).map(str::to_owned))
    });
    Span { prefix: prefix.unwrap_or_default(), after, limit }
}
