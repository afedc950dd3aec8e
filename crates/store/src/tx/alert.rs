//! What scans for alerts found, and how alerts were set.

use ephor_domain::{
    alert::{AlertKind, AlertSettings},
    id::PrincipalId,
    request::Action,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Tx, code,
    directory::{AT_ONCE, filled},
};
use crate::{
    Fault,
    sql::{Op, Reader, Statement, Value},
};

/// An alert at a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// What is looked for.
    pub kind: AlertKind,
    /// How it was set.
    pub settings: AlertSettings,
    /// Something was found, and nobody has dismissed it since.
    pub active: bool,
    /// How much was found.
    pub incidents: u64,
    /// When it changed.
    pub modified: Option<Timestamp>,
    /// When somebody ordered the last scan.
    pub ordered: Option<Timestamp>,
    /// When it was last looked for.
    pub scanned: Option<Timestamp>,
}

impl AlertRow {
    /// An alert that nobody has touched.
    #[must_use]
    pub fn untouched(kind: AlertKind) -> Self {
        let settings = AlertSettings::default();
        Self { kind, settings, active: false, incidents: 0, modified: None, ordered: None, scanned: None }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Stable from scan to scan.
    pub id: String,
    /// What it is about: a JSON object.
    pub facts: String,
}

static LIST: Statement = Statement::new(
    "alert.list",
    "SELECT kind, settings, active, incidents, modified, ordered, scanned FROM alert \
     WHERE provider = $1 AND scope = $2 ORDER BY kind",
);
static SCOPES: Statement = Statement::new(
    "alert.scopes",
    "SELECT DISTINCT scope FROM alert WHERE provider = $1 AND scope > $2 ORDER BY scope LIMIT $3",
);
static INCIDENT: Statement = Statement::new(
    "alert.incident",
    "SELECT id, facts FROM alert_incident WHERE provider = $1 AND scope = $2 AND kind = $3 AND id = $4",
);
static INCIDENTS_AFTER: Statement = Statement::new(
    "alert.incidents_after",
    "SELECT id, facts FROM alert_incident WHERE provider = $1 AND scope = $2 AND kind = $3 AND id > $4 \
     ORDER BY id LIMIT $5",
);
static PUT: Statement = Statement::new(
    "alert.put",
    "INSERT INTO alert (provider, scope, kind, settings, active, incidents, modified, ordered, scanned) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (provider, scope, kind) DO UPDATE SET \
     settings = excluded.settings, active = excluded.active, incidents = excluded.incidents, \
     modified = excluded.modified, ordered = excluded.ordered, scanned = excluded.scanned",
);
static INCIDENTS: Statement = Statement::new(
    "alert.incidents",
    "SELECT id, facts FROM alert_incident WHERE provider = $1 AND scope = $2 AND kind = $3 ORDER BY id LIMIT 10000",
);
static PUT_INCIDENT: Statement = Statement::new(
    "alert.put_incident",
    "INSERT INTO alert_incident (provider, scope, kind, id, facts) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (provider, scope, kind, id) DO UPDATE SET facts = excluded.facts",
);
static DROP_INCIDENT: Statement = Statement::new(
    "alert.drop_incident",
    "DELETE FROM alert_incident WHERE provider = $1 AND scope = $2 AND kind = $3 AND id = $4",
);
static SIGNED_IN: Statement = Statement::new(
    "last_sign_in.put",
    "INSERT INTO last_sign_in (principal, at) VALUES ($1, $2) ON CONFLICT (principal) DO UPDATE SET at = excluded.at \
     WHERE last_sign_in.at < excluded.at",
);
static LAST_SIGN_INS: Statement = Statement::new(
    "last_sign_in.of",
    "SELECT principal, at FROM last_sign_in \
     WHERE principal IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
);

static LAST_ACTIVATION: Statement = Statement::new(
    "alert.last_activation",
    "SELECT max(r.created) FROM schedule_order o JOIN request r ON r.id = o.request WHERE o.line = $1 AND r.action = $2",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &LIST,
    &SCOPES,
    &INCIDENT,
    &INCIDENTS_AFTER,
    &PUT,
    &INCIDENTS,
    &PUT_INCIDENT,
    &DROP_INCIDENT,
    &SIGNED_IN,
    &LAST_SIGN_INS,
    &LAST_ACTIVATION,
];

fn place(kind: AlertKind, scope: &str) -> Vec<Value> {
    vec![code::of(kind.provider()), scope.into(), kind.word().into()]
}

impl Tx {
    /// The alerts of a provider at a scope that somebody has touched or that were scanned.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alerts(
        &mut self,
        provider: ephor_domain::provider::Provider,
        scope: &str,
    ) -> Result<Vec<AlertRow>, Fault> {
        self.all("alert", &LIST, vec![code::of(provider), scope.into()], alert).await
    }

