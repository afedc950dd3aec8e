//! Alerts are set and dismissed.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    alert::{AlertKind, AlertSetting},
};
use ephor_store::tx::{alert::AlertRow, lock::Lock};
use uuid::Uuid;

use super::{Ground, require, row};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// What everybody locks who changes alerts.
pub(super) const LOCK: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_616c_6572_7473);

/// Says that what was found is known: the alert is quiet until a scan finds something again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DismissAlert {
    /// Which.
    pub kind: AlertKind,
}

impl Command for DismissAlert {
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
        dismiss(desk, self.kind, &Ground::TENANT).await
    }
}

pub(super) async fn dismiss(desk: &mut Desk<'_>, kind: AlertKind, ground: &Ground) -> Answer<()> {
    let before = row(desk.tx, kind, ground.key()).await?;
    let after = AlertRow { active: false, modified: Some(desk.now()), ..before };
    desk.tx.put_alert(ground.key(), &after).await?;
    desk.changed(events::ALERT_DISMISSED, ground.subject(), |record| ground.put(record, kind));
    Ok(())
}

/// Sets an alert. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAlert {
    /// Which.
    pub kind: AlertKind,
    /// It is looked for.
    pub enabled: Option<bool>,
    /// Values.
    pub values: Vec<(AlertSetting, u64)>,
}

impl Command for ChangeAlert {
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
        set(desk, self.kind, &Ground::TENANT, self.enabled, self.values).await
    }
}

pub(super) async fn set(
    desk: &mut Desk<'_>,
    kind: AlertKind,
    ground: &Ground,
    enabled: Option<bool>,
    values: Vec<(AlertSetting, u64)>,
) -> Answer<()> {
    let mut after = row(desk.tx, kind, ground.key()).await?;
    let was = after.settings.clone();
    if let Some(enabled) = enabled {
        after.settings.enabled = enabled;
    }
    for (setting, value) in values {
        let unfit = |_| Refusal::Invalid { field: "alert", rule: "no such setting, or out of its bounds" };
        after.settings.set(kind, setting, value).map_err(unfit)?;
    }
    desk.tx.put_alert(ground.key(), &after).await?;
    if after.settings.enabled != was.enabled {
        let change = if after.settings.enabled { "enabled" } else { "disabled" };
        desk.changed(events::ALERT_SETTING_CHANGED, ground.subject(), |record| {
            ground.put(record, kind).detail("change", change)
        });
    }
    if after.settings.values != was.values {
        desk.changed(events::ALERT_SETTING_CHANGED, ground.subject(), |record| {
            ground.put(record, kind).detail("change", "setting")
        });
    }
    Ok(())
}
