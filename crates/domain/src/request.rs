//! A request: a write-once order, and the gates it passes on its way to a grant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    id::{ApprovalId, EntitlementId, GrantId, PrincipalId, RequestId},
    provider::Provider,
    text::Justification,
};

/// A write-once order and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Minted by the server; the wire id of PAM and Graph.
    pub id: RequestId,
    /// The client's own name for it, where the provider lets the client choose (`ARM 9.5`).
    pub name: Option<String>,
    /// Its family of rules.
    pub provider: Provider,
    /// What is ordered.
    pub action: Action,
    /// Who is to hold.
    pub principal: PrincipalId,
    /// Who asked.
    pub requester: PrincipalId,
    /// What is to be held.
    pub entitlement: EntitlementId,
    /// Through which channel it came.
    pub channel: Channel,
    /// The reason given.
    pub justification: Option<Justification>,
    /// Seconds asked for, as echoed.
    pub asked_ttl: u64,
    /// Start asked for, as echoed; the receipt time if none was given (`PAM 7.2`).
    pub asked_start: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// Where it stands.
    pub stage: Stage,
}

/// What a request orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The principal activates his own eligibility.
    SelfActivate,
    /// The principal gives up what he holds.
    SelfDeactivate,
    /// The principal asks for more time.
    SelfExtend,
    /// The principal asks for an ended schedule again.
    SelfRenew,
    /// An administrator gives.
    AdminAssign,
    /// An administrator changes.
    AdminUpdate,
    /// An administrator takes away.
    AdminRemove,
    /// An administrator extends.
    AdminExtend,
    /// An administrator renews.
    AdminRenew,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SelfActivate,
        Self::SelfDeactivate,
        Self::SelfExtend,
        Self::SelfRenew,
        Self::AdminAssign,
        Self::AdminUpdate,
        Self::AdminRemove,
        Self::AdminExtend,
        Self::AdminRenew,
    ];

    /// The word on the wire of Graph, and in records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SelfActivate => "selfActivate",
            Self::SelfDeactivate => "selfDeactivate",
            Self::SelfExtend => "selfExtend",
            Self::SelfRenew => "selfRenew",
            Self::AdminAssign => "adminAssign",
            Self::AdminUpdate => "adminUpdate",
            Self::AdminRemove => "adminRemove",
            Self::AdminExtend => "adminExtend",
            Self::AdminRenew => "adminRenew",
        }
    }

    /// The action a word names, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word().eq_ignore_ascii_case(word))
    }
}

/// The channel a request came through: `CreationMethod` (`PAM 6.2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The MIM PAM REST face.
    PamRest,
    /// A requestor or administrator channel that is not REST.
    PowerShell,
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
    /// The portal.
    Portal,
}

/// Where a request stands. The life after the gates is the grant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waits for the requester's proof of presence.
    AwaitingMfa {
        /// When the wait ends (T8).
        until: Timestamp,
    },
    /// Waits for an approver.
    AwaitingApproval {
        /// The decision object.
        approval: ApprovalId,
        /// When the wait ends (T12).
        until: Timestamp,
    },
    /// Waits for an administrator (extend, renew).
    AwaitingAdministrator {
        /// When the wait ends.
        until: Timestamp,
    },
    /// All gates passed: see the grant.
    Granted {
        /// The grant it made.
        grant: GrantId,
    },
    /// Closed without a grant.
    Declined {
        /// Why.
        cause: Declined,
        /// When.
        at: Timestamp,
    },
    /// An order that was carried out in its own commit (giving up, removing, making eligible): kept as its own record
    /// (`PAM 9.5`).
    Recorded {
        /// When it takes effect: an eligibility may be given for later.
        at: Timestamp,
    },
}

/// Why a request was closed without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declined {
    /// An approver refused (T11).
    Rejected,
    /// The proof of presence failed (T8).
    MfaFailed,
    /// No proof of presence in time (T8).
    MfaTimedOut,
    /// Nobody decided in time (T12).
    ApprovalTimedOut,
    /// The end asked for passed while it waited.
    EndPassed,
    /// Its requester withdrew it (T14).
    Withdrawn,
    /// An administrator withdrew it (T14).
    Cancelled,
    /// The account is gone (T14).
    AccountDisabled,
    /// The eligibility is gone (T14).
    EligibilityLost,
    /// The entitlement is gone (T14).
    EntitlementRemoved,
}

impl Declined {
    /// The word used in records and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::MfaFailed => "mfa_failed",
            Self::MfaTimedOut => "mfa_timed_out",
            Self::ApprovalTimedOut => "approval_timed_out",
            Self::EndPassed => "end_passed",
            Self::Withdrawn => "withdrawn",
            Self::Cancelled => "cancelled",
            Self::AccountDisabled => "account_disabled",
            Self::EligibilityLost => "eligibility_lost",
            Self::EntitlementRemoved => "entitlement_removed",
        }
    }

    /// The cause a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Rejected,
            Self::MfaFailed,
            Self::MfaTimedOut,
            Self::ApprovalTimedOut,
            Self::EndPassed,
            Self::Withdrawn,
            Self::Cancelled,
            Self::AccountDisabled,
            Self::EligibilityLost,
            Self::EntitlementRemoved,
        ]
        .into_iter()
        .find(|cause| cause.word() == word)
    }
}

impl Request {
    /// Waits at a gate.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.due().is_some()
    }

    /// The instant at which its present gate closes by itself.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::AwaitingMfa { until }
            | Stage::AwaitingApproval { until, .. }
            | Stage::AwaitingAdministrator { until } => Some(until),
            Stage::Granted { .. } | Stage::Declined { .. } | Stage::Recorded { .. } => None,
        }
    }

    /// An order that was carried out for a later instant is withdrawn before it; any other one stays as it is.
    #[must_use]
    pub fn withdrawn_ahead(mut self, cause: Declined, at: Timestamp) -> Self {
        if matches!(self.stage, Stage::Recorded { at: ahead } if at < ahead) {
            self.stage = Stage::Declined { cause, at };
        }
        self
    }

    /// Closed without a grant. A request past its gates stays as it is, and one whose gate has closed by itself timed
    /// out at that instant, whoever comes later (S2, seams §4).
    #[must_use]
    pub fn declined(mut self, cause: Declined, at: Timestamp) -> Self {
        let (timed_out, until) = match self.stage {
            Stage::AwaitingMfa { until } => (Declined::MfaTimedOut, until),
            Stage::AwaitingApproval { until, .. } | Stage::AwaitingAdministrator { until } => {
                (Declined::ApprovalTimedOut, until)
            }
            Stage::Granted { .. } | Stage::Declined { .. } | Stage::Recorded { .. } => return self,
        };
        let (cause, at) = if until <= at { (timed_out, until) } else { (cause, at) };
        self.stage = Stage::Declined { cause, at };
        self
    }
}
