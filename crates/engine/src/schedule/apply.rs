//! Carries a decision out: lines, grants, approvals, and the records of it.

use ephor_audit::events::{self, Event, Transition};
use ephor_domain::{
    Refusal,
    approval::Approval,
    entitlement::{Access, EntitlementKey},
    grant::{Grant, GrantKind, Phase},
    id::{ApprovalId, GrantId, GroupId, RequestId},
    life::Owed,
    pam::PamStatus,
    policy::{ApprovalGate, Gates, Kind},
    principal::Principal,
    provider::{AskedEnd, Decision, Details, Provider, StageOrder},
    request::{Action, Request, Stage},
    scope::ArmScopeKind,
    time::Window,
};
use ephor_store::{
    Tx,
    tx::{
        line::{LineRow, ScheduleLine, line_id},
        order::ScheduleOrder,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{authority, end, held, place, standing, submit::phase_is_open};
use crate::{
    admin::desk::{Desk, Subject},
    answer::Answer,
    directory::{all_appointed, tell},
    ledger::About,
    pam::{
        end::{Why, end_case},
        way::notify,
    },
};

/// An order with what it found.
pub(super) struct Applied<'a> {
    pub(super) key: &'a EntitlementKey,
    pub(super) kind: Kind,
    pub(super) holder: &'a Principal,
    /// The line's row, alive or not.
    pub(super) row: Option<LineRow>,
    /// What is held rests on no schedule.
    pub(super) is_standing: bool,
    pub(super) request: Request,
    pub(super) details: Details,
}

impl Applied<'_> {
    fn line(&self) -> Uuid {
        line_id(self.holder.id, self.key.id(), self.kind)
    }

    /// The live row.
    fn held(&self) -> Option<&LineRow> {
        self.row.as_ref().filter(|row| row.line.live)
    }

    /// The schedule of a line that this order shapes: the request's own id, but a fresh one where the client names
    /// requests (`GRAPH 8.5`, `ARM 8`).
    fn fresh_schedule(&self, desk: &Desk<'_>) -> Uuid {
        match self.key.provider() {
            Provider::Resources => desk.derived_id("schedule", self.request.id.uuid()),
            Provider::Pam | Provider::DirectoryRoles | Provider::Groups => self.request.id.uuid(),
        }
    }

    fn why(&self) -> Why {
        if self.request.action == Action::SelfDeactivate { Why::REQUESTER } else { Why::ADMINISTRATOR }
    }
}

/// Carries it out.
pub(super) async fn apply(desk: &mut Desk<'_>, mut what: Applied<'_>, decision: Decision) -> Answer<()> {
    match decision {
        Decision::Give { window, answers } => {
            let event = given(what.kind);
            Box::pin(give(desk, &mut what, window, event)).await?;
            answer(desk, answers).await
        }
        Decision::Replace { window, answers, .. } => {
            Box::pin(replace(desk, &mut what, window)).await?;
            answer(desk, answers).await
        }
        Decision::Activate { gates, .. } => Box::pin(activate(desk, &mut what, gates)).await,
        Decision::Prolong { gates, .. } => Box::pin(prolong(desk, &mut what, gates)).await,
        Decision::Ask { schedule, until } => ask(desk, &mut what, schedule, until).await,
        Decision::End { cancels, ends_activations, .. } => {
            Box::pin(take(desk, &mut what, cancels, ends_activations)).await
        }
    }
}

const fn given(kind: Kind) -> Event {
    match kind {
        Kind::Eligibility => events::ELIGIBILITY_ASSIGNED,
        Kind::Assignment => events::ASSIGNMENT_ASSIGNED,
    }
}

/// What a schedule owes at targets: membership of the group, nothing else (seams §1).
///
/// # Errors
/// [`Refusal::TargetUnwritable`] (R7); faults of the store.
pub(super) async fn owed(tx: &mut Tx, key: &EntitlementKey, holder: &Principal) -> Answer<Vec<Owed>> {
    let EntitlementKey::Group { group, access: Access::Member } = key else { return Ok(Vec::new()) };
    match tx.owed_in_group(group.uuid(), holder.id).await? {
        Some((_, true)) => Err(Refusal::TargetUnwritable.into()),
        Some((owed, false)) => Ok(vec![owed]),
        None => Err(Refusal::NotFound { what: "group" }.into()),
    }
}

