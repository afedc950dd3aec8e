//! Requests as a scope shows them (`ARM 9.4`).

use std::{cmp::Reverse, collections::BTreeSet};

use ephor_domain::{
    Refusal,
    administration::Right,
    id::{PrincipalId, RequestId},
    policy::Kind,
    principal::Actor,
    provider::Provider,
    request::Stage,
    resource::ResourceRefusal,
    scope::ArmScope,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        order::{OrderRow, Orders},
        role_assignment::{ScopeCursor, ScopeSpan},
    },
};
use uuid::Uuid;

use super::{Here, MOST, Narrow, RowCursor, definition_of, respell, scope_of, wanted};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        At, chain,
        rights::{Rights, action, locate},
        spans,
    },
    schedule::{approver::Judge, list::Page, view::RequestView},
};

/// Requests at a scope, page by page: the newest first; those of a whole scope from its last place to its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersAt {
    /// Where.
    pub scope: ArmScope,
    /// For eligibilities or assignments.
    pub kind: Kind,
    /// Which.
    pub narrow: Narrow,
    /// Who asks, with all that decides on approvals.
    pub actor: Actor,
    /// Goes on after this row.
    pub after: Option<RowCursor>,
    /// Most rows.
    pub limit: u32,
}

/// What the index is asked for.
enum Which {
    /// Of each of these, merged; the newest first.
    Newest(Vec<Orders>),
    /// Whatever waits for an approval; the newest first.
    Waiting,
    /// In these spans of scopes, which are in order; the last scope first.
    Spans(Vec<ScopeSpan>),
}

impl Which {
    async fn read(
        &self,
        tx: &mut Tx,
        kind: Kind,
        after: Option<&RowCursor>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, Fault> {
        let before = after.map(|after| RequestId::new(after.id));
        match self {
            Self::Newest(of) => {
                let mut rows: Vec<OrderRow> = Vec::new();
                for which in of {
                    rows.extend(tx.orders(Provider::Resources, kind, which, before, limit).await?);
                }
                rows.sort_by_key(|row| Reverse(row.request.id));
                rows.dedup_by_key(|row| row.request.id);
                rows.truncate(limit as usize);
                Ok(rows)
            }
            Self::Waiting => tx.orders_awaiting_approval(Provider::Resources, before, limit).await,
            Self::Spans(spans) => {
                let at = after.map(|after| ScopeCursor { scope: after.scope.clone(), name: after.id });
                let mut rows = Vec::new();
                for span in spans.iter().rev() {
                    let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
                    if left == 0 {
                        break;
                    }
                    if at.as_ref().is_none_or(|at| span.start() <= at.scope.as_str()) {
                        rows.extend(tx.orders_in(Provider::Resources, kind, span, at.as_ref(), left).await?);
                    }
                }
                Ok(rows)
            }
        }
    }
}

fn cursor(row: &OrderRow) -> RowCursor {
    let (scope, id) = (row.order.scope.clone(), row.request.id.uuid());
    RowCursor { direct: false, principal: Uuid::nil(), scope, id }
}

/// May the caller decide on the stage that is open?
async fn waits_for(tx: &mut Tx, judge: &Judge, row: &OrderRow) -> Result<bool, Fault> {
    let Stage::AwaitingApproval { approval, .. } = row.request.stage else { return Ok(false) };
    match row.order.details.stages.iter().position(|stage| stage.id == approval) {
        Some(at) => Ok(judge.may(tx, row, at).await?.is_ok()),
        None => Ok(false),
    }
}

impl Query for OrdersAt {
    type Output = At<Page<RequestView, RowCursor>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (caller, now) = (files.caller, files.now);
        let rights = Rights::of(files.tx, caller, now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let narrow = &self.narrow;
        let own = narrow.mine || narrow.ordered || narrow.to_approve;
        if !own && !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
            return Err(Refusal::from(ResourceRefusal::OwnRowsOnly).into());
        }
        let wanted = wanted(files.tx, &rights, narrow, caller, now).await?;
        let of = |ids: &BTreeSet<Uuid>| ids.iter().map(|id| Orders::Of(PrincipalId::new(*id))).collect();
        let which = match &wanted {
            _ if narrow.to_approve => Which::Waiting,
            _ if narrow.ordered => Which::Newest(vec![Orders::By(caller)]),
            Some(principals) => Which::Newest(of(principals)),
            None if scope == ArmScope::root() => Which::Newest(vec![Orders::All]),
            None => Which::Spans(spans(files.tx, &line, !narrow.not_below).await?),
        };
        let judge = match narrow.to_approve {
            true => Some(Judge::of(files.tx, &self.actor, now).await?),
            false => None,
        };
        let mut here = Here::new(&line, narrow.not_below);
        let (mut found, mut after) = (Vec::new(), self.after);
        let (mut seen, mut next) = (0, None);
        let batch = self.limit.saturating_add(1);
        'pages: loop {
            let rows = which.read(files.tx, self.kind, after.as_ref(), batch).await?;
            let is_last = rows.len() < batch as usize;
            for row in rows {
                if seen == MOST {
                    next = after;
                    break 'pages;
                }
                seen += 1;
                let behind = cursor(&row);
                let is_kind = row.order.kind == self.kind;
                let decides = match &judge {
                    Some(judge) => is_kind && waits_for(files.tx, judge, &row).await?,
                    None => is_kind,
                };
                let mut view = RequestView::of(row, now)?;
                let principal = view.request.principal.uuid();
                let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.contains(&principal))
                    && (!narrow.ordered || view.request.requester == caller)
                    && (!narrow.to_approve || view.is_waiting());
                if let Some((at, definition)) = scope_of(&view.key).zip(definition_of(&view.key))
                    && decides
                    && is_wanted
                    && narrow.definition.is_none_or(|wanted| wanted == definition)
                    && here.is_there(files.tx, &at).await?
                {
                    if found.len() == self.limit as usize {
                        next = after;
                        break 'pages;
                    }
                    respell(files.tx, &mut view.key).await?;
                    found.push(view);
                }
                after = Some(behind);
            }
            if is_last {
                break;
            }
        }
        Ok(At { scope, found: Page { rows: found, next } })
    }
}

