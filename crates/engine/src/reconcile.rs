//! The reconciler: drives each target's memberships towards what the live grants say, for ever (architecture §7).

use std::sync::atomic::{AtomicBool, Ordering};

/// What this node knows of a target.
#[derive(Debug, Default)]
pub(crate) struct TargetState {
    breaker: AtomicBool,
}

impl TargetState {
    /// Calls do not wait for this target's confirmation (O3).
    pub(crate) fn breaker_is_open(&self) -> bool {
        self.breaker.load(Ordering::Relaxed)
    }

    pub(crate) fn open_breaker(&self) {
        self.breaker.store(true, Ordering::Relaxed);
    }
}
