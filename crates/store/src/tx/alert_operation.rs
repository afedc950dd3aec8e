//! Scans for alerts that somebody ordered, and how far they are.

use ephor_domain::{alert::AlertKind, provider::Provider};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, code};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// An ordered scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertOperation {
    /// What clients ask for it by.
    pub id: Uuid,
    /// Whose rows are looked at.
    pub provider: Provider,
    /// Where.
    pub scope: String,
    /// The one alert that is looked for; `None` is all of them.
    pub kind: Option<AlertKind>,
    /// When it was ordered.
    pub ordered: Timestamp,
    /// When somebody last took it up.
    pub started: Option<Timestamp>,
    /// When it was done.
    pub finished: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, provider, scope, kind, ordered, started, finished"
    };
}

static READ: Statement =
    Statement::new("alert_operation.read", concat!("SELECT ", columns!(), " FROM alert_operation WHERE id = $1"));
static AT: Statement = Statement::new(
    "alert_operation.at",
    concat!(
        "SELECT ",
        columns!(),
        " FROM alert_operation WHERE provider = $1 AND scope = $2 ORDER BY ordered DESC, id DESC LIMIT $3"
    ),
);
static OPEN: Statement = Statement::new(
    "alert_operation.open",
    concat!("SELECT ", columns!(), " FROM alert_operation WHERE finished IS NULL ORDER BY ordered, id LIMIT $1"),
);
static INSERT: Statement = Statement::new(
    "alert_operation.insert",
    "INSERT INTO alert_operation (id, provider, scope, kind, ordered) VALUES ($1, $2, $3, $4, $5)",
);
static TAKE: Statement = Statement::new(
    "alert_operation.take",
    "UPDATE alert_operation SET started = $2 WHERE id = $1 AND finished IS NULL AND (started IS NULL OR started < $3)",
);
static FINISH: Statement =
    Statement::new("alert_operation.finish", "UPDATE alert_operation SET finished = $2 WHERE id = $1");
static FORGET: Statement = Statement::new(
    "alert_operation.forget",
    "DELETE FROM alert_operation WHERE finished IS NOT NULL AND finished < $1",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&READ, &AT, &OPEN, &INSERT, &TAKE, &FINISH, &FORGET];

impl Tx {
    /// An ordered scan by its id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_operation(&mut self, id: Uuid) -> Result<Option<AlertOperation>, Fault> {
        self.first("alert_operation", &READ, vec![id.into()]).await?.map(|mut row| operation(&mut row)).transpose()
    }

    /// The latest scans at a scope, the newest order first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_operations_at(
        &mut self,
        provider: Provider,
        scope: &str,
        limit: u32,
    ) -> Result<Vec<AlertOperation>, Fault> {
        self.all("alert_operation", &AT, vec![code::of(provider), scope.into(), limit.into()], operation).await
    }

    /// Scans that are not done, the oldest order first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_alert_operations(&mut self, limit: u32) -> Result<Vec<AlertOperation>, Fault> {
        self.all("alert_operation", &OPEN, vec![limit.into()], operation).await
    }

    /// Keeps the order of a scan.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_alert_operation(&mut self, one: &AlertOperation) -> Result<(), Fault> {
        let kind = one.kind.map(|kind| kind.word().to_owned());
        let values =
            vec![one.id.into(), code::of(one.provider), one.scope.as_str().into(), kind.into(), one.ordered.into()];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Takes a scan up at `now`, unless it is done or somebody took it up at `since` or later; false when so.
    ///
    /// # Errors
    /// As any statement.
    pub async fn take_alert_operation(&mut self, id: Uuid, now: Timestamp, since: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&TAKE, vec![id.into(), now.into(), since.into()]).await? > 0)
    }

    /// A scan is done.
    ///
    /// # Errors
    /// As any statement.
    pub async fn finish_alert_operation(&mut self, id: Uuid, now: Timestamp) -> Result<(), Fault> {
        self.session.exec(&FINISH, vec![id.into(), now.into()]).await.map(drop)
    }

    /// Forgets scans that were done before `before`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn forget_alert_operations(&mut self, before: Timestamp) -> Result<(), Fault> {
        self.session.exec(&FORGET, vec![before.into()]).await.map(drop)
    }
}

fn operation(row: &mut Reader) -> Result<AlertOperation, Fault> {
    let (id, provider, scope) = (row.uuid("id")?, code::read(row, "provider")?, row.text("scope")?);
    let kind = match row.text_or_null("kind")? {
        Some(word) => Some(AlertKind::from_word(&word).ok_or_else(|| row.fault("kind"))?),
        None => None,
    };
    Ok(AlertOperation {
        id,
        provider,
        scope,
        kind,
        ordered: row.instant("ordered")?,
        started: row.instant_or_null("started")?,
        finished: row.instant_or_null("finished")?,
    })
}