/// One request by its name, for its target, its requester, its approvers, and whoever reads role assignments there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNamed {
    /// Where it is looked for: its own scope, or the root.
    pub scope: ArmScope,
    /// For an eligibility or an assignment.
    pub kind: Kind,
    /// Its name; of a schedule that starts later its name leads to the request too.
    pub name: Uuid,
    /// Who asks.
    pub actor: Actor,
}

impl Query for OrderNamed {
    type Output = Option<RequestView>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Option<RequestView>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, _) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let named = files.tx.order_named(Provider::Resources, &self.name.to_string()).await?;
        let mut rows: Vec<OrderRow> = named.into_iter().collect();
        rows.extend(files.tx.orders_of_schedule(self.name).await?);
        let is_kind = |row: &OrderRow| row.request.provider == Provider::Resources && row.order.kind == self.kind;
        let Some(row) = rows.into_iter().find(is_kind) else { return Ok(None) };
        let judge = Judge::of(files.tx, &self.actor, files.now).await?;
        let is_approver = judge.is_approver(files.tx, &row).await?;
        let mut view = RequestView::of(row, files.now)?;
        let Some(at) = scope_of(&view.key) else { return Ok(None) };
        if at != scope && scope != ArmScope::root() {
            return Ok(None);
        }
        let is_own =
            view.request.requester == files.caller || rights.principals.contains(&view.request.principal.uuid());
        if !is_own && !is_approver {
            let line = chain(files.tx, &at).await?;
            if !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
                return Ok(None);
            }
        }
        respell(files.tx, &mut view.key).await?;
        Ok(Some(view))
    }
}
