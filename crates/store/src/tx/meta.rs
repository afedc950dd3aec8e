//! Settings, the version of the configuration, and small facts of the store.

use ephor_domain::{id::RequestId, pam::Settings};
use jiff::Timestamp;

use super::Tx;
use crate::{
    Fault, Health,
    sql::{Call, Reader, Row, Statement},
};

/// Lets the version of the configuration grow.
pub(crate) static BUMP: Statement =
    Statement::new("config_version.bump", "UPDATE config_version SET version = version + 1 WHERE one = 1");

static VERSION: Statement = Statement::new("config_version.read", "SELECT version FROM config_version WHERE one = 1");

static READ: Statement = Statement::new("meta.read", "SELECT value FROM meta WHERE key = $1");

static PUT: Statement = Statement::new(
    "meta.put",
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

static DELETE: Statement = Statement::new("meta.delete", "DELETE FROM meta WHERE key = $1");

static CALL_STARTED: Statement =
    Statement::new("request.call_started", "SELECT call_started FROM request WHERE id = $1");

static START_CALL: Statement = Statement::new(
    "request.start_call",
    "UPDATE request SET call_started = $2 WHERE id = $1 AND stage = 0 AND call_started IS NULL",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&BUMP, &VERSION, &READ, &PUT, &DELETE, &CALL_STARTED, &START_CALL];

/// Where the PAM settings are kept.
const SETTINGS: &str = "settings.pam";

/// Asks for the PAM settings, together with something else.
pub(super) fn ask_settings() -> Call {
    READ.with([SETTINGS.into()])
}

/// What the answer says.
pub(super) fn read_settings(rows: Vec<Row>) -> Result<Settings, Fault> {
    let Some(row) = rows.into_iter().next() else { return Ok(Settings::default()) };
    let json = Reader::new("meta", row).text("value")?;
    let damaged = |_| Fault::Inconsistent { table: "meta", column: "value", id: SETTINGS.to_owned() };
    serde_json::from_str(&json).map_err(damaged)
}

impl Tx {
    /// The PAM settings; the defaults before they are first set.
    ///
    /// # Errors
    /// As any statement.
    pub async fn settings(&mut self) -> Result<Settings, Fault> {
        let [rows] = self.session.rows_of([ask_settings()]).await?;
        read_settings(rows)
    }

    /// Stores the PAM settings.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_settings(&mut self, settings: &Settings) -> Result<(), Fault> {
        let json = serde_json::to_string(settings).map_err(|error| Fault::Misuse { cause: error.to_string() })?;
        self.configure(&PUT, vec![SETTINGS.into(), json.into()]).await.map(drop)
    }

    /// Grows with each change of roles, groups, users, targets or settings.
    ///
    /// # Errors
    /// As any statement.
    pub async fn config_version(&mut self) -> Result<u64, Fault> {
        let found = self.first("config_version", &VERSION, vec![]).await?;
        found.map_or(Ok(0), |mut row| row.count("version"))
    }

    /// A small fact of the store: tenant, demo mark, node facts.
    ///
    /// # Errors
    /// As any statement.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, Fault> {
        let found = self.first("meta", &READ, vec![key.into()]).await?;
        found.map(|mut row| row.text("value")).transpose()
    }

    /// Stores a small fact, or forgets it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_meta(&mut self, key: &str, value: Option<&str>) -> Result<(), Fault> {
        match value {
            Some(value) => self.session.exec(&PUT, vec![key.into(), value.into()]).await.map(drop),
            None => self.session.exec(&DELETE, vec![key.into()]).await.map(drop),
        }
    }

    /// When the call of a request's challenge started; `None` before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn call_started(&mut self, id: RequestId) -> Result<Option<Timestamp>, Fault> {
        let found = self.first("request", &CALL_STARTED, vec![id.into()]).await?;
        found.map_or(Ok(None), |mut row| row.instant_or_null("call_started"))
    }

    /// Notes that the call of a request's challenge started; false when it had started before or the request does not wait
    /// for it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn start_call(&mut self, id: RequestId, at: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&START_CALL, vec![id.into(), at.into()]).await? > 0)
    }
}

impl Tx {
    /// Writes, so that a commit proves that the store can be written to, and reads its size (F9).
    pub(crate) async fn health(&mut self) -> Result<Health, Fault> {
        let leaves = self.audit_size().await?;
        let bytes = self.session.bytes().await?;
        self.session.prove().await?;
        Ok(Health { bytes, leaves })
    }

    /// What is damaged in the file.
    pub(crate) async fn damages(&mut self) -> Result<Vec<String>, Fault> {
        self.session.damages().await
    }
}
