//! A grant: an assignment schedule with its effects, from its start to the confirmed end (seams §4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    id::{EntitlementId, GrantId, PrincipalId, RequestId},
    provider::Provider,
};

/// An assignment schedule and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Key of the engine.
    pub id: GrantId,
    /// The request that made it.
    pub request: RequestId,
    /// Its family of rules.
    pub provider: Provider,
    /// Who holds.
    pub principal: PrincipalId,
    /// What is held.
    pub entitlement: EntitlementId,
    /// Assigned for itself or activated from an eligibility.
    pub kind: GrantKind,
    /// Seconds it runs once started; `None` runs until ended.
    pub lasts: Option<u64>,
    /// How far it has come.
    pub phase: Phase,
}

/// How somebody came to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// Given by an administrator.
    Assigned,
    /// Activated from an eligibility.
    Activated,
}

/// The life of a grant. Each variant carries what is known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// All gates passed; it starts later.
    Scheduled {
        /// When it starts.
        start: Timestamp,
    },
    /// Decided; the target has not confirmed yet.
    Applying {
        /// When the write was decided.
        since: Timestamp,
        /// End as told to targets that expire by themselves; a late confirmation may move it (`PAM 9.4`).
        end: Option<Timestamp>,
        /// When the attempt is given up (seams §5).
        give_up: Timestamp,
    },
    /// In force at every target.
    InForce {
        /// When it came into force.
        since: Timestamp,
        /// When it ends; `None` for a permanent one.
        end: Option<Timestamp>,
    },
    /// Over, but removal is not confirmed yet.
    Ending {
        /// When it came into force, if it did.
        since: Option<Timestamp>,
        /// The instant it was over.
        end: Timestamp,
        /// Why.
        cause: EndCause,
    },
    /// Over and gone.
    Ended {
        /// When it came into force, if it did.
        since: Option<Timestamp>,
        /// The instant it was over.
        end: Timestamp,
        /// Why.
        cause: EndCause,
    },
}

/// Why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// It ran its full time.
    Expired,
    /// Its holder gave it up.
    Requester,
    /// An administrator ended it.
    Administrator,
    /// The account was disabled or deleted.
    AccountDisabled,
    /// The eligibility is gone.
    EligibilityLost,
    /// The entitlement is gone.
    EntitlementRemoved,
    /// A monitor found that it no longer holds.
    Monitor,
    /// It could not be applied in time.
    CouldNotApply,
    /// Found in a restored backup without its effect.
    Restored,
}

impl EndCause {
    /// The word used in records and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Requester => "requester",
            Self::Administrator => "administrator",
            Self::AccountDisabled => "account_disabled",
            Self::EligibilityLost => "eligibility_lost",
            Self::EntitlementRemoved => "entitlement_removed",
            Self::Monitor => "monitor",
            Self::CouldNotApply => "could_not_apply",
            Self::Restored => "restored",
        }
    }

    /// The cause a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Expired,
            Self::Requester,
            Self::Administrator,
            Self::AccountDisabled,
            Self::EligibilityLost,
            Self::EntitlementRemoved,
            Self::Monitor,
            Self::CouldNotApply,
            Self::Restored,
        ]
        .into_iter()
        .find(|cause| cause.word() == word)
    }
}

/// Longest time a write is tried before a grant is given up (seams §5).
pub const APPLY_LIMIT: SignedDuration = SignedDuration::from_mins(15);

impl Grant {
    /// Starts at `now`: in force at once when every effect is confirmed, else applying.
    #[must_use]
    pub fn started(mut self, now: Timestamp, confirmed: bool) -> Self {
        let end = self.lasts.map(|seconds| after(now, seconds));
        self.phase = if confirmed {
            Phase::InForce { since: now, end }
        } else {
            let half = self.lasts.map_or(APPLY_LIMIT, |seconds| {
                (SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)) / 2).min(APPLY_LIMIT)
            });
            Phase::Applying { since: now, end, give_up: saturating(now, half) }
        };
        self
    }

    /// The same, over at exactly `end`: a length in whole seconds may run past the instant it was asked for.
    #[must_use]
    pub fn until(mut self, until: Option<Timestamp>) -> Self {
        match &mut self.phase {
            Phase::Applying { end, .. } | Phase::InForce { end, .. } => *end = until,
            Phase::Scheduled { .. } | Phase::Ending { .. } | Phase::Ended { .. } => {}
        }
        self
    }

    /// The last effect was confirmed at `now`. On PAM the window counts from the confirmation (`PAM 9.4`), elsewhere
    /// the end stays where the decision put it (`GRAPH T5`). Any other phase stays as it is.
    #[must_use]
    pub fn confirmed(mut self, now: Timestamp) -> Self {
        if let Phase::Applying { end, .. } = self.phase {
            let end = match self.provider {
                Provider::Pam => self.lasts.map(|seconds| after(now, seconds)),
                Provider::DirectoryRoles | Provider::Groups | Provider::Resources => end,
            };
            self.phase = Phase::InForce { since: now, end };
        }
        self
    }

    /// Over from `at` on. Ended phases stay as they are (S2); a second reason never replaces the first, and a grant past
    /// its end has expired, whoever comes later (seams §4).
    #[must_use]
    pub fn over(mut self, at: Timestamp, cause: EndCause, removal_confirmed: bool) -> Self {
        let since = match self.phase {
            Phase::Scheduled { .. } | Phase::Applying { .. } => None,
            Phase::InForce { since, .. } => Some(since),
            Phase::Ending { .. } | Phase::Ended { .. } => return self,
        };
        let (end, cause) = match self.phase {
            // Never later than the recorded end (`PAM 15.5`).
            Phase::InForce { end: Some(end), .. } if end <= at => (end, EndCause::Expired),
            Phase::Scheduled { .. }
            | Phase::Applying { .. }
            | Phase::InForce { .. }
            | Phase::Ending { .. }
            | Phase::Ended { .. } => (at, cause),
        };
        self.phase =
            if removal_confirmed { Phase::Ended { since, end, cause } } else { Phase::Ending { since, end, cause } };
        self
    }

    /// Every effect is gone at the targets.
    #[must_use]
    pub fn gone(mut self) -> Self {
        if let Phase::Ending { since, end, cause } = self.phase {
            self.phase = Phase::Ended { since, end, cause };
        }
        self
    }

    /// The next instant at which something happens to it without anybody's doing.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Scheduled { start } => Some(start),
            Phase::Applying { give_up, end, .. } => Some(end.map_or(give_up, |end| end.min(give_up))),
            Phase::InForce { end, .. } => end,
            Phase::Ending { .. } | Phase::Ended { .. } => None,
        }
    }

    /// True while it owes its effects at `now`: decided, and before its end (R1).
    #[must_use]
    pub fn owes(&self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Applying { end, .. } | Phase::InForce { end, .. } => end.is_none_or(|end| now < end),
            Phase::Scheduled { .. } | Phase::Ending { .. } | Phase::Ended { .. } => false,
        }
    }

    /// True while it gives the right at `now`: confirmed, and before its end (seams §5).
    #[must_use]
    pub fn gives(&self, now: Timestamp) -> bool {
        matches!(self.phase, Phase::InForce { end, .. } if end.is_none_or(|end| now < end))
    }

    /// True until it is ended for good.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Ended { .. })
    }
}

/// `start` and so many seconds, never beyond the end of time.
#[must_use]
pub fn after(start: Timestamp, seconds: u64) -> Timestamp {
    saturating(start, SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

fn saturating(start: Timestamp, span: SignedDuration) -> Timestamp {
    start.saturating_add(span).unwrap_or(Timestamp::MAX)
}
