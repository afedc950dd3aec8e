//! Alerts: what a scan finds is kept, shown, dismissed and put right (seams §18, `GRAPH 14`).
//!
//! A scan reads page by page beside the commands and then writes, in one commit, only what differs from the last one. What
//! one face dismisses or sets belongs to its provider and scope ([`Ground`]).

mod change;
mod finding;
mod ground;
mod remedy;
pub mod resource;
mod scan;

use ephor_domain::{
    Refusal,
    alert::AlertKind,
    directory::reader::{administers_roles, reads_roles},
    principal::{Actor, Proof},
    provider::Provider,
};
use ephor_store::Tx;
pub use ephor_store::tx::alert::AlertRow;
use jiff::Timestamp;
use uuid::Uuid;

pub use change::{ChangeAlert, DismissAlert};
pub use finding::{Facts, Incident};
use ground::Ground;

use crate::{
    admin::desk::Desk,
    answer::{Answer, Denied},
    directory::memberships,
    engine::Engine,
};

/// Where the alerts of directory roles are.
pub const TENANT: &str = "/";

/// App roles by which an application changes alerts of directory roles.
const GIVEN: [&str; 1] = ["RoleManagementAlert.ReadWrite.Directory"];

/// # Errors
/// [`Refusal::NotAdministrator`] for everybody who does not administer directory roles.
async fn require(desk: &mut Desk<'_>) -> Answer<()> {
    if administers_roles(&desk.directory_roles().await?) || desk.is_given(&GIVEN).await? {
        return Ok(());
    }
    Err(Refusal::NotAdministrator.into())
}

/// May the caller see the alerts of directory roles? An application may.
async fn may_read(tx: &mut Tx, actor: &Actor, now: Timestamp) -> Answer<()> {
    if actor.proof == Proof::Application {
        return Ok(());
    }
    let held: Vec<Uuid> = memberships(tx, actor.principal.uuid(), true, now).await?.roles.into_iter().collect();
    if reads_roles(&held) { Ok(()) } else { Err(Refusal::NotAdministrator.into()) }
}

/// The alert as it stands.
async fn row(tx: &mut Tx, kind: AlertKind, scope: &str) -> Answer<AlertRow> {
    let rows = tx.alerts(kind.provider(), scope).await?;
    Ok(rows.into_iter().find(|row| row.kind == kind).unwrap_or_else(|| AlertRow::untouched(kind)))
}

impl Engine {
    /// The alerts of directory roles, all of them.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`] for people without a role that reads; faults of the store.
    pub async fn alerts(&self, actor: &Actor) -> Answer<Vec<AlertRow>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                match may_read(tx, &actor, now).await {
                    Ok(()) => Ok(Ok(tx.alerts(Provider::DirectoryRoles, TENANT).await?)),
                    Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
                    Err(Denied::Failed(fault)) => Err(fault),
                }
            })
        });
        let stored = read.await??;
        let known = |kind| stored.iter().find(|row| row.kind == kind).cloned();
        Ok(AlertKind::of(Provider::DirectoryRoles)
            .map(|kind| known(kind).unwrap_or_else(|| AlertRow::untouched(kind)))
            .collect())
    }

    /// What the last scan found, by id.
    ///
    /// # Errors
    /// As [`alerts`](Self::alerts).
    pub async fn alert_incidents(&self, actor: &Actor, kind: AlertKind) -> Answer<Vec<Incident>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                match may_read(tx, &actor, now).await {
                    Ok(()) => Ok(Ok(tx.alert_incidents(kind, TENANT).await?)),
                    Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
                    Err(Denied::Failed(fault)) => Err(fault),
                }
            })
        });
        Ok(read.await??.into_iter().map(Incident::from).collect())
    }
}
