//! What orders for schedules write, learnt on small tenants.

use std::sync::Arc;

use anyhow::Result;
use ephor_domain::{
    policy::{Kind, Presence},
    principal::Actor,
    provider::{Asked, AskedEnd, Said},
    request::{Action, Channel},
    resource::AssignmentContent,
    time::Ttl,
};
use ephor_engine::{
    Engine, Parts,
    port::{Clock, SeededEntropy, SimulatedClock},
    resource::PutRoleAssignment,
    schedule::NewOrder,
};
use ephor_store::Store;
use ephor_testkit::WorkDir;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    scratch::{JUSTIFICATION, sqlite},
    tenant::{Family, Tenant},
};
use crate::rows::{Pattern, Snapshot};

/// What to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// An administrator makes somebody eligible for most of a year.
    Eligible,
    /// An administrator assigns for some months.
    Assign,
    /// An administrator assigns a resource role directly, without a schedule.
    Direct,
    /// Somebody activates what he is eligible for.
    Activate,
}

/// Learns what an order writes. Of what administrators do, once all that follows from it was done.
///
/// # Errors
/// Faults of the store.
pub async fn learn(family: Family, order: Order) -> Result<Pattern> {
    let directory = WorkDir::new("learn")?;
    let path = directory.join("store.db");
    let store = Store::open(&sqlite(&path)).await?;
    let tenant = Tenant::with(family, 1, 1);
    let now: Timestamp = "2026-03-01T10:00:00Z".parse()?;
    tenant.load(&store, now).await?;
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::new(now));
    let engine = Engine::new(Parts {
        store: store.clone(),
        clock,
        entropy: Arc::new(SeededEntropy::new(1)),
        targets: Vec::new(),
        mfa: None,
        notifier: None,
        signer: None,
        node: Uuid::from_u128(1),
    });
    if order == Order::Activate {
        tenant.order(&engine, Order::Eligible, 0, 0).await?;
    }
    engine.drain().await?;
    let before = Snapshot::take(&path)?;
    tenant.order(&engine, order, 0, 0).await?;
    if order != Order::Activate {
        engine.drain().await?;
    }
    let after = Snapshot::take(&path)?;
    store.close().await;
    Ok(Pattern::learn(&before, &after, &tenant.line(0, 0), now))
}

impl Tenant {
    /// Gives an order about a person's line at a turn.
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn order(&self, engine: &Engine, order: Order, person: u32, turn: u32) -> Result<()> {
        if order == Order::Direct {
            let ephor_domain::entitlement::EntitlementKey::Resource { definition, scope } = self.key(person, turn)
            else {
                anyhow::bail!("only resource roles are assigned directly");
            };
            let put = PutRoleAssignment {
                scope,
                name: engine.entropy().guid(),
                definition,
                principal: self.world.principal(person),
                kind: None,
                content: AssignmentContent::default(),
            };
            engine.administer(&Self::administrator(), put).await?;
            return Ok(());
        }
        let (by, order) = self.new_order(order, person, turn, engine.now(), engine.entropy().guid());
        engine.submit(&by, order).await?;
        Ok(())
    }

    /// The order as a face reads it, and who gives it.
    #[must_use]
    pub fn new_order(&self, order: Order, person: u32, turn: u32, now: Timestamp, name: Uuid) -> (Actor, NewOrder) {
        let (by, action, kind, length) = match order {
            Order::Eligible => (Self::administrator(), Action::AdminAssign, Kind::Eligibility, Ttl::days(300)),
            Order::Assign | Order::Direct => {
                (Self::administrator(), Action::AdminAssign, Kind::Assignment, Ttl::days(150))
            }
            Order::Activate => (self.actor(person), Action::SelfActivate, Kind::Assignment, Ttl::hours(4)),
        };
        let said = Said { justification: Some(JUSTIFICATION.to_owned()), scheduled: true, ..Said::default() };
        let of_arm = self.family == Family::Resources;
        let order = NewOrder {
            key: self.key(person, turn),
            kind,
            action,
            principal: self.world.principal(person),
            asked: Asked { start: None, end: AskedEnd::After(length) },
            said,
            target: None,
            name: of_arm.then(|| name.to_string()),
            channel: if of_arm { Channel::Arm } else { Channel::Graph },
            presence: Presence { application: false, mfa_at: Some(now), contexts: Vec::new() },
            only_validate: false,
        };
        (by, order)
    }
}
