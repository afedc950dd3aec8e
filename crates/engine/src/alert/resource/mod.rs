//! Alerts of roles on resources, each scope by itself (`ARM 17`): what is held at exactly the scope is looked at, as what
//! comes from above is put right there.
//!
//! Scans are ordered and done later, by whoever is free: an [`AlertOperation`] says how far one is.

mod change;
mod operation;
mod remedy;
mod scan;

use ephor_domain::{Refusal, administration::Right, alert::AlertKind, provider::Provider, scope::ArmScope};
use uuid::Uuid;

pub use change::{ChangeAlertAt, DismissAlertAt};
pub use ephor_store::tx::alert_operation::AlertOperation;
pub use operation::OrderScanAt;

use super::{AlertRow, Ground, Incident};
use crate::{
    admin::desk::{Desk, Files, Query},
    answer::Answer,
    resource::{
        At,
        rights::{Rights, action, locate},
    },
};

/// # Errors
/// [`ephor_domain::resource::ResourceRefusal::NotAuthorized`], [`ephor_domain::resource::ResourceRefusal::NoScope`].
async fn may_read(files: &mut Files<'_>, scope: &ArmScope) -> Answer<ArmScope> {
    let rights = Rights::of(files.tx, files.caller, files.now).await?;
    let (scope, chain) = locate(files.tx, &rights, scope, action::READ_ASSIGNMENTS).await?;
    rights.require(files.tx, &chain, action::READ_ASSIGNMENTS).await?;
    Ok(scope)
}

/// The scope as it is registered, where the caller may change its alerts.
///
/// # Errors
/// As [`may_read`], and [`Refusal::PersonRequired`].
async fn require(desk: &mut Desk<'_>, scope: &ArmScope) -> Answer<ArmScope> {
    let (scope, _) = crate::resource::allowed(desk, scope, action::WRITE_ASSIGNMENTS).await?;
    Ok(scope)
}

/// Alerts at a scope: all of them, or one; each with the first of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsAt {
    /// Where.
    pub scope: ArmScope,
    /// The one that is asked for.
    pub only: Option<AlertKind>,
    /// Most incidents of each.
    pub incidents: u32,
}

impl Query for AlertsAt {
    type Output = At<Vec<(AlertRow, Vec<Incident>)>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let scope = may_read(files, &self.scope).await?;
        let stored = files.tx.alerts(Provider::Resources, scope.key()).await?;
        let mut found = Vec::new();
        for kind in kinds(self.only) {
            let row = stored.iter().find(|row| row.kind == kind).cloned();
            let incidents = files.tx.alert_incidents_after(kind, scope.key(), "", self.incidents).await?;
            let incidents = incidents.into_iter().map(Incident::from).collect();
            found.push((row.unwrap_or_else(|| AlertRow::untouched(kind)), incidents));
        }
        Ok(At { scope, found })
    }
}

/// What the last scan found, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentsAt {
    /// Where.
    pub scope: ArmScope,
    /// Of which alert.
    pub kind: AlertKind,
    /// Goes on after the incident with this id; empty at the beginning.
    pub after: String,
    /// Most rows.
    pub limit: u32,
}

impl Query for IncidentsAt {
    type Output = At<Vec<Incident>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let scope = may_read(files, &self.scope).await?;
        let found = files.tx.alert_incidents_after(self.kind, scope.key(), &self.after, self.limit).await?;
        Ok(At { scope, found: found.into_iter().map(Incident::from).collect() })
    }
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentAt {
    /// Where.
    pub scope: ArmScope,
    /// Of which alert.
    pub kind: AlertKind,
    /// Its id.
    pub id: String,
}

impl Query for IncidentAt {
    type Output = At<Incident>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let scope = may_read(files, &self.scope).await?;
        let found = files.tx.alert_incident(self.kind, scope.key(), &self.id).await?;
        let found = found.ok_or(Refusal::NotFound { what: "alert incident" })?;
        Ok(At { scope, found: Incident::from(found) })
    }
}

/// How far an ordered scan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationAt {
    /// Where it was ordered.
    pub scope: ArmScope,
    /// Its id.
    pub id: Uuid,
}

impl Query for OperationAt {
    type Output = At<AlertOperation>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let scope = may_read(files, &self.scope).await?;
        let found = files.tx.alert_operation(self.id).await?;
        let is_here = |one: &AlertOperation| one.provider == Provider::Resources && one.scope == scope.key();
        let found = found.filter(is_here).ok_or(Refusal::NotFound { what: "alert operation" })?;
        Ok(At { scope, found })
    }
}

/// The latest scans at a scope, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationsAt {
    /// Where they were ordered.
    pub scope: ArmScope,
    /// Most rows.
    pub limit: u32,
}

impl Query for OperationsAt {
    type Output = At<Vec<AlertOperation>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let scope = may_read(files, &self.scope).await?;
        let found = files.tx.alert_operations_at(Provider::Resources, scope.key(), self.limit).await?;
        Ok(At { scope, found })
    }
}

/// One alert of resources, or all.
fn kinds(only: Option<AlertKind>) -> Vec<AlertKind> {
    AlertKind::of(Provider::Resources).filter(|kind| only.is_none_or(|only| only == *kind)).collect()
}
