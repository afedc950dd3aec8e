//! Who and what there is. Keys are those of the conformance checklists; names are for people.

use ephor_domain::id::{EligibilityId, EntitlementId, GroupId, Id, PersonId, PrincipalId, TargetId};
use ephor_identity::factor::totp::LENGTH as TOTP;
use jiff::civil::{Time, time};
use sha2::{Digest, Sha256};
use uuid::{Uuid, uuid};

/// All ids of the demo are derived from this and a name.
pub(crate) const NAMESPACE: Uuid = uuid!("5f7c3b6e-9f0d-4b5e-8a51-6d2b1f0c4e11");

/// The domain of all accounts.
pub const DOMAIN: &str = "DEMO";

/// The suffix of sign-in names in mail form.
pub const UPN_SUFFIX: &str = "demo.test";

/// The one tenant.
#[must_use]
pub fn tenant() -> Uuid {
    Uuid::new_v5(&NAMESPACE, b"tenant")
}

/// The one subscription.
#[must_use]
pub fn subscription() -> Uuid {
    Uuid::new_v5(&NAMESPACE, b"subscription/S")
}

/// The directory inside the store.
#[must_use]
pub fn built_in_target() -> TargetId {
    Id::derived(NAMESPACE, "target/built-in")
}

/// The outside directory, if there is one.
#[must_use]
pub fn outside_target() -> TargetId {
    Id::derived(NAMESPACE, "target/outside")
}

/// Somebody with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Key in the facts, and account name.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What he or she is there for.
    pub part: &'static str,
    /// Is a user of the PAM face.
    pub pam_user: bool,
    /// May act.
    pub enabled: bool,
    /// Is a standing Global Administrator.
    pub administrator: bool,
}

/// An enabled PAM user, and what most others differ from.
const USER: Person = Person { key: "", name: "", part: "", pam_user: true, enabled: true, administrator: false };

/// Everybody of the PAM checklist.
pub const PEOPLE: [Person; 6] = [
    Person { key: "jen", name: "Jen Field", part: "may ask for every role", ..USER },
    Person { key: "pat", name: "Pat Winter", part: "approves", ..USER },
    Person { key: "sam", name: "Sam Rivers", part: "approves, and may ask for the same role", ..USER },
    Person { key: "ada", name: "Ada Stone", part: "administers", administrator: true, ..USER },
    Person { key: "eve", name: "Eve Marsh", part: "can sign in and nothing else", pam_user: false, ..USER },
    Person { key: "off", name: "Olaf Frost", part: "is disabled", enabled: false, ..USER },
];

/// Everybody with an account, those of the PAM checklist first.
#[must_use]
pub fn everybody() -> Vec<Person> {
    PEOPLE.into_iter().chain(crate::directory::DIRECTORY_PEOPLE).collect()
}

impl Person {
    /// Id of the account.
    #[must_use]
    pub fn id(&self) -> PrincipalId {
        Id::derived(NAMESPACE, &format!("user/{}", self.key))
    }

    /// Id of the human being.
    #[must_use]
    pub fn person(&self) -> PersonId {
        Id::derived(NAMESPACE, &format!("person/{}", self.key))
    }

    /// `DEMO\jen`.
    #[must_use]
    pub fn account(&self) -> String {
        format!("{DOMAIN}\\{}", self.key)
    }

    /// The secret of the authenticator app of those who ask and decide; the others sign in with a password alone.
    #[must_use]
    pub fn totp(&self) -> Option<Vec<u8>> {
        let has = ["jen", "pat", "sam"].contains(&self.key);
        let secret = || Sha256::digest(format!("ephor demo totp of {}", self.key)).iter().take(TOTP).copied().collect();
        has.then(secret)
    }

    /// Id of that factor.
    #[must_use]
    pub fn factor(&self) -> Uuid {
        Uuid::new_v5(&NAMESPACE, format!("factor/{}", self.key).as_bytes())
    }

    /// `jen@demo.test`.
    #[must_use]
    pub fn upn(&self) -> String {
        format!("{}@{UPN_SUFFIX}", self.key)
    }

    /// What signs in: known to everybody, see the crate's documentation.
    #[must_use]
    pub fn password(&self) -> String {
        format!("demo-password-of-{}", self.key)
    }
}

/// A group that a role gives membership of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Name at the directory.
    pub account: &'static str,
    /// Name for people.
    pub name: &'static str,
}

impl Group {
    /// Id of the group.
    #[must_use]
    pub fn id(&self) -> GroupId {
        Id::derived(NAMESPACE, &format!("group/{}", self.account))
    }
}

/// A PAM role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Key in the facts.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Longest stay in seconds.
    pub ttl: u64,
    /// Proof of presence is asked for.
    pub mfa: bool,
    /// Somebody must approve.
    pub approval: bool,
    /// Times of day, server zone.
    pub window: Option<(Time, Time)>,
    /// Keys of those who may ask.
    pub candidates: &'static [&'static str],
    /// Keys of those who decide.
    pub approvers: &'static [&'static str],
    /// What it gives.
    pub groups: &'static [Group],
}

