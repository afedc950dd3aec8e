//! Approvals as a scope shows them: of what is asked for there and below (`ARM 15.2`).

use ephor_domain::{
    administration::Right,
    id::{PrincipalId, RequestId},
    policy::Kind,
    principal::Actor,
    provider::Provider,
    scope::ArmScope,
};
use ephor_store::{
    Fault, Tx,
    tx::order::{OrderRow, Orders},
};
use uuid::Uuid;

use super::{MOST, scope_of};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        At, chain,
        rights::{Rights, action, locate},
    },
    schedule::{
        approval::ApprovalView,
        approver::Judge,
        list::{Page, Whose},
    },
};

/// Approvals at a scope and below, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalsAt {
    /// Where.
    pub scope: ArmScope,
    /// Whose. What the caller may decide on is what waits for him.
    pub whose: Whose,
    /// Who asks.
    pub actor: Actor,
    /// Goes on before this request.
    pub before: Option<RequestId>,
    /// Most rows.
    pub limit: u32,
}

/// One approval, addressed at a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalNamed {
    /// Where it is looked for.
    pub scope: ArmScope,
    /// Which.
    pub id: Uuid,
    /// Who asks.
    pub actor: Actor,
}

/// What is there of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is there, and the caller may see it.
    Visible(Box<ApprovalView>),
    /// It is there.
    Hidden,
    /// It is not there, or somewhere else.
    Nowhere,
}

async fn read(tx: &mut Tx, query: &ApprovalsAt, before: Option<RequestId>) -> Result<Vec<OrderRow>, Fault> {
    let limit = query.limit.saturating_add(1);
    let of = |which| (Provider::Resources, Kind::Assignment, which);
    let (provider, kind, which) = match query.whose {
        Whose::ToApprove => return tx.orders_awaiting_approval(Provider::Resources, before, limit).await,
        Whose::Visible => return tx.gated_orders(Provider::Resources, before, limit).await,
        Whose::Mine => of(Orders::Of(query.actor.principal)),
        Whose::Ordered => of(Orders::By(query.actor.principal)),
    };
    tx.orders(provider, kind, &which, before, limit).await
}

/// Approvals are seen by the parties, the approvers of any stage, and whoever gives roles there.
async fn is_seen(
    tx: &mut Tx,
    rights: &Rights,
    judge: &Judge,
    row: &OrderRow,
    caller: PrincipalId,
) -> Result<bool, Fault> {
    if row.request.requester == caller || row.request.principal == caller || judge.is_approver(tx, row).await? {
        return Ok(true);
    }
    let Ok(at) = row.order.scope.parse() else { return Ok(false) };
    let line = chain(tx, &at).await?;
    rights.may(tx, &line, action::WRITE_ASSIGNMENTS).await
}

/// Does what is asked for lie at the scope or below it?
async fn is_below(tx: &mut Tx, scope: &ArmScope, view: &ApprovalView) -> Result<bool, Fault> {
    let Some(at) = scope_of(&view.request.key) else { return Ok(false) };
    Ok(scope.contains_path(&at) || chain(tx, &at).await?.contains(scope))
}

impl Query for ApprovalsAt {
    type Output = At<Page<ApprovalView, RequestId>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (tx, now, caller) = (&mut *files.tx, files.now, files.caller);
        let rights = Rights::of(tx, caller, now).await?;
        let (scope, _) = locate(tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let judge = Judge::of(tx, &self.actor, now).await?;
        let (mut found, mut before) = (Vec::new(), self.before);
        let (mut seen, mut next) = (0, None);
        'pages: loop {
            let rows = read(tx, &self, before).await?;
            let is_last = rows.len() <= self.limit as usize;
            for row in rows {
                if seen == MOST {
                    next = before;
                    break 'pages;
                }
                seen += 1;
                let id = row.request.id;
                let is_wanted = row.order.gated
                    && match self.whose {
                        Whose::Mine | Whose::Ordered => true,
                        Whose::ToApprove => judge.is_approver(tx, &row).await?,
                        Whose::Visible => is_seen(tx, &rights, &judge, &row, caller).await?,
                    };
                if is_wanted
                    && let Some(view) = ApprovalView::of(tx, row, &judge, now).await?
                    && (self.whose != Whose::ToApprove || view.stages.iter().any(|stage| stage.assigned_to_me))
                    && is_below(tx, &scope, &view).await?
                {
                    if found.len() == self.limit as usize {
                        next = before;
                        break 'pages;
                    }
                    found.push(view);
                }
                before = Some(id);
            }
            if is_last {
                break;
            }
        }
        Ok(At { scope, found: Page { rows: found, next } })
    }
}

impl Query for ApprovalNamed {
    type Output = Found;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Found> {
        let (tx, now, caller) = (&mut *files.tx, files.now, files.caller);
        let rights = Rights::of(tx, caller, now).await?;
        let (scope, _) = locate(tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let Some(request) = tx.request_of_stage(self.id).await? else { return Ok(Found::Nowhere) };
        let row = tx.order(request).await?.filter(|row| row.request.provider == Provider::Resources);
        let Some(row) = row else { return Ok(Found::Nowhere) };
        let judge = Judge::of(tx, &self.actor, now).await?;
        let is_seen = is_seen(tx, &rights, &judge, &row, caller).await?;
        match ApprovalView::of(tx, row, &judge, now).await? {
            // The id of a later stage names no approval.
            Some(view) if view.id == self.id && is_below(tx, &scope, &view).await? => {
                Ok(if is_seen { Found::Visible(Box::new(view)) } else { Found::Hidden })
            }
            Some(_) | None => Ok(Found::Nowhere),
        }
    }
}
