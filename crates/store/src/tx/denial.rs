//! Deny assignments (`ARM 5`).

use ephor_domain::{resource::Denial, scope::ArmScope};
use jiff::Timestamp;
use uuid::Uuid;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

static AT: Statement = Statement::new(
    "denial.at",
    "SELECT id, scope, name, not_below, permissions, principals, excluded FROM deny_assignment \
     WHERE scope_key = $1 ORDER BY id LIMIT 1000",
);
static READ: Statement = Statement::new(
    "denial.read",
    "SELECT id, scope, name, not_below, permissions, principals, excluded FROM deny_assignment WHERE id = $1",
);
static INSERT: Statement = Statement::new(
    "denial.insert",
    "INSERT INTO deny_assignment (id, scope, scope_key, name, not_below, permissions, principals, excluded, created) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);
static DELETE: Statement = Statement::new("denial.delete", "DELETE FROM deny_assignment WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&AT, &READ, &INSERT, &DELETE];

impl Tx {
    /// Deny assignments at these scopes.
    ///
    /// # Errors
    /// As any statement.
    pub async fn denials_at(&mut self, scopes: &[ArmScope]) -> Result<Vec<Denial>, Fault> {
        let values: Vec<Vec<Value>> = scopes.iter().map(|scope| vec![scope.key().into()]).collect();
        let rows = self.session.many(&AT, values).await?;
        rows.into_iter().flatten().map(|row| denial(&mut Reader::new("deny_assignment", row))).collect()
    }

    /// A deny assignment by its id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn denial(&mut self, id: Uuid) -> Result<Option<Denial>, Fault> {
        self.first("deny_assignment", &READ, vec![id.into()]).await?.map(|mut row| denial(&mut row)).transpose()
    }

    /// Stores a deny assignment.
    ///
    /// # Errors
    /// [`Fault::Conflict`] when its name is taken.
    pub async fn insert_denial(&mut self, denial: &Denial, created: Timestamp) -> Result<(), Fault> {
        let values = vec![
            denial.id.into(),
            denial.scope.as_str().into(),
            denial.scope.key().into(),
            denial.name.as_str().into(),
            denial.not_below.into(),
            super::row::json(&denial.permissions)?.into(),
            super::row::json(&denial.principals)?.into(),
            super::row::json(&denial.excluded)?.into(),
            created.into(),
        ];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Deletes a deny assignment; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_denial(&mut self, id: Uuid) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![id.into()]).await
    }
}

fn denial(row: &mut Reader) -> Result<Denial, Fault> {
    let id = row.uuid("id")?;
    let scope = super::row::scope(row, "scope")?;
    let (name, not_below) = (row.text("name")?, row.bool("not_below")?);
    let permissions = serde_json::from_str(&row.text("permissions")?).map_err(|_| row.fault("permissions"))?;
    let principals = serde_json::from_str(&row.text("principals")?).map_err(|_| row.fault("principals"))?;
    let excluded = serde_json::from_str(&row.text("excluded")?).map_err(|_| row.fault("excluded"))?;
    Ok(Denial { id, name, scope, not_below, permissions, principals, excluded })
}
