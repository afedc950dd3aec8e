//! Orders for schedules (`GRAPH 8`, `ARM 9`): checked in the order of `GRAPH 8.4`, decided by the rules of the provider,
//! carried out and recorded in one commit.

use ephor_domain::{
    Refusal,
    administration::Right,
    entitlement::EntitlementKey,
    grant::{Grant, Phase},
    id::PrincipalId,
    policy::{Kind, Policy, Presence},
    principal::Actor,
    provider::{
        Asked, Case, Condition, Decision, Details, Order, Provider, Said, ScheduleRefusal, Usable, directory_roles,
        groups, resources,
    },
    request::{Action, Channel, Request},
    text::Justification,
};
use ephor_store::{Fault, Tx, tx::lock::Lock};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    apply::{Applied, apply},
    authority, due,
    held::{self, Eligible, Found},
    place, policy,
    view::RequestView,
};
use crate::{
    admin::desk::{By, Command, Desk, Subject},
    answer::Answer,
    engine::Engine,
    wake::Wake,
};

/// An order for a schedule, as a face read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// What is ordered.
    pub key: EntitlementKey,
    /// Eligibility or assignment: the collection it was sent to.
    pub kind: Kind,
    /// What is to be done.
    pub action: Action,
    /// Who is to hold, or to lose.
    pub principal: PrincipalId,
    /// The schedule.
    pub asked: Asked,
    /// What is kept as it was said; the justification is taken from here.
    pub said: Said,
    /// The schedule it names: one of another line is refused.
    pub target: Option<Uuid>,
    /// The client's name for the request, where it chooses one (`ARM 9.5`).
    pub name: Option<String>,
    /// Through which face it came.
    pub channel: Channel,
    /// What the caller's sign-in proves.
    pub presence: Presence,
    /// Nothing is to come of it: [`Engine::submit`] answers what would have come of it.
    pub only_validate: bool,
}

impl Engine {
    /// Places an order for a schedule. One that takes effect at once has done so when this answers, or is said to be
    /// *PendingProvisioning* after a second of waiting for its target.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] of `principal`, `role definition` or `group`, [`ScheduleRefusal`] for what breaks a rule,
    /// [`Refusal::NotAdministrator`], [`Refusal::AccountDisabled`], [`Refusal::TargetUnwritable`],
    /// [`Refusal::Conflict`] for a name in use; each of them recorded, unless it was only validated. Faults of the
    /// store.
    pub async fn submit(&self, actor: &Actor, order: NewOrder) -> Answer<RequestView> {
        let call = self.call(actor).proved_by(actor.methods);
        let by = By::Actor(actor.clone());
        if order.only_validate {
            return self.rehearse(call, by, Submit(order)).await;
        }
        let settled = self.inner.waiters.wait(call.ids().grant);
        let (view, wake) = self.carry_out(call, by, Submit(order)).await?;
        match view.grant.as_ref().map(|grant| (grant.id, grant.phase)) {
            Some((_, Phase::Applying { .. })) => {
                self.confirmed(settled, &wake).await;
            }
            Some((id, Phase::Ending { .. })) => {
                drop(settled);
                self.removed(id, &wake).await?;
            }
            _ => return Ok(view),
        }
        let id = view.request.id;
        let now = self.now();
        let row = self.store.read(move |tx| Box::pin(async move { tx.order(id).await })).await?;
        Ok(row.map(|row| RequestView::of(row, now)).transpose()?.unwrap_or(view))
    }

    /// Waits for a removal that is under way, like [`Engine::confirmed`].
    pub(super) async fn removed(&self, grant: ephor_domain::id::GrantId, wake: &Wake) -> Answer<()> {
        if wake.targets.is_empty() {
            return Ok(());
        }
        let settled = self.inner.waiters.wait(grant);
        // It may have been over before we began to listen.
        let case = self.store.read(move |tx| Box::pin(async move { tx.grant_case(grant).await })).await?;
        let phase = case.and_then(|case| case.grant).map(|grant| grant.phase);
        if matches!(phase, Some(Phase::Ending { .. })) {
            self.confirmed(settled, wake).await;
        }
        Ok(())
    }
}

/// The order as a command.
#[derive(Debug, Clone)]
struct Submit(NewOrder);

