//! Requests as a scope shows them (`ARM 9.4`).

use std::cmp::Reverse;

use ephor_domain::{
    Refusal, administration::Right, id::PrincipalId, policy::Kind, principal::Actor, provider::Provider,
    resource::ResourceRefusal, scope::ArmScope,
};
use ephor_store::tx::order::{OrderRow, Orders};
use uuid::Uuid;

use super::{MOST, Narrow, definition_of, is_there, respell, scope_of, wanted};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        At, chain,
        rights::{Rights, action, locate},
    },
    schedule::{approver::Judge, view::RequestView},
};

/// Requests at a scope, newest first.
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
}

impl Query for OrdersAt {
    type Output = At<Vec<RequestView>>;

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
        let mut rows: Vec<OrderRow> = Vec::new();
        if narrow.to_approve {
            let judge = Judge::of(files.tx, &self.actor, now).await?;
            for row in files.tx.gated_orders(Provider::Resources, None, MOST).await? {
                if row.order.kind == self.kind && judge.is_approver(files.tx, &row).await? {
                    rows.push(row);
                }
            }
        } else {
            let which: Vec<Orders> = match (narrow.ordered, wanted(files.tx, &rights, narrow, caller, now).await?) {
                (true, _) => vec![Orders::By(caller)],
                (false, Some(principals)) => {
                    principals.into_iter().map(|id| Orders::Of(PrincipalId::new(id))).collect()
                }
                (false, None) => vec![Orders::All],
            };
            for which in which {
                rows.extend(files.tx.orders(Provider::Resources, self.kind, &which, None, MOST).await?);
            }
        }
        rows.sort_by_key(|row| Reverse(row.request.id));
        rows.dedup_by_key(|row| row.request.id);
        let mut found = Vec::new();
        for row in rows {
            let waits = narrow.to_approve;
            let mut view = RequestView::of(row, now)?;
            let (Some(at), Some(definition)) = (scope_of(&view.key), definition_of(&view.key)) else { continue };
            let fits = narrow.definition.is_none_or(|wanted| wanted == definition)
                && narrow.principal.is_none_or(|wanted| wanted == view.request.principal.uuid())
                && (!narrow.ordered || view.request.requester == caller)
                && (!waits || view.is_waiting());
            if fits && is_there(files.tx, &line, narrow, &at).await? {
                respell(files.tx, &mut view.key).await?;
                found.push(view);
            }
        }
        Ok(At { scope, found })
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
