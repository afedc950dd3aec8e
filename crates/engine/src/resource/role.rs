//! Role definitions as a scope sees them (`ARM 6.3`). Whoever is known may read them.

use ephor_domain::{
    Refusal,
    administration::Right,
    resource::{ResourceRefusal, ResourceRole},
    scope::ArmScope,
};
use ephor_store::{Fault, Tx};
use uuid::Uuid;

use super::{
    rights::{Rights, action, locate},
    tree::{At, chain},
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
};

/// Roles that can be given at a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRolesAt {
    /// Where.
    pub scope: ArmScope,
    /// Those that can be given below it as well.
    pub below: bool,
}

/// One role by its id, if it can be given at a scope, above it or below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRoleNamed {
    /// Where.
    pub scope: ArmScope,
    /// Which.
    pub id: Uuid,
}

impl Query for ResourceRolesAt {
    type Output = At<Vec<ResourceRole>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (scope, line) = place(files, &self.scope).await?;
        let mut found: Vec<ResourceRole> = ResourceRole::built_in().cloned().collect();
        for role in files.tx.resource_roles().await? {
            if role.is_assignable(&line) || self.below && is_above(files.tx, &scope, &role).await? {
                found.push(role);
            }
        }
        Ok(At { scope, found })
    }
}

impl Query for ResourceRoleNamed {
    type Output = At<ResourceRole>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (scope, line) = place(files, &self.scope).await?;
        let unknown = || Refusal::from(ResourceRefusal::NoRole(self.id.to_string()));
        let found = find(files.tx, self.id).await?.ok_or_else(unknown)?;
        if !found.is_assignable(&line) && !is_above(files.tx, &scope, &found).await? {
            return Err(unknown().into());
        }
        Ok(At { scope, found })
    }
}

async fn place(files: &mut Files<'_>, scope: &ArmScope) -> Answer<(ArmScope, Vec<ArmScope>)> {
    let rights = Rights::of(files.tx, files.caller, files.now).await?;
    locate(files.tx, &rights, scope, action::READ_ASSIGNMENTS).await
}

/// The role with this id, built-in or made here.
pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<ResourceRole>, Fault> {
    match ResourceRole::find_built_in(id) {
        Some(role) => Ok(Some(role.clone())),
        None => tx.resource_role(id).await,
    }
}

/// Does the scope lie above one at which the role can be given?
async fn is_above(tx: &mut Tx, scope: &ArmScope, role: &ResourceRole) -> Result<bool, Fault> {
    for assignable in &role.assignable {
        if chain(tx, assignable).await?.contains(scope) {
            return Ok(true);
        }
    }
    Ok(false)
}
