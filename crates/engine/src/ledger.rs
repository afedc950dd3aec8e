//! The ledger of one command: what it writes and what it records, posted as one batch (promise A1).

use ephor_audit::{
    Record,
    events::{self, Event, Transition},
};
use ephor_domain::{
    Refusal,
    approval::Approval,
    effect::Membership,
    grant::{EndCause, Grant, Phase},
    id::{EntitlementId, GrantId, GroupId, PrincipalId},
    life::{self, Owed},
    pam::{
        PamStatus,
        status::{View, view},
    },
    provider::Provider,
    request::Request,
};
use ephor_store::{Fault, Tx, Write};
use jiff::Timestamp;

use crate::{
    call::{Call, word},
    directory::indexed,
    schedule::left::{self, Left},
    wake::Wake,
};

/// Collects the writes and records of one command.
#[derive(Debug)]
pub(crate) struct Ledger<'c> {
    call: &'c Call,
    writes: Vec<Write>,
    records: usize,
    wake: Wake,
    taken_back: Vec<(GroupId, PrincipalId)>,
    left: Vec<Left>,
}

impl<'c> Ledger<'c> {
    pub(crate) fn new(call: &'c Call) -> Self {
        let (taken_back, left) = (Vec::new(), Vec::new());
        Self { call, writes: Vec::with_capacity(8), records: 0, wake: Wake::default(), taken_back, left }
    }

    /// Goes on after an earlier batch of the same command: salts are not used twice.
    pub(crate) fn following(call: &'c Call, records: usize) -> Self {
        Self { records, ..Self::new(call) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.call.now
    }

    pub(crate) fn call(&self) -> &'c Call {
        self.call
    }

    /// True when nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Writes the batch. Answers how many records the command holds so far, and whom to wake once it is committed.
    ///
    /// A membership whose removal was under way and that is owed again ends the waiting of the grant that let it go: that
    /// grant is over, and another one justifies what is left (`PAM 9.6`). Whoever left a group loses what rested on it.
    pub(crate) async fn post(self, tx: &mut Tx) -> Result<(usize, Wake), Fault> {
        let call = self.call;
        let (records, mut wake, left) = self.put(tx).await?;
        if left.is_empty() {
            return Ok((records, wake));
        }
        let (records, more) = left::settle(tx, call, left, records).await?;
        wake.merge(more);
        Ok((records, wake))
    }

    /// Writes the batch, and answers besides who left groups: that is to be [settled](left::settle).
    pub(crate) async fn put(self, tx: &mut Tx) -> Result<(usize, Wake, Vec<Left>), Fault> {
        let Self { call, writes, mut records, mut wake, taken_back, left } = self;
        if !writes.is_empty() {
            tx.apply(writes).await?;
        }
        for (group, principal) in taken_back {
            for grant in tx.grants_waiting_on(group, principal).await? {
                let Some(case) = tx.grant_case(grant).await? else { continue };
                let Some(grant) = case.grant.filter(|grant| matches!(grant.phase, Phase::Ending { .. })) else {
                    continue;
                };
                if life::is_gone(&case.owed) {
                    let mut ledger = Ledger::following(call, records);
                    ledger.gone(&case.request, grant);
                    records = ledger.records;
                    wake.merge(ledger.wake);
                    tx.apply(ledger.writes).await?;
                }
            }
        }
        Ok((records, wake, left))
    }

    /// Somebody is out of a group for good, or may be.
    pub(crate) fn left(&mut self, left: Left) {
        self.left.push(left);
    }

