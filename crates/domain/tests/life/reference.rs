//! What must come of it, in plain seconds and numbers.

use ephor_domain::{approval::Verdict, pam::PamStatus, principal::Proof};

use super::{
    command::{ACCOUNTS, Command, ROLES, person_of},
    target::{BUILT_IN, PRIOR, PRIVILEGES},
    world::{No, World, at, number},
};

const DAY: i64 = 86_400;
const MFA_TIME_OUT: i64 = 300;
const APPROVAL_TIME_OUT: i64 = 7 * DAY;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Mfa {
        until: i64,
    },
    Approval {
        until: i64,
    },
    Scheduled {
        start: i64,
    },
    /// Decided; in force once `confirmed`.
    Started {
        since: i64,
        lasts: i64,
        confirmed: Option<i64>,
    },
    /// Over: `word` in the end, and until the target has confirmed `before`.
    Over {
        word: PamStatus,
        before: PamStatus,
        expiration: Option<i64>,
    },
}

#[derive(Debug, Clone)]
struct Story {
    who: usize,
    role: usize,
    ttl: i64,
    asked_start: i64,
    created: i64,
    life: Life,
    /// The terminal word that was seen: it never changes (S2).
    seen: Option<PamStatus>,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    ttl: i64,
    mfa: bool,
    approval: bool,
}

#[derive(Debug, Clone, Copy)]
struct Named {
    who: usize,
    role: usize,
    by: Option<usize>,
    at: i64,
}

#[derive(Debug)]
pub(crate) struct Reference {
    now: i64,
    rules: [Rules; ROLES],
    candidates: [[bool; ROLES]; ACCOUNTS],
    enabled: [bool; ACCOUNTS],
    approvers: Vec<Named>,
    stories: Vec<Story>,
}

/// 06:00 at the beginning; role 4 is open from 08:00 to 17:00.
fn opening(role: usize, second: i64) -> i64 {
    let day = (second + 6 * 3_600).rem_euclid(DAY);
    match role {
        4 if day < 8 * 3_600 => second + 8 * 3_600 - day,
        4 if day > 17 * 3_600 => second + DAY + 8 * 3_600 - day,
        _ => second,
    }
}

const fn over(word: PamStatus) -> Life {
    Life::Over { word, before: word, expiration: None }
}

impl Reference {
    pub(crate) fn new() -> Self {
        let rules = |role| Rules { ttl: 3_600, mfa: matches!(role, 2 | 3), approval: matches!(role, 1 | 3 | 4) };
        let named = |role| [1, 2, 3].map(|who| Named { who, role, by: None, at: 0 });
        Self {
            now: 0,
            rules: std::array::from_fn(rules),
            candidates: [[true; ROLES]; ACCOUNTS],
            enabled: [true; ACCOUNTS],
            approvers: (0..ROLES).flat_map(named).collect(),
            stories: Vec::new(),
        }
    }

    pub(crate) fn follow(&mut self, command: &Command, answer: Result<(), No>, world: &World) {
        self.now = world.now;
        let expected = self.expect(command);
        assert_eq!(answer, expected, "{command:?}");
    }

    fn expect(&mut self, command: &Command) -> Result<(), No> {
        let count = self.stories.len();
        let pick = |index: proptest::sample::Index| if count == 0 { Err(No) } else { Ok(index.index(count)) };
        match *command {
            Command::Ask { who, role, ttl, delay } => return self.ask(who, role, i64::try_from(ttl).unwrap(), delay),
            Command::Prove { request, success } => return self.prove(pick(request)?, success),
            Command::Decide { request, by, verdict, proof } => return self.decide(pick(request)?, by, verdict, proof),
            Command::Close { request, by } => return self.close(pick(request)?, by),
            Command::Cancel { request } => self.end(pick(request)?),
            Command::GiveUp { who, role } => return self.give_up(who, role),
            Command::Account { who, enabled } => {
                self.enabled[who] = enabled;
                if !enabled {
                    self.end_all(|story| story.who == who);
                }
            }
            Command::Candidate { who, role, is } => {
                self.candidates[who][role] = is;
                if !is {
                    self.end_all(|story| (story.who, story.role) == (who, role));
                }
            }
            Command::Approver { who, role, by, is } => {
                let known = self.approvers.iter().any(|named| (named.who, named.role) == (who, role));
                if is && !known {
                    self.approvers.push(Named { who, role, by: Some(by), at: self.now });
                } else if !is {
                    self.approvers.retain(|named| (named.who, named.role) != (who, role));
                }
            }
            Command::Ttl { role, ttl } => self.rules[role].ttl = i64::try_from(ttl).unwrap(),
            Command::Gates { role, mfa, approval } => {
                self.rules[role] = Rules { mfa, approval, ..self.rules[role] };
            }
            Command::Tick => (0..count).for_each(|index| self.tick(index)),
            Command::Sleep { .. } | Command::Send | Command::Deliver | Command::Target { .. } => {}
        }
        Ok(())
    }