    /// Stores an alert in place of the one before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_alert(&mut self, scope: &str, row: &AlertRow) -> Result<(), Fault> {
        let settings =
            serde_json::to_string(&row.settings).map_err(|error| Fault::Misuse { cause: error.to_string() })?;
        let mut values = place(row.kind, scope);
        values.extend([
            settings.into(),
            row.active.into(),
            row.incidents.into(),
            row.modified.into(),
            row.ordered.into(),
            row.scanned.into(),
        ]);
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// What was found, by id; the first ten thousand.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_incidents(&mut self, kind: AlertKind, scope: &str) -> Result<Vec<IncidentRow>, Fault> {
        self.all("alert_incident", &INCIDENTS, place(kind, scope), incident).await
    }

    /// What was found, by id, after one of them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_incidents_after(
        &mut self,
        kind: AlertKind,
        scope: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, Fault> {
        let mut values = place(kind, scope);
        values.extend([after.into(), limit.into()]);
        self.all("alert_incident", &INCIDENTS_AFTER, values, incident).await
    }

    /// One thing that was found.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_incident(
        &mut self,
        kind: AlertKind,
        scope: &str,
        id: &str,
    ) -> Result<Option<IncidentRow>, Fault> {
        let mut values = place(kind, scope);
        values.push(id.into());
        self.first("alert_incident", &INCIDENT, values).await?.map(|mut row| incident(&mut row)).transpose()
    }

    /// Scopes at which a provider's alerts were touched or scanned, in order, after one of them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn alert_scopes(
        &mut self,
        provider: ephor_domain::provider::Provider,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, Fault> {
        let values = vec![code::of(provider), after.into(), limit.into()];
        self.all("alert", &SCOPES, values, |row| row.text("scope")).await
    }

    /// Stores something that was found.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_alert_incident(
        &mut self,
        kind: AlertKind,
        scope: &str,
        incident: &IncidentRow,
    ) -> Result<(), Fault> {
        let mut values = place(kind, scope);
        values.extend([incident.id.as_str().into(), incident.facts.as_str().into()]);
        self.session.exec(&PUT_INCIDENT, values).await.map(drop)
    }

    /// Forgets something that was found; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn drop_alert_incident(&mut self, kind: AlertKind, scope: &str, id: &str) -> Result<bool, Fault> {
        let mut values = place(kind, scope);
        values.push(id.into());
        Ok(self.session.exec(&DROP_INCIDENT, values).await? > 0)
    }

    /// When each of these lines of assignments was last activated.
    ///
    /// # Errors
    /// As any statement.
    pub async fn last_activations(&mut self, lines: &[Uuid]) -> Result<Vec<Option<Timestamp>>, Fault> {
        let values = lines.iter().map(|line| vec![(*line).into(), code::of(Action::SelfActivate)]).collect();
        let answers = self.session.many(&LAST_ACTIVATION, values).await?;
        let last = answers.into_iter().map(|rows| match rows.into_iter().next() {
            Some(row) => Reader::new("request", row).instant_or_null("created"),
            None => Ok(None),
        });
        last.collect()
    }

    /// When these last signed in; those who never did are left out.
    ///
    /// # Errors
    /// As any statement.
    pub async fn last_sign_ins(&mut self, of: &[PrincipalId]) -> Result<Vec<(PrincipalId, Timestamp)>, Fault> {
        let mut found = Vec::new();
        for some in of.chunks(AT_ONCE) {
            let values = filled(some.iter().map(|id| id.uuid()));
            let read = |row: &mut Reader| Ok((row.id("principal")?, row.instant("at")?));
            found.extend(self.all("last_sign_in", &LAST_SIGN_INS, values, read).await?);
        }
        Ok(found)
    }
}

/// Notes that somebody signed in.
pub(super) fn signed_in(principal: PrincipalId, at: Timestamp) -> Op {
    Op::Run(SIGNED_IN.with([principal.into(), at.into()]))
}

fn incident(row: &mut Reader) -> Result<IncidentRow, Fault> {
    Ok(IncidentRow { id: row.text("id")?, facts: row.text("facts")? })
}

fn alert(row: &mut Reader) -> Result<AlertRow, Fault> {
    let kind = AlertKind::from_word(&row.text("kind")?).ok_or_else(|| row.fault("kind"))?;
    let settings = serde_json::from_str(&row.text("settings")?).map_err(|_| row.fault("settings"))?;
    Ok(AlertRow {
        kind,
        settings,
        active: row.bool("active")?,
        incidents: row.count("incidents")?,
        modified: row.instant_or_null("modified")?,
        ordered: row.instant_or_null("ordered")?,
        scanned: row.instant_or_null("scanned")?,
    })
}
