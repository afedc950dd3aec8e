//! A PAM role: candidates ask, approvers decide, privileges follow (`PAM 10.1`).

use serde::{Deserialize, Serialize};

use crate::{Refusal, id::EntitlementId, pam::Settings, text::Name, time::window::DailyWindow};

/// A role and its policy. Candidates, approvers and privileges are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Its id: `RoleId`.
    pub id: EntitlementId,
    /// Unique name, blanks kept.
    pub name: Name,
    /// Description.
    pub description: Option<String>,
    /// Longest stay in seconds.
    pub ttl: u64,
    /// Stored window; enforced only when `window_enabled`.
    pub window: Option<DailyWindow>,
    /// The window is enforced.
    pub window_enabled: bool,
    /// A proof of presence is asked for.
    pub mfa: bool,
    /// An approver must decide.
    pub approval: bool,
    /// An approver who asks is not exempted from approval (`PAM 10.4`; our default: true).
    pub owner_needs_approval: bool,
}

impl Role {
    /// The window, when it is enforced.
    #[must_use]
    pub fn enforced_window(&self) -> Option<DailyWindow> {
        self.window.filter(|_| self.window_enabled)
    }

    /// Checks the policy as an administrator sets it.
    ///
    /// # Errors
    /// TTL outside the configured bounds when it is set (`PAM-115`), approval without an approver (`PAM 10.1`),
    /// an enabled window that is not set.
    pub fn check(&self, settings: &Settings, ttl_is_new: bool, approvers: usize) -> Result<(), Refusal> {
        if self.ttl == 0 {
            return Err(Refusal::Invalid { field: "ttl", rule: "a role lasts at least one second" });
        }
        if ttl_is_new && !(settings.role_minimal_duration..=settings.role_maximal_duration).contains(&self.ttl) {
            return Err(Refusal::Invalid {
                field: "ttl",
                rule: "lies outside the configured shortest and longest role duration",
            });
        }
        if self.approval && approvers == 0 {
            return Err(Refusal::Invalid {
                field: "approvalEnabled",
                rule: "needs at least one approver; name approvers first",
            });
        }
        if self.window_enabled && self.window.is_none() {
            return Err(Refusal::Invalid {
                field: "availabilityWindowEnabled",
                rule: "needs availableFrom and availableTo",
            });
        }
        Ok(())
    }
}