/// A new schedule for the line.
async fn give(desk: &mut Desk<'_>, what: &mut Applied<'_>, window: Window, event: Event) -> Answer<()> {
    let now = desk.now();
    let schedule = what.fresh_schedule(desk);
    what.details.start = Some(window.start());
    let mut grant = None;
    match what.kind {
        Kind::Eligibility => what.request.stage = Stage::Recorded { at: window.start() },
        Kind::Assignment => {
            let id = desk.call().ids().grant;
            what.request.stage = Stage::Granted { grant: id };
            desk.ledger().insert_request(&what.request);
            grant = Some(start(desk, what, id, GrantKind::Assigned, window).await?);
        }
    }
    if grant.is_none() {
        desk.ledger().insert_request(&what.request);
    }
    let line = shaped(desk, what, schedule, grant.as_ref().map(|grant| grant.id), window, None);
    desk.tx.put_line(&line).await?;
    due_at(desk, &line, now);
    keep(desk, what, Some(schedule), None, false).await?;
    record(desk, what, event, Some(window));
    appoints(desk, what).await?;
    told(desk, what);
    notify(desk.ledger(), "schedule.given", &what.request);
    Ok(())
}

/// What makes administrators, or leaves them for longer, takes a person who signed in lately.
async fn appoints(desk: &mut Desk<'_>, what: &Applied<'_>) -> Answer<()> {
    if !leads_to_roles(desk, what.key).await? {
        return Ok(());
    }
    desk.require_presence_of_people()?;
    // Whoever gave these accounts their way in could speak as them.
    all_appointed(desk, what.holder).await
}

/// A directory role, a group that can be given some, or a role over all resources.
async fn leads_to_roles(desk: &mut Desk<'_>, key: &EntitlementKey) -> Answer<bool> {
    match key {
        EntitlementKey::DirectoryRole { .. } => Ok(true),
        EntitlementKey::Group { group, .. } => {
            let entry = desk.tx.directory_groups_of(&[*group]).await?.pop();
            Ok(entry.is_some_and(|entry| entry.facts.role_assignable))
        }
        EntitlementKey::Resource { scope, .. } => Ok(*scope.kind() == ArmScopeKind::Root),
        EntitlementKey::PamRole(_) => Ok(false),
    }
}

/// The eligibility's end is work for the scheduler.
fn due_at(desk: &mut Desk<'_>, line: &ScheduleLine, _: Timestamp) {
    if line.kind == Kind::Eligibility {
        desk.ledger().wake().at(line.end);
    }
}

/// Starts a grant, or lets it wait for its start.
async fn start(desk: &mut Desk<'_>, what: &Applied<'_>, id: GrantId, kind: GrantKind, window: Window) -> Answer<Grant> {
    let owed = owed(desk.tx, what.key, what.holder).await?;
    let grant = Grant {
        id,
        request: what.request.id,
        provider: what.key.provider(),
        principal: what.holder.id,
        entitlement: what.key.id(),
        kind,
        lasts: window.length().map(|ttl| ttl.as_seconds()),
        phase: Phase::Scheduled { start: window.start() },
    };
    if window.start() <= desk.now() {
        return Ok(desk.ledger().start_until(grant, owed, true, window.end()));
    }
    desk.ledger().insert_grant(&grant);
    Ok(grant)
}

/// The line as this order shapes it.
fn shaped(
    desk: &Desk<'_>,
    what: &Applied<'_>,
    schedule: Uuid,
    grant: Option<GrantId>,
    window: Window,
    before: Option<&ScheduleLine>,
) -> ScheduleLine {
    let (definition, scope) = place::columns(what.key);
    let now = desk.now();
    ScheduleLine {
        id: what.line(),
        provider: what.key.provider(),
        kind: what.kind,
        principal: what.holder.id,
        entitlement: what.key.id(),
        definition,
        scope,
        schedule,
        instance: before.map_or_else(|| desk.derived_id("instance", what.request.id.uuid()), |line| line.instance),
        grant,
        start: window.start(),
        end: window.end(),
        created: before.map_or(now, |line| line.created),
        modified: before.map(|_| now),
        made_by: what.request.id,
        rests_on: what.details.rests_on.or_else(|| before.and_then(|line| line.rests_on)),
        live: true,
    }
}

