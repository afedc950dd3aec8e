//! Names for people of scopes, roles and principals, for rows that their reader may see.

use std::collections::HashMap;

use ephor_domain::{
    id::{Id, PrincipalId},
    principal::Principal,
    resource::ResourceRole,
    scope::{ArmScope, Place},
};
use uuid::Uuid;

use super::role;
use crate::{answer::Answer, directory::UserEntry, engine::Engine};

/// What is known of scopes, roles and principals; those nobody knows are left out.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// Registered places by scope.
    pub places: HashMap<ArmScope, Place>,
    /// Roles by id.
    pub roles: HashMap<Uuid, ResourceRole>,
    /// Accounts by id, with what is known beyond them.
    pub principals: HashMap<Uuid, UserEntry>,
}

impl Described {
    /// An account.
    #[must_use]
    pub fn principal(&self, id: Uuid) -> Option<&Principal> {
        self.principals.get(&id).map(|entry| &entry.principal)
    }
}

impl Engine {
    /// Looks scopes, roles and principals up.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn describe(&self, scopes: Vec<ArmScope>, roles: Vec<Uuid>, principals: Vec<Uuid>) -> Answer<Described> {
        let read = self.store.read(move |tx| {
            let (mut scopes, mut roles, mut principals) = (scopes.clone(), roles.clone(), principals.clone());
            Box::pin(async move {
                scopes.sort();
                scopes.dedup();
                roles.sort();
                roles.dedup();
                principals.sort();
                principals.dedup();
                let mut found = Described::default();
                for place in tx.places(&scopes).await? {
                    found.places.insert(place.scope.clone(), place);
                }
                for id in roles {
                    if let Some(role) = role::find(tx, id).await? {
                        found.roles.insert(id, role);
                    }
                }
                let ids: Vec<PrincipalId> = principals.into_iter().map(Id::new).collect();
                for entry in tx.directory_users_of(&ids).await? {
                    found.principals.insert(entry.principal.id.uuid(), entry);
                }
                Ok(found)
            })
        });
        Ok(read.await?)
    }
}
