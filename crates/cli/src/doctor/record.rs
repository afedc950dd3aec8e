//! The store and its audit log.

use ephor_audit::{Frontier, leaf};
use ephor_cli::config::{Config, secrets::Resolved};
use ephor_domain::administration::AdministratorRole;
use ephor_engine::port::{Clock as _, SystemClock};
use ephor_store::{Fault, Store};
use jiff::{SignedDuration, Timestamp};

use super::Findings;
use crate::process::{key_file, open, signer};

/// Said also where there is no store yet.
pub(super) const NO_ADMINISTRATOR: &str =
    "there is none: run `ephor admin init --user NAME` with the same configuration (--config, or EPHOR_CONFIG)";

/// A record that is so much younger than now was written under another clock.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

pub(super) async fn look(config: &Config, resolved: &Resolved, store: &Store, findings: &mut Findings) {
    match store.check().await {
        Ok(damages) if damages.is_empty() => findings.good("store", format!("{} opens and is whole", resolved.store)),
        Ok(damages) => findings.bad("store", format!("{} is damaged: {}", resolved.store, damages.join("; "))),
        Err(fault) => findings.bad("store", fault.cause()),
    }
    match store.ping().await {
        Ok(_) => findings.good("store", "can be written to"),
        Err(fault) => findings.bad("store", fault.cause()),
    }
    administrator(store, findings).await;
    audit(store, findings).await;
    key(config, findings);
    sealing_key(config, store, findings).await;
}

async fn administrator(store: &Store, findings: &mut Findings) {
    let global = AdministratorRole::Global.template();
    match store.read(move |tx| Box::pin(tx.enabled_administrators(global))).await {
        Ok(0) => findings.bad("administrator", NO_ADMINISTRATOR),
        Ok(count) => findings.good("administrator", format!("{count} enabled")),
        Err(fault) => findings.bad("administrator", fault.cause()),
    }
}

async fn audit(store: &Store, findings: &mut Findings) {
    let (bytes, size, last) = match head(store).await {
        Ok(head) => head,
        Err(fault) => return findings.bad("audit", fault.cause()),
    };
    let whole = match Frontier::from_bytes(&bytes) {
        Ok(frontier) => frontier.size() == size,
        Err(_) => bytes.is_empty() && size == 0,
    };
    if whole {
        findings.good("audit", format!("{size} records; `ephor audit verify` reads them all"));
    } else {
        findings.bad("audit", "the head of the log is damaged: run `ephor audit verify`");
    }
    let now = SystemClock::default().now();
    if let Some(last) = last.filter(|last| last.duration_since(now) > SKEW) {
        findings.bad("clock", format!("it shows {now}, behind the last record of {last}: set the clock"));
    }
}

async fn head(store: &Store) -> Result<(Vec<u8>, u64, Option<Timestamp>), Fault> {
    let (bytes, size, last) = store
        .read(|tx| {
            Box::pin(async move {
                let size = tx.audit_size().await?;
                let last = match size.checked_sub(1) {
                    Some(index) => tx.leaves(index, 1).await?.pop(),
                    None => None,
                };
                Ok((tx.audit_frontier().await?, size, last))
            })
        })
        .await?;
    let last = last.and_then(|stored| leaf::open(&stored.leaf?, stored.erasable.as_deref()).ok());
    Ok((bytes, size, last.map(|opened| opened.record.at)))
}

/// What is sealed in the store opens with this file alone.
async fn sealing_key(config: &Config, store: &Store, findings: &mut Findings) {
    let path = open::sealing_key_file(config);
    let sealed = store.read(|tx| Box::pin(async move { tx.signing_keys().await })).await;
    match (key_file::load(&path), sealed) {
        (Err(error), _) => findings.bad("sealing key", error.to_string()),
        (_, Err(fault)) => findings.bad("sealing key", fault.cause()),
        (Ok(Some(_)), Ok(_)) => findings.good("sealing key", path.display().to_string()),
        (Ok(None), Ok(keys)) if keys.is_empty() => {
            findings.remark("sealing key", format!("{} is made at the first start", path.display()));
        }
        (Ok(None), Ok(_)) => findings.bad(
            "sealing key",
            format!("{} is not there, but the store holds values sealed with it: bring it back", path.display()),
        ),
    }
}

fn key(config: &Config, findings: &mut Findings) {
    let path = open::key_file(config);
    match signer::load(&path, &open::origin(config)) {
        Ok(Some(_)) => findings.good("audit key", path.display().to_string()),
        Ok(None) => findings.remark("audit key", format!("{} is made at the first start", path.display())),
        Err(error) => findings.bad("audit key", error.to_string()),
    }
    if config.audit.checkpoint_file.is_none() {
        findings.remark(
            "audit",
            "`audit.checkpoint_file` is not set: without checkpoints kept elsewhere nobody can prove that the log was \
             not cut off or rolled back",
        );
    }
}