/// The held schedule gets another window.
async fn replace(desk: &mut Desk<'_>, what: &mut Applied<'_>, window: Window) -> Answer<()> {
    let now = desk.now();
    let event = match what.kind {
        Kind::Eligibility => events::ELIGIBILITY_CHANGED,
        Kind::Assignment => events::ASSIGNMENT_CHANGED,
    };
    let Some(row) = what.held().cloned() else {
        // Held for good, outside of schedules: from now on by schedule.
        if what.is_standing {
            standing::end(desk, what.holder, what.key).await?;
        }
        return give(desk, what, window, event).await;
    };
    // Prolonging what one holds is the holder's own to ask for.
    if !authority::is_own(what.request.action) {
        appoints(desk, what).await?;
    }
    if row.line.made_by != row.grant.as_ref().map_or(row.line.made_by, |grant| grant.request) || row.grant.is_none() {
        desk.tx.finish_order(row.line.made_by, now).await?;
    }
    if let Some(grant) = row.grant.clone() {
        let has_started = matches!(grant.phase, Phase::Applying { .. } | Phase::InForce { .. });
        if has_started && now < window.start() {
            // What runs ends; the new schedule begins later.
            end::grant(desk, grant.id, what.why()).await?;
            return give(desk, what, window, event).await;
        }
        move_grant(desk, what, grant, window).await?;
    } else if now < window.start() {
        // Put off: until then there is nothing to rest on.
        end::resting(desk, row.line.id, what.holder.id, what.key).await?;
    } else {
        end::cut(desk, row.line.id, window.end()).await?;
    }
    let schedule = what.fresh_schedule(desk);
    what.details.start = Some(window.start());
    what.request.stage = Stage::Recorded { at: now };
    if what.kind == Kind::Eligibility && now < window.start() {
        what.request.stage = Stage::Recorded { at: window.start() };
    }
    desk.ledger().insert_request(&what.request);
    let line = shaped(desk, what, schedule, row.line.grant, window, Some(&row.line));
    desk.tx.put_line(&line).await?;
    due_at(desk, &line, now);
    keep(desk, what, Some(schedule), None, false).await?;
    record(desk, what, event, Some(window));
    notify(desk.ledger(), "schedule.changed", &what.request);
    Ok(())
}

/// Another window for a grant that goes on, or has not started.
async fn move_grant(desk: &mut Desk<'_>, what: &Applied<'_>, mut grant: Grant, window: Window) -> Answer<()> {
    grant.lasts = window.length().map(|ttl| ttl.as_seconds());
    if let Phase::Scheduled { .. } = grant.phase {
        grant.phase = Phase::Scheduled { start: window.start() };
        if window.start() <= desk.now() {
            let owed = owed(desk.tx, what.key, what.holder).await?;
            desk.ledger().start_until(grant, owed, false, window.end());
        } else {
            desk.ledger().wake().at(grant.due());
            desk.ledger().write(ephor_store::Write::UpdateGrant(grant));
        }
        return Ok(());
    }
    let owed = desk.tx.request_case(grant.request).await?.map(|case| case.owed).unwrap_or_default();
    desk.ledger().prolong(grant, window.end(), &owed);
    Ok(())
}

/// An activation, behind its gates.
async fn activate(desk: &mut Desk<'_>, what: &mut Applied<'_>, gates: Gates) -> Answer<()> {
    if let Some(gate) = gates.approval {
        return open(desk, what, &gate).await;
    }
    let window = gates.window;
    let id = desk.call().ids().grant;
    what.request.stage = Stage::Granted { grant: id };
    what.details.start = Some(window.start());
    desk.ledger().insert_request(&what.request);
    desk.ledger().moved(Transition::T1, &what.request, None, PamStatus::Processing, None);
    let grant = start(desk, what, id, GrantKind::Activated, window).await?;
    began(desk, &what.request, &grant, PamStatus::Processing);
    let schedule = what.fresh_schedule(desk);
    let line = shaped(desk, what, schedule, Some(id), window, None);
    desk.tx.put_line(&line).await?;
    keep(desk, what, Some(schedule), None, false).await?;
    notify(desk.ledger(), "schedule.activated", &what.request);
    Ok(())
}

/// Records how far an accepted activation has come.
pub(super) fn began(desk: &mut Desk<'_>, request: &Request, grant: &Grant, old: PamStatus) {
    let approved = old == PamStatus::PendingApproval;
    let ledger = desk.ledger();
    match grant.phase {
        Phase::Scheduled { .. } => {
            let transition = if approved { Transition::T9 } else { Transition::T4 };
            ledger.moved(transition, request, Some(old), PamStatus::Scheduled, None);
        }
        Phase::InForce { .. } => {
            let transition = if approved { Transition::T10 } else { Transition::T5 };
            ledger.moved(transition, request, Some(old), PamStatus::Active, None);
        }
        Phase::Applying { .. } | Phase::Ending { .. } | Phase::Ended { .. } => {
            ledger.moved_as(events::REQUEST_APPLYING, None, request, Some(old), PamStatus::Processing, None);
        }
    }
}

