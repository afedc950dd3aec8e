//! The crate's functions, put together as the engine does it, over maps instead of a store.

use std::collections::{BTreeMap, BTreeSet};

use ephor_domain::{
    Refusal,
    approval::{Approval, Approver, Case, Decision, Verdict, may_decide},
    authentication::Methods,
    effect::{Attempt, Membership, Prior, Privilege},
    grant::{EndCause, Grant, Phase},
    id::{ApprovalId, GrantId, GroupId, Id, PersonId, TargetId},
    life::{self, Owed},
    pam::{
        PamStatus, Role, Settings, View,
        create::{self, NewIds, Order, Passed, Standing},
        status::view,
    },
    principal::{Actor, Delegation, Proof},
    request::{Channel, Declined, Request, Stage},
    text::Name,
    time::DailyWindow,
};
use jiff::{Timestamp, civil::time};
use uuid::Uuid;

use super::{
    command::{ACCOUNTS, Command, Mood, ROLES, person_of},
    target::{BUILT_IN, PRIVILEGES, Seat, Target},
};

/// 2020-01-06, 06:00 UTC: before the window of role 4 opens.
const BEGIN: i64 = 1_578_290_400;

/// Not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct No;

#[derive(Debug)]
struct InFlight {
    seat: Seat,
    wanted: bool,
    answered: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    /// Seconds since the beginning.
    pub(crate) now: i64,
    settings: Settings,
    roles: Vec<Role>,
    pub(crate) candidates: BTreeSet<(usize, usize)>,
    pub(crate) enabled: [bool; ACCOUNTS],
    approvers: Vec<Vec<(usize, Approver)>>,
    pub(crate) requests: Vec<Request>,
    approvals: BTreeMap<ApprovalId, Approval>,
    grants: BTreeMap<GrantId, Grant>,
    memberships: BTreeMap<Seat, Membership>,
    pub(crate) target: Target,
    in_flight: Vec<InFlight>,
}

fn id<Kind>(number: usize) -> Id<Kind> {
    Id::new(Uuid::from_u128(number as u128))
}

