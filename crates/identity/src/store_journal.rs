//! Failed sign-ins on their way into the store: a bounded queue, written in batches beside the calls.

use std::{fmt, sync::Arc, time::Duration};

use ephor_store::{Store, Write};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{
    event::{Event, EventKind},
    port::Journal,
    store_vault::Seal,
};

/// Events that wait for the store at most; further ones are counted.
const QUEUE: usize = 1024;

/// Records written in one commit.
const BATCH: usize = 128;

/// Pause before the store is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// A journal in the store. Nobody waits for it.
#[derive(Clone)]
pub struct StoreJournal {
    queue: mpsc::Sender<Event>,
    overflow: Arc<Mutex<Option<Overflow>>>,
}

/// What found no place in the queue.
#[derive(Debug, Clone, Copy)]
struct Overflow {
    count: u64,
    from: Timestamp,
    to: Timestamp,
}

impl fmt::Debug for StoreJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreJournal").finish_non_exhaustive()
    }
}

impl StoreJournal {
    /// The journal, and its worker, which is to be spawned: it ends when every clone of the journal is gone and all is
    /// written.
    pub fn new(store: Store, seal: Seal) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let overflow = Arc::new(Mutex::new(None));
        let journal = Self { queue: sender, overflow: Arc::clone(&overflow) };
        (journal, work(store, seal, receiver, overflow))
    }
}

impl Journal for StoreJournal {
    fn note(&self, event: Event) {
        let Err(full) = self.queue.try_send(event) else {
            return;
        };
        let event = full.into_inner();
        let more = if let EventKind::SignInsFailed { count, .. } = event.kind { count } else { 1 };
        let mut overflow = self.overflow.lock();
        let before = overflow.unwrap_or(Overflow { count: 0, from: event.at, to: event.at });
        *overflow = Some(Overflow { count: before.count + more, from: before.from, to: event.at });
    }
}

/// What an event leaves: its record, and of a sign-in when it was.
fn writes(seal: &Seal, event: &Event) -> impl Iterator<Item = Write> + use<> {
    let signed_in = match (&event.kind, event.principal) {
        (EventKind::SignedIn { .. }, Some(principal)) => Some(Write::SignedIn(principal, event.at)),
        _ => None,
    };
    [Some(Write::Record(seal(event))), signed_in].into_iter().flatten()
}

async fn work(store: Store, seal: Seal, mut queue: mpsc::Receiver<Event>, overflow: Arc<Mutex<Option<Overflow>>>) {
    let mut events = Vec::new();
    while queue.recv_many(&mut events, BATCH).await > 0 {
        if let Some(Overflow { count, from, to }) = overflow.lock().take() {
            let kind = EventKind::SignInsFailed { count, from, to };
            events.push(Event { at: to, by: None, principal: None, address: None, kind });
        }
        let writes: Arc<Vec<Write>> = Arc::new(events.drain(..).flat_map(|event| writes(&seal, &event)).collect());
        loop {
            let batch = Arc::clone(&writes);
            let outcome = store
                .transact(move |tx| {
                    let batch = batch.as_ref().clone();
                    Box::pin(async move { tx.apply(batch).await })
                })
                .await;
            match outcome {
                Ok(()) => break,
                Err(fault) if fault.is_passing() => {
                    tracing::warn!(cause = fault.cause(), "failed sign-ins wait for the store");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(fault) => {
                    tracing::error!(cause = fault.cause(), lost = writes.len(), "failed sign-ins were not recorded");
                    break;
                }
            }
        }
    }
}
