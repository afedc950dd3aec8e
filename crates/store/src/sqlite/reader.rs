//! Readers: each command sees one snapshot, and none waits for the writer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::sync::mpsc;

use super::{
    connection::Place,
    job::{Message, Work},
};
use crate::{Fault, Tx};

/// Starts a reader.
pub(super) fn start(place: &Place, queue: Arc<Mutex<mpsc::Receiver<Message>>>) -> Result<JoinHandle<()>, Fault> {
    let mut tx = Tx::sqlite(place.reader()?);
    let run = move || {
        loop {
            let mut receiver = queue.lock().unwrap_or_else(PoisonError::into_inner);
            match receiver.blocking_recv() {
                Some(Message::Run(work)) => {
                    drop(receiver);
                    if !work.is_abandoned() {
                        answer(&mut tx, work);
                    }
                }
                Some(Message::Close) => receiver.close(),
                None => break,
            }
        }
    };
    let thread = std::thread::Builder::new().name("store-reader".to_owned());
    thread.spawn(run).map_err(|error| Fault::Unavailable { cause: error.to_string() })
}

fn answer(tx: &mut Tx, mut work: Box<dyn Work>) {
    let outcome = snapshot(tx, work.as_mut());
    work.finish(outcome);
}

fn snapshot(tx: &mut Tx, work: &mut dyn Work) -> Result<(), Fault> {
    tx.sqlite_session()?.steer("BEGIN")?;
    let outcome = work.run(tx);
    let session = tx.sqlite_session()?;
    if session.is_in_transaction() {
        session.steer("ROLLBACK")?;
    }
    outcome
}
