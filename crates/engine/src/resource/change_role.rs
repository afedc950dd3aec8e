//! Roles of one's own: made, changed and deleted by whoever may at every scope they can be given at (`ARM 6.3`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    resource::{MAX_NAME, MAX_TEXT, Permission, ResourceRefusal, ResourceRole},
    scope::{ArmScope, ArmScopeKind},
    text::is_plain,
};
use ephor_store::tx::lock::Lock;
use uuid::Uuid;

use super::{
    rights::{Rights, action, author, locate},
    tree::{At, known},
};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    schedule::resource::is_role_scheduled,
};

/// Most scopes of one role.
const MOST_SCOPES: usize = 2_000;

/// Makes a role, or changes it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutResourceRole {
    /// Where the call addresses it.
    pub scope: ArmScope,
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Vec<Permission>,
    /// Where it can be given.
    pub assignable: Vec<ArmScope>,
}

/// Deletes a role that nobody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteResourceRole {
    /// Where the call addresses it.
    pub scope: ArmScope,
    /// Which.
    pub id: Uuid,
}

impl PutResourceRole {
    fn check(&self) -> Result<(), ResourceRefusal> {
        let invalid = |rule| Err(ResourceRefusal::Invalid(rule));
        let characters = self.name.chars().count();
        if characters == 0 || characters > MAX_NAME || self.name.chars().any(char::is_control) {
            return invalid("the name of a role has 1 to 512 characters on one line");
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT) {
            return invalid("the description is too long");
        }
        let conditions = self.permissions.iter().flat_map(|one| [&one.condition, &one.condition_version]);
        if !conditions.chain([&self.description]).flatten().all(|text| is_plain(text)) {
            return invalid("a text holds a control character");
        }
        if self.assignable.is_empty() || self.assignable.len() > MOST_SCOPES {
            return invalid("a role can be given at 1 to 2,000 scopes");
        }
        if self.assignable.iter().any(|scope| *scope.kind() == ArmScopeKind::Root) {
            return invalid("a role made here cannot be given at the root");
        }
        Permission::check_all(&self.permissions)
    }
}

impl Command for PutResourceRole {
    type Output = At<ResourceRole>;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Self::Output> {
        self.check().map_err(Refusal::from)?;
        let scope = known(desk.tx, &self.scope).await?;
        if ResourceRole::find_built_in(self.id).is_some() {
            return Err(Refusal::from(ResourceRefusal::BuiltInRole).into());
        }
        let before = desk.tx.resource_role(self.id).await?;
        let mut wanted = Vec::new();
        for place in &self.assignable {
            wanted.push(known(desk.tx, place).await?);
        }
        let there = before.iter().flat_map(|role| &role.assignable);
        let everywhere: Vec<ArmScope> = there.chain(&wanted).cloned().collect();
        require_everywhere(desk, &everywhere, action::WRITE_ROLES).await?;
        let is_taken = |known: &ResourceRole| known.name.to_lowercase() == self.name.to_lowercase();
        let own = desk.tx.resource_role_named(&self.name).await?.is_some_and(|known| known.id != self.id);
        if own || ResourceRole::built_in().any(is_taken) {
            return Err(Refusal::from(ResourceRefusal::RoleNameTaken).into());
        }
        let (now, caller) = (desk.now(), author(desk.administrator()));
        let role = ResourceRole {
            id: self.id,
            name: self.name,
            description: self.description,
            built_in: false,
            permissions: self.permissions,
            assignable: wanted,
            created: before.as_ref().map_or(now, |role| role.created),
            updated: now,
            created_by: before.as_ref().map_or(caller, |role| role.created_by),
            updated_by: caller,
        };
        let event = match before {
            Some(_) => {
                desk.tx.update_resource_role(&role).await?;
                events::ROLE_CHANGED
            }
            None => {
                desk.tx.insert_resource_role(&role).await?;
                events::ROLE_CREATED
            }
        };
        let id = role.id;
        desk.changed(event, Subject::NONE, |record| record.detail("resource_role", id));
        Ok(At { scope, found: role })
    }
}

impl Command for DeleteResourceRole {
    type Output = Option<At<ResourceRole>>;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Self::Output> {
        let scope = known(desk.tx, &self.scope).await?;
        if ResourceRole::find_built_in(self.id).is_some() {
            return Err(Refusal::from(ResourceRefusal::BuiltInRole).into());
        }
        let Some(role) = desk.tx.resource_role(self.id).await? else {
            require_everywhere(desk, std::slice::from_ref(&scope), action::DELETE_ROLES).await?;
            return Ok(None);
        };
        require_everywhere(desk, &role.assignable, action::DELETE_ROLES).await?;
        if desk.tx.is_role_assigned(role.id).await? || is_role_scheduled(desk.tx, role.id).await? {
            return Err(Refusal::from(ResourceRefusal::RoleInUse).into());
        }
        desk.tx.delete_resource_role(role.id).await?;
        desk.changed(events::ROLE_DELETED, Subject::NONE, |record| record.detail("resource_role", role.id));
        Ok(Some(At { scope, found: role }))
    }
}

/// # Errors
/// [`ResourceRefusal::NotAuthorized`] for the first scope at which the caller may not.
async fn require_everywhere(desk: &mut Desk<'_>, scopes: &[ArmScope], action: &str) -> Answer<()> {
    let Some(caller) = desk.administrator() else { return Ok(()) };
    let now = desk.now();
    let rights = Rights::of(desk.tx, caller, now).await?;
    for scope in scopes {
        let (_, chain) = locate(desk.tx, &rights, scope, action).await?;
        rights.require(desk.tx, &chain, action).await?;
    }
    Ok(())
}
