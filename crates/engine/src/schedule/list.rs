//! Schedules, requests and approvals as far as their reader may see them (`GRAPH 7`, `GRAPH 17.2`).

use std::collections::HashMap;

use ephor_domain::{
    entitlement::EntitlementKey,
    id::{PrincipalId, RequestId},
    policy::Kind,
    principal::Actor,
    provider::Provider,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{Lines, line_id},
        order::{OrderRow, Orders},
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    approval::ApprovalView,
    approver::Judge,
    authority::Sight,
    place, standing,
    view::{RequestView, ScheduleView},
};
use crate::{answer::Answer, engine::Engine};

/// Whose rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// All that the caller may see.
    Visible,
    /// The caller's own: schedules also through groups, then with the caller in the group's place.
    Mine,
    /// What the caller ordered.
    Ordered,
    /// What the caller may decide on, whatever became of it.
    ToApprove,
}

/// Which schedules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchedules {
    /// Of which family.
    pub provider: Provider,
    /// Eligibilities or assignments.
    pub kind: Kind,
    /// Narrowed by what the store has an index for.
    pub which: Lines,
    /// Whose.
    pub whose: Whose,
    /// Goes on after this line.
    pub after: Option<Uuid>,
    /// Rows looked at.
    pub limit: u32,
}

/// Which requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOrders {
    /// Of which family.
    pub provider: Provider,
    /// For eligibilities or assignments.
    pub kind: Kind,
    /// Narrowed by what the store has an index for.
    pub which: Orders,
    /// Whose.
    pub whose: Whose,
    /// Goes on before this request: they come newest first.
    pub before: Option<RequestId>,
    /// Rows looked at.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Row, Cursor> {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where it goes on, if it does.
    pub next: Option<Cursor>,
}

/// Rows of one principal that are looked at.
pub(super) const MOST: u32 = 10_000;

impl Engine {
    /// Schedules by line, with what is held outside of schedules among them.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn schedules(&self, actor: &Actor, list: ListSchedules) -> Answer<Page<ScheduleView, Uuid>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, list) = (actor.clone(), list.clone());
            Box::pin(async move { schedules(tx, &actor, &list, now).await })
        });
        Ok(read.await?)
    }

    /// The schedule that clients know by this id, if the caller may see it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn schedule_named(
        &self,
        actor: &Actor,
        provider: Provider,
        kind: Kind,
        id: Uuid,
    ) -> Answer<Option<ScheduleView>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let found = tx.lines_of_schedule(id).await?;
                let found = found.into_iter().find(|row| row.line.provider == provider && row.line.kind == kind);
                let Some(view) = found.map(|row| ScheduleView::of(row, now)).transpose()?.flatten() else {
                    return Ok(None);
                };
                let sight = Sight::of(tx, &actor, now).await?;
                let mut known = Known::default();
                Ok(if known.sees(tx, &sight, &view.key, view.principal).await? { Some(view) } else { None })
            })
        });
        Ok(read.await?)
    }

    /// What a principal has of an entitlement, if the caller may see it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn schedule_at(
        &self,
        actor: &Actor,
        principal: PrincipalId,
        key: EntitlementKey,
        kind: Kind,
    ) -> Answer<Option<ScheduleView>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, key) = (actor.clone(), key.clone());
            Box::pin(async move {
                let sight = Sight::of(tx, &actor, now).await?;
                if !Known::default().sees(tx, &sight, &key, principal).await? {
                    return Ok(None);
                }
                let row = tx.line(line_id(principal, key.id(), kind)).await?;
                if let Some(view) = row.map(|row| ScheduleView::of(row, now)).transpose()?.flatten() {
                    return Ok(Some(view));
                }
                if kind == Kind::Eligibility || standing::of(tx, principal, &key).await?.is_none() {
                    return Ok(None);
                }
                Ok(Some(ScheduleView::standing(standing::Standing { principal, key })))
            })
        });
        Ok(read.await?)
    }

    /// The schedules of these lines, whoever they are of: for what rests on them.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn schedules_of_lines(&self, lines: Vec<Uuid>) -> Answer<Vec<ScheduleView>> {
        let now = self.now();
        let read = self.store.read(move |tx| {
            let lines = lines.clone();
            Box::pin(async move {
                let mut found = Vec::with_capacity(lines.len());
                for id in lines {
                    if let Some(row) = tx.line(id).await? {
                        found.extend(ScheduleView::of(row, now)?);
                    }
                }
                Ok(found)
            })
        });
        Ok(read.await?)
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn orders(&self, actor: &Actor, list: ListOrders) -> Answer<Page<RequestView, RequestId>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, list) = (actor.clone(), list.clone());
            Box::pin(async move { orders(tx, &actor, &list, now).await })
        });
        Ok(read.await?)
    }

    /// One request, if the caller may see it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn order(&self, actor: &Actor, provider: Provider, id: RequestId) -> Answer<Option<RequestView>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let row = tx.order(id).await?.filter(|row| row.request.provider == provider);
                let Some(row) = row else { return Ok(None) };
                let judge = Judge::of(tx, &actor, now).await?;
                let is_seen = seen(tx, &judge, &row, &mut Known::default()).await?;
                if is_seen { Ok(Some(RequestView::of(row, now)?)) } else { Ok(None) }
            })
        });
        Ok(read.await?)
    }

    /// The newest request that made a schedule or is about it, if the caller may see it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn order_of_schedule(
        &self,
        actor: &Actor,
        provider: Provider,
        schedule: Uuid,
    ) -> Answer<Option<RequestView>> {
        let found = self.store.read(move |tx| Box::pin(async move { tx.orders_of_schedule(schedule).await }));
        let found = found.await?.into_iter().find(|row| row.request.provider == provider);
        match found {
            Some(row) => self.order(actor, provider, row.request.id).await,
            None => Ok(None),
        }
    }

    /// One approval, for its approvers, its parties, and those who see all.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn approval(&self, actor: &Actor, provider: Provider, id: Uuid) -> Answer<Option<ApprovalView>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let Some(request) = tx.request_of_stage(id).await? else { return Ok(None) };
                let row = tx.order(request).await?.filter(|row| row.request.provider == provider);
                let Some(row) = row else { return Ok(None) };
                let is_first = row.order.details.stages.first().is_some_and(|first| first.id.uuid() == id);
                let judge = Judge::of(tx, &actor, now).await?;
                if !is_first || !seen(tx, &judge, &row, &mut Known::default()).await? {
                    return Ok(None);
                }
                ApprovalView::of(tx, row, &judge, now).await
            })
        });
        Ok(read.await?)
    }

    /// Approvals that the caller decides ([`Whose::ToApprove`]), waits for ([`Whose::Mine`]) or asked for
    /// ([`Whose::Ordered`]), newest first.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn approvals(&self, actor: &Actor, provider: Provider, whose: Whose) -> Answer<Vec<ApprovalView>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let judge = Judge::of(tx, &actor, now).await?;
                let mut found = Vec::new();
                for row in tx.gated_orders(provider, None, MOST).await? {
                    let is_it = match whose {
                        Whose::Mine => row.request.principal == actor.principal,
                        Whose::Ordered => row.request.requester == actor.principal,
                        Whose::ToApprove => judge.is_approver(tx, &row).await?,
                        Whose::Visible => seen(tx, &judge, &row, &mut Known::default()).await?,
                    };
                    if is_it {
                        found.extend(ApprovalView::of(tx, row, &judge, now).await?);
                    }
                }
                Ok(found)
            })
        });
        Ok(read.await?)
    }
}

