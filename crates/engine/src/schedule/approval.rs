//! Approvals of orders: their stages, and decisions on them (`GRAPH 11`, `ARM 15`).

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::{Approval, Decision, Verdict},
    grant::{Grant, GrantKind, Phase},
    id::{ApprovalId, Id},
    pam::PamStatus,
    policy::{Kind, StageRule},
    principal::{Actor, Principal},
    provider::{Approved, Provider, ScheduleRefusal},
    request::{Action, Declined, Stage},
};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{ScheduleLine, line_id},
        lock::Lock,
        order::OrderRow,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    apply::{began, closes, owed},
    approver::Judge,
    held, place, policy,
    view::RequestView,
};
use crate::{
    admin::desk::{By, Command, Desk, Subject},
    answer::Answer,
    engine::Engine,
    ledger::About,
    pam::{
        end::{Why, end_case},
        way::notify,
    },
};

/// An approval with its stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    /// Its id, that of its first stage.
    pub id: Uuid,
    /// What is decided.
    pub request: RequestView,
    /// In order.
    pub stages: Vec<StageView>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageView {
    /// Its id.
    pub id: Uuid,
    /// Who may decide, and for how long.
    pub rule: StageRule,
    /// How far it is.
    pub word: StageWord,
    /// When it opened, if it did.
    pub opened: Option<Timestamp>,
    /// The decision.
    pub decision: Option<Decision>,
    /// Who decided, while the account is there.
    pub reviewer: Option<Principal>,
    /// The caller may decide it now.
    pub assigned_to_me: bool,
}

/// How far a stage is (`GRAPH 11.3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageWord {
    /// An earlier one is open.
    Initializing,
    /// It waits for a decision.
    InProgress,
    /// Decided.
    Completed,
    /// Its time is over, or the request is.
    Expired,
}

impl StageWord {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Initializing => "Initializing",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Expired => "Expired",
        }
    }
}

impl ApprovalView {
    pub(super) async fn of(tx: &mut Tx, row: OrderRow, judge: &Judge, now: Timestamp) -> Result<Option<Self>, Fault> {
        let opened = tx.approvals_of(row.request.id).await?;
        let request = RequestView::of(row.clone(), now)?;
        let Some(first) = row.order.details.stages.first() else { return Ok(None) };
        let id = first.id.uuid();
        let mut stages = Vec::new();
        for (at, stage) in row.order.details.stages.iter().enumerate() {
            let found = opened.iter().find(|approval| approval.id == stage.id);
            let decision = found.and_then(|approval| approval.decision.clone());
            let is_current =
                matches!(row.request.stage, Stage::AwaitingApproval { approval, .. } if approval == stage.id);
            let word = match found {
                _ if decision.is_some() => StageWord::Completed,
                Some(approval) if is_current && now < approval.until => StageWord::InProgress,
                None if request.is_waiting() => StageWord::Initializing,
                Some(_) | None => StageWord::Expired,
            };
            let reviewer = match &decision {
                Some(decision) => tx.principal(decision.by).await?,
                None => None,
            };
            let assigned_to_me = word == StageWord::InProgress && judge.may(tx, &row, at).await?.is_ok();
            stages.push(StageView {
                id: stage.id.uuid(),
                rule: stage.rule.clone(),
                word,
                opened: found.map(|approval| approval.opened),
                decision,
                reviewer,
                assigned_to_me,
            });
        }
        Ok(Some(Self { id, request, stages }))
    }
}

/// A decision on one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecideStage {
    /// Of which family; an approval of another family is none.
    pub provider: Provider,
    /// The approval.
    pub approval: Uuid,
    /// The stage.
    pub stage: Uuid,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub justification: Option<String>,
}

impl Engine {
    /// Decides on a stage of an approval. What was granted is in force when this answers, or being written after a second
    /// of waiting.
    ///
    /// # Errors
    /// [`Refusal::ApprovalNotAvailable`] for unknown ones; [`Refusal::NotAdministrator`] for whoever is no approver,
    /// [`Refusal::SelfApproval`], [`Refusal::PersonRequired`]; [`ScheduleRefusal::AlreadyDecided`],
    /// [`ScheduleRefusal::StageNotOpen`], [`ScheduleRefusal::ReasonRequired`]; faults of the store.
    pub async fn decide(&self, actor: &Actor, decision: DecideStage) -> Answer<RequestView> {
        let call = self.call(actor).proved_by(actor.methods);
        let settled = self.inner.waiters.wait(call.ids().grant);
        let (decided, wake) = self.carry_out(call, By::Actor(actor.clone()), decision).await?;
        let Decided { view, void } = decided;
        if void {
            // What it rested on is gone: that is on record, and there was nothing to decide any more.
            return Err(Refusal::Schedule(ScheduleRefusal::AlreadyDecided).into());
        }
        if matches!(view.grant.as_ref().map(|grant| grant.phase), Some(Phase::Applying { .. })) {
            self.confirmed(settled, &wake).await;
        }
        let (id, now) = (view.request.id, self.now());
        let row = self.store.read(move |tx| Box::pin(async move { tx.order(id).await })).await?;
        Ok(row.map(|row| RequestView::of(row, now)).transpose()?.unwrap_or(view))
    }
}

