//! A closed loop: so many clients, each with one call under way.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::{
    cpu,
    latency::{Latencies, Spread},
};

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
    /// Processor time of one call, in this process, without the generator's if that was a thread of its own.
    pub cpu: Duration,
}

/// Runs all clients at once and answers what came of it.
///
/// # Errors
/// The first error of any client.
pub async fn run<C: Client>(load: Load, clients: Vec<C>) -> Result<Outcome> {
    let begin = Instant::now() + load.warm;
    let end = begin + load.measured;
    let cpu_before = cpu::of_process()?;
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move {
            let (mut latencies, mut turns) = (Latencies::default(), 0_u32);
            loop {
                let asked = Instant::now();
                if asked >= end {
                    return Ok((latencies, turns));
                }
                client.turn().await?;
                turns += 1;
                let answered = Instant::now();
                if (begin..end).contains(&answered) {
                    latencies.record(answered - asked);
                }
            }
        });
    }
    let (mut all, mut all_turns) = (Latencies::default(), 0);
    while let Some(ended) = running.join_next().await {
        let ended: Result<_> = ended?;
        let (latencies, turns) = ended?;
        all.merge(latencies);
        all_turns += turns;
    }
    let cpu = (cpu::of_process()? - cpu_before) / all_turns.max(1);
    ensure!(all.count() > 0, "no call was answered in the measured time");
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are exact in a double")]
    let per_second = all.count() as f64 / load.measured.as_secs_f64();
    Ok(Outcome { per_second, spread: all.spread(), cpu })
}

/// The same from a thread of its own, so that the generator's work is no task of the server's runtime.
///
/// # Errors
/// As [`run`].
pub fn run_apart<C: Client>(load: Load, clients: impl Future<Output = Result<Vec<C>>> + Send) -> Result<Outcome> {
    std::thread::scope(|scope| {
        let generator = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let clients = clients.await?;
                let before = cpu::of_thread()?;
                let outcome = run(load, clients).await?;
                let all = outcome.per_second * (load.warm + load.measured).as_secs_f64();
                let own = (cpu::of_thread()? - before).div_f64(all.max(1.0));
                Ok(Outcome { cpu: outcome.cpu.saturating_sub(own), ..outcome })
            })
        });
        generator.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{:.0} µs of processor time each", self.spread, self.cpu.as_secs_f64() * 1e6)
    }
}

/// The outcome with the middle rate, of an odd number of them.
#[must_use]
pub fn median(mut outcomes: Vec<Outcome>) -> Option<Outcome> {
    outcomes.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    outcomes.get(outcomes.len() / 2).copied()
}
