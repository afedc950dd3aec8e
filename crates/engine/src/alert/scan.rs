//! Looking for what alerts are about: pages of rows are read beside the commands, then one commit writes what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ephor_audit::events;
use ephor_domain::{
    administration::{AdministratorRole, Right},
    alert::{AlertKind, AlertSetting, AlertSettings},
    entitlement::EntitlementKey,
    id::PrincipalId,
    principal::{Actor, PrincipalKind},
    provider::Provider,
};
use ephor_store::{
    Tx,
    tx::{administrator::Administrator, alert::AlertRow, lock::Lock},
};
use jiff::{SignedDuration, Timestamp};

use super::{Facts, Incident, TENANT, change::LOCK, require, row};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    engine::Engine,
};

/// Rows read at once.
const PAGE: u32 = 500;
/// Most incidents of one alert that are kept; whoever has more need not see each.
const MOST: usize = 10_000;

/// What was found, by kind; a kind that was looked for and not found has an empty list.
pub(super) type Found = BTreeMap<AlertKind, Vec<Incident>>;

/// Somebody orders a scan.
#[derive(Debug, Clone)]
struct OrderScan {
    only: Option<AlertKind>,
}

impl Command for OrderScan {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(LOCK)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        require(desk).await?;
        let now = desk.now();
        for kind in kinds(self.only) {
            let before = row(desk.tx, kind, TENANT).await?;
            desk.tx.put_alert(TENANT, &AlertRow { ordered: Some(now), ..before }).await?;
            desk.changed(events::ALERT_REFRESHED, Subject::NONE, |record| record.detail("alert", kind.word()));
        }
        Ok(())
    }
}

fn kinds(only: Option<AlertKind>) -> Vec<AlertKind> {
    AlertKind::of(Provider::DirectoryRoles).filter(|kind| only.is_none_or(|only| only == *kind)).collect()
}

/// What a scan found takes the place of what the one before found.
#[derive(Debug, Clone)]
pub(super) struct RecordScan {
    pub(super) found: Found,
}

impl Command for RecordScan {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(LOCK)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        for (kind, found) in self.found {
            record(desk, kind, found).await?;
        }
        Ok(())
    }
}

async fn record(desk: &mut Desk<'_>, kind: AlertKind, found: Vec<Incident>) -> Answer<()> {
    let now = desk.now();
    let before = row(desk.tx, kind, TENANT).await?;
    let known: HashMap<String, String> =
        desk.tx.alert_incidents(kind, TENANT).await?.into_iter().map(|row| (row.id, row.facts)).collect();
    let mut kept = BTreeSet::new();
    for incident in found.iter().take(MOST) {
        let row = incident.row();
        if known.get(&row.id) != Some(&row.facts) {
            desk.tx.put_alert_incident(kind, TENANT, &row).await?;
        }
        kept.insert(row.id);
    }
    for id in known.keys().filter(|id| !kept.contains(*id)) {
        desk.tx.drop_alert_incident(kind, TENANT, id).await?;
    }
    let incidents = u64::try_from(kept.len()).unwrap_or(u64::MAX);
    let active = incidents > 0;
    let has_changed = active != before.active || incidents != before.incidents;
    let after = AlertRow {
        active,
        incidents,
        modified: if has_changed { Some(now) } else { before.modified },
        scanned: Some(now),
        ..before.clone()
    };
    desk.tx.put_alert(TENANT, &after).await?;
    if active && !before.active {
        let count = i64::try_from(incidents).unwrap_or(i64::MAX);
        desk.changed(events::ALERT_RAISED, Subject::NONE, |record| {
            record.detail("alert", kind.word()).detail("incidents", count)
        });
    }
    Ok(())
}

impl Engine {
    /// Scans at somebody's order: for one alert, or for all of directory roles.
    ///
    /// # Errors
    /// [`ephor_domain::Refusal::NotAdministrator`]; faults of the store.
    pub async fn refresh_alerts(&self, actor: &Actor, only: Option<AlertKind>) -> Answer<()> {
        self.administer(actor, OrderScan { only }).await?;
        self.scan_alerts(only).await
    }

