//! SQLite: one writer thread with group commit, reader threads beside it, one process.

mod checkpoint;
mod connection;
mod fault;
mod job;
mod lock;
mod reader;
mod session;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use session::{BYTES, DAMAGES, ERASE, FORGET, PROVE, Session};

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::{Fault, Tx};
use job::{Job, Message};

/// Commands that may wait for the writer or the readers.
const QUEUE: usize = 4096;

/// An open SQLite store.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: mpsc::Sender<Message>,
    readers: mpsc::Sender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    version: Arc<AtomicU64>,
}

impl Sqlite {
    /// Opens the file and starts the threads. Blocks.
    pub(crate) fn open(path: &Path, readers: usize) -> Result<Self, Fault> {
        let lock = lock::acquire(path)?;
        let place = connection::Place::new(path)?;
        let (writer, writes) = mpsc::channel(QUEUE);
        let (reader, reads) = mpsc::channel(QUEUE);
        let mut threads = vec![writer::start(place.clone(), lock, writes)?];
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..readers.max(1) {
            threads.push(reader::start(&place, Arc::clone(&reads))?);
        }
        Ok(Self { writer, readers: reader, threads: Mutex::new(threads), version: place.version })
    }

    pub(crate) async fn transact<T, F>(&self, command: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    {
        run(&self.writer, command).await
    }

    pub(crate) async fn read<T, F>(&self, command: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    {
        run(&self.readers, command).await
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Commands that wait for the writer.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.writer.max_capacity() - self.writer.capacity()
    }

    /// Finishes what waits and ends the threads.
    pub(crate) async fn close(&self) {
        let mut threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let readers = threads.split_off(threads.len().min(1));
        // The writer last: whoever closes the last connection moves the log into the file, and readers may not write.
        for (queue, threads) in [(&self.readers, readers), (&self.writer, threads)] {
            // A send fails when the threads are gone already.
            let _ = queue.send(Message::Close).await;
            let ended = tokio::task::spawn_blocking(move || {
                for thread in threads {
                    if thread.join().is_err() {
                        tracing::error!("a thread of the store ended by a panic");
                    }
                }
            });
            let _ = ended.await;
        }
    }
}

async fn run<T, F>(queue: &mpsc::Sender<Message>, command: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
{
    let (reply, answer) = oneshot::channel();
    queue.send(Message::Run(Box::new(Job::new(command, reply)))).await.map_err(|_| Fault::Closed)?;
    answer.await.unwrap_or(Err(Fault::Closed))
}

/// Statements of this adapter.
#[cfg(test)]
pub(crate) fn statements() -> &'static [&'static crate::sql::Statement] {
    session::ALL
}
