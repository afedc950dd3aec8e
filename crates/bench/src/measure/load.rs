//! A closed loop: so many clients, each with one call under way.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::latency::{Latencies, Spread};

/// How a load is put on.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Not measured: caches fill, statements are prepared.
    pub warm: Duration,
    /// Measured.
    pub measured: Duration,
}

/// One of the clients.
pub trait Client: Send + 'static {
    /// Makes one call and waits for its answer. A wrong answer is an error: it ends the benchmark.
    fn turn(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// What a load came to.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Calls answered in the measured time, in one second.
    pub per_second: f64,
    /// How long they took.
    pub spread: Spread,
}

/// Runs all clients at once and answers what came of it.
///
/// # Errors
/// The first error of any client.
pub async fn run<C: Client>(load: Load, clients: Vec<C>) -> Result<Outcome> {
    let begin = Instant::now() + load.warm;
    let end = begin + load.measured;
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let asked = Instant::now();
                if asked >= end {
                    return Ok(latencies);
                }
                client.turn().await?;
                let answered = Instant::now();
                if (begin..end).contains(&answered) {
                    latencies.record(answered - asked);
                }
            }
        });
    }
    let mut all = Latencies::default();
    while let Some(ended) = running.join_next().await {
        let latencies: Result<Latencies> = ended?;
        all.merge(latencies?);
    }
    ensure!(all.count() > 0, "no call was answered in the measured time");
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are exact in a double")]
    let per_second = all.count() as f64 / load.measured.as_secs_f64();
    Ok(Outcome { per_second, spread: all.spread() })
}

/// The same from a thread of its own, so that the generator's work is no task of the server's runtime.
///
/// # Errors
/// As [`run`].
pub fn run_apart<C: Client>(load: Load, clients: impl Future<Output = Result<Vec<C>>> + Send) -> Result<Outcome> {
    std::thread::scope(|scope| {
        let generator = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { run(load, clients.await?).await })
        });
        generator.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The outcome with the middle rate, of an odd number of them.
#[must_use]
pub fn median(mut outcomes: Vec<Outcome>) -> Option<Outcome> {
    outcomes.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    outcomes.get(outcomes.len() / 2).copied()
}
