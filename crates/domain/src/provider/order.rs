//! What is decided on: an order for a schedule, and what the store knows of its line.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    grant::GrantKind,
    id::{ApprovalId, PrincipalId, RequestId},
    policy::{Facts, Gates, Kind, Policy, Presence, StageRule},
    request::Action,
    time::{Ttl, Window, WindowError},
};

/// The schedule asked for, as the client said it. Kept with the request: a later approval resolves it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Start; absent or past is now (`GRAPH 5.3`, `ARM 9.6`).
    pub start: Option<Timestamp>,
    /// End.
    pub end: AskedEnd,
}

/// The end asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedEnd {
    /// Nothing was said.
    #[default]
    Unsaid,
    /// Never.
    Never,
    /// So long after the start.
    After(Ttl),
    /// At an instant.
    At(Timestamp),
}

impl Asked {
    /// The window when it starts at `now` or at its later start. A length counts from the real start, an absolute end
    /// stays (`GRAPH T5`, `ARM 15.3`); `unsaid` is the length when nothing was said, `None` for no end.
    ///
    /// # Errors
    /// When the end is not later than the start.
    pub fn window(&self, now: Timestamp, unsaid: Option<Ttl>) -> Result<Window, WindowError> {
        let start = self.start.map_or(now, |start| start.max(now));
        match (self.end, unsaid) {
            (AskedEnd::After(ttl), _) | (AskedEnd::Unsaid, Some(ttl)) => Window::lasting(start, ttl),
            (AskedEnd::At(end), _) => Window::new(start, Some(end)),
            (AskedEnd::Never, _) | (AskedEnd::Unsaid, None) => Ok(Window::endless(start)),
        }
    }

    /// The end asked for an extension: a length counts from the start as given, which may lie in the past.
    #[must_use]
    pub fn extended_end(&self, now: Timestamp) -> Option<Timestamp> {
        match self.end {
            AskedEnd::After(ttl) => Some(ttl.after(self.start.unwrap_or(now))),
            AskedEnd::At(end) => Some(end),
            AskedEnd::Never | AskedEnd::Unsaid => None,
        }
    }
}

/// What a client said that decides nothing: kept to be served as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Said {
    /// The reason in its own spelling, blank too.
    pub justification: Option<String>,
    /// The length as written.
    pub duration: Option<String>,
    /// The start as written.
    pub start: Option<String>,
    /// A schedule was sent along at all.
    pub scheduled: bool,
    /// Ticket number.
    pub ticket_number: Option<String>,
    /// Ticket system.
    pub ticket_system: Option<String>,
    /// Free data of the client (`GRAPH 6.3`).
    pub custom_data: Option<String>,
    /// A condition of the assignment (`ARM 6`).
    pub condition: Option<String>,
    /// Its version.
    pub condition_version: Option<String>,
    /// The eligibility or schedule it names, as written.
    pub linked: Option<String>,
    /// The scope as written.
    pub scope: Option<String>,
}

/// Most characters of a text that a client sends along.
const MAX_SAID: usize = 8_192;

/// A condition that bounds what an assignment gives (`ARM 9.1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What must be so.
    pub text: String,
    /// Its language.
    pub version: Option<String>,
}

impl Said {
    /// The condition that was said; a blank one is none.
    #[must_use]
    pub fn condition(&self) -> Option<Condition> {
        let text = self.condition.clone().filter(|text| !text.is_empty())?;
        Some(Condition { text, version: self.condition_version.clone().filter(|text| !text.is_empty()) })
    }

    /// True when no text is longer than 8,192 characters. The reason has a limit of its own.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let texts = [
            &self.duration,
            &self.start,
            &self.ticket_number,
            &self.ticket_system,
            &self.condition,
            &self.condition_version,
            &self.linked,
            &self.scope,
        ];
        texts.into_iter().flatten().all(|text| text.chars().count() <= MAX_SAID)
    }
}

/// What is kept of an order beside its request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Details {
    /// The schedule asked for.
    pub asked: Asked,
    /// When it starts as far as decided: a start in the past or unsaid is the instant of the decision (`GRAPH 5.3`).
    pub start: Option<Timestamp>,
    /// What is served as it came.
    pub said: Said,
    /// The line of the eligibility that an activation rests on.
    pub rests_on: Option<Uuid>,
    /// The stages of approval, in order, as the policy had them when the order came.
    pub stages: Vec<StageOrder>,
    /// What binds the schedule that it shapes: said, or taken over from what it changes or rests on.
    pub condition: Option<Condition>,
}

