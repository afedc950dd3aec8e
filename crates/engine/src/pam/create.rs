//! O2: asking for a role, and giving it up with a TTL of zero (`PAM 7.2`, `PAM 9.5`).

use ephor_audit::events::{self, Event};
use ephor_domain::{
    Refusal,
    grant::{EndCause, Phase},
    id::EntitlementId,
    life::Owed,
    pam::create::{self, Order, Standing},
    principal::Actor,
    provider::Provider,
    request::{Channel, Request},
    text::Justification,
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, standing::PamStanding},
};
use jiff::Timestamp;

use super::{
    PamRequest,
    read::acting_account,
    way::{Step, walk},
};
use crate::{
    answer::Answer,
    call::Call,
    engine::Engine,
    ledger::{About, Ledger},
    wake::Wake,
};

/// What a requester asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// The role.
    pub role: EntitlementId,
    /// Seconds asked for; zero gives the role up.
    pub ttl: u64,
    /// Start asked for; `None` is now.
    pub start: Option<Timestamp>,
    /// The reason given.
    pub justification: Option<Justification>,
    /// The channel it came through.
    pub channel: Channel,
}

impl Engine {
    /// Makes a request for a role, or gives the role up when the TTL is zero.
    ///
    /// # Errors
    /// The refusals of [`create::create`], [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`],
    /// [`Refusal::TooManyRequests`]; faults of the store.
    pub async fn pam_create(&self, actor: &Actor, new: NewRequest) -> Answer<PamRequest> {
        let call = self.call(actor);
        let order = Order {
            principal: actor.principal,
            person: actor.person,
            channel: new.channel,
            justification: new.justification,
            ttl: new.ttl,
            start: new.start,
        };
        let over_limit = order.ttl > 0 && !self.inner.create_limit.admit(order.person, call.now);
        let grant = call.ids().grant;
        let settled = self.inner.waiters.wait(grant);
        let (made, wake, limit) = {
            let (call, role) = (call.clone(), new.role);
            self.store
                .transact(move |tx| {
                    let (call, order) = (call.clone(), order.clone());
                    Box::pin(async move { create(tx, &call, order, role, over_limit).await })
                })
                .await?
        };
        self.inner.create_limit.learn(limit);
        self.woken(&wake);
        let made = made?;
        let applying = matches!(made.grant.as_ref().map(|grant| grant.phase), Some(Phase::Applying { .. }));
        // It is committed: a store that fails now must not make the caller ask again.
        if applying
            && self.confirmed(settled, &wake).await
            && let Ok(Some(request)) = self.pam_request(made.request.id).await
        {
            return Ok(request);
        }
        Ok(made)
    }
}

/// What a command came to, what it set in motion, and the create limit it found.
type Made = (Result<PamRequest, Refusal>, Wake, Option<u32>);

async fn create(tx: &mut Tx, call: &Call, order: Order, role: EntitlementId, over_limit: bool) -> Result<Made, Fault> {
    tx.lock(&[Lock::Shared(role.uuid()), Lock::Exclusive(order.principal.uuid())]).await?;
    let (settings, mut standing) = tx.pam_settings_and_standing(order.principal, role).await?;
    let mut order = order;
    let mut acting = None;
    if !standing.is_pam_user
        && let Some(account) = acting_account(tx, order.principal, &settings).await?
    {
        acting = Some(call.clone().acting_for(account.id, order.principal));
        order.principal = account.id;
        tx.lock(&[Lock::Exclusive(account.id.uuid())]).await?;
        standing = tx.pam_standing(account.id, role).await?;
    }
    let call = acting.as_ref().unwrap_or(call);
    let limit = settings.requests_per_minute;
    let mut ledger = Ledger::new(call);
    let about = About {
        entitlement: Some(role),
        subject: Some(order.principal),
        provider: Some(Provider::Pam),
        ..About::default()
    };
    let known = match &standing.principal {
        _ if over_limit => Err(Refusal::TooManyRequests),
        Some(principal) if standing.is_pam_user => principal.enabled.then_some(()).ok_or(Refusal::AccountDisabled),
        Some(_) | None => Err(Refusal::UnknownCaller),
    };
    let decided = known.and_then(|()| {
        let candidate = standing.role.as_ref().filter(|_| standing.is_candidate);
        if order.ttl == 0 {
            let role = candidate.ok_or(Refusal::RoleNotAvailable)?;
            return Ok(Decided::GiveUp(create::give_up(&order, role.id, call.ids().request, call.now)));
        }
        let standing = Standing {
            role: candidate,
            is_approver: standing.is_approver,
            unwritable: standing.unwritable,
            settings: &settings,
        };
        create::create(&standing, order, call.ids(), call.now).map(|passed| Decided::Ask(Box::new(passed)))
    });
    let made = match decided {
        Err(refusal) => {
            ledger.refused(event(&refusal), &refusal, about);
            let (_, wake) = ledger.post(tx).await?;
            return Ok((Err(refusal), wake, limit));
        }
        Ok(Decided::GiveUp(request)) => {
            let (made, wake) = give_up(tx, call, request).await?;
            return Ok((Ok(made), wake, limit));
        }
        Ok(Decided::Ask(passed)) => {
            let owed = owed(&standing);
            let (request, grant) = walk(&mut ledger, *passed, owed, Step::Created);
            PamRequest::at(request, grant, call.now)
        }
    };
    let (_, wake) = ledger.post(tx).await?;
    Ok((Ok(made), wake, limit))
}

enum Decided {
    Ask(Box<create::Passed>),
    GiveUp(Request),
}

/// The privileges of the role with the caller's memberships as they stand: what a new grant of it owes.
fn owed(standing: &PamStanding) -> Vec<Owed> {
    standing
        .privileges
        .iter()
        .map(|privilege| Owed {
            privilege: privilege.clone(),
            membership: standing.memberships.iter().find(|membership| membership.group == privilege.group).cloned(),
            others: 0,
        })
        .collect()
}

/// Ends what the caller holds of the role, and keeps the order as a record of its own.
async fn give_up(tx: &mut Tx, call: &Call, request: Request) -> Result<(PamRequest, Wake), Fault> {
    let mut ledger = Ledger::new(call);
    ledger.insert_request(&request);
    let mut record = call.record(events::DEACTIVATION_ORDERED);
    About::request(&request).put(&mut record);
    if let Some(justification) = &request.justification {
        record = record.erasable_text("justification", justification.as_str());
    }
    ledger.record(&record);
    let (mut records, mut wake) = ledger.post(tx).await?;
    for grant in tx.live_grants_of_line(request.principal, request.entitlement).await? {
        if !matches!(grant.phase, Phase::Applying { .. } | Phase::InForce { .. }) {
            continue;
        }
        if let Some(case) = tx.grant_case(grant.id).await? {
            let mut ledger = Ledger::following(call, records);
            ledger.end(&case.request, grant, case.owed, call.now, EndCause::Requester);
            let (total, more) = ledger.post(tx).await?;
            records = total;
            wake.merge(more);
        }
    }
    Ok((PamRequest::at(request, None, call.now), wake))
}

fn event(refusal: &Refusal) -> Event {
    let named = [
        (Refusal::OutsideAvailabilityWindow, events::OUTSIDE_WINDOW_REFUSED),
        (Refusal::Maintenance, events::MAINTENANCE_REFUSED),
        (Refusal::TargetUnwritable, events::TARGET_UNWRITABLE_REFUSED),
        (Refusal::TooManyRequests, events::RATE_LIMITED),
    ];
    named.into_iter().find(|(named, _)| named == refusal).map_or(events::CREATE_REFUSED, |(_, event)| event)
}
