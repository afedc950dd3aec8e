//! Alerts of a scope are set and dismissed.

use ephor_domain::{
    administration::Right,
    alert::{AlertKind, AlertSetting},
    scope::ArmScope,
};
use ephor_store::tx::lock::Lock;

use super::{Ground, require};
use crate::{
    admin::desk::{Command, Desk, Subject},
    alert::change::{dismiss, set},
    answer::Answer,
};

/// Says that what was found at a scope is known: the alert is quiet until a scan finds something again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DismissAlertAt {
    /// Where.
    pub scope: ArmScope,
    /// Which.
    pub kind: AlertKind,
}

impl Command for DismissAlertAt {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Ground::of(self.scope.clone()).subject()
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Ground::of(self.scope.clone()).lock()]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let scope = require(desk, &self.scope).await?;
        dismiss(desk, self.kind, &Ground::of(scope)).await
    }
}

/// Sets an alert of a scope. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAlertAt {
    /// Where.
    pub scope: ArmScope,
    /// Which.
    pub kind: AlertKind,
    /// It is looked for.
    pub enabled: Option<bool>,
    /// Values.
    pub values: Vec<(AlertSetting, u64)>,
}

impl Command for ChangeAlertAt {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Ground::of(self.scope.clone()).subject()
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Ground::of(self.scope.clone()).lock()]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let scope = require(desk, &self.scope).await?;
        set(desk, self.kind, &Ground::of(scope), self.enabled, self.values).await
    }
}