/// Which groups can be given roles, as far as asked.
#[derive(Debug, Default)]
struct Known(HashMap<Uuid, bool>);

impl Known {
    async fn sees(
        &mut self,
        tx: &mut Tx,
        sight: &Sight,
        key: &EntitlementKey,
        principal: PrincipalId,
    ) -> Result<bool, Fault> {
        if sight.is_own(principal) {
            return Ok(true);
        }
        let assignable = match key {
            EntitlementKey::Group { group, .. } => match self.0.get(&group.uuid()) {
                Some(assignable) => *assignable,
                None => {
                    let entry = tx.directory_groups_of(&[*group]).await?.pop();
                    let assignable = entry.is_none_or(|entry| entry.facts.role_assignable);
                    self.0.insert(group.uuid(), assignable);
                    assignable
                }
            },
            EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
                false
            }
        };
        Ok(sight.sees(key, assignable))
    }
}

async fn schedules(
    tx: &mut Tx,
    actor: &Actor,
    list: &ListSchedules,
    now: Timestamp,
) -> Result<Page<ScheduleView, Uuid>, Fault> {
    let sight = match list.whose {
        Whose::Mine => Sight::of_own(tx, actor, now).await?,
        Whose::Visible | Whose::Ordered | Whose::ToApprove => Sight::of(tx, actor, now).await?,
    };
    let all = list.whose == Whose::Visible && (sight.sees_all(list.provider) || list.provider == Provider::Groups);
    let mut found = Vec::new();
    if all {
        let rows = tx.lines(list.provider, list.kind, &list.which, list.after, list.limit).await?;
        let last = rows.last().map(|row| row.line.id);
        let is_full = rows.len() >= usize::try_from(list.limit).unwrap_or(usize::MAX);
        let mut known = Known::default();
        for row in rows {
            let Some(view) = ScheduleView::of(row, now)? else { continue };
            if known.sees(tx, &sight, &view.key, view.principal).await? {
                found.push(view);
            }
        }
        if list.kind == Kind::Assignment {
            for standing in standing::all(tx, list.provider, &list.which).await? {
                let is_seen = known.sees(tx, &sight, &standing.key, standing.principal).await?;
                found.extend(is_seen.then(|| ScheduleView::standing(standing)));
            }
        }
        // What lies beyond the last line that was read comes with the next page.
        let beyond = last.filter(|_| is_full);
        found.retain(|view| {
            list.after.is_none_or(|after| after < view.line) && beyond.is_none_or(|last| view.line <= last)
        });
        sort(&mut found);
        return Ok(Page { rows: found, next: beyond });
    }
    let mine = list.whose == Whose::Mine;
    let holders = std::iter::once(actor.principal).chain(sight.groups.iter().copied().map(PrincipalId::new));
    for holder in holders {
        let which = Lines::Of(holder);
        let mut views = Vec::new();
        for row in tx.lines(list.provider, list.kind, &which, None, MOST).await? {
            views.extend(ScheduleView::of(row, now)?);
        }
        if list.kind == Kind::Assignment {
            views.extend(standing::all(tx, list.provider, &which).await?.into_iter().map(ScheduleView::standing));
        }
        for mut view in views {
            if mine && holder != actor.principal {
                view.principal = actor.principal;
                view.via = Some(holder);
            }
            found.push(view);
        }
    }
    found.retain(|view| is_among(view, &list.which) && list.after.is_none_or(|after| after < view.line));
    sort(&mut found);
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let is_full = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map(|view| view.line).filter(|_| is_full);
    Ok(Page { rows: found, next })
}