/// Every role of the PAM checklist.
pub const ROLES: [Role; 5] = [
    Role {
        key: "R0",
        name: "Allow AD Access",
        description: "Read and edit accounts in the directory",
        ttl: 3600,
        mfa: false,
        approval: false,
        window: None,
        candidates: &["jen"],
        approvers: &[],
        groups: &[Group { account: "ad-access", name: "Directory editors" }],
    },
    Role {
        key: "R1",
        name: "Production Database",
        description: "Sign in to the production databases; somebody must approve",
        ttl: 3600,
        mfa: false,
        approval: true,
        window: None,
        candidates: &["jen", "sam"],
        approvers: &["pat", "sam"],
        groups: &[Group { account: "database-admins", name: "Database administrators" }],
    },
    Role {
        key: "R2",
        name: "Server Maintenance",
        description: "Administer servers; a second factor is asked for",
        ttl: 3600,
        mfa: true,
        approval: false,
        window: None,
        candidates: &["jen"],
        approvers: &[],
        groups: &[Group { account: "server-admins", name: "Server administrators" }],
    },
    Role {
        key: "R3",
        name: "Domain Administration",
        description: "The keys of the realm: second factor, then approval",
        ttl: 3600,
        mfa: true,
        approval: true,
        window: None,
        candidates: &["jen"],
        approvers: &["pat"],
        groups: &[Group { account: "domain-admins", name: "Domain administrators" }],
    },
    Role {
        key: "R4",
        name: "Help Desk",
        description: "Reset passwords, from 08:00 to 17:00",
        ttl: 3600,
        mfa: false,
        approval: false,
        window: Some((time(8, 0, 0, 0), time(17, 0, 0, 0))),
        candidates: &["jen"],
        approvers: &[],
        groups: &[Group { account: "help-desk", name: "Help desk" }],
    },
];

impl Role {
    /// `RoleId`.
    #[must_use]
    pub fn id(&self) -> EntitlementId {
        Id::derived(NAMESPACE, &format!("role/{}", self.key))
    }

    /// Those who may ask.
    pub fn candidates(&self) -> impl Iterator<Item = Person> {
        named(self.candidates)
    }

    /// Those who decide.
    pub fn approvers(&self) -> impl Iterator<Item = Person> {
        named(self.approvers)
    }

    /// Id of the row that makes `person` a candidate.
    pub(crate) fn eligibility_id(&self, person: &Person) -> EligibilityId {
        Id::derived(NAMESPACE, &format!("eligibility/{}/{}", self.key, person.key))
    }
}

fn named(keys: &'static [&'static str]) -> impl Iterator<Item = Person> {
    PEOPLE.into_iter().filter(|person| keys.contains(&person.key))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_cast_is_that_of_the_checklist() {
        assert_eq!(PEOPLE.map(|person| person.key), ["jen", "pat", "sam", "ada", "eve", "off"]);
        let of_jen: Vec<&str> =
            ROLES.iter().filter(|role| role.candidates.contains(&"jen")).map(|role| role.key).collect();
        assert_eq!(of_jen, ["R0", "R1", "R2", "R3", "R4"]);
        let gates = ROLES.map(|role| (role.mfa, role.approval, role.window.is_some()));
        let expected = [
            (false, false, false),
            (false, true, false),
            (true, false, false),
            (true, true, false),
            (false, false, true),
        ];
        assert_eq!(gates, expected);
    }

    #[test]
    fn every_key_names_somebody_and_every_id_is_one_thing() {
        for role in ROLES {
            assert_eq!(role.candidates().count(), role.candidates.len(), "{}", role.key);
            assert_eq!(role.approvers().count(), role.approvers.len(), "{}", role.key);
        }
        let people = PEOPLE.iter().flat_map(|person| [person.id().uuid(), person.person().uuid()]);
        let roles = ROLES.iter().map(|role| role.id().uuid());
        let groups = ROLES.iter().flat_map(|role| role.groups.iter().map(|group| group.id().uuid()));
        let others = [tenant(), built_in_target().uuid(), outside_target().uuid()];
        let ids: BTreeSet<Uuid> = people.chain(roles).chain(groups).chain(others).collect();
        assert_eq!(ids.len(), 6 * 2 + 5 + 5 + 3);
    }

    #[test]
    fn ids_never_change() {
        assert_eq!(tenant().to_string(), "cfe97358-f226-5639-b4c9-23deb8da1ccd");
        assert_eq!(PEOPLE[0].id().to_string(), "ba5c15fd-8bef-5dd8-8722-82f01943f6e7");
        assert_eq!(ROLES[0].id().to_string(), "da3ff011-f5ef-573a-a5f0-e1282d3faaaf");
    }
}
