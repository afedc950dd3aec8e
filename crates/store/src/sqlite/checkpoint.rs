//! Moves the log into the file beside the writer.
//!
//! SQLite's own way is to copy the whole log within the commit that makes it too long: tens of milliseconds in which
//! everybody waits. Here a thread of its own copies while the writer goes on, and the writer itself copies only what came
//! in meanwhile; then the log begins anew.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::JoinHandle,
};

use super::{connection::Place, session::Session};
use crate::Fault;

/// The log is copied each time it has grown by so many pages of 4 KiB.
const PAGES: u32 = 12_000;

/// How often the thread copies before it is the writer's turn: the second time only what came in during the first.
const PASSES: u32 = 2;

/// The copying thread, as the writer sees it.
pub(super) struct Checkpoints {
    order: Option<Sender<()>>,
    copied: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Length of the log at which it is copied next.
    next: u32,
    is_copying: bool,
}

/// What the log holds, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Log {
    /// Since it began anew.
    pub(super) pages: u32,
    /// Those already in the file.
    pub(super) copied: u32,
}

impl Checkpoints {
    /// Starts the thread.
    pub(super) fn start(place: &Place) -> Result<Self, Fault> {
        let (order, orders) = mpsc::channel::<()>();
        let copied = Arc::new(AtomicBool::new(false));
        let (place, done) = (place.clone(), Arc::clone(&copied));
        let run = move || serve(&orders, &done, || copy(&place));
        let thread = std::thread::Builder::new().name("store-copier".to_owned());
        let thread = thread.spawn(run).map_err(|error| Fault::Unavailable { cause: error.to_string() })?;
        Ok(Self { order: Some(order), copied, thread: Some(thread), next: PAGES, is_copying: false })
    }

    /// After each commit: lets the thread begin, or finishes what it began.
    pub(super) fn after_commit(&mut self, session: &Session) -> Result<(), Fault> {
        let log = session.log()?;
        if log.pages < self.next && !self.is_copying {
            // It began anew, perhaps by itself.
            self.next = self.next.min(log.pages + PAGES);
        } else if !self.is_copying {
            self.copied.store(false, Ordering::Release);
            self.is_copying = self.order.as_ref().is_some_and(|order| order.send(()).is_ok());
            if !self.is_copying {
                // The thread is gone: everybody waits, but the log does not grow for ever.
                self.copy_rest(session)?;
            }
        } else if self.copied.load(Ordering::Acquire) {
            self.is_copying = false;
            self.copy_rest(session)?;
        }
        Ok(())
    }

    fn copy_rest(&mut self, session: &Session) -> Result<(), Fault> {
        let log = session.copy_log()?;
        // Somebody still reads what the log began with: it goes on growing until he is done.
        self.next = if log.copied < log.pages { log.pages + PAGES } else { PAGES };
        Ok(())
    }

    /// Ends the thread, so that the writer's connection is the last.
    pub(super) fn stop(&mut self) {
        self.order = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the log ended by a panic");
        }
    }
}

/// Carries out orders until nobody can give any more. One that ends in a panic is done as well: what is left of the log is
/// the writer's, and the next order is carried out like any other.
fn serve(orders: &Receiver<()>, done: &AtomicBool, mut copy: impl FnMut()) {
    while orders.recv().is_ok() {
        if catch_unwind(AssertUnwindSafe(&mut copy)).is_err() {
            tracing::error!("copying the log ended in a panic");
        }
        done.store(true, Ordering::Release);
    }
}

/// With a connection of its own each time: after a failure of the disk nothing old is left.
fn copy(place: &Place) {
    let copied = place.reader().and_then(|session| (0..PASSES).try_for_each(|_| session.copy_log().map(drop)));
    if let Err(fault) = copied {
        tracing::warn!(cause = fault.cause(), "the log could not be copied into the file; it goes on growing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_one_order_and_not_the_thread() {
        let (order, orders) = mpsc::channel();
        for _ in 0..2 {
            order.send(()).unwrap();
        }
        drop(order);
        let (done, mut turns) = (AtomicBool::new(false), Vec::new());
        serve(&orders, &done, || {
            turns.push(done.swap(false, Ordering::AcqRel));
            assert!(turns.len() > 1, "the first copy fails");
        });
        assert_eq!(turns, [false, true], "the second order came, and found the first one done");
        assert!(done.into_inner());
    }
}
