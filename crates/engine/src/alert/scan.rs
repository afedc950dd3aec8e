//! Looking for what alerts are about: pages of rows are read beside the commands, then one commit writes what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ephor_audit::events;
use ephor_domain::{
    administration::{AdministratorRole, Right},
    alert::{AlertKind, AlertSetting, AlertSettings},
    entitlement::EntitlementKey,
    id::PrincipalId,
    policy::Kind,
    principal::{Actor, PrincipalKind},
    provider::Provider,
    request::Action,
};
use ephor_store::{
    Tx,
    tx::{
        administrator::Administrator,
        alert::AlertRow,
        line::{Lines, line_id},
        lock::Lock,
        order::Orders,
    },
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Facts, Ground, Incident, TENANT, change::LOCK, require, row};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    engine::Engine,
    schedule::assigned,
};

/// Rows read at once.
const PAGE: u32 = 500;
/// Activations that are looked at for runs: those further back were looked at by an earlier scan.
const LATEST: u32 = 10_000;
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
    pub(super) ground: Ground,
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
        vec![self.ground.lock()]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        for (kind, found) in self.found {
            record(desk, kind, &self.ground, found).await?;
        }
        Ok(())
    }
}

async fn record(desk: &mut Desk<'_>, kind: AlertKind, ground: &Ground, found: Vec<Incident>) -> Answer<()> {
    let (now, scope) = (desk.now(), ground.key());
    let before = row(desk.tx, kind, scope).await?;
    let known: HashMap<String, String> =
        desk.tx.alert_incidents(kind, scope).await?.into_iter().map(|row| (row.id, row.facts)).collect();
    let mut kept = BTreeSet::new();
    for incident in found.iter().take(MOST) {
        let row = incident.row();
        if known.get(&row.id) != Some(&row.facts) {
            desk.tx.put_alert_incident(kind, scope, &row).await?;
        }
        kept.insert(row.id);
    }
    for id in known.keys().filter(|id| !kept.contains(*id)) {
        desk.tx.drop_alert_incident(kind, scope, id).await?;
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
    desk.tx.put_alert(scope, &after).await?;
    if active && !before.active {
        let count = i64::try_from(incidents).unwrap_or(i64::MAX);
        desk.changed(events::ALERT_RAISED, ground.subject(), |record| {
            ground.put(record, kind).detail("incidents", count)
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
        self.ordain("alerts", RecordScan { ground: Ground::TENANT, found }).await
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
            AlertKind::TooManyGlobalAdministrators => self.too_many_globals(settings).await,
            AlertKind::RedundantAssignment => {
                let before = before(now, settings.value(kind, AlertSetting::Duration));
                self.unused_eligibilities(before, now).await
            }
            AlertKind::SequentialActivations => self.hasty_activations(settings).await,
            AlertKind::InvalidLicense
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

impl Engine {
    /// Holders of the role that gives all others.
    async fn too_many_globals(&self, settings: &AlertSettings) -> Answer<Vec<Incident>> {
        let (kind, global) = (AlertKind::TooManyGlobalAdministrators, AdministratorRole::Global.template());
        let holders = self.holders_of_role(global).await?;
        let some = u64::try_from(holders.len()).unwrap_or(u64::MAX);
        // More than that, and these are not too many of them.
        let share = settings.value(kind, AlertSetting::Percentage).max(1);
        let most = some.saturating_mul(100) / share + 1;
        let now = self.now();
        let read = self.store.read(move |tx| Box::pin(async move { assigned::count(tx, most, now).await }));
        if !settings.too_many(kind, some, read.await?) {
            return Ok(Vec::new());
        }
        let incident = |principal: PrincipalId| {
            let facts = Facts { principal: Some(principal), definition: Some(global), ..Facts::default() };
            // Clients name the incident by the holder (`GRAPH 14.3`).
            Incident { id: principal.to_string(), facts }
        };
        Ok(holders.into_iter().map(incident).collect())
    }

    /// Eligibilities in force since `before` and not used since.
    async fn unused_eligibilities(&self, before: Timestamp, now: Timestamp) -> Answer<Vec<Incident>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .store
                .read(move |tx| {
                    Box::pin(async move {
                        let rows =
                            tx.lines(Provider::DirectoryRoles, Kind::Eligibility, &Lines::All, after, PAGE).await?;
                        let used: Vec<Uuid> = rows
                            .iter()
                            .map(|row| line_id(row.line.principal, row.line.entitlement, Kind::Assignment))
                            .collect();
                        let last = tx.last_activations(&used).await?;
                        Ok(rows.into_iter().map(|row| row.line).zip(last).collect::<Vec<_>>())
                    })
                })
                .await?;
            after = page.last().map(|(line, _)| line.id);
            for (line, last) in &page {
                let is_in_force = line.start <= now && line.end.is_none_or(|end| now < end);
                if is_in_force && last.unwrap_or(line.start).max(line.start) < before {
                    let facts = Facts { created: Some(line.created), last: *last, ..Facts::default() };
                    found.push(Incident::of(line.principal, line.definition, &line.scope, facts));
                }
            }
            if page.len() < PAGE as usize {
                return Ok(found);
            }
        }
    }

    /// Activations of one role by one principal that follow each other too fast, among the latest ones.
    async fn hasty_activations(&self, settings: &AlertSettings) -> Answer<Vec<Incident>> {
        let kind = AlertKind::SequentialActivations;
        let interval = settings.value(kind, AlertSetting::Interval);
        let interval = SignedDuration::from_secs(i64::try_from(interval).unwrap_or(i64::MAX));
        let least = settings.value(kind, AlertSetting::Counter);
        let mut activations: BTreeMap<_, Vec<Timestamp>> = BTreeMap::new();
        let mut before = None;
        for _ in 0..LATEST / PAGE {
            let page = self
                .store
                .read(move |tx| {
                    Box::pin(async move {
                        tx.orders(Provider::DirectoryRoles, Kind::Assignment, &Orders::All, before, PAGE).await
                    })
                })
                .await?;
            before = page.last().map(|row| row.request.id);
            let is_last = page.len() < PAGE as usize;
            for row in page.into_iter().filter(|row| row.request.action == Action::SelfActivate) {
                let line = (row.request.principal, row.order.definition, row.order.scope);
                activations.entry(line).or_default().push(row.request.created);
            }
            if is_last {
                break;
            }
        }
        let mut found = Vec::new();
        for ((principal, definition, scope), mut instants) in activations {
            instants.sort_unstable();
            if let Some(run) = longest_run(&instants, interval)
                && run.count >= least
            {
                let facts =
                    Facts { count: Some(run.count), from: Some(run.from), until: Some(run.until), ..Facts::default() };
                found.push(Incident::of(principal, definition, &scope, facts));
            }
        }
        Ok(found)
    }
}

/// Instants that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    count: u64,
    from: Timestamp,
    until: Timestamp,
}

/// The longest run of ascending instants, each within `interval` of the one before; the latest among equal ones.
fn longest_run(instants: &[Timestamp], interval: SignedDuration) -> Option<Run> {
    let mut longest: Option<Run> = None;
    let mut open: Option<Run> = None;
    for at in instants {
        let run = match open {
            Some(run) if at.duration_since(run.until) <= interval => Run { count: run.count + 1, until: *at, ..run },
            Some(_) | None => Run { count: 1, from: *at, until: *at },
        };
        if longest.is_none_or(|known| run.count >= known.count) {
            longest = Some(run);
        }
        open = Some(run);
    }
    longest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_broken_by_a_longer_pause() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let run = |seconds: &[i64]| {
            let instants: Vec<Timestamp> = seconds.iter().copied().map(at).collect();
            longest_run(&instants, SignedDuration::from_secs(10)).map(|run| (run.count, run.from, run.until))
        };
        assert_eq!(run(&[]), None);
        assert_eq!(run(&[5]), Some((1, at(5), at(5))));
        assert_eq!(run(&[0, 10, 20, 31]), Some((3, at(0), at(20))));
        assert_eq!(run(&[0, 10, 100, 101, 102, 103]), Some((4, at(100), at(103))));
        assert_eq!(run(&[0, 1, 50, 51]), Some((2, at(50), at(51))));
    }
}
