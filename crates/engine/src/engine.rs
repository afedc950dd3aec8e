//! The engine: one store, one clock, one set of targets, shared by every face.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use ephor_domain::{
    grant::Phase,
    id::{GrantId, TargetId},
    principal::Actor,
};
use ephor_store::Store;
use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::{
    alarm::Alarm,
    call::Call,
    keeper::{self, AuditSigner},
    pam::{limit::CreateLimit, readers::Readers},
    port::{Clock, Entropy, mfa::MfaProvider, notify::Notifier, target::TargetDirectory},
    reconcile::book::EndBook,
    retention,
    wake::{Waiters, Waiting, Wake},
};

/// How long a call waits for a target's confirmation after its commit (seams §5).
pub const CONFIRMATION_WAIT: Duration = Duration::from_secs(1);

/// What an engine is made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids and salts.
    pub entropy: Arc<dyn Entropy>,
    /// The outside targets. The built-in directory needs none.
    pub targets: Vec<Arc<dyn TargetDirectory>>,
    /// Puts challenges to people; without one, challenges wait for another way to prove presence.
    pub mfa: Option<Arc<dyn MfaProvider>>,
    /// Tells people.
    pub notifier: Option<Arc<dyn Notifier>>,
    /// Signs checkpoints of the audit log.
    pub signer: Option<AuditSigner>,
    /// This process, as it names itself in leases.
    pub node: Uuid,
}

/// The engine. Cheap to clone: every clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    /// By which lane this clone reaches the store.
    pub(crate) store: Store,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) targets: HashMap<TargetId, TargetSlot>,
    pub(crate) mfa: Option<Arc<dyn MfaProvider>>,
    pub(crate) notifier: Option<Arc<dyn Notifier>>,
    pub(crate) signer: Option<AuditSigner>,
    /// How many days the bodies of records are kept.
    pub(crate) record_days: AtomicU32,
    pub(crate) order_days: AtomicU32,
    pub(crate) book: EndBook,
    pub(crate) node: Uuid,
    pub(crate) waiters: Waiters,
    pub(crate) scheduler: Alarm,
    pub(crate) challenges: Notify,
    pub(crate) outbox: Notify,
    pub(crate) create_limit: CreateLimit,
    pub(crate) readers: Readers,
}

/// An outside target and what wakes its reconciler.
pub(crate) struct TargetSlot {
    pub(crate) directory: Arc<dyn TargetDirectory>,
    pub(crate) work: Notify,
    /// Held during a round: two rounds at once could send an addition after the removal that follows it.
    pub(crate) round: Mutex<()>,
    pub(crate) state: crate::reconcile::TargetState,
}

impl Engine {
    /// Puts an engine together. Its workers run once [`Engine::run`] is called.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let targets = parts
            .targets
            .into_iter()
            .map(|directory| {
                let (work, round) = (Notify::new(), Mutex::new(()));
                let slot = TargetSlot { work, round, state: crate::reconcile::TargetState::default(), directory };
                (slot.directory.id(), slot)
            })
            .collect();
        Self {
            store: parts.store,
            inner: Arc::new(Inner {
                clock: parts.clock,
                entropy: parts.entropy,
                targets,
                mfa: parts.mfa,
                notifier: parts.notifier,
                signer: parts.signer,
                record_days: AtomicU32::new(retention::DAYS),
                order_days: AtomicU32::new(keeper::ORDER_DAYS),
                book: EndBook::default(),
                node: parts.node,
                waiters: Waiters::default(),
                scheduler: Alarm::default(),
                challenges: Notify::new(),
                outbox: Notify::new(),
                create_limit: CreateLimit::default(),
                readers: Readers::default(),
            }),
        }
    }

    /// The present instant by the engine's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock every layer above must use.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The randomness every layer above must use.
    #[must_use]
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.inner.entropy
    }

    /// The store, for workers and layers that the engine is composed with (identity); faces never touch it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// This engine as its workers see it: calls that wait for the store are not before them.
    pub(crate) fn for_workers(&self) -> Self {
        Self { store: self.store.for_workers(), inner: Arc::clone(&self.inner) }
    }

    pub(crate) fn call(&self, actor: &Actor) -> Call {
        Call::by(actor, self.now(), &*self.inner.entropy)
    }

    pub(crate) fn system(&self, component: &'static str) -> Call {
        Call::system(component, self.now(), &*self.inner.entropy)
    }

    /// Passes on what a commit set in motion.
    pub(crate) fn woken(&self, wake: &Wake) {
        if let Some(due) = wake.due {
            self.inner.scheduler.strike(due);
        }
        for target in &wake.targets {
            if let Some(slot) = self.inner.targets.get(target) {
                slot.work.notify_one();
            }
        }
        if wake.challenge {
            self.inner.challenges.notify_one();
        }
        if wake.notify {
            self.inner.outbox.notify_one();
        }
        for (key, until) in &wake.extended {
            self.inner.book.extended(*key, *until);
        }
        if !wake.settled.is_empty() {
            self.inner.waiters.settled(&wake.settled);
        }
    }

    /// Waits until the grant settles, at most [`CONFIRMATION_WAIT`], and not at all while the breaker of one of the
    /// targets is open: a dead target never slows a call (O3). True when it settled.
    pub(crate) async fn confirmed(&self, mut settled: Waiting<'_>, wake: &Wake) -> bool {
        if self.inner.clock.is_simulated() {
            // No worker runs by itself then: one attempt, here and now (seams §19).
            let workers = self.for_workers();
            for target in &wake.targets {
                if let Err(fault) = workers.work_target_for(*target, &mut settled).await {
                    tracing::error!(%target, %fault, "target work waits for the store");
                }
            }
            return settled.has_settled();
        }
        let slots: Vec<_> = wake.targets.iter().filter_map(|target| self.inner.targets.get(target)).collect();
        if slots.len() < wake.targets.len() || slots.iter().any(|slot| slot.state.breaker_is_open()) {
            return false;
        }
        let ours = slots.iter().all(|slot| slot.state.is_held());
        let grant = settled.grant();
        let news = async {
            if ours {
                settled.news().await;
            } else {
                self.settled_elsewhere(grant).await;
            }
        };
        let in_time = tokio::time::timeout(CONFIRMATION_WAIT, news).await.is_ok();
        if !in_time {
            slots.iter().for_each(|slot| slot.state.open_breaker());
        }
        in_time
    }

    /// Another node writes to the target: whether the grant has settled is asked of the store.
    async fn settled_elsewhere(&self, grant: GrantId) {
        const ASK_EVERY: Duration = Duration::from_millis(50);
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let case = self.store.read(move |tx| Box::pin(async move { tx.grant_case(grant).await })).await;
            let phase = case.ok().flatten().and_then(|case| case.grant).map(|grant| grant.phase);
            if matches!(phase, Some(Phase::InForce { .. } | Phase::Ended { .. })) {
                return;
            }
        }
    }
}
