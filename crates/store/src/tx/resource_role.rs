//! Roles for resources that were made here. The built-in ones are data of the domain.

use ephor_domain::resource::ResourceRole;
use uuid::Uuid;

use super::{Tx, fold, row};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

static LIST: Statement = Statement::new(
    "resource_role.list",
    "SELECT id, name, description, permissions, assignable, created, updated, created_by, updated_by \
     FROM resource_role ORDER BY id LIMIT 10000",
);
static READ: Statement = Statement::new(
    "resource_role.read",
    "SELECT id, name, description, permissions, assignable, created, updated, created_by, updated_by \
     FROM resource_role WHERE id = $1",
);
static NAMED: Statement = Statement::new(
    "resource_role.named",
    "SELECT id, name, description, permissions, assignable, created, updated, created_by, updated_by \
     FROM resource_role WHERE name_key = $1",
);
static INSERT: Statement = Statement::new(
    "resource_role.insert",
    "INSERT INTO resource_role (id, name, name_key, description, permissions, assignable, created, updated, \
     created_by, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);
static UPDATE: Statement = Statement::new(
    "resource_role.update",
    "UPDATE resource_role SET name = $2, name_key = $3, description = $4, permissions = $5, assignable = $6, \
     updated = $7, updated_by = $8 WHERE id = $1",
);
static DELETE: Statement = Statement::new("resource_role.delete", "DELETE FROM resource_role WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&LIST, &READ, &NAMED, &INSERT, &UPDATE, &DELETE];

impl Tx {
    /// The roles made here, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn resource_roles(&mut self) -> Result<Vec<ResourceRole>, Fault> {
        self.all("resource_role", &LIST, vec![], role).await
    }

    /// A role made here.
    ///
    /// # Errors
    /// As any statement.
    pub async fn resource_role(&mut self, id: Uuid) -> Result<Option<ResourceRole>, Fault> {
        let found = self.first("resource_role", &READ, vec![id.into()]).await?;
        found.map(|mut row| role(&mut row)).transpose()
    }

    /// The role made here with this name, case-blind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn resource_role_named(&mut self, name: &str) -> Result<Option<ResourceRole>, Fault> {
        let found = self.first("resource_role", &NAMED, vec![fold(name).into()]).await?;
        found.map(|mut row| role(&mut row)).transpose()
    }

    /// Stores a new role.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `resource_role_name` when the name is taken.
    pub async fn insert_resource_role(&mut self, role: &ResourceRole) -> Result<(), Fault> {
        let mut values = vec![role.id.into()];
        values.extend(changeable(role)?);
        values.extend([
            role.created.into(),
            role.updated.into(),
            Value::from(role.created_by),
            Value::from(role.updated_by),
        ]);
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores a changed role; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_resource_role`](Self::insert_resource_role).
    pub async fn update_resource_role(&mut self, role: &ResourceRole) -> Result<bool, Fault> {
        let mut values = vec![role.id.into()];
        values.extend(changeable(role)?);
        values.extend([role.updated.into(), Value::from(role.updated_by)]);
        self.configure(&UPDATE, values).await
    }

    /// Deletes a role; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_resource_role(&mut self, id: Uuid) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![id.into()]).await
    }
}

fn changeable(role: &ResourceRole) -> Result<[Value; 5], Fault> {
    Ok([
        role.name.as_str().into(),
        fold(&role.name).into(),
        role.description.clone().into(),
        row::json(&role.permissions)?.into(),
        row::json(&role.assignable)?.into(),
    ])
}

fn role(row: &mut Reader) -> Result<ResourceRole, Fault> {
    let id = row.uuid("id")?;
    let (name, description) = (row.text("name")?, row.text_or_null("description")?);
    let permissions = serde_json::from_str(&row.text("permissions")?).map_err(|_| row.fault("permissions"))?;
    let assignable = serde_json::from_str(&row.text("assignable")?).map_err(|_| row.fault("assignable"))?;
    Ok(ResourceRole {
        id,
        name,
        description,
        built_in: false,
        permissions,
        assignable,
        created: row.instant("created")?,
        updated: row.instant("updated")?,
        created_by: row.uuid_or_null("created_by")?,
        updated_by: row.uuid_or_null("updated_by")?,
    })
}
