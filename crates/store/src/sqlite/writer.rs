//! The one writer: takes all that waits, runs each command in its savepoint, commits once, answers all.

use std::{fs::File, sync::atomic::Ordering, thread::JoinHandle};

use tokio::sync::mpsc;

use super::{
    checkpoint::Checkpoints,
    connection::Place,
    job::{Message, Work},
    session::Session,
};
use ephor_audit::Frontier;

use crate::{Fault, Tx};

/// Most commands of one commit.
const BATCH: usize = 256;

/// Starts the writer. It holds `lock` to its end.
pub(super) fn start(place: Place, lock: File, queue: mpsc::Receiver<Message>) -> Result<JoinHandle<()>, Fault> {
    let checkpoints = Checkpoints::start(&place)?;
    let mut writer = Writer { tx: Some(Tx::sqlite(place.writer()?)), place, checkpoints };
    let run = move || {
        writer.serve(queue);
        writer.checkpoints.stop();
        drop(writer);
        drop(lock);
    };
    let thread = std::thread::Builder::new().name("store-writer".to_owned());
    thread.spawn(run).map_err(|error| Fault::Unavailable { cause: error.to_string() })
}

struct Writer {
    place: Place,
    // Nothing after a failure of the disk: opened anew for the next batch, for what the file holds is in doubt.
    tx: Option<Tx>,
    checkpoints: Checkpoints,
}

impl Writer {
    fn serve(&mut self, mut queue: mpsc::Receiver<Message>) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = Vec::new();
            let mut message = Some(first);
            while let Some(next) = message.take() {
                match next {
                    Message::Run(work) if work.is_abandoned() => {}
                    Message::Run(work) => batch.push(work),
                    Message::Close => queue.close(),
                }
                if batch.len() < BATCH {
                    message = queue.try_recv().ok();
                }
            }
            if !batch.is_empty() {
                self.run(batch);
            }
        }
    }

    fn run(&mut self, mut batch: Vec<Box<dyn Work>>) {
        let outcomes = match self.session() {
            Ok(tx) => commit(tx, &mut batch),
            Err(fault) => Err(fault),
        };
        match outcomes {
            Ok(outcomes) => {
                self.tell_of_changes();
                for (work, outcome) in batch.into_iter().zip(outcomes) {
                    work.finish(outcome);
                }
                self.keep_the_log_short();
            }
            Err(fault) => {
                tracing::error!(cause = fault.cause(), commands = batch.len(), "a batch could not be committed");
                self.tx = None;
                // After a failed COMMIT the change may stand all the same: nothing read before it is trusted.
                self.place.version.fetch_add(1, Ordering::Release);
                for work in batch {
                    work.finish(Err(fault.clone()));
                }
            }
        }
    }

    /// When everybody is answered. What fails here fails the next commit as well, and is said then.
    fn keep_the_log_short(&mut self) {
        let session = self.tx.as_mut().and_then(|tx| tx.sqlite_session().ok());
        if let Some(Err(fault)) = session.map(|session| self.checkpoints.after_commit(session)) {
            tracing::warn!(cause = fault.cause(), "the log could not be copied into the file");
        }
    }

    /// Before anybody is answered, so that whoever is told of a change finds nothing remembered from before it.
    fn tell_of_changes(&mut self) {
        let session = self.tx.as_mut().and_then(|tx| tx.sqlite_session().ok());
        if session.is_some_and(Session::take_reconfigured) {
            self.place.version.fetch_add(1, Ordering::Release);
        }
    }

    fn session(&mut self) -> Result<&mut Tx, Fault> {
        if self.tx.is_none() {
            self.tx = Some(Tx::sqlite(self.place.writer()?));
        }
        self.tx.as_mut().ok_or(Fault::Closed)
    }
}

/// Runs a batch as one transaction. Answers one outcome for each command, or the fault that undid them all.
fn commit(tx: &mut Tx, batch: &mut [Box<dyn Work>]) -> Result<Vec<Result<(), Fault>>, Fault> {
    tx.sqlite_session()?.steer("BEGIN IMMEDIATE")?;
    let before = tx.sqlite_session()?.frontier();
    let outcomes = run_all(tx, batch).and_then(|outcomes| {
        let session = tx.sqlite_session()?;
        session.write_head(before.as_ref())?;
        session.steer("COMMIT")?;
        Ok(outcomes)
    });
    if outcomes.is_err() {
        let session = tx.sqlite_session()?;
        if session.is_in_transaction() {
            // The connection is given up after this; closing it would undo the rest.
            let _ = session.steer("ROLLBACK");
        }
        session.restore(before);
    }
    outcomes
}

fn run_all(tx: &mut Tx, batch: &mut [Box<dyn Work>]) -> Result<Vec<Result<(), Fault>>, Fault> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for work in batch {
        let frontier = tx.sqlite_session()?.frontier();
        tx.sqlite_session()?.steer("SAVEPOINT command")?;
        let outcome = work.run(tx);
        let session = tx.sqlite_session()?;
        // A command cannot commit past a statement that failed: on PostgreSQL it could not either.
        let outcome = outcome.and(session.take_failed().map_or(Ok(()), Err));
        match &outcome {
            Ok(()) => session.steer("RELEASE command")?,
            Err(fault) => undo(session, frontier, fault)?,
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Undoes one command. When SQLite gave up the whole transaction (disk full, I/O error), all of the batch is lost.
fn undo(session: &mut Session, frontier: Option<Frontier>, fault: &Fault) -> Result<(), Fault> {
    session.restore(frontier);
    if !session.is_in_transaction() {
        return Err(fault.clone());
    }
    session.steer("ROLLBACK TO command")?;
    session.steer("RELEASE command")
}
