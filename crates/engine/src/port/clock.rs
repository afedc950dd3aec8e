//! The one clock. Everything that needs "now" is handed an instant read here once per operation (architecture §6).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Tells the time and waits for an instant.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, cut to milliseconds (seams §10), never behind an earlier answer of the same clock.
    fn now(&self) -> Timestamp;

    /// Completes when [`Clock::now`] has reached `instant`; at once if it has already.
    ///
    /// A jump of the wall clock is noticed within a second, so a waiter is never late by more than that (O5).
    fn wait_until(&self, instant: Timestamp) -> BoxFuture<'static, ()>;

    /// True for a clock that stands still until told otherwise: native expiry at targets is off then (seams §18).
    fn is_simulated(&self) -> bool {
        false
    }
}

/// The machine's wall clock.
#[derive(Debug, Default, Clone)]
pub struct SystemClock {
    last: Arc<AtomicI64>,
}

impl SystemClock {
    /// The wall clock without the "never backwards" rule: what jump detection compares against.
    #[must_use]
    pub fn raw_now() -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one adapter that reads the wall clock")]
        let now = Timestamp::now();
        whole_millisecond(now)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let raw = Self::raw_now().as_millisecond();
        let last = self.last.fetch_max(raw, Ordering::Relaxed);
        Timestamp::from_millisecond(raw.max(last)).expect("a wall clock within jiff's range")
    }

    fn wait_until(&self, instant: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            // Short naps, because timers run on monotonic time while due instants are wall-clock instants.
            const NAP: Duration = Duration::from_millis(500);
            loop {
                let left = instant.duration_since(clock.now());
                if !left.is_positive() {
                    return;
                }
                let left = Duration::try_from(left).unwrap_or(NAP);
                tokio::time::sleep(left.min(NAP)).await;
            }
        })
    }
}

/// A clock that moves only when told to: tests and `ephor demo --simulated-clock`.
#[derive(Debug, Clone)]
pub struct SimulatedClock {
    now: Arc<Mutex<Timestamp>>,
    changed: watch::Sender<()>,
}

impl SimulatedClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(whole_millisecond(start))), changed: watch::Sender::new(()) }
    }

    /// Sets the clock, also backwards: that is a clock set back (O5).
    pub fn set(&self, instant: Timestamp) {
        *self.now.lock() = whole_millisecond(instant);
        self.changed.send_replace(());
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock()
    }

    fn wait_until(&self, instant: Timestamp) -> BoxFuture<'static, ()> {
        let mut changed = self.changed.subscribe();
        let clock = self.clone();
        Box::pin(async move {
            while clock.now() < instant {
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        })
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

/// A point of monotonic time: leases and lags are measured with it, never with the wall clock (seams §17).
#[must_use]
pub fn monotonic() -> Instant {
    Instant::now()
}

fn whole_millisecond(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).expect("cutting an instant keeps it in range")
}
