//! Small stores on which a command is run once, to learn what it writes.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use ephor_domain::{request::Channel, text::Justification};
use ephor_engine::{
    Engine, Parts,
    pam::create::NewRequest,
    port::{Clock, SeededEntropy, SimulatedClock, SystemClock, SystemEntropy, target::TargetDirectory},
};
use ephor_store::{Location, Store};
use ephor_testkit::WorkDir;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Place, World, obedient::Obedient};
use crate::rows::{Pattern, Snapshot};

/// Seconds asked for in every activation of the benchmarks.
pub const TTL: u64 = 4 * 3600;

/// The order of an activation.
///
/// # Panics
/// Never: the justification is a constant.
#[must_use]
pub fn order(world: &World, role: u32) -> NewRequest {
    NewRequest {
        role: world.role(role),
        ttl: TTL,
        start: None,
        justification: Justification::parse(JUSTIFICATION).expect("a short text"),
        channel: Channel::PamRest,
    }
}

/// What people write.
pub const JUSTIFICATION: &str = "Restart of the mail gateway after the patch of tonight";

/// An engine over a store as the product puts it together.
#[must_use]
pub fn engine(store: &Store, clock: Arc<dyn Clock>, targets: Vec<Arc<dyn TargetDirectory>>) -> Engine {
    Engine::new(Parts {
        store: store.clone(),
        clock,
        entropy: Arc::new(SystemEntropy::default()),
        targets,
        mfa: None,
        notifier: None,
        signer: None,
        node: Uuid::from_u128(1),
    })
}

/// An engine on the machine's own clock.
#[must_use]
pub fn live_engine(store: &Store) -> Engine {
    engine(store, Arc::new(SystemClock::default()), Vec::new())
}

/// Where a file is, as the store names it.
#[must_use]
pub fn sqlite(path: &Path) -> Location {
    Location::Sqlite(path.to_owned())
}

/// What to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// The rows of an activation that is in force.
    Activation,
    /// What is left of one that has ended.
    Past,
}

/// Learns what a lesson leaves, for groups in such a place.
///
/// # Errors
/// Faults of the store.
pub async fn learn(lesson: Lesson, place: Place) -> Result<Pattern> {
    let directory = WorkDir::new("learn")?;
    let path = directory.join("store.db");
    let store = Store::open(&sqlite(&path)).await?;
    let world = World { users: 1, roles: 1, roles_each: 1, place };
    let now: Timestamp = "2026-03-01T10:00:00Z".parse()?;
    world.load(&store, now).await?;
    let clock = SimulatedClock::new(now);
    let targets: Vec<Arc<dyn TargetDirectory>> = match world.place {
        Place::BuiltIn => Vec::new(),
        Place::Ldap(_) => vec![Arc::new(Obedient(world.target()))],
    };
    let engine = Engine::new(Parts {
        store: store.clone(),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(1)),
        targets,
        mfa: None,
        notifier: None,
        signer: None,
        node: Uuid::from_u128(1),
    });
    engine.drain().await?;
    let before = Snapshot::take(&path)?;
    let made = engine.pam_create(&world.actor(0), order(&world, 0)).await?;
    made.grant.context("an activation makes a grant")?;
    if lesson == Lesson::Past {
        engine.advance(&clock, now + SignedDuration::from_secs(TTL.try_into()?)).await?;
    }
    let after = Snapshot::take(&path)?;
    store.close().await;
    Ok(Pattern::learn(&before, &after, &world.line(0, 0), now))
}