/// Opens the first stage of approval.
async fn open(desk: &mut Desk<'_>, what: &mut Applied<'_>, gate: &ApprovalGate) -> Answer<()> {
    let now = desk.now();
    let first = match what.key.provider() {
        // Whoever names requests must not name approvals (seams §3).
        Provider::Resources => desk.call().ids().approval,
        Provider::Pam | Provider::DirectoryRoles | Provider::Groups => ApprovalId::new(what.request.id.uuid()),
    };
    let stages: Vec<StageOrder> = gate
        .stages
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let id = if at == 0 {
                first
            } else {
                ApprovalId::new(desk.derived_id(&format!("stage {at}"), what.request.id.uuid()))
            };
            StageOrder { id, rule: rule.clone() }
        })
        .collect();
    let Some(stage) = stages.first() else { return Err(Refusal::ApprovalNotAvailable.into()) };
    let until = closes(&what.details, stage, now);
    let approval = Approval { id: stage.id, request: what.request.id, opened: now, until, decision: None };
    what.request.stage = Stage::AwaitingApproval { approval: stage.id, until };
    what.details.stages = stages;
    // Without an instant that was asked for it starts when it is approved.
    what.details.start = what.details.asked.start.filter(|start| now < *start).or(Some(now));
    desk.ledger().insert_request(&what.request);
    desk.ledger().moved(Transition::T1, &what.request, None, PamStatus::Processing, None);
    desk.ledger().insert_approval(&approval);
    let (old, new) = (Some(PamStatus::Processing), PamStatus::PendingApproval);
    desk.ledger().moved(Transition::T3, &what.request, old, new, None);
    let schedule = what.fresh_schedule(desk);
    keep(desk, what, Some(schedule), None, true).await?;
    notify(desk.ledger(), "request.pending-approval", &what.request);
    Ok(())
}

/// When a stage that opens at `now` closes by itself: after its time, or when nothing is left to approve (seams §4).
pub(super) fn closes(details: &Details, stage: &StageOrder, now: Timestamp) -> Timestamp {
    let until = stage.rule.time_out.after(now);
    match details.asked.end {
        AskedEnd::At(end) => until.min(end),
        AskedEnd::Unsaid | AskedEnd::Never | AskedEnd::After(_) => until,
    }
}

/// A running activation lasts longer, behind its gates (`ARM A-19`).
async fn prolong(desk: &mut Desk<'_>, what: &mut Applied<'_>, gates: Gates) -> Answer<()> {
    if let Some(gate) = gates.approval {
        return open(desk, what, &gate).await;
    }
    let Some(row) = what.held().cloned() else { return Err(Refusal::RequestNotAvailable.into()) };
    let window = Window::new(row.line.start, gates.window.end())
        .map_err(|_| Refusal::Schedule(ephor_domain::provider::ScheduleRefusal::InvalidWindow))?;
    replace(desk, what, window).await
}

/// An administrator is asked for more time.
async fn ask(desk: &mut Desk<'_>, what: &mut Applied<'_>, schedule: Option<Uuid>, until: Timestamp) -> Answer<()> {
    what.request.stage = Stage::AwaitingAdministrator { until };
    desk.ledger().insert_request(&what.request);
    keep(desk, what, schedule, None, false).await?;
    record(desk, what, events::REQUEST_AWAITS_ADMINISTRATOR, None);
    notify(desk.ledger(), "request.pending-administrator", &what.request);
    Ok(())
}

/// What holders asked for is answered by an administrator's own order.
async fn answer(desk: &mut Desk<'_>, answers: Vec<RequestId>) -> Answer<()> {
    let now = desk.now();
    for id in answers {
        let Some(case) = desk.tx.request_case(id).await? else { continue };
        let mut request = case.request;
        request.stage = Stage::Recorded { at: now };
        desk.ledger().update_request(&request);
        let mut record = desk.call().record(events::REQUEST_ADMINISTRATOR_GRANTED);
        About::request(&request).put(&mut record);
        desk.ledger().record(&record);
        notify(desk.ledger(), "request.granted", &request);
    }
    Ok(())
}

