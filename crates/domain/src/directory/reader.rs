//! Which directory roles open what of privileged access (`GRAPH 17.2`). A role counts only while it is held, at tenant
//! scope; being eligible counts for nothing.

use uuid::{Uuid, uuid};

use crate::administration::AdministratorRole;

/// Privileged Role Administrator.
pub const PRIVILEGED_ROLE_ADMINISTRATOR: Uuid = uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814");
/// Global Reader.
pub const GLOBAL_READER: Uuid = uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451");
/// Security Administrator.
pub const SECURITY_ADMINISTRATOR: Uuid = uuid!("194ae4cb-b126-40b2-bd5b-6091b380977d");
/// Security Operator.
pub const SECURITY_OPERATOR: Uuid = uuid!("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f");
/// Security Reader.
pub const SECURITY_READER: Uuid = uuid!("5d6b6bb7-de71-4623-b4af-96380a352509");

/// Directory Writers.
pub const DIRECTORY_WRITERS: Uuid = uuid!("9360feb5-f418-4baa-8175-e2a00bac4301");
/// Groups Administrator.
pub const GROUPS_ADMINISTRATOR: Uuid = uuid!("fdd7a751-b60b-444a-984c-02652fe8fa1c");
/// Identity Governance Administrator.
pub const IDENTITY_GOVERNANCE_ADMINISTRATOR: Uuid = uuid!("45d8d3c5-c802-45c6-b32a-1d70b5e1e86e");
/// User Administrator.
pub const USER_ADMINISTRATOR: Uuid = uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1");

/// May somebody who holds these roles, and does not own the group, say who is in it? Of a group that can be given roles
/// only those who could give the roles themselves.
#[must_use]
pub fn administers_group(held: &[Uuid], role_assignable: bool) -> bool {
    const WRITERS: [Uuid; 5] = [
        DIRECTORY_WRITERS,
        GROUPS_ADMINISTRATOR,
        IDENTITY_GOVERNANCE_ADMINISTRATOR,
        USER_ADMINISTRATOR,
        AdministratorRole::Global.template(),
    ];
    match role_assignable {
        true => administers_roles(held),
        false => held.iter().any(|role| WRITERS.contains(role)),
    }
}

/// May somebody who holds these roles make, change and delete people's accounts?
#[must_use]
pub fn administers_users(held: &[Uuid]) -> bool {
    held.iter().any(|role| [USER_ADMINISTRATOR, AdministratorRole::Global.template()].contains(role))
}

/// May somebody who holds these roles see everybody's directory roles and their policies?
#[must_use]
pub fn reads_roles(held: &[Uuid]) -> bool {
    const READERS: [Uuid; 4] = [GLOBAL_READER, SECURITY_ADMINISTRATOR, SECURITY_OPERATOR, SECURITY_READER];
    administers_roles(held) || held.iter().any(|role| READERS.contains(role))
}

/// May somebody who holds these roles give and take directory roles?
#[must_use]
pub fn administers_roles(held: &[Uuid]) -> bool {
    held.iter().any(|role| [PRIVILEGED_ROLE_ADMINISTRATOR, AdministratorRole::Global.template()].contains(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::BuiltInRole;

    #[test]
    fn the_roles_are_those_of_the_catalogue() {
        for (id, name) in [
            (PRIVILEGED_ROLE_ADMINISTRATOR, "Privileged Role Administrator"),
            (GLOBAL_READER, "Global Reader"),
            (SECURITY_ADMINISTRATOR, "Security Administrator"),
            (SECURITY_OPERATOR, "Security Operator"),
            (SECURITY_READER, "Security Reader"),
            (DIRECTORY_WRITERS, "Directory Writers"),
            (GROUPS_ADMINISTRATOR, "Groups Administrator"),
            (IDENTITY_GOVERNANCE_ADMINISTRATOR, "Identity Governance Administrator"),
            (USER_ADMINISTRATOR, "User Administrator"),
        ] {
            assert_eq!(BuiltInRole::find(id).map(|role| role.name), Some(name));
        }
    }

    #[test]
    fn readers_see_and_administrators_change() {
        assert!(reads_roles(&[GLOBAL_READER]) && !administers_roles(&[GLOBAL_READER]));
        assert!(reads_roles(&[PRIVILEGED_ROLE_ADMINISTRATOR]) && administers_roles(&[PRIVILEGED_ROLE_ADMINISTRATOR]));
        assert!(administers_roles(&[AdministratorRole::Global.template()]));
        assert!(administers_group(&[USER_ADMINISTRATOR], false) && !administers_group(&[USER_ADMINISTRATOR], true));
        assert!(administers_group(&[PRIVILEGED_ROLE_ADMINISTRATOR], true));
        assert!(!administers_group(&[PRIVILEGED_ROLE_ADMINISTRATOR], false) && !administers_group(&[], false));
        assert!(administers_users(&[USER_ADMINISTRATOR]) && !administers_users(&[PRIVILEGED_ROLE_ADMINISTRATOR]));
        assert!(!reads_roles(&[AdministratorRole::Auditor.template(), Uuid::nil()]) && !reads_roles(&[]));
    }
}
