//! Directory roles that administrators made. The built-in ones are data of the domain.

use ephor_domain::directory::RoleDefinition;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, fold};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

static LIST: Statement = Statement::new(
    "role_definition.list",
    "SELECT id, template, name, description, enabled, version, permissions FROM role_definition ORDER BY id LIMIT 10000",
);
static READ: Statement = Statement::new(
    "role_definition.read",
    "SELECT id, template, name, description, enabled, version, permissions FROM role_definition WHERE id = $1",
);
static INSERT: Statement = Statement::new(
    "role_definition.insert",
    "INSERT INTO role_definition (id, template, name, name_key, description, enabled, version, permissions, created) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);
static UPDATE: Statement = Statement::new(
    "role_definition.update",
    "UPDATE role_definition SET name = $2, name_key = $3, description = $4, enabled = $5, version = $6, \
     permissions = $7 WHERE id = $1",
);
static DELETE: Statement = Statement::new("role_definition.delete", "DELETE FROM role_definition WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&LIST, &READ, &INSERT, &UPDATE, &DELETE];

impl Tx {
    /// The roles that administrators made, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_definitions(&mut self) -> Result<Vec<RoleDefinition>, Fault> {
        self.all("role_definition", &LIST, vec![], definition).await
    }

    /// A role that an administrator made.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_definition(&mut self, id: Uuid) -> Result<Option<RoleDefinition>, Fault> {
        let found = self.first("role_definition", &READ, vec![id.into()]).await?;
        found.map(|mut row| definition(&mut row)).transpose()
    }

    /// Stores a new role.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `role_definition_name` or `role_definition_template` when one is taken.
    pub async fn insert_role_definition(&mut self, role: &RoleDefinition, created: Timestamp) -> Result<(), Fault> {
        let mut values = vec![role.id.into(), role.template.into()];
        values.extend(changeable(role)?);
        values.push(created.into());
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores a changed role; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_role_definition`](Self::insert_role_definition).
    pub async fn update_role_definition(&mut self, role: &RoleDefinition) -> Result<bool, Fault> {
        let mut values = vec![role.id.into()];
        values.extend(changeable(role)?);
        self.configure(&UPDATE, values).await
    }

    /// Deletes a role; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_role_definition(&mut self, id: Uuid) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![id.into()]).await
    }
}

fn changeable(role: &RoleDefinition) -> Result<[Value; 6], Fault> {
    let permissions =
        serde_json::to_string(&role.permissions).map_err(|error| Fault::Misuse { cause: error.to_string() })?;
    Ok([
        role.name.as_str().into(),
        fold(&role.name).into(),
        role.description.clone().into(),
        role.enabled.into(),
        role.version.clone().into(),
        permissions.into(),
    ])
}

fn definition(row: &mut Reader) -> Result<RoleDefinition, Fault> {
    let (id, template) = (row.uuid("id")?, row.uuid("template")?);
    let (name, description) = (row.text("name")?, row.text_or_null("description")?);
    let (enabled, version) = (row.bool("enabled")?, row.text_or_null("version")?);
    let permissions = serde_json::from_str(&row.text("permissions")?).map_err(|_| row.fault("permissions"))?;
    Ok(RoleDefinition {
        id,
        template,
        name,
        description,
        built_in: false,
        enabled,
        privileged: false,
        version,
        permissions,
    })
}