    /// Looks for what the alerts of directory roles are about.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn scan_alerts(&self, only: Option<AlertKind>) -> Answer<()> {
        let now = self.now();
        let stored = self.store.read(|tx| Box::pin(tx.alerts(Provider::DirectoryRoles, TENANT))).await?;
        let mut found = Found::new();
        for kind in kinds(only) {
            let settings = stored.iter().find(|row| row.kind == kind).map(|row| row.settings.clone());
            let settings = settings.unwrap_or_default();
            let incidents = if settings.enabled { self.look_for(kind, &settings, now).await? } else { Vec::new() };
            found.insert(kind, incidents);
        }
        self.ordain("alerts", RecordScan { found }).await
    }

    async fn look_for(&self, kind: AlertKind, settings: &AlertSettings, now: Timestamp) -> Answer<Vec<Incident>> {
        match kind {
            AlertKind::NoMfaOnActivation => self.roles_without_mfa().await,
            AlertKind::AssignedOutside => {
                let standing = self.store.read(|tx| Box::pin(standing(tx))).await?;
                Ok(standing.into_iter().map(outside).collect())
            }
            AlertKind::StaleSignIn => {
                let before = before(now, settings.value(kind, AlertSetting::Duration));
                Ok(self.store.read(move |tx| Box::pin(stale(tx, before))).await?)
            }
            AlertKind::TooManyGlobalAdministrators => {
                let standing = self.store.read(|tx| Box::pin(standing(tx))).await?;
                Ok(too_many(settings, &standing))
            }
            AlertKind::InvalidLicense
            | AlertKind::RedundantAssignment
            | AlertKind::SequentialActivations
            | AlertKind::TooManyOwners
            | AlertKind::TooManyPermanentOwners
            | AlertKind::DuplicateRole
            | AlertKind::ResourceAssignedOutside => Ok(Vec::new()),
        }
    }

    /// Only policies that somebody has changed can lack it.
    async fn roles_without_mfa(&self) -> Answer<Vec<Incident>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .store
                .read(move |tx| Box::pin(async move { tx.policies(Provider::DirectoryRoles, after, PAGE).await }))
                .await?;
            after = page.last().map(|stored| stored.key.id());
            for stored in &page {
                let rules = &stored.policy.activation;
                if let EntitlementKey::DirectoryRole { definition, .. } = stored.key
                    && !rules.enablement.mfa
                    && rules.context.enforced().is_none()
                {
                    let facts = Facts { definition: Some(definition), ..Facts::default() };
                    found.push(Incident { id: definition.to_string(), facts });
                }
            }
            if page.len() < PAGE as usize {
                return Ok(found);
            }
        }
    }
}

fn before(now: Timestamp, seconds: u64) -> Timestamp {
    let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.saturating_sub(length).unwrap_or(Timestamp::MIN)
}

/// Assignments that no schedule made.
async fn standing(tx: &mut Tx) -> Result<Vec<(Administrator, PrincipalKind)>, ephor_store::Fault> {
    let rows = tx.administrators(None).await?;
    Ok(rows.into_iter().map(|(row, principal)| (row, principal.kind)).collect())
}

fn outside((row, _): (Administrator, PrincipalKind)) -> Incident {
    let facts = Facts { created: Some(row.created), ..Facts::default() };
    Incident::of(row.principal, row.template, TENANT, facts)
}

fn too_many(settings: &AlertSettings, standing: &[(Administrator, PrincipalKind)]) -> Vec<Incident> {
    let global = AdministratorRole::Global.template();
    let holders: BTreeSet<PrincipalId> =
        standing.iter().filter(|(row, _)| row.template == global).map(|(row, _)| row.principal).collect();
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let kind = AlertKind::TooManyGlobalAdministrators;
    if !settings.too_many(kind, count(holders.len()), count(standing.len())) {
        return Vec::new();
    }
    let incident = |principal: PrincipalId| {
        let facts = Facts { principal: Some(principal), definition: Some(global), ..Facts::default() };
        // Clients name the incident by the holder (`GRAPH 14.3`).
        Incident { id: principal.to_string(), facts }
    };
    holders.into_iter().map(incident).collect()
}

/// People who hold a role and have not signed in since `before`; who never did counts from when it was given.
async fn stale(tx: &mut Tx, before: Timestamp) -> Result<Vec<Incident>, ephor_store::Fault> {
    let held = standing(tx).await?;
    let people: BTreeSet<PrincipalId> =
        held.iter().filter(|(_, kind)| *kind == PrincipalKind::User).map(|(row, _)| row.principal).collect();
    let people: Vec<PrincipalId> = people.into_iter().collect();
    let last: HashMap<PrincipalId, Timestamp> = tx.last_sign_ins(&people).await?.into_iter().collect();
    let is_stale = |row: &Administrator| last.get(&row.principal).copied().unwrap_or(row.created) < before;
    let people = held.into_iter().filter(|(row, kind)| *kind == PrincipalKind::User && is_stale(row));
    Ok(people
        .map(|(row, _)| {
            let last = last.get(&row.principal).copied();
            let facts = Facts { created: Some(row.created), last, ..Facts::default() };
            Incident::of(row.principal, row.template, TENANT, facts)
        })
        .collect())
}
