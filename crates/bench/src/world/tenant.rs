//! A tenant with schedules: people who are eligible for directory roles, groups or resource roles.

use std::collections::BTreeMap;

use anyhow::Result;
use ephor_domain::{
    administration::AdministratorRole,
    authentication::Methods,
    directory::{BuiltInRole, GroupFacts},
    entitlement::{Access, EntitlementKey},
    id::{ClientId, PersonId, PrincipalId, TokenFamilyId},
    policy::Kind,
    principal::{Actor, Delegation, Principal, PrincipalKind, Proof},
    resource::{Assignment, AssignmentContent, OWNER},
    scope::{ArmScope, DirectoryScope, Place as Registered},
};
use ephor_engine::schedule::line_id;
use ephor_store::{
    Fault, Store, Tx,
    tx::{administrator::Administrator, family::TokenFamily},
};
use jiff::{SignedDuration, Timestamp};
use uuid::{Uuid, uuid};

use super::{NAMESPACE, Place, World};
use crate::rows::Picks;

/// The tenant's id, in tokens too.
pub const TENANT: Uuid = uuid!("6e1c0fd4-0000-4000-8000-00000000be4c");
/// A role for resources that lets people read.
const READER: Uuid = uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7");

/// What people are eligible for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Directory roles.
    Roles,
    /// Membership of groups.
    Groups,
    /// Resource roles.
    Resources,
}

/// People, and what each is eligible for: as many entitlements as the world says, round and round.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// How many people, how much each; where groups are.
    pub world: World,
    /// What they are eligible for.
    pub family: Family,
}

/// Subscriptions of the tree of resources, and resource groups of each.
const SUBSCRIPTIONS: u32 = 10;
const GROUPS_EACH: u32 = 100;

impl Tenant {
    /// Ten lines for each person, so many in all.
    #[must_use]
    pub fn of(family: Family, lines: u32) -> Self {
        Self::with(family, lines / 10, 10)
    }

    /// So many people with so many lines each.
    #[must_use]
    pub fn with(family: Family, people: u32, each: u32) -> Self {
        Self { world: World { users: people, roles: 20, roles_each: each, place: Place::BuiltIn }, family }
    }

    /// Lines there are of one kind.
    #[must_use]
    pub fn lines(&self) -> u32 {
        self.world.users * self.world.roles_each
    }

    /// The entitlement of a person at a turn.
    #[must_use]
    pub fn key(&self, person: u32, turn: u32) -> EntitlementKey {
        let at = u64::from(person) * u64::from(self.world.roles_each) + u64::from(turn % self.world.roles_each);
        let of = |count: u32| u32::try_from(at % u64::from(count)).unwrap_or_default();
        match self.family {
            Family::Roles => {
                let roles = ordinary_roles();
                let at = of(u32::try_from(roles.len()).unwrap_or(1));
                let definition = roles.get(at as usize).copied().unwrap_or_default();
                EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant }
            }
            Family::Groups => {
                EntitlementKey::Group { group: self.world.group(of(self.world.roles)), access: Access::Member }
            }
            Family::Resources => {
                let at = of(SUBSCRIPTIONS * GROUPS_EACH);
                EntitlementKey::Resource { definition: READER, scope: resource_group(at / GROUPS_EACH, at) }
            }
        }
    }

    /// What names a line in rows.
    #[must_use]
    pub fn line(&self, person: u32, turn: u32) -> Picks {
        let (key, principal) = (self.key(person, turn), self.world.principal(person));
        let (definition, texts) = match &key {
            EntitlementKey::Resource { definition, scope } => {
                (*definition, vec![scope.as_str().to_owned(), scope.key().to_owned()])
            }
            EntitlementKey::DirectoryRole { definition, .. } => (*definition, Vec::new()),
            EntitlementKey::Group { group, .. } => (group.uuid(), Vec::new()),
            EntitlementKey::PamRole(role) => (role.uuid(), Vec::new()),
        };
        let [eligibility, assignment] =
            [Kind::Eligibility, Kind::Assignment].map(|kind| line_id(principal, key.id(), kind));
        Picks { ids: vec![principal.uuid(), key.id().uuid(), definition, eligibility, assignment], texts }
    }

    /// Who runs the tenant.
    #[must_use]
    pub fn administrator() -> Actor {
        actor(PrincipalId::derived(NAMESPACE, "administrator"), PersonId::derived(NAMESPACE, "administrator"))
    }

    /// A person as the engine sees who calls.
    #[must_use]
    pub fn actor(&self, person: u32) -> Actor {
        actor(self.world.principal(person), self.world.person(person))
    }

    /// The family of a principal's tokens.
    #[must_use]
    pub fn token_family(principal: PrincipalId) -> TokenFamilyId {
        TokenFamilyId::derived(NAMESPACE, &format!("tokens of {principal}"))
    }

    /// Stores people with their families of tokens, what they may be eligible for, and the administrator.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn load(&self, store: &Store, now: Timestamp) -> Result<()> {
        match self.family {
            Family::Groups => {
                self.world.load(store, now).await?;
                let groups: Vec<_> = (0..self.world.roles).map(|number| self.world.group(number)).collect();
                store
                    .transact(move |tx| {
                        let groups = groups.clone();
                        Box::pin(async move {
                            for group in groups {
                                tx.put_directory_group(group, &GroupFacts::default()).await?;
                            }
                            Ok(())
                        })
                    })
                    .await?;
                let of = self.world.users;
                self.world
                    .in_chunks(store, of, move |world, tx, user| Box::pin(put_family(tx, world.principal(user), now)))
                    .await?;
            }
            Family::Roles | Family::Resources => {
                let of = self.world.users;
                self.world
                    .in_chunks(store, of, move |world, tx, user| Box::pin(put_person(world, tx, user, now)))
                    .await?;
            }
        }
        let resources = self.family == Family::Resources;
        store.transact(move |tx| Box::pin(put_tenant(tx, resources, now))).await?;
        Ok(())
    }
}

