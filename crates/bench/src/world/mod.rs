//! The organisation that is measured: users, roles of one group each, eligibilities, and a past.

pub mod calls;
pub mod faces;
pub mod lessons;
mod load;
mod obedient;
pub mod past;
pub mod scratch;
pub mod served;
pub mod tenant;

use ephor_domain::{
    authentication::Methods,
    id::{EntitlementId, GroupId, PersonId, PrincipalId, TargetId},
    principal::{Actor, Delegation, Proof},
};
use uuid::{Uuid, uuid};

use crate::rows::Picks;

const NAMESPACE: Uuid = uuid!("5b0c7b1e-32f6-4d0c-9a0e-8d1f3f3c7a51");

/// The one target of a world.
pub const TARGET: Uuid = uuid!("0f6e2f0c-8f43-4c55-9d1e-6b6a3a2b9c10");

/// How large it is. User `u` is eligible for `roles_each` roles from number `u × roles_each` on, round and round.
#[derive(Debug, Clone)]
pub struct World {
    /// PAM users.
    pub users: u32,
    /// Roles, each with one group.
    pub roles: u32,
    /// Roles that each user may activate.
    pub roles_each: u32,
    /// Where the groups are.
    pub place: Place,
}

/// Where the groups of a world are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the store itself.
    BuiltIn,
    /// In an LDAP directory: its base. Users are `uid=userN,ou=people`, N from 1, and groups `cn=roleN,ou=groups`, N from 0.
    Ldap(String),
}

impl World {
    /// Users with ten roles each, among as many roles as that takes, up to a thousand; so many eligibilities.
    #[must_use]
    pub fn of_eligibilities(eligibilities: u32) -> Self {
        Self { users: eligibilities / 10, roles: eligibilities.min(1000), roles_each: 10, place: Place::BuiltIn }
    }

    /// Eligibilities there are.
    #[must_use]
    pub fn eligibilities(&self) -> u64 {
        u64::from(self.users) * u64::from(self.roles_each)
    }

    /// The account of a user.
    #[must_use]
    pub fn principal(&self, user: u32) -> PrincipalId {
        PrincipalId::derived(NAMESPACE, &format!("principal {user}"))
    }

    /// The person behind it.
    #[must_use]
    pub fn person(&self, user: u32) -> PersonId {
        PersonId::derived(NAMESPACE, &format!("person {user}"))
    }

    /// A role.
    #[must_use]
    pub fn role(&self, role: u32) -> EntitlementId {
        EntitlementId::derived(NAMESPACE, &format!("role {role}"))
    }

    /// Its group.
    #[must_use]
    pub fn group(&self, role: u32) -> GroupId {
        GroupId::derived(NAMESPACE, &format!("group {role}"))
    }

    /// The target of all groups.
    #[must_use]
    pub fn target(&self) -> TargetId {
        TargetId::new(TARGET)
    }

    /// The secret of a user's API token.
    #[must_use]
    pub fn token(&self, user: u32) -> String {
        format!("eph_{}", PrincipalId::derived(NAMESPACE, &format!("token {user}")).uuid().simple())
    }

    /// A role that the user may activate.
    #[must_use]
    pub fn role_of(&self, user: u32, turn: u32) -> u32 {
        let first = u64::from(user) * u64::from(self.roles_each);
        let role = (first + u64::from(turn % self.roles_each)) % u64::from(self.roles);
        u32::try_from(role).unwrap_or_default()
    }

    /// The user at that turn of a client: clients share no user while there are enough.
    #[must_use]
    pub fn user_at(&self, client: u32, clients: u32, turn: u32) -> u32 {
        let at = u64::from(turn) * u64::from(clients) + u64::from(client);
        u32::try_from(at % u64::from(self.users)).unwrap_or_default()
    }

    /// The line of a user at a turn.
    #[must_use]
    pub fn line(&self, user: u32, turn: u32) -> Picks {
        let role = self.role_of(user, turn);
        let ids = vec![self.principal(user).uuid(), self.role(role).uuid(), self.group(role).uuid()];
        Picks { ids, texts: Vec::new() }
    }

    /// The user as the engine sees who calls.
    #[must_use]
    pub fn actor(&self, user: u32) -> Actor {
        Actor {
            principal: self.principal(user),
            person: self.person(user),
            address: Some("127.0.0.1".to_owned()),
            proof: Proof::Person,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_his_roles_and_every_client_its_users() {
        let world = World::of_eligibilities(1000);
        assert_eq!((world.users, world.roles, world.eligibilities()), (100, 1000, 1000));
        assert_eq!([world.role_of(3, 0), world.role_of(3, 9), world.role_of(3, 10)], [30, 39, 30]);
        let small = World { users: 5, roles: 7, roles_each: 3, place: Place::BuiltIn };
        assert_eq!((0..3).map(|turn| small.role_of(4, turn)).collect::<Vec<_>>(), [5, 6, 0]);
        assert_eq!([small.user_at(1, 2, 0), small.user_at(1, 2, 1), small.user_at(1, 2, 2)], [1, 3, 0]);
    }
}
