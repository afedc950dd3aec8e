//! Targets: directories that enforce.

use ephor_domain::id::TargetId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Tx, code, fold};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// What is done about changes that others made at a target (R6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are reported.
    ReportOnly,
    /// They are corrected.
    Authoritative,
}

/// A target.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Key.
    pub id: TargetId,
    /// Unique name.
    pub name: String,
    /// `built-in`, `ldap`, `active-directory`, `scim`.
    pub kind: String,
    /// JSON that the kind understands; without secrets.
    pub config: String,
    /// Sealed secret of the connection.
    pub secret: Option<Vec<u8>>,
    /// What is done about foreign changes.
    pub mode: Mode,
    /// The directory inside this store: effects are confirmed in the commit.
    pub built_in: bool,
    /// Its self-test found that it cannot be written to (R7).
    pub unwritable: bool,
    /// JSON of the last self-test and its instant.
    pub health: Option<(String, Timestamp)>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

static LIST: Statement = Statement::new(
    "target.list",
    "SELECT id, name, kind, config, secret, mode, built_in, unwritable, health, health_at FROM target \
     ORDER BY name_key, id",
);

static READ: Statement = Statement::new(
    "target.read",
    "SELECT id, name, kind, config, secret, mode, built_in, unwritable, health, health_at FROM target WHERE id = $1",
);

static INSERT: Statement = Statement::new(
    "target.insert",
    "INSERT INTO target (id, name, name_key, kind, config, secret, mode, built_in, unwritable, health, health_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
);

static UPDATE: Statement = Statement::new(
    "target.update",
    "UPDATE target SET name = $2, name_key = $3, kind = $4, config = $5, secret = $6, mode = $7, built_in = $8 \
     WHERE id = $1",
);

static PUT_HEALTH: Statement =
    Statement::new("target.put_health", "UPDATE target SET unwritable = $2, health = $3, health_at = $4 WHERE id = $1");

static IN_USE: Statement =
    Statement::new("target.in_use", "SELECT EXISTS (SELECT 1 FROM access_group c WHERE c.target = $1)");

static DELETE_ACCOUNTS: Statement = Statement::new("target.delete_accounts", "DELETE FROM account WHERE target = $1");

static DELETE: Statement = Statement::new("target.delete", "DELETE FROM target WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] =
    &[&LIST, &READ, &INSERT, &UPDATE, &PUT_HEALTH, &IN_USE, &DELETE_ACCOUNTS, &DELETE];

impl Tx {
    /// A target.
    ///
    /// # Errors
    /// As any statement.
    pub async fn target(&mut self, id: TargetId) -> Result<Option<Target>, Fault> {
        let found = self.first("target", &READ, vec![id.into()]).await?;
        found.map(|mut row| target(&mut row)).transpose()
    }

    /// All targets, by name. There are few.
    ///
    /// # Errors
    /// As any statement.
    pub async fn targets(&mut self) -> Result<Vec<Target>, Fault> {
        self.all("target", &LIST, vec![], target).await
    }

    /// Stores a new target.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `target_name` when the name is taken.
    pub async fn insert_target(&mut self, target: &Target) -> Result<(), Fault> {
        let (health, at) = target.health.clone().unzip();
        let values = [values(target), vec![target.unwritable.into(), health.into(), at.into()]].concat();
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores a changed target, all but its health; false when it is not there.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `target_name` when the name is taken.
    pub async fn update_target(&mut self, target: &Target) -> Result<bool, Fault> {
        self.configure(&UPDATE, values(target)).await
    }

    /// Stores what a self-test found.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_target_health(
        &mut self,
        id: TargetId,
        unwritable: bool,
        health: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let values = vec![id.into(), unwritable.into(), health.into(), at.into()];
        self.session.exec(&PUT_HEALTH, values).await.map(drop)
    }

    /// Deletes a target without groups; false when it is not there or in use.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_target(&mut self, id: TargetId) -> Result<bool, Fault> {
        let is_used = self.first("target", &IN_USE, vec![id.into()]).await?;
        if is_used.map_or(Ok(false), |mut row| row.bool("in_use"))? {
            return Ok(false);
        }
        self.session.exec(&DELETE_ACCOUNTS, vec![id.into()]).await?;
        self.configure(&DELETE, vec![id.into()]).await
    }
}

fn values(target: &Target) -> Vec<Value> {
    vec![
        target.id.into(),
        target.name.as_str().into(),
        fold(&target.name).into(),
        target.kind.as_str().into(),
        target.config.as_str().into(),
        target.secret.clone().into(),
        code::of(target.mode),
        target.built_in.into(),
    ]
}

fn target(row: &mut Reader) -> Result<Target, Fault> {
    Ok(Target {
        id: row.id("id")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        config: row.text("config")?,
        secret: row.bytes_or_null("secret")?,
        mode: code::read(row, "mode")?,
        built_in: row.bool("built_in")?,
        unwritable: row.bool("unwritable")?,
        health: row.text_or_null("health")?.zip(row.instant_or_null("health_at")?),
    })
}
