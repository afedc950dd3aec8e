//! Scans are ordered at a scope, and done beside the calls.

use ephor_audit::events;
use ephor_domain::{administration::Right, alert::AlertKind, principal::Actor, provider::Provider, scope::ArmScope};
use ephor_store::tx::{alert::AlertRow, lock::Lock};
use jiff::{SignedDuration, Timestamp};

use super::{AlertOperation, Ground, kinds, require};
use crate::{
    admin::desk::{Command, Desk, Subject},
    alert::row,
    answer::Answer,
    engine::Engine,
    resource::At,
};

/// How long clients can ask how far a scan is, once it is done.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Whoever took a scan up and is not done by then has lost it.
const LOST: SignedDuration = SignedDuration::from_mins(10);
/// Scans looked at in one go.
const BATCH: u32 = 100;

/// Orders a scan of one alert at a scope, or of all there. Nothing is looked at yet: see [`Engine::work_scans`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderScanAt {
    /// Where.
    pub scope: ArmScope,
    /// One alert, or all.
    pub only: Option<AlertKind>,
}

impl Command for OrderScanAt {
    type Output = At<AlertOperation>;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Ground::of(self.scope.clone()).subject()
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Ground::of(self.scope.clone()).lock()]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Self::Output> {
        let scope = require(desk, &self.scope).await?;
        let (now, ground) = (desk.now(), Ground::of(scope.clone()));
        for kind in kinds(self.only) {
            let before = row(desk.tx, kind, ground.key()).await?;
            desk.tx.put_alert(ground.key(), &AlertRow { ordered: Some(now), ..before }).await?;
            desk.changed(events::ALERT_REFRESHED, ground.subject(), |record| ground.put(record, kind));
        }
        let found = AlertOperation {
            id: desk.derived_id("scan", uuid::Uuid::nil()),
            provider: Provider::Resources,
            scope: ground.key().to_owned(),
            kind: self.only,
            ordered: now,
            started: None,
            finished: None,
        };
        desk.tx.forget_alert_operations(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN)).await?;
        desk.tx.insert_alert_operation(&found).await?;
        Ok(At { scope, found })
    }
}

impl Engine {
    /// Orders a scan at a scope and begins with it. Answers as soon as the order is kept.
    ///
    /// # Errors
    /// [`ephor_domain::resource::ResourceRefusal::NotAuthorized`], [`ephor_domain::resource::ResourceRefusal::NoScope`];
    /// faults of the store.
    pub async fn refresh_alerts_at(&self, actor: &Actor, order: OrderScanAt) -> Answer<At<AlertOperation>> {
        let ordered = self.administer(actor, order).await?;
        let engine = self.for_workers();
        tokio::spawn(async move {
            if let Err(denied) = engine.work_scans().await {
                // The keeper takes up what is left.
                tracing::error!(%denied, "a scan for alerts waits for the store");
            }
        });
        Ok(ordered)
    }

    /// Does the scans that were ordered and that nobody is at.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn work_scans(&self) -> Answer<()> {
        let open = self.store.read(|tx| Box::pin(tx.open_alert_operations(BATCH))).await?;
        for operation in open {
            let (id, now) = (operation.id, self.now());
            let since = now.saturating_sub(LOST).unwrap_or(Timestamp::MIN);
            let taken = self.store.transact(move |tx| Box::pin(tx.take_alert_operation(id, now, since))).await?;
            if !taken {
                continue;
            }
            if let Ok(scope) = operation.scope.parse() {
                self.scan_alerts_at(scope, operation.kind).await?;
            }
            let now = self.now();
            self.store.transact(move |tx| Box::pin(tx.finish_alert_operation(id, now))).await?;
        }
        Ok(())
    }
}