pub(crate) fn number<Kind>(id: Id<Kind>) -> usize {
    usize::try_from(id.uuid().as_u128()).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let window = DailyWindow::new(time(8, 0, 0, 0), time(17, 0, 0, 0));
        let role = |index: usize| Role {
            id: id(index),
            name: Name::parse(&format!("R{index}")).unwrap(),
            description: None,
            ttl: 3_600,
            window,
            window_enabled: index == 4,
            mfa: index == 2 || index == 3,
            approval: matches!(index, 1 | 3 | 4),
            owner_needs_approval: index != 4,
        };
        let mut world = Self {
            now: 0,
            settings: Settings::default(),
            roles: (0..ROLES).map(role).collect(),
            candidates: (0..ACCOUNTS).flat_map(|who| (0..ROLES).map(move |role| (who, role))).collect(),
            enabled: [true; ACCOUNTS],
            approvers: vec![Vec::new(); ROLES],
            requests: Vec::new(),
            approvals: BTreeMap::new(),
            grants: BTreeMap::new(),
            memberships: BTreeMap::new(),
            target: Target::new(),
            in_flight: Vec::new(),
        };
        for role in 0..ROLES {
            for who in [1, 2, 3] {
                world.name_approver(who, role, None);
            }
        }
        world
    }

    fn instant(&self) -> Timestamp {
        at(self.now)
    }

    fn name_approver(&mut self, who: usize, role: usize, by: Option<usize>) {
        let approver = Approver {
            principal: id(who),
            person: id(person_of(who)),
            enabled: self.enabled[who],
            named_by: by.map(|by| id(person_of(by))),
            named_at: self.instant(),
            given_by: Vec::new(),
            has_factor: false,
        };
        self.approvers[role].push((who, approver));
    }

    pub(crate) fn view_of(&self, request: &Request) -> View {
        view(request, self.grant_of(request), self.instant())
    }

    fn grant_of(&self, request: &Request) -> Option<&Grant> {
        match request.stage {
            Stage::Granted { grant } => self.grants.get(&grant),
            _ => None,
        }
    }

    /// The decision on a request, if there is one.
    pub(crate) fn decision_on(&self, request: &Request) -> Option<&Decision> {
        self.approvals.values().find(|approval| approval.request == request.id)?.decision.as_ref()
    }

    /// True when the directory that enforces the group holds the membership.
    pub(crate) fn holds(&self, seat: Seat) -> bool {
        if seat.0 == BUILT_IN {
            self.memberships.get(&seat).is_some_and(|membership| membership.in_force)
        } else {
            self.target.holds(seat)
        }
    }

    pub(crate) fn carry_out(&mut self, command: &Command) -> Result<(), No> {
        match *command {
            Command::Ask { who, role, ttl, delay } => self.ask(who, role, ttl, delay),
            Command::Prove { request, success } => self.pick(request).ok_or(No).and_then(|at| self.prove(at, success)),
            Command::Decide { request, by, verdict, proof } => {
                self.pick(request).ok_or(No).and_then(|at| self.decide(at, by, verdict, proof))
            }
            Command::Close { request, by } => self.pick(request).ok_or(No).and_then(|at| self.close(at, by)),
            Command::Cancel { request } => {
                let at = self.pick(request).ok_or(No)?;
                self.end_request(at, Declined::Cancelled, EndCause::Administrator);
                Ok(())
            }
            Command::GiveUp { who, role } => self.give_up(who, role),
            Command::Account { who, enabled } => {
                self.enabled[who] = enabled;
                for (_, approver) in self.approvers.iter_mut().flatten().filter(|(account, _)| *account == who) {
                    approver.enabled = enabled;
                }
                if !enabled {
                    self.end_all(
                        |request| number(request.principal) == who,
                        Declined::AccountDisabled,
                        EndCause::AccountDisabled,
                    );
                }
                Ok(())
            }
            Command::Candidate { who, role, is: true } => {
                self.candidates.insert((who, role));
                Ok(())
            }
            Command::Candidate { who, role, is: false } => {
                self.candidates.remove(&(who, role));
                let lost = |request: &Request| number(request.principal) == who && number(request.entitlement) == role;
                self.end_all(lost, Declined::EligibilityLost, EndCause::EligibilityLost);
                Ok(())
            }
            Command::Approver { who, role, by, is } => {
                let known = self.approvers[role].iter().any(|(account, _)| *account == who);
                match (is, known) {
                    (true, false) => self.name_approver(who, role, Some(by)),
                    (false, true) => self.approvers[role].retain(|(account, _)| *account != who),
                    (true, true) | (false, false) => {}
                }
                Ok(())
            }
            Command::Ttl { role, ttl } => {
                self.roles[role].ttl = ttl;
                Ok(())
            }
            Command::Gates { role, mfa, approval } => {
                self.roles[role].mfa = mfa;
                self.roles[role].approval = approval;
                Ok(())
            }
            Command::Sleep { seconds } => {
                self.now += seconds;
                Ok(())
            }
            Command::Tick => {
                self.tick();
                Ok(())
            }
            Command::Send => {
                self.send();
                Ok(())
            }
            Command::Deliver => {
                self.deliver();
                Ok(())
            }
            Command::Target { mood } => {
                self.target.mood = mood;
                Ok(())
            }
        }
    }

    fn pick(&self, index: proptest::sample::Index) -> Option<usize> {
        (!self.requests.is_empty()).then(|| index.index(self.requests.len()))
    }

    /// Runs everything with a well target until nothing is due.
    pub(crate) fn settle(&mut self) {
        self.target.mood = Mood::Well;
        self.now += 60;
        self.tick();
        for _ in 0..8 {
            self.send();
            self.deliver();
        }
        let now = self.instant();
        assert!(self.memberships.values().all(|membership| membership.due.is_none_or(|due| due > now)));
    }

    fn ids(&self) -> NewIds {
        let number = self.requests.len();
        NewIds { request: id(number), approval: id(1_000 + number), grant: id(2_000 + number) }
    }

    fn order(&self, who: usize, ttl: u64, start: Option<i64>) -> Order {
        Order {
            principal: id(who),
            person: id(person_of(who)),
            channel: Channel::PamRest,
            justification: None,
            ttl,
            start: start.map(at),
        }
    }

    fn is_approver(&self, who: usize, role: usize) -> bool {
        self.approvers[role].iter().any(|(_, approver)| number(approver.person) == person_of(who))
    }

    fn ask(&mut self, who: usize, role: usize, ttl: u64, delay: Option<i64>) -> Result<(), No> {
        if !self.enabled[who] {
            return Err(No);
        }
        let standing = Standing {
            role: self.candidates.contains(&(who, role)).then(|| &self.roles[role]),
            is_approver: self.is_approver(who, role),
            unwritable: false,
            settings: &self.settings,
        };
        let order = self.order(who, ttl, delay.map(|delay| self.now + delay));
        let passed = create::create(&standing, order, self.ids(), self.instant()).map_err(|_| No)?;
        self.walk(passed);
        Ok(())
    }

    fn walk(&mut self, passed: Passed) {
        let Passed { request, approval, grant, .. } = passed;
        if let Some(approval) = approval {
            self.approvals.insert(approval.id, approval);
        }
        let index = number(request.id);
        if index == self.requests.len() {
            self.requests.push(request);
        } else {
            self.requests[index] = request;
        }
        if let Some(grant) = grant {
            let due = matches!(grant.phase, Phase::Scheduled { start } if start <= self.instant());
            if due {
                self.start(grant);
            } else {
                self.grants.insert(grant.id, grant);
            }
        }
    }

    fn lost(&self, request: &Request) -> Option<(Declined, EndCause)> {
        let (who, role) = (number(request.principal), number(request.entitlement));
        if !self.enabled[who] {
            Some((Declined::AccountDisabled, EndCause::AccountDisabled))
        } else if !self.candidates.contains(&(who, role)) {
            Some((Declined::EligibilityLost, EndCause::EligibilityLost))
        } else {
            None
        }
    }

    fn prove(&mut self, index: usize, success: bool) -> Result<(), No> {
        let request = self.requests[index].clone();
        let Stage::AwaitingMfa { until } = request.stage else { return Err(No) };
        if self.instant() >= until {
            return Err(No);
        }
        if let Some((waiting, granted)) = self.lost(&request) {
            self.end_request(index, waiting, granted);
        } else if success {
            let (who, role) = (number(request.principal), number(request.entitlement));
            let standing = Standing {
                role: Some(&self.roles[role]),
                is_approver: self.is_approver(who, role),
                unwritable: false,
                settings: &self.settings,
            };
            let ids = NewIds { request: request.id, approval: id(1_000 + index), grant: id(2_000 + index) };
            let passed = create::past_mfa(&standing, &self.roles[role], request, ids, self.instant());
            self.walk(passed);
        } else {
            self.requests[index] = request.declined(Declined::MfaFailed, self.instant());
        }
        Ok(())
    }

    fn decide(&mut self, index: usize, by: usize, verdict: Verdict, proof: Proof) -> Result<(), No> {
        let request = self.requests[index].clone();
        let role = number(request.entitlement);
        if !self.enabled[by] {
            return Err(No);
        }
        let parties: Vec<PersonId> = vec![id(person_of(number(request.principal)))];
        let approvers: Vec<Approver> = self.approvers[role].iter().map(|(_, approver)| approver.clone()).collect();
        let case = Case { asked_at: request.created, parties: &parties, approvers: &approvers };
        let actor = Actor {
            principal: id(by),
            person: id(person_of(by)),
            address: None,
            proof,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        };
        match may_decide(&case, &actor) {
            Ok(()) => {}
            Err(Refusal::SelfApproval | Refusal::ApprovalNotAvailable | Refusal::PersonRequired) => return Err(No),
            Err(other) => panic!("not a refusal of a decision: {other}"),
        }
        let Stage::AwaitingApproval { approval, until } = request.stage else { return Err(No) };
        if self.instant() >= until {
            return Err(No);
        }
        if let Some((waiting, granted)) = self.lost(&request) {
            self.end_request(index, waiting, granted);
            return Err(No);
        }
        let decision = Decision { verdict, by: id(by), person: actor.person, at: self.instant(), justification: None };
        let before = self.approvals.get_mut(&approval).unwrap().decision.replace(decision);
        assert_eq!(before, None, "S2: a request was decided twice");
        match verdict {
            Verdict::Reject => self.requests[index] = request.declined(Declined::Rejected, self.instant()),
            Verdict::Approve => {
                let passed =
                    create::past_gates(&self.settings, &self.roles[role], request, id(2_000 + index), self.instant());
                self.walk(passed);
            }
        }
        Ok(())
    }

    fn close(&mut self, index: usize, by: usize) -> Result<(), No> {
        let request = &self.requests[index];
        if number(request.principal) != by || !self.enabled[by] {
            return Err(No);
        }
        match self.view_of(request).status {
            PamStatus::Processing | PamStatus::Expired | PamStatus::Rejected => Err(No),
            PamStatus::Closed | PamStatus::Closing => Ok(()),
            PamStatus::PendingMfa | PamStatus::PendingApproval | PamStatus::Scheduled | PamStatus::Active => {
                self.end_request(index, Declined::Withdrawn, EndCause::Requester);
                Ok(())
            }
        }
    }

    fn give_up(&mut self, who: usize, role: usize) -> Result<(), No> {
        if !self.enabled[who] || !self.candidates.contains(&(who, role)) {
            return Err(No);
        }
        let order = self.order(who, 0, None);
        let record = create::give_up(&order, id(role), self.ids().request, self.instant());
        let running: Vec<GrantId> = self
            .grants
            .values()
            .filter(|grant| grant.principal == id(who) && grant.entitlement == id(role))
            .filter(|grant| matches!(grant.phase, Phase::Applying { .. } | Phase::InForce { .. }))
            .map(|grant| grant.id)
            .collect();
        for grant in running {
            self.end_grant(grant, self.instant(), EndCause::Requester);
        }
        self.requests.push(record);
        Ok(())
    }

    fn end_all(&mut self, which: impl Fn(&Request) -> bool, waiting: Declined, granted: EndCause) {
        for index in 0..self.requests.len() {
            if which(&self.requests[index]) {
                self.end_request(index, waiting, granted);
            }
        }
    }

    fn end_request(&mut self, index: usize, waiting: Declined, granted: EndCause) {
        let request = self.requests[index].clone();
        match request.stage {
            Stage::Granted { grant } => self.end_grant(grant, self.instant(), granted),
            _ => self.requests[index] = request.declined(waiting, self.instant()),
        }
    }

    /// What a grant owes, with the rows as they stand and the number of other grants that owe the same.
    fn owed(&self, grant: &Grant) -> Vec<Owed> {
        let who = number(grant.principal);
        let privileges = PRIVILEGES[number(grant.entitlement)];
        privileges
            .iter()
            .map(|group| {
                let owes = |other: &&Grant| {
                    other.id != grant.id
                        && other.principal == grant.principal
                        && matches!(other.phase, Phase::Applying { .. } | Phase::InForce { .. })
                        && PRIVILEGES[number(other.entitlement)].contains(group)
                };
                Owed {
                    privilege: privilege(*group),
                    membership: self.memberships.get(&(*group, who)).cloned(),
                    others: u32::try_from(self.grants.values().filter(owes).count()).unwrap(),
                }
            })
            .collect()
    }

    fn start(&mut self, grant: Grant) {
        let started = life::start(grant.clone(), self.owed(&grant), self.instant());
        for membership in started.memberships {
            self.memberships.insert(seat(&membership), membership);
        }
        self.grants.insert(started.grant.id, started.grant);
        self.settle_grants();
    }

    fn end_grant(&mut self, id: GrantId, end: Timestamp, cause: EndCause) {
        let grant = self.grants[&id].clone();
        if matches!(grant.phase, Phase::Ending { .. } | Phase::Ended { .. }) {
            return;
        }
        // A grant that has not started owes nothing yet.
        let owed = if matches!(grant.phase, Phase::Scheduled { .. }) { Vec::new() } else { self.owed(&grant) };
        let over = life::end(grant, owed, end, cause, self.instant());
        self.grants.insert(id, over.grant);
        for membership in over.memberships {
            self.memberships.insert(seat(&membership), membership);
        }
        for (group, principal) in over.dropped {
            self.memberships.remove(&(number(group), number(principal)));
        }
        self.settle_grants();
    }

    fn tick(&mut self) {
        let now = self.instant();
        for index in 0..self.requests.len() {
            let request = self.requests[index].clone();
            if request.due().is_some_and(|due| due <= now) {
                let cause = match request.stage {
                    Stage::AwaitingMfa { .. } => Declined::MfaTimedOut,
                    _ => Declined::ApprovalTimedOut,
                };
                self.requests[index] = request.declined(cause, now);
            }
        }
        loop {
            let due = self.grants.values().filter(|grant| grant.due().is_some_and(|due| due <= now));
            let Some(grant) = due.min_by_key(|grant| (grant.due(), grant.id)).cloned() else { break };
            match grant.phase {
                Phase::Scheduled { .. } => self.start_scheduled(grant),
                Phase::Applying { .. } => self.end_grant(grant.id, now, EndCause::CouldNotApply),
                Phase::InForce { end, .. } => self.end_grant(grant.id, end.unwrap(), EndCause::Expired),
                Phase::Ending { .. } | Phase::Ended { .. } => unreachable!("ended grants are never due"),
            }
        }
    }

    fn start_scheduled(&mut self, mut grant: Grant) {
        let request = self.requests[number(grant.request)].clone();
        if let Some((_, cause)) = self.lost(&request) {
            return self.end_grant(grant.id, self.instant(), cause);
        }
        let role = &self.roles[number(grant.entitlement)];
        grant.lasts = Some(create::granted_ttl(role, &request));
        let start = create::start_of(&self.settings, role, request.asked_start, self.instant());
        if start > self.instant() {
            grant.phase = Phase::Scheduled { start };
            self.grants.insert(grant.id, grant);
        } else {
            self.start(grant);
        }
    }

    /// Claims what is due, looks before the first write, writes.
    fn send(&mut self) {
        self.deliver();
        let now = self.instant();
        for (seat, membership) in &mut self.memberships {
            if membership.due.is_none_or(|due| due > now) {
                continue;
            }
            if membership.wanted && membership.prior == Prior::Unknown {
                let Some(there) = self.target.look(*seat) else {
                    *membership = membership.clone().attempted(true, Attempt::Retry(at(self.now + 10)), now);
                    continue;
                };
                membership.prior = if there { Prior::Present } else { Prior::Absent };
            }
            membership.attempts += 1;
            let answered = self.target.write(*seat, membership.wanted);
            self.in_flight.push(InFlight { seat: *seat, wanted: membership.wanted, answered });
        }
    }

    fn deliver(&mut self) {
        let now = self.instant();
        for InFlight { seat, wanted, answered } in std::mem::take(&mut self.in_flight) {
            let attempt = match (answered, wanted) {
                (true, true) => Attempt::Present,
                (true, false) => Attempt::Absent,
                (false, _) => Attempt::Retry(at(self.now + 10)),
            };
            let Some(membership) = self.memberships.remove(&seat) else { continue };
            let membership = membership.attempted(wanted, attempt, now);
            if !membership.is_settled_away() {
                self.memberships.insert(seat, membership);
            }
        }
        self.settle_grants();
    }

    /// Grants whose last effect was confirmed come into force, or are gone.
    fn settle_grants(&mut self) {
        let now = self.instant();
        let ids: Vec<GrantId> = self.grants.keys().copied().collect();
        for id in ids {
            let grant = self.grants[&id].clone();
            let owed = self.owed(&grant);
            let settled = match grant.phase {
                Phase::Applying { .. } if life::is_in_force(&owed) && grant.owes(now) => grant.confirmed(now),
                Phase::Ending { .. } if life::is_gone(&owed) => grant.gone(),
                _ => continue,
            };
            self.grants.insert(id, settled);
        }
    }
}

fn privilege(group: usize) -> Privilege {
    let built_in = group == BUILT_IN;
    let (group, target): (GroupId, TargetId) = (id(group), id(usize::from(!built_in)));
    Privilege { group, target, built_in }
}

fn seat(membership: &Membership) -> Seat {
    (number(membership.group), number(membership.principal))
}
