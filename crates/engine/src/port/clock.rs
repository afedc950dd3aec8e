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

/// The machine's wall clock, never slower than monotonic time: a wall clock that is set back would else give every live
/// grant as much more time as it was set back by (O5). One that is set forward is followed at once.
#[derive(Debug, Clone)]
pub struct SystemClock {
    /// Monotonic time counts from here.
    base: Instant,
    /// The farthest the wall clock was ever ahead of monotonic time, in microseconds.
    ahead: Arc<AtomicI64>,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { base: monotonic(), ahead: Arc::new(AtomicI64::new(i64::MIN)) }
    }
}

impl SystemClock {
    /// The wall clock as it is: what jump detection compares against.
    #[must_use]
    pub fn raw_now() -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one adapter that reads the wall clock")]
        let now = Timestamp::now();
        now
    }

    fn at(&self, wall: Timestamp, steady: Duration) -> Timestamp {
        let steady = i64::try_from(steady.as_micros()).unwrap_or(i64::MAX);
        let ahead = wall.as_microsecond().saturating_sub(steady);
        let farthest = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        let now = Timestamp::from_microsecond(steady.saturating_add(farthest));
        whole_millisecond(now.expect("a wall clock within jiff's range"))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.at(Self::raw_now(), monotonic().duration_since(self.base))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the clock says when the wall shows one second and so many seconds have really passed.
    fn shown(clock: &SystemClock, wall: i64, passed: u64) -> i64 {
        clock.at(Timestamp::from_second(wall).unwrap(), Duration::from_secs(passed)).as_second()
    }

    #[test]
    fn f5_a_clock_set_back_goes_on_and_a_clock_set_forward_is_followed() {
        let clock = SystemClock::default();
        assert_eq!(shown(&clock, 1_000_000, 10), 1_000_000);
        assert_eq!(shown(&clock, 1_000_005, 15), 1_000_005);
        // An hour back: five seconds later it is five seconds later, so a grant ends when it would have.
        assert_eq!(shown(&clock, 996_410, 20), 1_000_010);
        assert_eq!(shown(&clock, 1_000_009, 3_619), 1_003_609);
        // An hour forward, and twenty minutes of sleep that monotonic time did not see.
        assert_eq!(shown(&clock, 1_007_220, 3_630), 1_007_220);
        assert_eq!(shown(&clock, 1_008_420, 3_630), 1_008_420);
        assert_eq!(shown(&clock, 1_008_421, 3_631), 1_008_421);
    }

    #[test]
    fn an_instant_is_cut_to_milliseconds() {
        let clock = SystemClock::default();
        let wall = Timestamp::from_microsecond(1_500_000_000_123_999).unwrap();
        assert_eq!(clock.at(wall, Duration::ZERO).as_microsecond(), 1_500_000_000_123_000);
    }
}
