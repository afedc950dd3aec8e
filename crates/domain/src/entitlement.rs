//! What can be held: the key that one line of text names, everywhere the same.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    id::{EntitlementId, GroupId},
    provider::Provider,
    scope::{ArmScope, DirectoryScope, directory::hyphenated},
};

/// A thing that can be held (architecture §1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum EntitlementKey {
    /// A PAM role.
    PamRole(EntitlementId),
    /// A directory role at a scope.
    DirectoryRole {
        /// The role definition.
        definition: Uuid,
        /// Where it holds.
        scope: DirectoryScope,
    },
    /// Member or owner of a group.
    Group {
        /// The group.
        group: GroupId,
        /// As what.
        access: Access,
    },
    /// A resource role at a scope.
    Resource {
        /// The role definition's GUID, without its scope.
        definition: Uuid,
        /// Where it holds.
        scope: ArmScope,
    },
}

/// In what way a group is held; the two are independent (`GRAPH 12.3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// As a member.
    Member,
    /// As an owner.
    Owner,
}

impl Access {
    /// The word on the wire and in keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// The access a word names, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Member, Self::Owner].into_iter().find(|access| access.word().eq_ignore_ascii_case(word))
    }
}

/// Not the key of an entitlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the key of an entitlement")]
pub struct NoEntitlement;

/// Name space of ids derived from keys.
const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_656e_7469_746c);

impl EntitlementKey {
    /// Whose rules apply.
    #[must_use]
    pub const fn provider(&self) -> Provider {
        match self {
            Self::PamRole(_) => Provider::Pam,
            Self::DirectoryRole { .. } => Provider::DirectoryRoles,
            Self::Group { .. } => Provider::Groups,
            Self::Resource { .. } => Provider::Resources,
        }
    }

    /// Whose policy applies: a directory role has one for the whole tenant (`GRAPH 13.1`), a resource role one for each
    /// scope (`ARM 13.1`).
    #[must_use]
    pub fn policy_owner(&self) -> Self {
        match self {
            Self::DirectoryRole { definition, .. } => {
                Self::DirectoryRole { definition: *definition, scope: DirectoryScope::Tenant }
            }
            Self::PamRole(_) | Self::Group { .. } | Self::Resource { .. } => self.clone(),
        }
    }

    /// The engine's id: the role's on PAM, else derived from the key, so that it needs no table to be found.
    #[must_use]
    pub fn id(&self) -> EntitlementId {
        match self {
            Self::PamRole(role) => *role,
            Self::DirectoryRole { .. } | Self::Group { .. } | Self::Resource { .. } => {
                EntitlementId::derived(NAMESPACE, &self.to_string())
            }
        }
    }
}

impl fmt::Display for EntitlementKey {
    /// One line in lower case; equal keys have equal lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PamRole(role) => write!(f, "pam:{role}"),
            Self::DirectoryRole { definition, scope } => {
                write!(f, "directory:{definition}@{}", scope.to_string().to_lowercase())
            }
            Self::Group { group, access } => write!(f, "group:{group}:{}", access.word()),
            Self::Resource { definition, scope } => write!(f, "resource:{definition}@{}", scope.key()),
        }
    }
}

impl FromStr for EntitlementKey {
    type Err = NoEntitlement;
    fn from_str(text: &str) -> Result<Self, NoEntitlement> {
        let read = || {
            let (family, rest) = text.split_once(':')?;
            match family {
                "pam" => hyphenated(rest).map(|id| Self::PamRole(EntitlementId::new(id))),
                "directory" => {
                    let (definition, scope) = rest.split_once('@')?;
                    Some(Self::DirectoryRole { definition: hyphenated(definition)?, scope: scope.parse().ok()? })
                }
                "group" => {
                    let (group, access) = rest.split_once(':')?;
                    Some(Self::Group { group: GroupId::new(hyphenated(group)?), access: Access::from_word(access)? })
                }
                "resource" => {
                    let (definition, scope) = rest.split_once('@')?;
                    Some(Self::Resource { definition: hyphenated(definition)?, scope: scope.parse().ok()? })
                }
                _ => None,
            }
        };
        read().ok_or(NoEntitlement)
    }
}

impl TryFrom<String> for EntitlementKey {
    type Error = NoEntitlement;
    fn try_from(text: String) -> Result<Self, NoEntitlement> {
        text.parse()
    }
}
impl From<EntitlementKey> for String {
    fn from(key: EntitlementKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guid() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    fn key() -> impl Strategy<Value = EntitlementKey> {
        let directory = prop_oneof![
            Just(DirectoryScope::Tenant),
            guid().prop_map(DirectoryScope::AdministrativeUnit),
            guid().prop_map(DirectoryScope::Object),
        ];
        let arm = prop_oneof![
            Just(ArmScope::root()),
            guid().prop_map(ArmScope::subscription),
            "[A-Za-z0-9._() -]{1,20}[a-z]".prop_filter_map("a name", |name| ArmScope::management_group(&name)),
            (guid(), "[A-Za-z0-9@:]{1,20}").prop_map(|(id, name)| {
                format!("/subscriptions/{id}/resourceGroups/{name}").parse().expect("a resource group")
            }),
        ];
        let access = prop_oneof![Just(Access::Member), Just(Access::Owner)];
        prop_oneof![
            guid().prop_map(|id| EntitlementKey::PamRole(EntitlementId::new(id))),
            (guid(), directory).prop_map(|(definition, scope)| EntitlementKey::DirectoryRole { definition, scope }),
            (guid(), access).prop_map(|(id, access)| EntitlementKey::Group { group: GroupId::new(id), access }),
            (guid(), arm).prop_map(|(definition, scope)| EntitlementKey::Resource { definition, scope }),
        ]
    }

    proptest! {
        #[test]
        fn a_key_reads_back_and_equal_lines_are_equal_keys(one in key(), other in key()) {
            let line = one.to_string();
            prop_assert_eq!(line.parse::<EntitlementKey>(), Ok(one.clone()));
            prop_assert_eq!(&line, &line.to_lowercase());
            prop_assert_eq!(one == other, line == other.to_string());
            prop_assert_eq!(one == other, one.id() == other.id());
        }
    }

    #[test]
    fn a_directory_role_has_one_policy_wherever_it_holds() {
        let at = |scope| EntitlementKey::DirectoryRole { definition: Uuid::from_u128(1), scope };
        let tenant = at(DirectoryScope::Tenant);
        assert_eq!(at(DirectoryScope::AdministrativeUnit(Uuid::from_u128(2))).policy_owner(), tenant);
        let group = EntitlementKey::Group { group: GroupId::new(Uuid::from_u128(3)), access: Access::Owner };
        assert_eq!(group.policy_owner(), group);
    }

    #[test]
    fn letter_case_names_the_same_thing() {
        let line = "resource:5F5A7E2A-0000-4000-8000-00000000000A@/Subscriptions/5f5a7e2a-0000-4000-8000-00000000000A";
        let key: EntitlementKey = line.parse().unwrap();
        assert_eq!(key.to_string(), line.to_lowercase());
        for text in ["", "pam", "pam:x", "group:5f5a7e2a-0000-4000-8000-00000000000a:guest", "role:x", "directory:x@/"]
        {
            assert_eq!(text.parse::<EntitlementKey>(), Err(NoEntitlement), "{text:?}");
        }
    }
}
