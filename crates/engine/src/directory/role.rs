//! Directory roles and who holds them.

use std::collections::BTreeSet;

use ephor_domain::{
    directory::{BuiltInRole, RoleDefinition},
    id::PrincipalId,
    principal::Actor,
    scope::DirectoryScope,
};
use uuid::Uuid;

use crate::{
    answer::Answer,
    engine::Engine,
    schedule::{ListAssignments, Page, assigned},
};

/// A principal holds a role at a scope, in force now (`GRAPH 1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Who.
    pub principal: PrincipalId,
    /// Which role.
    pub definition: Uuid,
    /// Where.
    pub scope: DirectoryScope,
}

impl Engine {
    /// All role definitions, by id: the built-in ones and those made here.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_definitions(&self) -> Answer<Vec<RoleDefinition>> {
        let own = self.store.read(|tx| Box::pin(tx.role_definitions())).await?;
        let built_in = BuiltInRole::all().iter().copied().map(RoleDefinition::from);
        let mut all: Vec<RoleDefinition> = built_in.chain(own).collect();
        all.sort_by_key(|role| role.id);
        Ok(all)
    }

    /// A role definition by its id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_definition(&self, id: Uuid) -> Answer<Option<RoleDefinition>> {
        if let Some(role) = BuiltInRole::find(id) {
            return Ok(Some(role.into()));
        }
        Ok(self.store.read(move |tx| Box::pin(tx.role_definition(id))).await?)
    }

    /// The roles that somebody holds for the whole tenant, for whoever sees memberships of the directory: holding a role is
    /// one (`GRAPH 15.1` R17).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn roles_in_force(&self) -> Answer<BTreeSet<Uuid>> {
        let now = self.now();
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let own = tx.role_definitions().await?.into_iter().map(|role| role.id);
                let all: Vec<Uuid> = BuiltInRole::all().iter().map(|role| role.id).chain(own).collect();
                let mut held: BTreeSet<Uuid> =
                    tx.administrators(None).await?.into_iter().map(|(standing, _)| standing.template).collect();
                held.extend(tx.roles_held_by_anybody(&all, now).await?);
                Ok(held)
            })
        });
        Ok(read.await?)
    }

    /// Who holds a role for the whole tenant now, by id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn holders_of_role(&self, definition: Uuid) -> Answer<BTreeSet<PrincipalId>> {
        let now = self.now();
        let read = self.store.read(move |tx| Box::pin(async move { assigned::holders(tx, definition, now).await }));
        Ok(read.await?)
    }

    /// Who holds which directory role now, a page by line. An application sees all; a person without a reader role sees his
    /// or her own (`GRAPH 7`, `GRAPH 17.2`).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_assignments(&self, actor: &Actor, list: ListAssignments) -> Answer<Page<RoleAssignment, Uuid>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, list) = (actor.clone(), list.clone());
            Box::pin(async move { assigned::page(tx, &actor, &list, now).await })
        });
        Ok(read.await?)
    }

    /// What these hold, as far as the caller may see it, by role.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_assignments_of(
        &self,
        actor: &Actor,
        holders: BTreeSet<PrincipalId>,
    ) -> Answer<Vec<RoleAssignment>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, holders) = (actor.clone(), holders.clone());
            Box::pin(async move { assigned::of_holders(tx, &actor, &holders, now).await })
        });
        Ok(read.await?)
    }

    /// Is this held now, as far as the caller may see it?
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn is_role_assigned(&self, actor: &Actor, assignment: RoleAssignment) -> Answer<bool> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, assignment) = (actor.clone(), assignment.clone());
            Box::pin(async move { assigned::is_held(tx, &actor, &assignment, now).await })
        });
        Ok(read.await?)
    }
}
