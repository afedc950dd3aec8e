//! The order to stop: SIGTERM from a supervisor, SIGINT from the keyboard.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Done;

/// Listens for the order to stop from the moment it is made: an order that comes during the start is not lost.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to listen.
    pub(crate) fn listen() -> Done<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Completes when the order has come.
    pub(crate) async fn ordered(mut self) {
        let by = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(by, "stopping");
    }
}
