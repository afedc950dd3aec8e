//! May this process be given calls? The reasons go to the log and to those who may know, never to outsiders.

use std::time::Duration;

use ephor_engine::Engine;
use serde::Serialize;

/// Longest wait for the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the parts stand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Readiness {
    /// Calls may come.
    pub(super) ready: bool,
    pub(super) store: String,
    pub(super) audit: String,
    pub(super) administrator: String,
    targets: Vec<TargetReadiness>,
}

/// How a target stands. A target that is away makes nobody unready: everything else goes on (O3).
#[derive(Debug, Serialize)]
struct TargetReadiness {
    name: String,
    state: &'static str,
}

const GOOD: &str = "ok";

/// Looks at everything that a call needs.
pub(super) async fn look(engine: &Engine) -> Readiness {
    let store = match tokio::time::timeout(PATIENCE, engine.store().ping()).await {
        Ok(Ok(_)) => GOOD.to_owned(),
        Ok(Err(fault)) => fault.cause(),
        Err(_) => "no answer in time".to_owned(),
    };
    if store != GOOD {
        let unknown = || "unknown without the store".to_owned();
        return Readiness { ready: false, store, audit: unknown(), administrator: unknown(), targets: Vec::new() };
    }
    let audit = audit(engine).await;
    let administrator = match engine.has_administrator().await {
        Ok(true) => GOOD.to_owned(),
        Ok(false) => "there is none: run `ephor admin init` on the host".to_owned(),
        Err(error) => error.to_string(),
    };
    let ready = audit == GOOD && administrator == GOOD;
    Readiness { ready, store, audit, administrator, targets: targets(engine).await }
}

/// The head of the log can be read and is one.
async fn audit(engine: &Engine) -> String {
    let head =
        engine.store().read(|tx| Box::pin(async move { Ok((tx.audit_frontier().await?, tx.audit_size().await?)) }));
    match head.await {
        Ok((bytes, 0)) if bytes.is_empty() => GOOD.to_owned(),
        Ok((bytes, size)) => match ephor_audit::Frontier::from_bytes(&bytes) {
            Ok(frontier) if frontier.size() == size => GOOD.to_owned(),
            Ok(_) | Err(_) => "the head of the log is damaged: run `ephor audit verify`".to_owned(),
        },
        Err(fault) => fault.cause(),
    }
}

async fn targets(engine: &Engine) -> Vec<TargetReadiness> {
    let stored = engine.store().read(|tx| Box::pin(tx.targets())).await.unwrap_or_default();
    let state = |target: &ephor_store::tx::target::Target| match engine.target_status(target.id) {
        _ if target.unwritable => "unwritable",
        Some(status) if status.breaker_open || was_unreachable(target) => "not answering",
        Some(_) => GOOD,
        None if target.built_in => GOOD,
        None => "not configured here",
    };
    stored.iter().map(|target| TargetReadiness { name: target.name.clone(), state: state(target) }).collect()
}

/// What the last self-test found.
fn was_unreachable(target: &ephor_store::tx::target::Target) -> bool {
    let found = target.health.as_ref().and_then(|(text, _)| serde_json::from_str::<serde_json::Value>(text).ok());
    found.is_some_and(|found| found.get("reachable") == Some(&serde_json::Value::Bool(false)))
}
