//! A command on its way to a thread and back.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll, Waker},
};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::{Fault, Tx};

/// What a thread takes from its queue.
pub(super) enum Message {
    Run(Box<dyn Work>),
    Close,
}

/// A command whose type of answer is forgotten.
pub(super) trait Work: Send {
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the command to its end and keeps its answer.
    fn run(&mut self, tx: &mut Tx) -> Result<(), Fault>;
    /// Answers: what the command said, or what stood in the way of its commit.
    fn finish(self: Box<Self>, committed: Result<(), Fault>);
}

pub(super) struct Job<T, F> {
    command: F,
    answer: Option<T>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Job<T, F> {
    pub(super) fn new(command: F, reply: oneshot::Sender<Result<T, Fault>>) -> Self {
        Self { command, answer: None, reply }
    }
}

impl<T, F> Work for Job<T, F>
where
    T: Send,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::from_waker(Waker::noop());
            (self.command)(tx).as_mut().poll(&mut context)
        }));
        let misuse = |cause: &str| Err(Fault::Misuse { cause: cause.to_owned() });
        match answer {
            Ok(Poll::Ready(answer)) => {
                self.answer = Some(answer?);
                Ok(())
            }
            // Every method of `Tx` is ready at once here: whatever it waits for has no place in a command.
            Ok(Poll::Pending) => misuse("a command waited for something that is not the store"),
            Err(_) => misuse("a command panicked"),
        }
    }

    fn finish(mut self: Box<Self>, committed: Result<(), Fault>) {
        let answer = committed.and_then(|()| {
            self.answer.take().ok_or_else(|| Fault::Misuse { cause: "a command was committed but not run".to_owned() })
        });
        // Whoever asked may be gone.
        let _ = self.reply.send(answer);
    }
}
