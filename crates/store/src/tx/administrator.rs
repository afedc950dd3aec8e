//! Standing assignments of administrator roles (seams §14).

use ephor_domain::{id::PrincipalId, principal::Principal};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, row};
use crate::{Fault, sql::Statement};

/// A standing administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Who.
    pub principal: PrincipalId,
    /// Template id of the directory role.
    pub template: Uuid,
    /// When it was given.
    pub created: Timestamp,
    /// Who gave it.
    pub created_by: Option<PrincipalId>,
}

static ROLES: Statement =
    Statement::new("administrator.roles", "SELECT template FROM administrator WHERE principal = $1 ORDER BY template");

static LIST: Statement = Statement::new(
    "administrator.list",
    concat!(
        "SELECT d.principal, d.template, d.created, d.created_by, ",
        row::principal_columns!(),
        " FROM administrator d JOIN principal p ON p.id = d.principal ORDER BY d.template, d.principal"
    ),
);

static OF_TEMPLATE: Statement = Statement::new(
    "administrator.of_template",
    concat!(
        "SELECT d.principal, d.template, d.created, d.created_by, ",
        row::principal_columns!(),
        " FROM administrator d JOIN principal p ON p.id = d.principal WHERE d.template = $1 ORDER BY d.principal"
    ),
);

static ENABLED: Statement = Statement::new(
    "administrator.enabled",
    "SELECT count(*) FROM administrator d JOIN principal p ON p.id = d.principal WHERE d.template = $1 AND p.enabled AND p.kind = 0",
);

static INSERT: Statement = Statement::new(
    "administrator.insert",
    "INSERT INTO administrator (principal, template, created, created_by) VALUES ($1, $2, $3, $4)",
);

static DELETE: Statement =
    Statement::new("administrator.delete", "DELETE FROM administrator WHERE principal = $1 AND template = $2");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&ROLES, &LIST, &OF_TEMPLATE, &ENABLED, &INSERT, &DELETE];

impl Tx {
    /// Template ids of the administrator roles that a principal holds.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrator_roles(&mut self, principal: PrincipalId) -> Result<Vec<Uuid>, Fault> {
        self.all("administrator", &ROLES, vec![principal.into()], |row| row.uuid("template")).await
    }

    /// All administrators, or those of one template, with their accounts.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrators(&mut self, template: Option<Uuid>) -> Result<Vec<(Administrator, Principal)>, Fault> {
        let (statement, values) = match template {
            Some(template) => (&OF_TEMPLATE, vec![template.into()]),
            None => (&LIST, vec![]),
        };
        self.all("administrator", statement, values, |row| {
            let administrator = Administrator {
                principal: row.id("principal")?,
                template: row.uuid("template")?,
                created: row.instant("created")?,
                created_by: row.id_or_null("created_by")?,
            };
            Ok((administrator, row::principal(row)?))
        })
        .await
    }

    /// Number of people with an enabled account that hold a template.
    ///
    /// # Errors
    /// As any statement.
    pub async fn enabled_administrators(&mut self, template: Uuid) -> Result<u64, Fault> {
        let found = self.first("administrator", &ENABLED, vec![template.into()]).await?;
        found.map_or(Ok(0), |mut row| row.count("count"))
    }

    /// Makes an administrator.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `administrator` when he is one already.
    pub async fn insert_administrator(&mut self, administrator: &Administrator) -> Result<(), Fault> {
        let values = vec![
            administrator.principal.into(),
            administrator.template.into(),
            administrator.created.into(),
            administrator.created_by.into(),
        ];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Ends an administrator's assignment; false when there was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_administrator(&mut self, principal: PrincipalId, template: Uuid) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![principal.into(), template.into()]).await
    }
}