    fn may_hold(&self, who: usize, role: usize) -> bool {
        self.enabled[who] && self.candidates[who][role]
    }

    fn ask(&mut self, who: usize, role: usize, ttl: i64, delay: Option<i64>) -> Result<(), No> {
        let asked_start = self.now + delay.unwrap_or(0);
        let start = asked_start.max(self.now);
        if !self.may_hold(who, role) || opening(role, start) != start {
            return Err(No);
        }
        let life = Life::Mfa { until: self.now + MFA_TIME_OUT };
        self.stories.push(Story { who, role, ttl, asked_start, created: self.now, life, seen: None });
        if !self.rules[role].mfa {
            self.after_mfa(self.stories.len() - 1);
        }
        Ok(())
    }

    fn after_mfa(&mut self, index: usize) {
        let Story { who, role, .. } = self.stories[index];
        // Role 4 exempts its approvers, and a person is an approver with any account.
        let owner = self.approvers.iter().any(|named| named.role == role && person_of(named.who) == person_of(who));
        if self.rules[role].approval && !(role == 4 && owner) {
            self.stories[index].life = Life::Approval { until: self.now + APPROVAL_TIME_OUT };
        } else {
            self.after_gates(index);
        }
    }

    fn after_gates(&mut self, index: usize) {
        let Story { role, ttl, asked_start, .. } = self.stories[index];
        let start = opening(role, asked_start.max(self.now));
        let lasts = ttl.min(self.rules[role].ttl);
        self.stories[index].life = if start > self.now {
            Life::Scheduled { start }
        } else {
            Life::Started { since: self.now, lasts, confirmed: None }
        };
    }

    fn prove(&mut self, index: usize, success: bool) -> Result<(), No> {
        let Story { who, role, life, .. } = self.stories[index];
        match life {
            Life::Mfa { until } if self.now < until => {}
            _ => return Err(No),
        }
        if !self.may_hold(who, role) {
            self.end(index);
        } else if success {
            self.after_mfa(index);
        } else {
            self.stories[index].life = over(PamStatus::Rejected);
        }
        Ok(())
    }

    fn decide(&mut self, index: usize, by: usize, verdict: Verdict, proof: Proof) -> Result<(), No> {
        let Story { who, role, created, life, .. } = self.stories[index];
        let me = person_of(who);
        let named = self.approvers.iter().find(|named| (named.who, named.role) == (by, role)).ok_or(No)?;
        let named_late_by_me = named.by.is_some_and(|by| person_of(by) == me) && named.at >= created;
        let at_the_keyboard = matches!(proof, Proof::Person | Proof::Identified | Proof::FreshApiToken);
        let open = matches!(life, Life::Approval { until } if self.now < until);
        if !self.enabled[by] || person_of(by) == me || named_late_by_me || !at_the_keyboard || !open {
            return Err(No);
        }
        if !self.may_hold(who, role) {
            self.end(index);
            return Err(No);
        }
        match verdict {
            Verdict::Approve => self.after_gates(index),
            Verdict::Reject => self.stories[index].life = over(PamStatus::Rejected),
        }
        Ok(())
    }

