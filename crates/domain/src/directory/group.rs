//! What the directory knows of a group beyond its members.

use jiff::Timestamp;

use crate::provider::groups::GroupTraits;

/// Facts of a group (`GRAPH 15.2`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// Name in mail addresses.
    pub mail_nickname: Option<String>,
    /// Receives mail.
    pub mail_enabled: bool,
    /// Counts where access is decided.
    pub security_enabled: bool,
    /// Is shared by its members beyond security.
    pub unified: bool,
    /// May be given directory roles; fixed when the group is made.
    pub role_assignable: bool,
    /// The rule its members follow, if they follow one.
    pub rule: Option<String>,
    /// Owned by a source outside and only mirrored here.
    pub synchronised: bool,
    /// When the group was made.
    pub created: Option<Timestamp>,
}

impl Default for GroupFacts {
    /// A plain security group: what a group is of which nothing else is known.
    fn default() -> Self {
        Self {
            mail_nickname: None,
            mail_enabled: false,
            security_enabled: true,
            unified: false,
            role_assignable: false,
            rule: None,
            synchronised: false,
            created: None,
        }
    }
}

impl GroupFacts {
    /// What of it decides about schedules (`GRAPH 12.3`).
    #[must_use]
    pub fn traits(&self) -> GroupTraits {
        GroupTraits {
            dynamic: self.rule.is_some(),
            synchronised: self.synchronised,
            role_assignable: self.role_assignable,
        }
    }
}
