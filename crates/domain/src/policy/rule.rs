//! The simple rules: how long, and what must be given.

use serde::{Deserialize, Serialize};

use crate::time::{SpelledTtl, Ttl, Window};

/// How long a schedule may last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiration {
    /// It must end. When false neither permanence nor length of an administrator's order is limited (`GRAPH 10.2`,
    /// `ARM 14.2`).
    pub required: bool,
    /// The longest length, beside its served spelling.
    pub maximum: SpelledTtl,
}

impl Expiration {
    /// The rule with its canonical spelling.
    #[must_use]
    pub fn new(required: bool, maximum: Ttl) -> Self {
        Self { required, maximum: SpelledTtl::canonical(maximum) }
    }

    /// True when `window` has an end and is at most as long as the maximum, whatever `required` says.
    #[must_use]
    pub fn bounds(&self, window: &Window) -> bool {
        !window.is_longer_than(self.maximum.ttl)
    }

    /// True when the rule allows `window`.
    #[must_use]
    pub fn allows(&self, window: &Window) -> bool {
        !self.required || self.bounds(window)
    }
}

/// What must be given with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enablement {
    /// A proof of presence: a gate on PAM, a property of the token elsewhere (seams §7).
    pub mfa: bool,
    /// A reason that is not blank.
    pub justification: bool,
    /// A ticket number; the system's name alone is not enough and not needed (`GRAPH 10.2`, `ARM A-21`).
    pub ticketing: bool,
}

/// The rules by the ids that Graph and ARM share (`GRAPH 13.3`, `ARM 13.3`). Served order belongs to the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the id without its underscores")]
pub enum RuleId {
    ExpirationAdminEligibility,
    EnablementAdminEligibility,
    NotificationAdminAdminEligibility,
    NotificationRequestorAdminEligibility,
    NotificationApproverAdminEligibility,
    ExpirationAdminAssignment,
    EnablementAdminAssignment,
    NotificationAdminAdminAssignment,
    NotificationRequestorAdminAssignment,
    NotificationApproverAdminAssignment,
    ExpirationEndUserAssignment,
    EnablementEndUserAssignment,
    ApprovalEndUserAssignment,
    AuthenticationContextEndUserAssignment,
    NotificationAdminEndUserAssignment,
    NotificationRequestorEndUserAssignment,
    NotificationApproverEndUserAssignment,
}

impl RuleId {
    /// All seventeen, in the order Graph serves them.
    pub const ALL: [Self; 17] = [
        Self::ExpirationAdminEligibility,
        Self::EnablementAdminEligibility,
        Self::NotificationAdminAdminEligibility,
        Self::NotificationRequestorAdminEligibility,
        Self::NotificationApproverAdminEligibility,
        Self::ExpirationAdminAssignment,
        Self::EnablementAdminAssignment,
        Self::NotificationAdminAdminAssignment,
        Self::NotificationRequestorAdminAssignment,
        Self::NotificationApproverAdminAssignment,
        Self::ExpirationEndUserAssignment,
        Self::EnablementEndUserAssignment,
        Self::ApprovalEndUserAssignment,
        Self::AuthenticationContextEndUserAssignment,
        Self::NotificationAdminEndUserAssignment,
        Self::NotificationRequestorEndUserAssignment,
        Self::NotificationApproverEndUserAssignment,
    ];

    /// The id on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ExpirationAdminEligibility => "Expiration_Admin_Eligibility",
            Self::EnablementAdminEligibility => "Enablement_Admin_Eligibility",
            Self::NotificationAdminAdminEligibility => "Notification_Admin_Admin_Eligibility",
            Self::NotificationRequestorAdminEligibility => "Notification_Requestor_Admin_Eligibility",
            Self::NotificationApproverAdminEligibility => "Notification_Approver_Admin_Eligibility",
            Self::ExpirationAdminAssignment => "Expiration_Admin_Assignment",
            Self::EnablementAdminAssignment => "Enablement_Admin_Assignment",
            Self::NotificationAdminAdminAssignment => "Notification_Admin_Admin_Assignment",
            Self::NotificationRequestorAdminAssignment => "Notification_Requestor_Admin_Assignment",
            Self::NotificationApproverAdminAssignment => "Notification_Approver_Admin_Assignment",
            Self::ExpirationEndUserAssignment => "Expiration_EndUser_Assignment",
            Self::EnablementEndUserAssignment => "Enablement_EndUser_Assignment",
            Self::ApprovalEndUserAssignment => "Approval_EndUser_Assignment",
            Self::AuthenticationContextEndUserAssignment => "AuthenticationContext_EndUser_Assignment",
            Self::NotificationAdminEndUserAssignment => "Notification_Admin_EndUser_Assignment",
            Self::NotificationRequestorEndUserAssignment => "Notification_Requestor_EndUser_Assignment",
            Self::NotificationApproverEndUserAssignment => "Notification_Approver_EndUser_Assignment",
        }
    }

    /// The rule an id names, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.word().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_id_reads_back() {
        for id in RuleId::ALL {
            assert_eq!(RuleId::from_word(&id.word().to_lowercase()), Some(id));
        }
        assert_eq!(RuleId::from_word("Expiration_Admin"), None);
    }
}
