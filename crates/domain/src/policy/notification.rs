//! The nine notification rules (`GRAPH 13.5`, `ARM 13.3`).

use serde::{Deserialize, Serialize};

/// Who is told, by occasion.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notifications {
    /// Somebody was made eligible.
    pub admin_eligibility: Recipients,
    /// Somebody was assigned.
    pub admin_assignment: Recipients,
    /// Somebody activates.
    pub activation: Recipients,
}

/// One rule for each sort of recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recipients {
    /// Administrators.
    pub admin: NotificationRule,
    /// The requester, or the one who was assigned.
    pub requestor: NotificationRule,
    /// Those who decide.
    pub approver: NotificationRule,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRule {
    /// How much is told.
    pub level: NotificationLevel,
    /// The recipients the rule stands for are told.
    pub default_recipients: bool,
    /// Mail addresses told besides.
    pub recipients: Vec<String>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationLevel {
    /// Nothing.
    None,
    /// Only what needs a decision.
    Critical,
    /// Everything.
    All,
}

impl Default for NotificationRule {
    /// All to the default recipients, nobody besides.
    fn default() -> Self {
        Self { level: NotificationLevel::All, default_recipients: true, recipients: Vec::new() }
    }
}

impl NotificationRule {
    /// True when a message is sent at all; `needs_decision` marks the critical ones.
    #[must_use]
    pub fn tells(&self, needs_decision: bool) -> bool {
        match self.level {
            NotificationLevel::None => false,
            NotificationLevel::Critical => needs_decision,
            NotificationLevel::All => true,
        }
    }

    /// The addresses of one message: the defaults if wanted, then the named ones, each once.
    #[must_use]
    pub fn addresses(&self, defaults: &[String], needs_decision: bool) -> Vec<String> {
        if !self.tells(needs_decision) {
            return Vec::new();
        }
        let defaults = if self.default_recipients { defaults } else { &[] };
        let mut addresses: Vec<String> = Vec::new();
        for address in defaults.iter().chain(&self.recipients) {
            if !addresses.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                addresses.push(address.clone());
            }
        }
        addresses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_recipients() {
        let defaults = ["a@x".to_owned(), "b@x".to_owned()];
        let rule = |level, default_recipients| NotificationRule {
            level,
            default_recipients,
            recipients: vec!["B@x".to_owned(), "c@x".to_owned()],
        };
        assert_eq!(rule(NotificationLevel::All, true).addresses(&defaults, false), ["a@x", "b@x", "c@x"]);
        assert_eq!(rule(NotificationLevel::All, false).addresses(&defaults, false), ["B@x", "c@x"]);
        assert!(rule(NotificationLevel::Critical, true).addresses(&defaults, false).is_empty());
        assert_eq!(rule(NotificationLevel::Critical, false).addresses(&defaults, true), ["B@x", "c@x"]);
        assert!(rule(NotificationLevel::None, true).addresses(&defaults, true).is_empty());
    }
}
