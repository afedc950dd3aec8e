//! How the server stands, in one answer.

use ephor_domain::{administration::AdministratorRole, principal::Actor};
use jiff::{SignedDuration, Timestamp};

use super::{
    desk::{Files, Query},
    target::overdue,
};
use crate::{answer::Answer, engine::Engine};

/// Most overdue removals that are counted.
const COUNTED: u32 = 1000;
/// A removal counts as overdue after this (R2).
const OVERDUE: SignedDuration = SignedDuration::from_secs(30);

/// How the server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The instant of the answer.
    pub at: Timestamp,
    /// Bytes the store takes.
    pub store_bytes: u64,
    /// Records of the audit log.
    pub audit_records: u64,
    /// Size and instant of the last signed checkpoint are in its text; this is its size.
    pub checkpoint_size: Option<u64>,
    /// New requests are refused.
    pub maintenance: bool,
    /// Enabled standing Global Administrators.
    pub administrators: u64,
    /// Next instant at which a request or grant is due.
    pub next_due: Option<Timestamp>,
    /// Next instant at which a notification is due.
    pub next_notification: Option<Timestamp>,
    /// Removals not confirmed for more than 30 s; at most 1,000 are counted.
    pub overdue_removals: u64,
    /// Since when the oldest of them is owed.
    pub oldest_overdue: Option<Timestamp>,
    /// Names of targets found unwritable.
    pub unwritable_targets: Vec<String>,
}

#[derive(Debug, Clone)]
struct Summary {
    bytes: u64,
}

impl Query for Summary {
    type Output = Health;

    async fn run(self, files: &mut Files<'_>) -> Answer<Health> {
        let overdue = overdue(files, OVERDUE, COUNTED).await?;
        let targets = files.tx.targets().await?;
        Ok(Health {
            at: files.now,
            store_bytes: self.bytes,
            audit_records: files.tx.audit_size().await?,
            checkpoint_size: files.tx.checkpoint(u64::MAX).await?.map(|(size, _)| size),
            maintenance: files.tx.settings().await?.maintenance,
            administrators: files.tx.enabled_administrators(AdministratorRole::Global.template()).await?,
            next_due: files.tx.next_due().await?,
            next_notification: files.tx.next_due_outbox().await?,
            overdue_removals: u64::try_from(overdue.len()).unwrap_or(u64::MAX),
            oldest_overdue: overdue.iter().map(|placed| placed.membership.since).min(),
            unwritable_targets: targets
                .into_iter()
                .filter(|target| target.unwritable)
                .map(|target| target.name)
                .collect(),
        })
    }
}

impl Engine {
    /// How the server stands.
    ///
    /// # Errors
    /// [`ephor_domain::Refusal::NotAdministrator`]; faults of the store.
    pub async fn health(&self, actor: &Actor) -> Answer<Health> {
        let ping = self.store.ping().await?;
        self.consult(actor, Summary { bytes: ping.bytes }).await
    }
}