/// What came of a decision.
#[derive(Debug, Clone)]
pub struct Decided {
    view: RequestView,
    /// Nothing was left to decide on.
    void: bool,
}

impl Command for DecideStage {
    type Output = Decided;

    fn right(&self) -> Right {
        Right::Known
    }

    fn is_open(&self) -> bool {
        true
    }

    fn subject(&self) -> Subject {
        Subject { provider: Some(self.provider), ..Subject::NONE }
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Decided> {
        let unknown = || Refusal::ApprovalNotAvailable;
        let request = desk.tx.request_of_stage(self.approval).await?.ok_or_else(unknown)?;
        let found = desk.tx.order(request).await?.filter(|row| row.request.provider == self.provider);
        let found = found.ok_or_else(unknown)?;
        let (principal, entitlement) = (found.request.principal, found.request.entitlement);
        desk.tx.lock(&[Lock::Shared(entitlement.uuid()), Lock::Exclusive(principal.uuid())]).await?;
        let row = desk.tx.order(request).await?.ok_or_else(unknown)?;
        let stages = &row.order.details.stages;
        let is_its = stages.first().is_some_and(|first| first.id.uuid() == self.approval);
        let at = stages.iter().position(|stage| stage.id.uuid() == self.stage).filter(|_| is_its);
        let at = at.ok_or_else(unknown)?;
        let stage = stages.get(at).cloned().ok_or_else(unknown)?;
        let now = desk.now();
        let Some(actor) = desk.actor().cloned() else { return Err(Refusal::PersonRequired.into()) };
        let judge = Judge::of(desk.tx, &actor, now).await?;
        if let Err(refusal) = judge.may(desk.tx, &row, at).await? {
            return Err(refusal.into());
        }
        let mut opened = desk.tx.approvals_of(request).await?;
        let place = opened.iter().position(|approval| approval.id == stage.id);
        let is_current = matches!(row.request.stage, Stage::AwaitingApproval { approval, until }
            if approval == stage.id && now < until);
        let is_waiting = matches!(row.request.stage, Stage::AwaitingApproval { until, .. } if now < until);
        let mut approval = match (place, is_current) {
            (Some(place), true) => opened.swap_remove(place),
            (None, _) if is_waiting => return Err(ScheduleRefusal::StageNotOpen.into()),
            (Some(_) | None, _) => return Err(ScheduleRefusal::AlreadyDecided.into()),
        };
        let reason = self.justification.filter(|text| !text.trim().is_empty());
        if stage.rule.approver_justification_required && reason.is_none() {
            return Err(ScheduleRefusal::ReasonRequired.into());
        }
        if reason.as_ref().is_some_and(|text| text.chars().count() > ephor_domain::text::JUSTIFICATION_LIMIT) {
            return Err(Refusal::Invalid { field: "justification", rule: "at most 4,000 characters" }.into());
        }
        if !reason.as_deref().is_none_or(ephor_domain::text::is_plain) {
            return Err(Refusal::Invalid { field: "justification", rule: "no control characters" }.into());
        }
        approval.decision = Some(Decision {
            verdict: self.verdict,
            by: actor.principal,
            person: actor.person,
            at: now,
            justification: reason,
        });
        let void = match self.verdict {
            Verdict::Reject => {
                reject(desk, &row, &approval).await?;
                false
            }
            Verdict::Approve => Box::pin(approve(desk, &row, &approval, at)).await?,
        };
        desk.flush().await?;
        let row = desk.tx.order(request).await?.ok_or_else(unknown)?;
        Ok(Decided { view: RequestView::of(row, now)?, void })
    }
}

async fn reject(desk: &mut Desk<'_>, row: &OrderRow, approval: &Approval) -> Answer<()> {
    let now = desk.now();
    desk.ledger().decide_approval(approval);
    let request = row.request.clone().declined(Declined::Rejected, now);
    desk.ledger().update_request(&request);
    let (old, new) = (Some(PamStatus::PendingApproval), PamStatus::Rejected);
    desk.ledger().moved(Transition::T11, &request, old, new, Some(Declined::Rejected.word()));
    notify(desk.ledger(), "request.rejected", &request);
    Ok(())
}

/// Says yes to one stage; true when what the request rested on is gone and it was closed instead (S3).
async fn approve(desk: &mut Desk<'_>, row: &OrderRow, approval: &Approval, at: usize) -> Answer<bool> {
    let now = desk.now();
    let key = place::key(row.request.provider, row.order.definition, &row.order.scope)?;
    let holder = desk.tx.principal(row.request.principal).await?.filter(|holder| holder.enabled);
    let Some(holder) = holder else { return void(desk, row, Why::ACCOUNT).await };
    let details = &row.order.details;
    let prolongs = row.request.action == Action::SelfExtend;
    let start = details.asked.start.filter(|start| now < *start && !prolongs).unwrap_or(now);
    let (_, eligible) = Box::pin(held::usable(desk.tx, holder.id, &key, start, None, now)).await?;
    let Some(eligible) = eligible else { return void(desk, row, Why::ELIGIBILITY).await };
    let found = held::load(desk.tx, holder.id, &key, Kind::Assignment, now).await?;
    if found.line.held.is_some() != prolongs {
        let refusal = if prolongs { ScheduleRefusal::NotHeld } else { ScheduleRefusal::AlreadyHeld };
        return Err(refusal.into());
    }
    let approved = Approved {
        asked: &details.asked,
        maximum: policy::longest(desk.tx, &key, &eligible.key).await?,
        unsaid_is_the_maximum: key.provider() == Provider::Resources,
        eligible: eligible.window,
        now,
    };
    let window = match found.line.held {
        Some(held) => approved.prolonged(held.window),
        None => approved.activation(),
    };
    let Some(window) = window else { return void(desk, row, Why::ELIGIBILITY).await };
    desk.ledger().decide_approval(approval);
    if let Some(next) = details.stages.get(at + 1) {
        let until = closes(details, next, now);
        let opened = Approval { id: next.id, request: row.request.id, opened: now, until, decision: None };
        let mut request = row.request.clone();
        request.stage = Stage::AwaitingApproval { approval: next.id, until };
        desk.ledger().update_request(&request);
        desk.ledger().insert_approval(&opened);
        stage_decided(desk, &request, approval.id);
        let mut record = desk.call().record(events::APPROVAL_OPENED);
        About::request(&request).put(&mut record);
        let record = record.detail("stage", next.id.to_string());
        desk.ledger().record(&record);
        notify(desk.ledger(), "request.pending-approval", &request);
        return Ok(false);
    }
    let mut request = row.request.clone();
    let mut details = details.clone();
    details.start = Some(window.start());
    details.rests_on = Some(eligible.line);
    desk.tx.detail_order(request.id, &details).await?;
    if let (true, Some(line)) = (prolongs, found.row) {
        // The grant is that of the activation; the request is done.
        request.stage = Stage::Recorded { at: now };
        desk.ledger().update_request(&request);
        stage_decided(desk, &request, approval.id);
        if let Some(grant) = line.grant {
            let owed = desk.tx.request_case(grant.request).await?.map(|case| case.owed).unwrap_or_default();
            desk.ledger().prolong(grant, window.end(), &owed);
        }
        let schedule = row.order.schedule.unwrap_or(line.line.schedule);
        let line = ScheduleLine {
            schedule,
            end: window.end(),
            modified: Some(now),
            made_by: request.id,
            // What it was cut to is what it rests on.
            rests_on: details.rests_on,
            ..line.line
        };
        desk.tx.put_line(&line).await?;
        notify(desk.ledger(), "request.approved", &request);
        return Ok(false);
    }
    let grant = Grant {
        id: desk.call().ids().grant,
        request: request.id,
        provider: request.provider,
        principal: holder.id,
        entitlement: request.entitlement,
        kind: GrantKind::Activated,
        lasts: window.length().map(|ttl| ttl.as_seconds()),
        phase: Phase::Scheduled { start: window.start() },
    };
    request.stage = Stage::Granted { grant: grant.id };
    desk.ledger().update_request(&request);
    let id = grant.id;
    let grant = if window.start() <= now {
        let owed = owed(desk.tx, &key, &holder).await?;
        desk.ledger().start_until(grant, owed, true, window.end())
    } else {
        desk.ledger().insert_grant(&grant);
        grant
    };
    stage_decided(desk, &request, approval.id);
    began(desk, &request, &grant, PamStatus::PendingApproval);
    let (definition, scope) = place::columns(&key);
    let line = ScheduleLine {
        id: line_id(holder.id, key.id(), Kind::Assignment),
        provider: request.provider,
        kind: Kind::Assignment,
        principal: holder.id,
        entitlement: request.entitlement,
        definition,
        scope,
        schedule: row.order.schedule.unwrap_or(request.id.uuid()),
        instance: desk.derived_id("instance", request.id.uuid()),
        grant: Some(id),
        start: window.start(),
        end: window.end(),
        created: now,
        modified: None,
        made_by: request.id,
        rests_on: details.rests_on,
        live: true,
    };
    desk.tx.put_line(&line).await?;
    notify(desk.ledger(), "request.approved", &request);
    Ok(false)
}

fn stage_decided(desk: &mut Desk<'_>, request: &ephor_domain::request::Request, stage: ApprovalId) {
    let mut record = desk.call().record(events::APPROVAL_STAGE_DECIDED);
    About::request(request).put(&mut record);
    record.reason = Some(crate::call::word("approved"));
    let record = record.detail("stage", stage.to_string());
    desk.ledger().record(&record);
}

/// Closes a request whose ground is gone; nobody's decision made it so.
async fn void(desk: &mut Desk<'_>, row: &OrderRow, why: Why) -> Answer<bool> {
    let id = Id::new(row.request.id.uuid());
    if let Some(case) = desk.tx.request_case(id).await? {
        end_case(desk.ledger(), case, why);
    }
    Ok(true)
}