    pub(crate) fn wake(&mut self) -> &mut Wake {
        &mut self.wake
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds a record.
    pub(crate) fn record(&mut self, record: &Record) {
        let sealed = self.call.seal(record, self.records);
        let indexed = indexed(self.call, record, self.records);
        self.records += 1;
        self.writes.push(Write::Record(sealed));
        self.writes.extend(indexed.map(Box::new).map(Write::Audit));
    }

    /// Records a refusal (`PAM-130`): it is all that a refused command leaves.
    pub(crate) fn refused(&mut self, event: Event, refusal: &Refusal, about: About) {
        let mut record = self.call.record(event);
        record.reason = Some(word(refusal.code()));
        about.put(&mut record);
        self.record(&record);
    }

    /// Records that `request` moved.
    pub(crate) fn moved(
        &mut self,
        transition: Transition,
        request: &Request,
        old: Option<PamStatus>,
        new: PamStatus,
        cause: Option<&'static str>,
    ) {
        self.moved_as(transition.event(), Some(transition), request, old, new, cause);
    }

    /// Records a move that has no number among `PAM 9.2`.
    pub(crate) fn moved_as(
        &mut self,
        event: Event,
        transition: Option<Transition>,
        request: &Request,
        old: Option<PamStatus>,
        new: PamStatus,
        cause: Option<&'static str>,
    ) {
        let mut record = self.call.record(event);
        About::request(request).put(&mut record);
        record.old_status = old.map(|status| word(status.word()));
        record.new_status = Some(word(new.word()));
        record.reason = cause.map(word);
        if let Some(transition) = transition {
            record = record.detail("transition", format!("{transition:?}"));
        }
        if !self.call.methods().is_empty() {
            record = record.detail("methods", self.call.methods().to_string());
        }
        if old.is_none()
            && let Some(justification) = &request.justification
        {
            record = record.erasable_text("justification", justification.as_str());
        }
        self.record(&record);
    }

    pub(crate) fn insert_request(&mut self, request: &Request) {
        self.wake.at(request.due());
        self.writes.push(Write::InsertRequest(request.clone()));
    }

    pub(crate) fn update_request(&mut self, request: &Request) {
        self.wake.at(request.due());
        self.writes.push(Write::UpdateRequest(request.clone()));
    }

    pub(crate) fn insert_approval(&mut self, approval: &Approval) {
        self.writes.push(Write::InsertApproval(approval.clone()));
    }

    pub(crate) fn decide_approval(&mut self, approval: &Approval) {
        self.writes.push(Write::DecideApproval(approval.clone()));
    }

    /// Puts a grant that has not started on record.
    pub(crate) fn insert_grant(&mut self, grant: &Grant) {
        self.wake.at(grant.due());
        self.writes.push(Write::InsertGrant(grant.clone()));
    }

    /// Starts `grant` now; `is_new` when it is not on record yet. Its memberships are owed from this commit on.
    pub(crate) fn start(&mut self, grant: Grant, owed: Vec<Owed>, is_new: bool) -> Grant {
        self.begin(grant, owed, is_new, |grant| grant)
    }

    /// The same, over at exactly `end`.
    pub(crate) fn start_until(&mut self, grant: Grant, owed: Vec<Owed>, is_new: bool, end: Option<Timestamp>) -> Grant {
        self.begin(grant, owed, is_new, |grant| grant.until(end))
    }

    fn begin(&mut self, grant: Grant, owed: Vec<Owed>, is_new: bool, fit: impl FnOnce(Grant) -> Grant) -> Grant {
        let removals = owed.iter().filter_map(|owed| owed.membership.as_ref());
        let removals = removals.filter(|membership| !membership.wanted && membership.due.is_some());
        self.taken_back.extend(removals.map(|membership| (membership.group, membership.principal)));
        let started = life::start(grant, owed, self.call.now);
        let grant = fit(started.grant);
        self.wake.at(grant.due());
        self.writes.push(if is_new { Write::InsertGrant(grant.clone()) } else { Write::UpdateGrant(grant.clone()) });
        let until = match grant.phase {
            Phase::Applying { end, .. } | Phase::InForce { end, .. } => end,
            Phase::Scheduled { .. } | Phase::Ending { .. } | Phase::Ended { .. } => None,
        };
        for membership in started.memberships {
            self.owe(grant.id, until, membership);
        }
        grant
    }

    fn owe(&mut self, grant: GrantId, until: Option<Timestamp>, membership: Membership) {
        let (group, principal) = (membership.group, membership.principal);
        if !membership.built_in {
            self.wake.extended.push(((group, principal), until));
        }
        self.writes.push(Write::InsertEffect { grant, group, principal });
        self.put_membership(membership);
    }

    /// A grant that has started ends at another instant. `owed` are its memberships.
    pub(crate) fn prolong(&mut self, grant: Grant, end: Option<Timestamp>, owed: &[Owed]) -> Grant {
        let grant = grant.until(end);
        let outside = owed.iter().filter(|owed| !owed.privilege.built_in);
        self.wake.extended.extend(outside.map(|owed| ((owed.privilege.group, grant.principal), end)));
        self.wake.at(grant.due());
        self.writes.push(Write::UpdateGrant(grant.clone()));
        grant
    }

    /// Lets a grant that has started owe one more membership, from now on.
    pub(crate) fn widen(&mut self, grant: &Grant, membership: Membership) {
        if !membership.wanted && membership.due.is_some() {
            self.taken_back.push((membership.group, membership.principal));
        }
        let until = match grant.phase {
            Phase::Applying { end, .. } | Phase::InForce { end, .. } => end,
            Phase::Scheduled { .. } | Phase::Ending { .. } | Phase::Ended { .. } => return,
        };
        let now = self.call.now;
        self.owe(grant.id, until, membership.owed(now));
    }

    /// Ends `grant` as of `at` and records the way from `old` on.
    pub(crate) fn end(
        &mut self,
        request: &Request,
        grant: Grant,
        owed: Vec<Owed>,
        at: Timestamp,
        cause: EndCause,
    ) -> Grant {
        let before = view(request, Some(&grant), self.call.now);
        let was = grant.phase;
        // Taken out at its target before the end was settled.
        let is_out = |owed: &Owed| !owed.privilege.built_in && owed.membership.is_none() && owed.others == 0;
        let is_out = owed.iter().any(is_out);
        // People hold memberships by all providers, groups only by their own.
        let may_be_group = grant.provider == Provider::Groups;
        let (groups, principal) = (owed.iter().map(|owed| owed.privilege.group), grant.principal);
        self.left.extend(groups.map(|group| Left { group, principal, may_be_group }));
        let over = life::end(grant, owed, at, cause, self.call.now);
        let grant = over.grant;
        self.writes.push(Write::UpdateGrant(grant.clone()));
        self.writes.push(Write::CloseEffects { grant: grant.id });
        for (group, principal) in over.dropped {
            self.writes.push(Write::DropMembership { group, principal });
        }
        for membership in over.memberships {
            self.put_membership(membership);
        }
        self.record_end(request, &grant, was, before, is_out);
        grant
    }

    fn record_end(&mut self, request: &Request, grant: &Grant, was: Phase, before: View, is_out: bool) {
        let after = view(request, Some(grant), self.call.now);
        let (Phase::Ending { end, cause, .. } | Phase::Ended { end, cause, .. }) = grant.phase else { return };
        let old = match was {
            Phase::InForce { .. } => PamStatus::Active,
            Phase::Scheduled { .. } | Phase::Applying { .. } | Phase::Ending { .. } | Phase::Ended { .. } => {
                before.status
            }
        };
        let ended = matches!(grant.phase, Phase::Ended { .. });
        let reason = Some(cause.word());
        match (was, cause) {
            (Phase::Applying { .. }, EndCause::CouldNotApply) => {
                if ended {
                    self.moved(Transition::T18, request, Some(old), after.status, reason);
                }
            }
            (Phase::Scheduled { .. } | Phase::Applying { .. }, _) if ended => {
                self.moved(Transition::T14, request, Some(old), after.status, reason);
            }
            (Phase::InForce { .. }, EndCause::Expired) => {
                let confirmed = ended && is_out;
                let new = if confirmed { PamStatus::Closing } else { after.status };
                let mut record = self.moved_record(Transition::T17, request, old, new, reason);
                if end < self.call.now {
                    record.at = end;
                    record.recorded_at = Some(self.call.now);
                }
                self.record(&record);
                if confirmed {
                    self.moved(Transition::T16, request, Some(new), after.status, reason);
                }
            }
            _ => {
                self.moved(Transition::T15, request, Some(old), PamStatus::Closing, reason);
                if ended {
                    self.moved(Transition::T16, request, Some(PamStatus::Closing), after.status, reason);
                }
            }
        }
        if ended {
            self.wake.settled.push(grant.id);
        }
    }

    fn moved_record(
        &self,
        transition: Transition,
        request: &Request,
        old: PamStatus,
        new: PamStatus,
        cause: Option<&'static str>,
    ) -> Record {
        let mut record = self.call.record(transition.event());
        About::request(request).put(&mut record);
        record.old_status = Some(word(old.word()));
        record.new_status = Some(word(new.word()));
        record.reason = cause.map(word);
        record.detail("transition", format!("{transition:?}"))
    }

    /// The last removal of an ending grant is confirmed (T16, or T18 for one that never came into force).
    pub(crate) fn gone(&mut self, request: &Request, grant: Grant) -> Grant {
        let before = view(request, Some(&grant), self.call.now);
        let grant = grant.gone();
        let after = view(request, Some(&grant), self.call.now);
        self.writes.push(Write::UpdateGrant(grant.clone()));
        let (transition, cause) = match grant.phase {
            Phase::Ended { cause: EndCause::CouldNotApply, .. } => (Transition::T18, EndCause::CouldNotApply),
            Phase::Ended { cause, .. } => (Transition::T16, cause),
            Phase::Scheduled { .. } | Phase::Applying { .. } | Phase::InForce { .. } | Phase::Ending { .. } => {
                return grant;
            }
        };
        self.moved(transition, request, Some(before.status), after.status, Some(cause.word()));
        self.wake.settled.push(grant.id);
        grant
    }

    /// The last membership of an applying grant is confirmed (T5). Its end may have moved with that (`PAM 9.4`).
    pub(crate) fn in_force(&mut self, request: &Request, grant: Grant, owed: &[Owed]) -> Grant {
        let grant = grant.confirmed(self.call.now);
        if let Phase::InForce { end, .. } = grant.phase {
            let outside = owed.iter().filter(|owed| !owed.privilege.built_in);
            self.wake.extended.extend(outside.map(|owed| ((owed.privilege.group, grant.principal), end)));
        }
        self.writes.push(Write::UpdateGrant(grant.clone()));
        self.wake.at(grant.due());
        self.wake.settled.push(grant.id);
        self.moved(Transition::T5, request, Some(PamStatus::Processing), PamStatus::Active, None);
        grant
    }

    pub(crate) fn put_membership(&mut self, membership: Membership) {
        if membership.due.is_some() {
            self.wake.targets.insert(membership.target);
        }
        self.writes.push(Write::PutMembership(membership));
    }

    pub(crate) fn drop_membership(&mut self, group: GroupId, principal: PrincipalId) {
        self.writes.push(Write::DropMembership { group, principal });
    }

    /// Records an exemption from approval (`PAM 10.4`).
    pub(crate) fn exempted(&mut self, request: &Request) {
        let mut record = self.call.record(events::APPROVAL_NOT_NEEDED);
        About::request(request).put(&mut record);
        record.reason = Some(word("owner_exempted_by_policy"));
        self.record(&record);
    }
}

/// What a record is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About {
    pub(crate) request: Option<ephor_domain::id::RequestId>,
    pub(crate) entitlement: Option<EntitlementId>,
    pub(crate) subject: Option<PrincipalId>,
    pub(crate) provider: Option<ephor_domain::provider::Provider>,
}

impl About {
    pub(crate) fn request(request: &Request) -> Self {
        Self {
            request: Some(request.id),
            entitlement: Some(request.entitlement),
            subject: Some(request.principal),
            provider: Some(request.provider),
        }
    }

    pub(crate) fn put(self, record: &mut Record) {
        record.request_id = self.request.map(ephor_domain::id::Id::uuid);
        record.entitlement_id = self.entitlement.map(ephor_domain::id::Id::uuid);
        record.subject = self.subject.map(ephor_domain::id::Id::uuid);
        record.provider = self.provider.map(|provider| word(provider.word()));
    }
}