/// The line ends now.
async fn take(
    desk: &mut Desk<'_>,
    what: &mut Applied<'_>,
    cancels: Vec<RequestId>,
    ends_activations: bool,
) -> Answer<()> {
    let now = desk.now();
    let why = what.why();
    what.request.stage = Stage::Recorded { at: now };
    what.details.start = None;
    desk.ledger().insert_request(&what.request);
    let own = what.request.action == Action::SelfDeactivate;
    let event = if own { events::DEACTIVATION_ORDERED } else { events::REVOCATION_ORDERED };
    let window = what.held().and_then(|row| held::held(row, now)).map(|held| held.window);
    record(desk, what, event, window);
    let mut ends = None;
    if let Some(row) = what.held().cloned() {
        match row.grant.filter(phase_is_open) {
            Some(grant) => {
                ends = Some(grant.id);
                if row.line.made_by != grant.request {
                    desk.tx.finish_order(row.line.made_by, now).await?;
                }
                end::grant(desk, grant.id, why).await?;
            }
            None => {
                let over = ScheduleLine { live: false, end: Some(now), ..row.line.clone() };
                desk.tx.put_line(&over).await?;
                desk.tx.finish_order(row.line.made_by, now).await?;
            }
        }
        let event = match what.kind {
            Kind::Eligibility => events::ELIGIBILITY_REMOVED,
            Kind::Assignment => events::ASSIGNMENT_REMOVED,
        };
        record(desk, what, event, window);
    } else if what.is_standing {
        standing::end(desk, what.holder, what.key).await?;
        record(desk, what, events::ASSIGNMENT_REMOVED, None);
    }
    if ends_activations {
        end::resting(desk, what.line(), what.holder.id, what.key).await?;
    }
    for id in cancels {
        desk.flush().await?;
        if let Some(case) = desk.tx.request_case(id).await? {
            end_case(desk.ledger(), case, why);
        }
    }
    // A schedule that is gone is not named (`GRAPH 8.2`).
    let schedule = what.row.as_ref().map(|row| row.line.schedule);
    keep(desk, what, schedule, ends, false).await?;
    notify(desk.ledger(), "schedule.taken", &what.request);
    Ok(())
}

/// Keeps the order beside its request.
async fn keep(
    desk: &mut Desk<'_>,
    what: &Applied<'_>,
    schedule: Option<Uuid>,
    ends: Option<GrantId>,
    gated: bool,
) -> Answer<()> {
    let (definition, scope) = place::columns(what.key);
    let provider = what.key.provider();
    if provider == Provider::Groups && !desk.tx.is_scheduled(provider, definition).await? {
        let subject = Subject { provider: Some(provider), ..Subject::group(GroupId::new(definition)) };
        desk.changed(events::GROUP_ONBOARDED, subject, |record| record);
    }
    let order = ScheduleOrder {
        request: what.request.id,
        kind: what.kind,
        definition,
        scope,
        line: what.line(),
        schedule,
        ends,
        gated,
        details: what.details.clone(),
    };
    desk.tx.insert_order(&what.request, &order).await?;
    Ok(())
}

/// Puts an order on record.
fn record(desk: &mut Desk<'_>, what: &Applied<'_>, event: Event, window: Option<Window>) {
    let (definition, scope) = place::columns(what.key);
    let kind = match what.kind {
        Kind::Eligibility => "eligibility",
        Kind::Assignment => "assignment",
    };
    let mut record = desk.call().record(event);
    About::request(&what.request).put(&mut record);
    let mut record = record
        .detail("order", what.request.action.word())
        .detail("kind", kind)
        .detail("definition", definition.to_string())
        .detail("scope", scope);
    if let Some(window) = window {
        record = record.detail("start", window.start().to_string());
        record = record.detail("end", window.end().map_or_else(|| "never".to_owned(), |end| end.to_string()));
    }
    if let Some(justification) = &what.request.justification {
        record = record.erasable_text("justification", justification.as_str());
    }
    desk.ledger().record(&record);
}

/// Whoever gives to himself is on record for that, and of privileged roles the operator is told (seams §14).
fn told(desk: &mut Desk<'_>, what: &Applied<'_>) {
    if what.request.action == Action::AdminAssign && desk.person() == Some(what.holder.person) {
        let subject = Subject::order(what.key, what.holder.id);
        let word = what.request.action.word();
        desk.changed(events::SELF_ASSIGNED, subject, |record| record.detail("as", word));
    }
    if let EntitlementKey::DirectoryRole { definition, .. } = what.key {
        let event = match what.kind {
            Kind::Eligibility => "administrator.eligible",
            Kind::Assignment => "administrator.appointed",
        };
        tell(desk, event, what.holder, *definition);
    }
}
