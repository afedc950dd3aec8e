//! `/metrics`: what an operator watches, read from the store when asked.

use ephor_engine::Engine;
use ephor_store::Fault;
use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};

use super::meters::Meters;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AtTarget {
    target: String,
}

/// What the store says at one instant.
struct Seen {
    records: u64,
    checkpoint: u64,
    due: Option<Timestamp>,
    outbox: Option<Timestamp>,
    removal: Option<Timestamp>,
    targets: Vec<SeenTarget>,
}

struct SeenTarget {
    name: String,
    writable: bool,
    breaker_open: Option<bool>,
}

/// The text of the metrics.
///
/// # Errors
/// Faults of the store.
pub(super) async fn text(engine: &Engine, meters: &Meters) -> Result<String, Fault> {
    let now = engine.now();
    let bytes = engine.store().ping().await?.bytes;
    let seen = look(engine).await?;
    let mut registry = Registry::with_prefix("ephor");
    meters.register(&mut registry);
    gauge(&mut registry, "store_bytes", "Bytes the store takes", bytes);
    gauge(&mut registry, "audit_records", "Records of the audit log", seen.records);
    let unsigned = seen.records.saturating_sub(seen.checkpoint);
    gauge(&mut registry, "audit_unsigned_records", "Records behind the last signed checkpoint", unsigned);
    seconds(
        &mut registry,
        "due_lag_seconds",
        "How late the oldest due start, end or time-out is",
        behind(seen.due, now),
    );
    seconds(&mut registry, "outbox_lag_seconds", "How late the oldest notification is", behind(seen.outbox, now));
    let removal = behind(seen.removal, now);
    seconds(&mut registry, "oldest_overdue_removal_seconds", "How long the oldest removal has been owed", removal);
    targets(&mut registry, &seen.targets);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(text)
}

async fn look(engine: &Engine) -> Result<Seen, Fault> {
    let now = engine.now();
    let (seen, targets) = engine
        .store()
        .read(move |tx| {
            Box::pin(async move {
                let removal = tx.overdue_removals(now, u8::MAX, 1).await?;
                let seen = Seen {
                    records: tx.audit_size().await?,
                    checkpoint: tx.checkpoint(u64::MAX).await?.map_or(0, |(size, _)| size),
                    due: tx.next_due().await?,
                    outbox: tx.next_due_outbox().await?,
                    removal: removal.first().map(|placed| placed.membership.since),
                    targets: Vec::new(),
                };
                Ok((seen, tx.targets().await?))
            })
        })
        .await?;
    let targets = targets.into_iter().map(|target| SeenTarget {
        breaker_open: engine.target_status(target.id).map(|status| status.breaker_open),
        name: target.name,
        writable: !target.unwritable,
    });
    Ok(Seen { targets: targets.collect(), ..seen })
}

fn targets(registry: &mut Registry, targets: &[SeenTarget]) {
    let writable = Family::<AtTarget, Gauge>::default();
    let breaker = Family::<AtTarget, Gauge>::default();
    for target in targets {
        let label = AtTarget { target: target.name.clone() };
        writable.get_or_create(&label).set(i64::from(target.writable));
        if let Some(open) = target.breaker_open {
            breaker.get_or_create(&label).set(i64::from(open));
        }
    }
    registry.register("target_writable", "1 while the target can be written to", writable);
    registry.register("target_breaker_open", "1 while calls do not wait for the target", breaker);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register(name, help, ConstGauge::new(value));
}

/// Seconds since `instant`, none if it lies ahead.
fn behind(instant: Option<Timestamp>, now: Timestamp) -> f64 {
    instant.map_or(0.0, |instant| now.duration_since(instant).as_secs_f64().max(0.0))
}
