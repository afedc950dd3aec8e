//! What a store holds before anybody signs in: the tenant, the built-in directory, first settings, and a row for each
//! configured target.

use std::collections::{BTreeMap, BTreeSet};

use ephor_audit::{Actor, Record, Sealed, events};
use ephor_domain::{
    id::{Id, TargetId},
    pam::Settings,
};
use ephor_engine::port::Entropy;
use ephor_store::{
    Fault, Store, Tx,
    tx::target::{Mode, Target},
};
use jiff::Timestamp;
use uuid::Uuid;

/// The fact that names the tenant.
const TENANT: &str = "tenant";

/// Name and kind of the directory inside the store.
const BUILT_IN: &str = "built-in";

/// What the configuration says.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What the PAM provider of a new store begins with.
    pub(crate) settings: Settings,
    /// Targets by name: what is done about foreign changes there, and of what kind they are.
    pub(crate) targets: BTreeMap<String, (Mode, &'static str)>,
}

/// What the store says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foundation {
    /// The tenant, fixed at the first start.
    pub(crate) tenant: Uuid,
    /// The configured targets.
    pub(crate) targets: BTreeMap<String, TargetId>,
    /// Targets of the store that are configured no more.
    pub(crate) forgotten: Vec<String>,
}

/// What is drawn beforehand, so that a second run of the command does the same.
#[derive(Debug, Clone)]
struct Draw {
    at: Timestamp,
    tenant: Uuid,
    built_in: TargetId,
    targets: BTreeMap<String, (TargetId, [u8; 16])>,
}

/// Lays what is missing.
///
/// # Errors
/// Faults of the store.
pub(crate) async fn lay(store: &Store, plan: Plan, at: Timestamp, entropy: &dyn Entropy) -> Result<Foundation, Fault> {
    let fresh = |name: &String| {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        (name.clone(), (Id::new(entropy.guid()), salt))
    };
    let draw = Draw {
        at,
        tenant: entropy.guid(),
        built_in: Id::new(entropy.guid()),
        targets: plan.targets.keys().map(fresh).collect(),
    };
    store
        .transact(move |tx| {
            let (plan, draw) = (plan.clone(), draw.clone());
            Box::pin(laid(tx, plan, draw))
        })
        .await
}

async fn laid(tx: &mut Tx, plan: Plan, draw: Draw) -> Result<Foundation, Fault> {
    let tenant = match tx.meta(TENANT).await? {
        Some(text) => Uuid::try_parse(&text).map_err(|_| Fault::Inconsistent {
            table: "meta",
            column: "value",
            id: TENANT.to_owned(),
        })?,
        None => {
            tx.put_meta(TENANT, Some(&draw.tenant.to_string())).await?;
            tx.put_settings(&plan.settings).await?;
            draw.tenant
        }
    };
    let stored = tx.targets().await?;
    if !stored.iter().any(|target| target.built_in) {
        tx.insert_target(&row(draw.built_in, BUILT_IN, BUILT_IN, Mode::ReportOnly)).await?;
    }
    let mut targets = BTreeMap::new();
    for (name, (mode, kind)) in &plan.targets {
        let (fresh, salt) = draw.targets.get(name).copied().unwrap_or((draw.built_in, [0; 16]));
        let id = match stored.iter().find(|target| target.name == *name && !target.built_in) {
            Some(target) if target.mode == *mode && target.kind == *kind => target.id,
            Some(target) => {
                tx.update_target(&Target { mode: *mode, kind: (*kind).to_owned(), ..target.clone() }).await?;
                tx.record(record(draw.at, events::TARGET_CHANGED, target.id, *mode, salt)).await?;
                target.id
            }
            None => {
                tx.insert_target(&row(fresh, name, kind, *mode)).await?;
                tx.record(record(draw.at, events::TARGET_ADDED, fresh, *mode, salt)).await?;
                fresh
            }
        };
        targets.insert(name.clone(), id);
    }
    let known: BTreeSet<TargetId> = targets.values().copied().collect();
    let forgotten = stored.iter().filter(|target| !target.built_in && !known.contains(&target.id));
    Ok(Foundation { tenant, targets, forgotten: forgotten.map(|target| target.name.clone()).collect() })
}

fn row(id: TargetId, name: &str, kind: &str, mode: Mode) -> Target {
    Target {
        id,
        name: name.to_owned(),
        kind: kind.to_owned(),
        config: "{}".to_owned(),
        secret: None,
        mode,
        built_in: kind == BUILT_IN,
        unwritable: false,
        health: None,
    }
}

fn record(at: Timestamp, event: events::Event, target: TargetId, mode: Mode, salt: [u8; 16]) -> Sealed {
    let mode = match mode {
        Mode::ReportOnly => "report-only",
        Mode::Authoritative => "authoritative",
    };
    let actor = Actor::system("configuration");
    Record::new(at, event, actor).detail("target", target.uuid()).detail("mode", mode).seal(salt)
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;
    use ephor_store::Location;

    use super::*;

    fn plan(targets: &[(&str, Mode)]) -> Plan {
        let targets = targets.iter().map(|(name, mode)| ((*name).to_owned(), (*mode, "ldap"))).collect();
        Plan { settings: Settings { priv_user_prefix: "P.".to_owned(), ..Settings::default() }, targets }
    }

    #[tokio::test]
    async fn a_foundation_is_laid_once_and_follows_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
        let at = "2026-03-02T10:00:00Z".parse().unwrap();
        let entropy = SeededEntropy::new(1);
        let first = lay(&store, plan(&[("corp", Mode::ReportOnly)]), at, &entropy).await.unwrap();
        let settings = store.read(|tx| Box::pin(tx.settings())).await.unwrap();
        assert_eq!(settings.priv_user_prefix, "P.");

        // Administrators rule from now on.
        store.transact(|tx| Box::pin(async move { tx.put_settings(&Settings::default()).await })).await.unwrap();
        let two = plan(&[("corp", Mode::Authoritative), ("lab", Mode::ReportOnly)]);
        let second = lay(&store, two, at, &entropy).await.unwrap();
        assert_eq!((second.tenant, second.targets.get("corp")), (first.tenant, first.targets.get("corp")));
        let settings = store.read(|tx| Box::pin(tx.settings())).await.unwrap();
        assert_eq!(settings.priv_user_prefix, "PRIV.");
        let modes = store.read(|tx| Box::pin(tx.targets())).await.unwrap();
        let modes: BTreeMap<String, Mode> = modes.into_iter().map(|target| (target.name, target.mode)).collect();
        let expected = [("built-in", Mode::ReportOnly), ("corp", Mode::Authoritative), ("lab", Mode::ReportOnly)];
        assert_eq!(modes, expected.map(|(name, mode)| (name.to_owned(), mode)).into());

        let third = lay(&store, plan(&[]), at, &entropy).await.unwrap();
        assert_eq!(third.forgotten, ["corp", "lab"]);
        // Added, changed, added; nothing at the third time.
        assert_eq!(store.read(|tx| Box::pin(tx.audit_size())).await.unwrap(), 3);
        store.close().await;
    }
}
