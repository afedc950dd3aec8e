//! Policy: one rule set for all four providers (seams §9).
//!
//! A policy is data; [`check`] says whether it may be stored, [`evaluate`] what it makes of a request. Defaults are the
//! provider's: an untouched policy is not stored but derived.

pub mod approval_rule;
pub mod change;
pub mod check;
pub mod context;
pub mod defaults;
pub mod evaluate;
pub mod notification;
pub mod rule;

use serde::{Deserialize, Serialize};

pub use approval_rule::{ApprovalMode, ApprovalRule, ApproverSet, StageRule};
pub use change::{ApprovalChange, Rule, RuleChange, StageChange};
pub use check::PolicyError;
pub use context::{ContextClass, Presence};
pub use evaluate::{ApprovalGate, Denied, Facts, FailedRule, Gates, Kind};
pub use notification::{NotificationLevel, NotificationRule, Notifications, Recipients};
pub use rule::{Enablement, Expiration, RuleId};

use crate::time::DailyWindow;

/// The rules of one entitlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What an administrator obeys who makes somebody eligible.
    pub admin_eligibility: AdminRules,
    /// What an administrator obeys who assigns.
    pub admin_assignment: AdminRules,
    /// What the holder of an eligibility obeys who activates it.
    pub activation: ActivationRules,
    /// Who is told.
    pub notifications: Notifications,
}

/// Rules for an administrator's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminRules {
    /// How long it may last.
    pub expiration: Expiration,
    /// What must be given with the order.
    pub enablement: Enablement,
}

/// Rules for an activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationRules {
    /// How long it may last.
    pub expiration: Expiration,
    /// What must be given with the order.
    pub enablement: Enablement,
    /// Who must agree.
    pub approval: ApprovalRule,
    /// The authentication context asked for, if one is. Its class is kept while the rule is off.
    pub context: ContextRule,
    /// Times of day at which it may start; kept while not enforced.
    pub availability: Availability,
    /// An owner who asks is not exempted from approval (`PAM 10.4`; default true).
    pub owner_needs_approval: bool,
}

/// The authentication context rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContextRule {
    /// It is asked for.
    pub enabled: bool,
    /// Which one; needed while enabled.
    pub class: Option<ContextClass>,
}

impl ContextRule {
    /// The class that is asked for.
    #[must_use]
    pub fn enforced(&self) -> Option<ContextClass> {
        self.class.filter(|_| self.enabled)
    }
}

/// The daily availability window; of PAM roles only, never served elsewhere (seams §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Availability {
    /// It is enforced (`PAM-113`).
    pub enabled: bool,
    /// The times of day.
    pub window: Option<DailyWindow>,
}

impl Availability {
    /// The window, while it is enforced.
    #[must_use]
    pub fn enforced(&self) -> Option<DailyWindow> {
        self.window.filter(|_| self.enabled)
    }
}
