//! Time on a processor: what work costs, however busy the machine is with something else.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// What all threads of this process have used so far. Exact to 10 ms.
///
/// # Errors
/// When the system does not say.
pub fn of_process() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name before may hold blanks and brackets.
    let fields = stat.rsplit_once(')').context("the system's line about a process")?.1;
    let ticks = |at| fields.split_whitespace().nth(at).and_then(|field| field.parse::<u32>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("the system's line about a process")?;
    // 100 a second on every Linux there is.
    Ok(Duration::from_millis(10) * (user + system))
}

/// What the calling thread has used so far.
///
/// # Errors
/// When the system does not say.
pub fn of_thread() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split_whitespace().next().and_then(|field| field.parse().ok());
    Ok(Duration::from_nanos(nanos.context("the system's line about a thread")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_on_a_processor() {
        let before = of_thread().unwrap();
        let sum = std::hint::black_box((0..2_000_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
        assert!(of_thread().unwrap() > before, "{sum}");
        assert!(of_process().unwrap() < Duration::from_secs(600));
    }
}
