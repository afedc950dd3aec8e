//! Role definitions of one's own: made, changed and deleted by those who administer directory roles (`GRAPH 7` D2 to D5).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    directory::{BuiltInRole, RoleDefinition, RolePermission, reader::administers_roles},
    entitlement::EntitlementKey,
    policy::Kind,
    provider::Provider,
    scope::DirectoryScope,
    text::Name,
};
use ephor_store::tx::{line::Lines, lock::Lock};
use uuid::Uuid;

use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Most actions of one definition, and most characters of each text in it.
const MOST_ACTIONS: usize = 2000;
const LONGEST_TEXT: usize = 1024;

const UNKNOWN: Refusal = Refusal::NotFound { what: "role definition" };
const BUILT_IN: Refusal = Refusal::Invalid { field: "role", rule: "a built-in role cannot be changed" };

/// App roles by which an application administers directory roles.
pub(super) const GIVEN: [&str; 1] = ["RoleManagement.ReadWrite.Directory"];
/// The same for definitions alone.
const GIVEN_DEFINITIONS: [&str; 2] = ["RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"];

/// # Errors
/// [`Refusal::NotAdministrator`] for everybody who does not administer directory roles; [`Refusal::PersonRequired`].
pub(super) async fn require(desk: &mut Desk<'_>, given: &[&str]) -> Answer<()> {
    if administers_roles(&desk.directory_roles().await?) || desk.is_given(given).await? {
        return Ok(());
    }
    Err(Refusal::NotAdministrator.into())
}

/// Makes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRoleDefinition {
    /// Its name.
    pub name: String,
    /// What copies of it in other tenants have in common; a fresh one when absent.
    pub template: Option<Uuid>,
    /// The rest of it.
    pub rest: RolePatch,
}

/// What of a role is to be changed; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePatch {
    /// Display name.
    pub name: Option<String>,
    /// Description; `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// May be used.
    pub enabled: Option<bool>,
    /// Free text; `Some(None)` takes it away.
    pub version: Option<Option<String>>,
    /// What it allows.
    pub permissions: Option<Vec<RolePermission>>,
}

impl RolePatch {
    fn apply(self, role: &mut RoleDefinition) -> Result<(), Refusal> {
        if let Some(name) = self.name {
            let unfit = |_| Refusal::Invalid { field: "displayName", rule: "1 to 256 characters on one line" };
            role.name = Name::parse(&name).map_err(unfit)?.as_str().to_owned();
        }
        if let Some(description) = self.description {
            role.description = bounded("description", description)?;
        }
        if let Some(enabled) = self.enabled {
            role.enabled = enabled;
        }
        if let Some(version) = self.version {
            role.version = bounded("version", version)?;
        }
        if let Some(permissions) = self.permissions {
            role.permissions = permissions;
        }
        let actions = |permission: &RolePermission| {
            let excluded = permission.excluded_resource_actions.iter().flatten().count();
            permission.allowed_resource_actions.len() + excluded
        };
        let texts = role.permissions.iter().flat_map(|permission| {
            let excluded = permission.excluded_resource_actions.iter().flatten();
            permission.allowed_resource_actions.iter().chain(excluded).chain(&permission.condition)
        });
        if role.permissions.is_empty() {
            return Err(Refusal::Invalid { field: "rolePermissions", rule: "must not be empty" });
        }
        if role.permissions.iter().map(actions).sum::<usize>() > MOST_ACTIONS
            || texts.into_iter().any(|text| text.chars().count() > LONGEST_TEXT)
        {
            return Err(Refusal::Invalid { field: "rolePermissions", rule: "too many actions, or too long ones" });
        }
        Ok(())
    }
}

fn bounded(field: &'static str, text: Option<String>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.chars().count() > LONGEST_TEXT => {
            Err(Refusal::Invalid { field, rule: "at most 1,024 characters" })
        }
        other => Ok(other),
    }
}

impl Command for CreateRoleDefinition {
    type Output = RoleDefinition;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<RoleDefinition> {
        require(desk, &GIVEN_DEFINITIONS).await?;
        let id = desk.derived_id("role-definition", Uuid::nil());
        let mut role = RoleDefinition {
            id,
            template: self.template.unwrap_or(id),
            name: String::new(),
            description: None,
            built_in: false,
            enabled: true,
            privileged: false,
            version: None,
            permissions: Vec::new(),
        };
        RolePatch { name: Some(self.name), ..self.rest }.apply(&mut role)?;
        let is_taken = |known: &BuiltInRole| known.id == role.template || known.name.eq_ignore_ascii_case(&role.name);
        if BuiltInRole::all().iter().any(is_taken) {
            return Err(Refusal::Conflict { what: "the name or template of the role" }.into());
        }
        desk.tx.insert_role_definition(&role, desk.now()).await?;
        desk.changed(events::ROLE_CREATED, Subject::NONE, |record| record.detail("definition", id.to_string()));
        Ok(role)
    }
}

/// Changes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRoleDefinition {
    /// Which.
    pub id: Uuid,
    /// What of it.
    pub patch: RolePatch,
}

impl Command for ChangeRoleDefinition {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        require(desk, &GIVEN_DEFINITIONS).await?;
        let mut role = own(desk, self.id).await?;
        self.patch.apply(&mut role)?;
        if BuiltInRole::all().iter().any(|known| known.name.eq_ignore_ascii_case(&role.name)) {
            return Err(Refusal::Conflict { what: "the name of the role" }.into());
        }
        desk.tx.update_role_definition(&role).await?;
        desk.changed(events::ROLE_CHANGED, Subject::NONE, |record| record.detail("definition", self.id.to_string()));
        Ok(())
    }
}

/// Deletes a role that nobody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRoleDefinition {
    /// Which.
    pub id: Uuid,
}

impl Command for DeleteRoleDefinition {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        require(desk, &GIVEN_DEFINITIONS).await?;
        let role = own(desk, self.id).await?;
        if !desk.tx.administrators(Some(role.id)).await?.is_empty() {
            return Err(Refusal::InUse { what: "role", by: "an assignment" }.into());
        }
        for kind in [Kind::Eligibility, Kind::Assignment] {
            let which = Lines::Definition(role.id);
            if !desk.tx.lines(Provider::DirectoryRoles, kind, &which, None, 1).await?.is_empty() {
                return Err(Refusal::InUse { what: "role", by: "a schedule" }.into());
            }
        }
        desk.tx.delete_role_definition(role.id).await?;
        let key = EntitlementKey::DirectoryRole { definition: role.id, scope: DirectoryScope::Tenant };
        desk.tx.delete_policy(key.id()).await?;
        desk.changed(events::ROLE_DELETED, Subject::NONE, |record| record.detail("definition", role.id.to_string()));
        Ok(())
    }
}

/// A role that is not the same everywhere.
async fn own(desk: &mut Desk<'_>, id: Uuid) -> Answer<RoleDefinition> {
    if BuiltInRole::find(id).is_some() {
        return Err(BUILT_IN.into());
    }
    Ok(desk.tx.role_definition(id).await?.ok_or(UNKNOWN)?)
}