    fn close(&mut self, index: usize, by: usize) -> Result<(), No> {
        let story = &self.stories[index];
        if story.who != by || !self.enabled[by] {
            return Err(No);
        }
        match story.life {
            Life::Mfa { until } | Life::Approval { until } if self.now >= until => Err(No),
            Life::Started { confirmed: None, .. } => Err(No),
            // A grant past its end is *Closing*: closing it changes nothing.
            Life::Started { confirmed: Some(since), lasts, .. } if since + lasts <= self.now => Ok(()),
            Life::Mfa { .. } | Life::Approval { .. } | Life::Scheduled { .. } | Life::Started { .. } => {
                self.end(index);
                Ok(())
            }
            Life::Over { word: PamStatus::Closed, .. } => Ok(()),
            // While *Closing*, whatever the cause; *Expired* and *Rejected* cannot be closed.
            Life::Over { before: PamStatus::Closing, .. } if story.seen.is_none() => Ok(()),
            Life::Over { .. } => Err(No),
        }
    }

    fn give_up(&mut self, who: usize, role: usize) -> Result<(), No> {
        if !self.may_hold(who, role) {
            return Err(No);
        }
        let running =
            |story: &Story| (story.who, story.role) == (who, role) && matches!(story.life, Life::Started { .. });
        self.end_all(running);
        let life = Life::Over { word: PamStatus::Closed, before: PamStatus::Closed, expiration: Some(self.now) };
        self.stories.push(Story { who, role, ttl: 0, asked_start: self.now, created: self.now, life, seen: None });
        Ok(())
    }

    fn end_all(&mut self, which: impl Fn(&Story) -> bool) {
        for index in 0..self.stories.len() {
            if which(&self.stories[index]) {
                self.end(index);
            }
        }
    }

    /// Ended or withdrawn by somebody. What time has decided already stays decided.
    fn end(&mut self, index: usize) {
        let closing = |word, expiration| Life::Over { word, before: PamStatus::Closing, expiration };
        let life = match self.stories[index].life {
            Life::Mfa { until } | Life::Approval { until } if self.now >= until => over(PamStatus::Rejected),
            Life::Mfa { .. } | Life::Approval { .. } | Life::Scheduled { .. } => over(PamStatus::Closed),
            Life::Started { confirmed: None, .. } => closing(PamStatus::Closed, None),
            Life::Started { confirmed: Some(since), lasts, .. } if since + lasts <= self.now => {
                closing(PamStatus::Expired, Some(since + lasts))
            }
            Life::Started { confirmed: Some(_), .. } => closing(PamStatus::Closed, Some(self.now)),
            over @ Life::Over { .. } => over,
        };
        self.stories[index].life = life;
    }

    fn tick(&mut self, index: usize) {
        let Story { who, role, ttl, asked_start, life, .. } = self.stories[index];
        match life {
            Life::Mfa { until } | Life::Approval { until } if until <= self.now => self.end(index),
            Life::Scheduled { start } if start <= self.now => {
                if !self.may_hold(who, role) {
                    return self.end(index);
                }
                // The window may have shut again while everybody slept.
                let start = opening(role, asked_start.max(self.now));
                let lasts = ttl.min(self.rules[role].ttl);
                self.stories[index].life = if start > self.now {
                    Life::Scheduled { start }
                } else {
                    Life::Started { since: self.now, lasts, confirmed: None }
                };
            }
            Life::Started { since, lasts, confirmed: None } if since + 900.min((lasts + 1) / 2) <= self.now => {
                let (word, before) = (PamStatus::Rejected, PamStatus::Processing);
                self.stories[index].life = Life::Over { word, before, expiration: None };
            }
            Life::Started { lasts, confirmed: Some(since), .. } if since + lasts <= self.now => self.end(index),
            Life::Mfa { .. }
            | Life::Approval { .. }
            | Life::Scheduled { .. }
            | Life::Started { .. }
            | Life::Over { .. } => {}
        }
    }

    /// Every request looks as it must, and the promises hold.
    pub(crate) fn compare(&mut self, world: &World) {
        assert_eq!(world.requests.len(), self.stories.len());
        for index in 0..self.stories.len() {
            self.compare_one(index, world);
        }
        for seat in PRIOR {
            assert!(world.holds(seat), "R4: {seat:?} was there before and is gone");
        }
        for account in 0..ACCOUNTS {
            let seat = (BUILT_IN, account);
            assert_eq!(world.holds(seat), self.is_owed(seat, |_| false), "R4: the built-in directory at {seat:?}");
        }
    }