/// A line's schedule comes before what is held for good on the same line, which is not shown twice.
fn sort(found: &mut Vec<ScheduleView>) {
    found.sort_by_key(|view| (view.line, view.is_standing()));
    found.dedup_by_key(|view| view.line);
}

fn is_among(view: &ScheduleView, which: &Lines) -> bool {
    let (definition, scope) = place::columns(&view.key);
    match which {
        Lines::All => true,
        Lines::Of(principal) => view.principal == *principal,
        Lines::Definition(wanted) => definition == *wanted,
        Lines::Scope(wanted) => scope == *wanted,
    }
}

async fn orders(
    tx: &mut Tx,
    actor: &Actor,
    list: &ListOrders,
    now: Timestamp,
) -> Result<Page<RequestView, RequestId>, Fault> {
    let judge = Judge::of(tx, actor, now).await?;
    let caller = actor.principal;
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let narrowed = list.which.clone();
    let which = match list.whose {
        Whose::Visible if judge.sight.sees_all(list.provider) || list.provider == Provider::Groups => Some(narrowed),
        Whose::Visible => None,
        Whose::Mine => Some(Orders::Of(caller)),
        Whose::Ordered => Some(Orders::By(caller)),
        Whose::ToApprove => None,
    };
    if let Some(which) = which {
        let rows = tx.orders(list.provider, list.kind, &which, list.before, list.limit).await?;
        let next = rows.last().map(|row| row.request.id).filter(|_| rows.len() >= limit);
        let mut known = Known::default();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            if list.whose != Whose::Visible || seen(tx, &judge, &row, &mut known).await? {
                found.push(RequestView::of(row, now)?);
            }
        }
        return Ok(Page { rows: found, next });
    }
    let mut rows: Vec<OrderRow> = Vec::new();
    if list.whose == Whose::Visible {
        rows.extend(tx.orders(list.provider, list.kind, &Orders::By(caller), list.before, MOST).await?);
        let holders = std::iter::once(caller).chain(judge.sight.groups.iter().copied().map(PrincipalId::new));
        for holder in holders {
            rows.extend(tx.orders(list.provider, list.kind, &Orders::Of(holder), list.before, MOST).await?);
        }
    }
    for row in tx.gated_orders(list.provider, list.before, MOST).await? {
        if row.order.kind == list.kind && judge.is_approver(tx, &row).await? {
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.request.id));
    rows.dedup_by_key(|row| row.request.id);
    let is_full = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map(|row| row.request.id).filter(|_| is_full);
    let rows = rows.into_iter().map(|row| RequestView::of(row, now)).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

/// Whether the reader may see a request: his own, what he ordered or decides, or all of its kind.
async fn seen(tx: &mut Tx, judge: &Judge, row: &OrderRow, known: &mut Known) -> Result<bool, Fault> {
    if judge.sight.caller == Some(row.request.requester) {
        return Ok(true);
    }
    let key = place::key(row.request.provider, row.order.definition, &row.order.scope)?;
    Ok(known.sees(tx, &judge.sight, &key, row.request.principal).await? || judge.is_approver(tx, row).await?)
}