impl Details {
    /// What binds the schedule that the order shaped.
    #[must_use]
    pub fn binding(&self) -> Option<Condition> {
        self.condition.clone().or_else(|| self.said.condition())
    }
}

/// A stage that an order must pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageOrder {
    /// Its id on the wire.
    pub id: ApprovalId,
    /// Who may decide, and for how long.
    pub rule: StageRule,
}

/// An order for a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which collection it was sent to.
    pub kind: Kind,
    /// What is ordered.
    pub action: Action,
    /// Who orders. Established by the identity layer.
    pub caller: PrincipalId,
    /// Who is to hold, or to lose.
    pub principal: PrincipalId,
    /// The schedule.
    pub asked: Asked,
    /// A reason that is not blank was given.
    pub justified: bool,
    /// A ticket number was given.
    pub ticketed: bool,
    /// The schedule it names as its target is none of this line.
    pub names_other_line: bool,
}

/// What the store knows of the order's line in the order's collection, everything due settled before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The schedule that is in force or will be.
    pub held: Option<Held>,
    /// Requests that wait for somebody.
    pub pending: Vec<Pending>,
    /// An earlier schedule has ended.
    pub ended_before: bool,
}

/// A schedule in force or to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its present id.
    pub schedule: Uuid,
    /// Assigned or activated. An eligibility counts as assigned.
    pub kind: GrantKind,
    /// Its window.
    pub window: Window,
    /// Since when its effect is confirmed; `None` while it is being applied or lies ahead.
    pub in_force_since: Option<Timestamp>,
}

/// A request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Which.
    pub request: RequestId,
    /// What it orders.
    pub action: Action,
}

/// The eligibility an activation would rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usable {
    /// This schedule, own or through a group. ARM: at the scope or an ancestor; Graph: at exactly the scope.
    Eligible {
        /// Its present id.
        schedule: Uuid,
        /// Its window.
        window: Window,
    },
    /// Only at another scope that does not count.
    Elsewhere,
    /// None.
    Nowhere,
}

/// All a decision rests on.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The order.
    pub order: &'a Order,
    /// The line.
    pub line: &'a Line,
    /// The eligibility; read by activations only.
    pub usable: Usable,
    /// The policy of the entitlement (ARM: of the URL scope).
    pub policy: &'a Policy,
    /// What the caller's sign-in proves.
    pub presence: &'a Presence,
    /// The instant of the command.
    pub now: Timestamp,
}

impl Case<'_> {
    /// What the policy is asked about this window.
    #[must_use]
    pub fn facts(&self, window: Window) -> Facts<'_> {
        let eligible_until = match self.usable {
            Usable::Eligible { window: eligible, .. } if eligible.covers(window.start()) => Some(eligible.end()),
            Usable::Eligible { .. } | Usable::Elsewhere | Usable::Nowhere => None,
        };
        Facts {
            window,
            eligible_until,
            justified: self.order.justified,
            ticketed: self.order.ticketed,
            presence: self.presence,
            is_owner: false,
            zone: const { &TimeZone::UTC },
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A new schedule for the line (assign, renew).
    Give {
        /// Its window.
        window: Window,
        /// Requests of the holder that are answered by it.
        answers: Vec<RequestId>,
    },
    /// The held schedule gets another window (update, extend).
    Replace {
        /// The schedule that goes.
        schedule: Uuid,
        /// The new window.
        window: Window,
        /// Requests of the holder that are answered by it.
        answers: Vec<RequestId>,
    },
    /// An activation, behind its gates.
    Activate {
        /// The eligibility it rests on.
        eligibility: Uuid,
        /// The gates, and the window if they are passed at once.
        gates: Gates,
    },
    /// A running activation lasts longer, behind its gates (`ARM A-19`).
    Prolong {
        /// The schedule of the activation.
        schedule: Uuid,
        /// The gates; the window runs from now to the new end.
        gates: Gates,
    },
    /// An administrator is asked.
    Ask {
        /// The schedule to be extended; `None` for a renewal.
        schedule: Option<Uuid>,
        /// When the wait ends.
        until: Timestamp,
    },
    /// The line ends now.
    End {
        /// The schedule that ends, if there is one.
        schedule: Option<Uuid>,
        /// Requests that are void with it (`GRAPH T13`).
        cancels: Vec<RequestId>,
        /// Activations that rest on it end too: it was an eligibility.
        ends_activations: bool,
    },
}