    fn compare_one(&mut self, index: usize, world: &World) {
        let request = &world.requests[index];
        let view = world.view_of(request);
        let holds = |role: usize, who: usize| PRIVILEGES[role].iter().all(|group| world.holds((*group, who)));
        let Story { who, role, life, seen, .. } = self.stories[index];
        if let Life::Started { since, lasts, confirmed: None } = life
            && view.status == PamStatus::Active
        {
            // When the last target confirms is the targets' affair; the time counts from there (PAM 9.4).
            self.stories[index].life = Life::Started { since, lasts, confirmed: Some(self.now) };
        }
        let (allowed, expiration): (&[PamStatus], Option<i64>) = match self.stories[index].life {
            Life::Mfa { until } | Life::Approval { until } if until <= self.now => (&[PamStatus::Rejected], None),
            Life::Mfa { .. } => (&[PamStatus::PendingMfa], None),
            Life::Approval { .. } => (&[PamStatus::PendingApproval], None),
            Life::Scheduled { .. } => (&[PamStatus::Scheduled], None),
            Life::Started { confirmed: None, .. } => (&[PamStatus::Processing], None),
            Life::Started { lasts, confirmed: Some(since), .. } => {
                let end = since + lasts;
                // R1: from its end on a grant is not active, whether or not anybody has worked on it.
                (if self.now < end { &[PamStatus::Active] } else { &[PamStatus::Closing] }, Some(end))
            }
            Life::Over { word, before, expiration } => (&[word, before], expiration),
        };
        assert!(allowed.contains(&view.status), "request {index} is {:?}, not of {allowed:?}", view.status);
        assert_eq!(view.expiration, expiration.map(at), "request {index}, {:?}", view.status);
        if let Some(seen) = seen {
            assert_eq!(view.status, seen, "S2: request {index} left a terminal state");
        }
        if view.status.is_terminal() {
            self.stories[index].seen = Some(view.status);
        }
        if view.status == PamStatus::Active {
            assert!(holds(role, who), "R3: request {index} is Active without membership");
        }
        if let (Life::Over { before: PamStatus::Closing | PamStatus::Processing, .. }, true) =
            (self.stories[index].life, view.status.is_terminal())
        {
            for group in PRIVILEGES[role] {
                let seat = (*group, who);
                let excused = PRIOR.contains(&seat) || self.is_owed(seat, |story| story.seen.is_none());
                assert!(excused || !world.holds(seat), "R3: request {index} is over but {seat:?} is there");
            }
        }
        if let Some(decision) = world.decision_on(request) {
            assert_ne!(number(decision.person), person_of(who), "S1: request {index} was decided by its own person");
        }
    }

    /// Some running request owes the seat, or one that is over and counts all the same.
    fn is_owed(&self, seat: (usize, usize), counts: impl Fn(&Story) -> bool) -> bool {
        self.stories.iter().any(|story| {
            let running = matches!(story.life, Life::Started { .. });
            let over = matches!(story.life, Life::Over { .. });
            story.who == seat.1 && PRIVILEGES[story.role].contains(&seat.0) && (running || over && counts(story))
        })
    }

    /// With a target that answers and nothing left to do, every membership is where it belongs (R4) and every request
    /// says so.
    pub(crate) fn check_settled(&self, world: &World) {
        for account in 0..ACCOUNTS {
            for group in 0..3 {
                let seat = (group, account);
                let belongs = PRIOR.contains(&seat) || self.is_owed(seat, |_| false);
                assert_eq!(world.holds(seat), belongs, "R4: {seat:?}");
            }
        }
        for (index, story) in self.stories.iter().enumerate() {
            match story.life {
                Life::Over { word, .. } => assert_eq!(story.seen, Some(word), "request {index} never came to its end"),
                Life::Started { confirmed, .. } => assert!(confirmed.is_some(), "request {index} was never confirmed"),
                Life::Mfa { .. } | Life::Approval { .. } | Life::Scheduled { .. } => {}
            }
        }
    }
}
