//! Who may administer what (`PAM 12`, seams §14): administrator roles are directory roles with fixed template ids.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// A directory role that administers Ephor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AdministratorRole {
    /// Everything, administrators included.
    Global,
    /// Roles, users, groups, requests, settings of PAM.
    Pam,
    /// Target directories and what binds groups and accounts to them.
    Target,
    /// Reads everything, the audit log included; changes nothing.
    Auditor,
}

impl AdministratorRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Global, Self::Pam, Self::Target, Self::Auditor];

    /// Template id of the directory role. Global Administrator has the id that Graph clients know.
    #[must_use]
    pub const fn template(self) -> Uuid {
        match self {
            Self::Global => uuid!("62e90394-69f5-4237-9190-012177145e10"),
            Self::Pam => uuid!("6f0c1a5e-2b7d-4c3e-9a41-5d0e8c7b1f01"),
            Self::Target => uuid!("6f0c1a5e-2b7d-4c3e-9a41-5d0e8c7b1f02"),
            Self::Auditor => uuid!("6f0c1a5e-2b7d-4c3e-9a41-5d0e8c7b1f03"),
        }
    }

    /// The role with this template id.
    #[must_use]
    pub fn from_template(template: Uuid) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.template() == template)
    }

    /// Display name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "Global Administrator",
            Self::Pam => "PAM Administrator",
            Self::Target => "Target Administrator",
            Self::Auditor => "Auditor",
        }
    }

    /// The word used in records and in our own API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Global => "global-administrator",
            Self::Pam => "pam-administrator",
            Self::Target => "target-administrator",
            Self::Auditor => "auditor",
        }
    }

    /// The role that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Does the role give `right`?
    #[must_use]
    pub const fn gives(self, right: Right) -> bool {
        match (self, right) {
            (Self::Global, _) | (_, Right::Known) => true,
            (Self::Pam, Right::Read | Right::ReadAudit | Right::Pam | Right::End) => true,
            (Self::Target, Right::Read | Right::Targets) => true,
            (Self::Auditor, Right::Read | Right::ReadAudit) => true,
            (Self::Pam, Right::Targets | Right::Administrators) => false,
            (Self::Target, Right::ReadAudit | Right::Pam | Right::End | Right::Administrators) => false,
            (Self::Auditor, Right::Pam | Right::End | Right::Targets | Right::Administrators) => false,
        }
    }
}

/// What an administrative command or query needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Being known: the command asks for what it needs itself.
    Known,
    /// See roles, users, groups, settings, other people's requests, targets, health.
    Read,
    /// See the audit log.
    ReadAudit,
    /// Change roles, users, groups, settings; link persons; cancel requests.
    Pam,
    /// End anybody's access at once.
    End,
    /// Change target directories and what is bound to them.
    Targets,
    /// Make and dismiss administrators, and change accounts of administrators.
    Administrators,
}

/// Do the `held` roles together give `right`?
#[must_use]
pub fn may(held: &[AdministratorRole], right: Right) -> bool {
    right == Right::Known || held.iter().any(|role| role.gives(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHTS: [Right; 6] =
        [Right::Read, Right::ReadAudit, Right::Pam, Right::End, Right::Targets, Right::Administrators];

    fn rights(role: AdministratorRole) -> Vec<Right> {
        RIGHTS.into_iter().filter(|right| may(&[role], *right)).collect()
    }

    #[test]
    fn each_role_gives_its_rights_and_no_other() {
        assert_eq!(rights(AdministratorRole::Global), RIGHTS);
        assert_eq!(rights(AdministratorRole::Pam), [Right::Read, Right::ReadAudit, Right::Pam, Right::End]);
        assert_eq!(rights(AdministratorRole::Target), [Right::Read, Right::Targets]);
        assert_eq!(rights(AdministratorRole::Auditor), [Right::Read, Right::ReadAudit]);
        assert!(!may(&[], Right::Read));
    }

    #[test]
    fn roles_are_found_by_template_and_word() {
        for role in AdministratorRole::ALL {
            assert_eq!(AdministratorRole::from_template(role.template()), Some(role));
            assert_eq!(AdministratorRole::from_word(role.word()), Some(role));
        }
        assert_eq!(AdministratorRole::from_template(Uuid::nil()), None);
    }
}
