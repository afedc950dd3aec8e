//! The engine: one store, one clock, one set of targets, shared by every face.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ephor_domain::{
    id::{GrantId, TargetId},
    principal::Actor,
};
use ephor_store::Store;
use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::{
    call::Call,
    keeper::AuditSigner,
    pam::limit::CreateLimit,
    port::{Clock, Entropy, mfa::MfaProvider, notify::Notifier, target::TargetDirectory},
    reconcile::book::EndBook,
    wake::{Waiters, Wake},
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
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) targets: HashMap<TargetId, TargetSlot>,
    pub(crate) mfa: Option<Arc<dyn MfaProvider>>,
    pub(crate) notifier: Option<Arc<dyn Notifier>>,
    pub(crate) signer: Option<AuditSigner>,
    pub(crate) book: EndBook,
    pub(crate) node: Uuid,
    pub(crate) waiters: Waiters,
    pub(crate) scheduler: Notify,
    pub(crate) challenges: Notify,
    pub(crate) outbox: Notify,
    pub(crate) create_limit: CreateLimit,
}

/// An outside target and what wakes its reconciler.
pub(crate) struct TargetSlot {
    pub(crate) directory: Arc<dyn TargetDirectory>,
    pub(crate) work: Notify,
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
                let slot =
                    TargetSlot { work: Notify::new(), state: crate::reconcile::TargetState::default(), directory };
                (slot.directory.id(), slot)
            })
            .collect();
        Self {
            inner: Arc::new(Inner {
                store: parts.store,
                clock: parts.clock,
                entropy: parts.entropy,
                targets,
                mfa: parts.mfa,
                notifier: parts.notifier,
                signer: parts.signer,
                book: EndBook::default(),
                node: parts.node,
                waiters: Waiters::default(),
                scheduler: Notify::new(),
                challenges: Notify::new(),
                outbox: Notify::new(),
                create_limit: CreateLimit::default(),
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
        &self.inner.store
    }

    pub(crate) fn call(&self, actor: &Actor) -> Call {
        Call::by(actor, self.now(), &*self.inner.entropy)
    }

    pub(crate) fn system(&self, component: &'static str) -> Call {
        Call::system(component, self.now(), &*self.inner.entropy)
    }

    /// Passes on what a commit set in motion.
    pub(crate) fn woken(&self, wake: &Wake) {
        if wake.due.is_some() {
            self.inner.scheduler.notify_one();
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

    /// Waits until `grant` settles, at most [`CONFIRMATION_WAIT`], and not at all while the breaker of one of the
    /// targets is open: a dead target never slows a call (O3). True when it settled.
    pub(crate) async fn confirmed(&self, grant: GrantId, mut settled: oneshot::Receiver<()>, wake: &Wake) -> bool {
        let slots = || wake.targets.iter().filter_map(|target| self.inner.targets.get(target));
        if self.inner.clock.is_simulated() {
            // No worker runs by itself then: one attempt, here and now (seams §19).
            for target in &wake.targets {
                if let Err(fault) = self.work_target(*target).await {
                    tracing::error!(%target, %fault, "target work waits for the store");
                }
            }
            self.inner.waiters.forget(grant);
            return settled.try_recv().is_ok();
        }
        if slots().count() < wake.targets.len() || slots().any(|slot| slot.state.breaker_is_open()) {
            self.inner.waiters.forget(grant);
            return false;
        }
        let in_time = tokio::time::timeout(CONFIRMATION_WAIT, settled).await.is_ok_and(|news| news.is_ok());
        if !in_time {
            self.inner.waiters.forget(grant);
            slots().for_each(|slot| slot.state.open_breaker());
        }
        in_time
    }
}