impl Command for Submit {
    type Output = RequestView;

    fn right(&self) -> Right {
        Right::Known
    }

    fn is_open(&self) -> bool {
        authority::is_own(self.0.action)
    }

    fn subject(&self) -> Subject {
        Subject::order(&self.0.key, self.0.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        let (definition, _) = place::columns(&self.0.key);
        let mut locks = vec![
            Lock::Shared(definition),
            Lock::Shared(self.0.key.id().uuid()),
            Lock::Exclusive(self.0.principal.uuid()),
        ];
        locks.push(Lock::Shared(policy::lock(&self.0.key)));
        if self.0.key.provider() == Provider::Resources {
            // A scope stays where it is, and there, while roles are given at it.
            locks.push(Lock::Shared(crate::resource::TREE));
        }
        locks
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<RequestView> {
        let order = self.0;
        let now = desk.now();
        let unfit = |_| Refusal::Invalid { field: "justification", rule: "at most 4,000 characters of plain text" };
        let justification = order.said.justification.as_deref().map(Justification::parse).transpose().map_err(unfit)?;
        if !order.said.is_bounded() {
            return Err(Refusal::Invalid { field: "the order", rule: "texts of at most 8,192 characters" }.into());
        }
        Box::pin(authority::require(desk, &order.key, order.kind, order.action, order.principal)).await?;
        // Also a name whose request retention deleted: a late repeat must not give again what was given once.
        if let Some(name) = &order.name
            && (desk.tx.order_named(order.key.provider(), name).await?.is_some()
                || desk.tx.is_name_taken(order.key.provider(), name).await?)
        {
            return Err(Refusal::Conflict { what: "the name of the request" }.into());
        }
        let gives = !matches!(order.action, Action::AdminRemove | Action::SelfDeactivate);
        let check = place::check(desk.tx, &order.key, order.kind, order.principal, gives);
        let holder = Box::pin(check).await?;
        authority::require_holder(order.action, &holder)?;
        Box::pin(due::settle_line(desk, holder.id, &order.key)).await?;
        let found = held::load(desk.tx, holder.id, &order.key, order.kind, now).await?;
        let start = order.asked.start.map_or(now, |start| start.max(now));
        let rests = matches!(order.action, Action::SelfActivate | Action::SelfExtend);
        let (usable, eligible) = if rests && order.kind == Kind::Assignment {
            Box::pin(held::usable(desk.tx, holder.id, &order.key, start, order.target, now)).await?
        } else {
            (Usable::Nowhere, None)
        };
        let rules = policy::of(desk.tx, &order.key).await?;
        let asked = Order {
            kind: order.kind,
            action: order.action,
            caller: desk.administrator().unwrap_or(holder.id),
            principal: holder.id,
            asked: order.asked,
            justified: justification.as_ref().is_some_and(Option::is_some),
            ticketed: order.said.ticket_number.as_deref().is_some_and(|number| !number.trim().is_empty()),
            names_other_line: names_other_line(desk, &order, eligible.as_ref()).await?,
        };
        let case = Case { order: &asked, line: &found.line, usable, policy: &rules, presence: &order.presence, now };
        let above = above(desk, &order.key, eligible.as_ref()).await?;
        let decision = decide(&order.key, &case, above.as_ref())?;
        let condition = match order.key.provider() {
            Provider::Resources => {
                let present = bound_by(desk.tx, &order, &found, eligible.as_ref()).await?;
                resources::condition(order.action, order.said.condition(), present)?
            }
            Provider::Pam | Provider::DirectoryRoles | Provider::Groups => None,
        };
        let ids = desk.call().ids();
        let request = Request {
            id: ids.request,
            name: order.name.clone(),
            provider: order.key.provider(),
            action: order.action,
            principal: holder.id,
            requester: desk.administrator().unwrap_or(holder.id),
            entitlement: order.key.id(),
            channel: order.channel,
            justification: justification.flatten(),
            asked_ttl: asked_seconds(&order.asked, start),
            asked_start: order.asked.start.unwrap_or(now),
            created: now,
            // The decision says where it stands.
            stage: ephor_domain::request::Stage::Recorded { at: now },
        };
        let details = Details {
            asked: order.asked,
            start: Some(start),
            said: order.said.clone(),
            // What an administrator is asked for rests on nothing but the answer.
            rests_on: eligible
                .as_ref()
                .filter(|_| !matches!(decision, Decision::Ask { .. }))
                .map(|eligible| eligible.line),
            stages: Vec::new(),
            condition,
        };
        let id = request.id;
        let Found { row, is_standing, .. } = found;
        let what = Applied { key: &order.key, kind: order.kind, holder: &holder, row, is_standing, request, details };
        Box::pin(apply(desk, what, decision)).await?;
        desk.flush().await?;
        let row = desk.tx.order(id).await?.ok_or(Refusal::RequestNotAvailable)?;
        Ok(RequestView::of(row, now)?)
    }
}

fn decide(key: &EntitlementKey, case: &Case<'_>, above: Option<&Policy>) -> Result<Decision, Refusal> {
    Ok(match key.provider() {
        Provider::DirectoryRoles => directory_roles::decide(case)?,
        Provider::Groups => groups::decide(case)?,
        Provider::Resources => resources::decide(case, above)?,
        Provider::Pam => return Err(ScheduleRefusal::NotSupported.into()),
    })
}

/// The policy at the eligibility's own scope, when that is another one (`ARM A-6`).
async fn above(desk: &mut Desk<'_>, key: &EntitlementKey, eligible: Option<&Eligible>) -> Answer<Option<Policy>> {
    match eligible.filter(|eligible| eligible.key != *key) {
        Some(eligible) => Ok(Some(policy::of(desk.tx, &eligible.key).await?)),
        None => Ok(None),
    }
}

/// The condition of what an order changes, or of the eligibility it rests on (`ARM 9.5`).
async fn bound_by(
    tx: &mut Tx,
    order: &NewOrder,
    found: &Found,
    eligible: Option<&Eligible>,
) -> Result<Option<Condition>, Fault> {
    let shaped_by = match order.action {
        Action::AdminAssign | Action::AdminRemove | Action::SelfDeactivate => return Ok(None),
        Action::SelfActivate => eligible.map(|eligible| eligible.made_by),
        Action::AdminUpdate | Action::AdminExtend | Action::AdminRenew | Action::SelfExtend | Action::SelfRenew => {
            if found.is_standing {
                return held::standing_condition(tx, order.principal, &order.key).await;
            }
            found.row.as_ref().map(|row| row.line.made_by)
        }
    };
    match shaped_by {
        Some(request) => held::condition(tx, request).await,
        None => Ok(None),
    }
}

/// A schedule that is named must be of this line, or, for an activation, the eligibility it rests on.
async fn names_other_line(desk: &mut Desk<'_>, order: &NewOrder, eligible: Option<&Eligible>) -> Answer<bool> {
    let Some(target) = order.target else { return Ok(false) };
    if eligible.is_some_and(|eligible| eligible.schedule == target) {
        return Ok(false);
    }
    let lines = desk.tx.lines_of_schedule(target).await?;
    let is_ours = |principal: PrincipalId, entitlement| principal == order.principal && entitlement == order.key.id();
    if lines.iter().any(|row| is_ours(row.line.principal, row.line.entitlement)) {
        return Ok(false);
    }
    // A schedule that is only asked for so far has no line.
    let orders = desk.tx.orders_of_schedule(target).await?;
    let is_pending = orders.iter().any(|row| is_ours(row.request.principal, row.request.entitlement));
    let standing = ephor_store::tx::line::line_id(order.principal, order.key.id(), order.kind);
    Ok(!is_pending && standing != target)
}

fn asked_seconds(asked: &Asked, start: Timestamp) -> u64 {
    use ephor_domain::{provider::AskedEnd, time::Ttl};
    match asked.end {
        AskedEnd::After(ttl) => ttl.as_seconds(),
        AskedEnd::At(end) if start < end => Ttl::between(start, end).as_seconds(),
        AskedEnd::At(_) | AskedEnd::Never | AskedEnd::Unsaid => 0,
    }
}

/// The grant that an order ended or moved, as it is on record.
pub(super) fn phase_is_open(grant: &Grant) -> bool {
    !matches!(grant.phase, Phase::Ending { .. } | Phase::Ended { .. })
}
