//! What wakes the scheduler: an instant it sleeps until, and whoever learns of an earlier one.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tokio::sync::{Notify, futures::Notified};

/// Set to an instant by the one who sleeps; struck by those who learn of something due. A strike for a later instant wakes
/// nobody: the sleeper asks the store again when its own has come. Thousands of activations a second, each due in hours,
/// would keep the scheduler awake otherwise.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// Microseconds. Beyond all instants while the sleeper is awake: it may have looked already.
    set: AtomicI64,
    bell: Notify,
}

/// No instant is as late.
const AWAKE: i64 = i64::MAX;

impl Default for Alarm {
    fn default() -> Self {
        Self { set: AtomicI64::new(AWAKE), bell: Notify::new() }
    }
}

impl Alarm {
    /// Begins to listen, before the look that [`set`](Self::set) ends: what strikes in between is not missed.
    pub(crate) fn listen(&self) -> Notified<'_> {
        self.set.store(AWAKE, Ordering::SeqCst);
        self.bell.notified()
    }

    /// Sets it to what the look found; `None` is nothing at all.
    pub(crate) fn set(&self, next: Option<Timestamp>) {
        self.set.store(next.map_or(AWAKE, Timestamp::as_microsecond), Ordering::SeqCst);
    }

    /// Something is due at `due`.
    pub(crate) fn strike(&self, due: Timestamp) {
        if due.as_microsecond() < self.set.load(Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }

    /// Wakes in any case.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use jiff::SignedDuration;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn only_what_is_earlier_wakes_the_sleeper() {
        let alarm = Alarm::default();
        let mut woken = std::pin::pin!(alarm.listen());
        alarm.set(Some(at(100)));
        alarm.strike(at(100));
        alarm.strike(at(5000));
        assert_eq!(woken.as_mut().now_or_never(), None);
        alarm.strike(at(99));
        assert_eq!(woken.as_mut().now_or_never(), Some(()));
    }

    #[test]
    fn what_strikes_during_the_look_is_not_missed() {
        let alarm = Alarm::default();
        alarm.set(Some(at(1)));
        let woken = alarm.listen();
        alarm.strike(at(100));
        alarm.set(Some(at(200)));
        assert_eq!(woken.now_or_never(), Some(()));
    }

    #[test]
    fn with_nothing_to_wait_for_everything_wakes() {
        let alarm = Alarm::default();
        let woken = alarm.listen();
        alarm.set(None);
        alarm.strike(at(5000));
        assert_eq!(woken.now_or_never(), Some(()));
        let woken = alarm.listen();
        alarm.set(Some(at(1)));
        alarm.ring();
        assert_eq!(woken.now_or_never(), Some(()));
    }
}