fn actor(principal: PrincipalId, person: PersonId) -> Actor {
    Actor {
        principal,
        person,
        address: Some("127.0.0.1".to_owned()),
        proof: Proof::Person,
        methods: Methods::default(),
        delegation: Delegation::Whole,
    }
}

/// Roles that give no power over others: who holds one sees no more than before.
fn ordinary_roles() -> Vec<Uuid> {
    BuiltInRole::all().iter().filter(|role| role.assignable && !role.privileged).map(|role| role.id).collect()
}

fn subscription(number: u32) -> ArmScope {
    ArmScope::subscription(Uuid::from_u128(0x5f5a_7e2a_0000_4000_8000_0000_0000_0000 + u128::from(number)))
}

/// All are spelled in as many letters.
fn resource_group(of: u32, number: u32) -> ArmScope {
    let path = format!("{}/resourceGroups/group{number:04}", subscription(of).as_str());
    path.parse().expect("the path of a resource group")
}

async fn put_person(world: &World, tx: &mut Tx, number: u32, now: Timestamp) -> Result<(), Fault> {
    let account = format!("user{}", number + 1);
    let principal = world.principal(number);
    tx.insert_principal(&Principal {
        id: principal,
        kind: PrincipalKind::User,
        person: world.person(number),
        domain: "PRIV".to_owned(),
        display_name: format!("User {number}"),
        upn: Some(format!("{account}@bench.test")),
        account,
        enabled: true,
    })
    .await?;
    put_family(tx, principal, now).await
}

async fn put_family(tx: &mut Tx, principal: PrincipalId, now: Timestamp) -> Result<(), Fault> {
    tx.insert_token_family(&TokenFamily {
        id: Tenant::token_family(principal),
        client: ClientId::derived(NAMESPACE, "client"),
        principal,
        facts: "{}".to_owned(),
        created: now,
        expires: now + SignedDuration::from_hours(24),
        revoked: None,
    })
    .await
}

async fn put_tenant(tx: &mut Tx, resources: bool, now: Timestamp) -> Result<(), Fault> {
    let Actor { principal, person, .. } = Tenant::administrator();
    tx.put_meta("tenant", Some(&TENANT.to_string())).await?;
    tx.insert_principal(&Principal {
        id: principal,
        kind: PrincipalKind::User,
        person,
        domain: "PRIV".to_owned(),
        account: "administrator".to_owned(),
        display_name: "Administrator".to_owned(),
        upn: Some("administrator@bench.test".to_owned()),
        enabled: true,
    })
    .await?;
    put_family(tx, principal, now).await?;
    let template = AdministratorRole::Global.template();
    tx.insert_administrator(&Administrator { principal, template, created: now, created_by: None }).await?;
    if !resources {
        return Ok(());
    }
    let place = |scope: ArmScope, parent: ArmScope| Registered {
        name: scope.name().to_owned(),
        scope,
        parent,
        location: None,
        tags: BTreeMap::new(),
        created: now,
    };
    for number in 0..SUBSCRIPTIONS {
        tx.put_place(&place(subscription(number), ArmScope::root())).await?;
    }
    for number in 0..SUBSCRIPTIONS * GROUPS_EACH {
        let of = number / GROUPS_EACH;
        tx.put_place(&place(resource_group(of, number), subscription(of))).await?;
    }
    tx.insert_role_assignment(&Assignment {
        name: Uuid::from_u128(1),
        scope: ArmScope::root(),
        definition: OWNER,
        principal,
        kind: PrincipalKind::User,
        content: AssignmentContent::default(),
        created: now,
        updated: now,
        created_by: None,
        updated_by: None,
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_eligible_twice_for_the_same() {
        for family in [Family::Roles, Family::Groups, Family::Resources] {
            let tenant = Tenant::of(family, 1000);
            for person in [0, 7, 99] {
                let mut keys: Vec<_> = (0..10).map(|turn| tenant.key(person, turn).to_string()).collect();
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), 10, "{family:?}");
            }
        }
        assert!(ordinary_roles().len() >= 25);
        let [one, other] =
            [(0, 0), (99, 9)].map(|(person, turn)| Tenant::of(Family::Resources, 1000).line(person, turn));
        assert_eq!(one.texts[0].len(), other.texts[0].len());
        assert_ne!(one.texts, other.texts);
    }
}
