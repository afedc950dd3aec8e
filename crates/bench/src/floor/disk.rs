//! What the disk gives: one write and one flush after the other.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::measure::{Latencies, Outcome, cpu};

/// 4 KiB written and flushed to `directory`'s disk, again and again for `time`.
///
/// # Errors
/// When the disk refuses.
pub fn fdatasync(directory: &Path, time: Duration) -> Result<Outcome> {
    let path = directory.join("fdatasync");
    let mut file = File::create(&path)?;
    let page = [0x45_u8; 4096];
    // A log of a megabyte, written round: no metadata changes after the first time.
    let pages = 256;
    for _ in 0..pages {
        file.write_all(&page)?;
    }
    file.sync_all()?;
    let (begin, cpu_before) = (Instant::now(), cpu::of_thread()?);
    let mut latencies = Latencies::default();
    let mut at = 0;
    while begin.elapsed() < time {
        file.seek(SeekFrom::Start(at * 4096))?;
        at = (at + 1) % pages;
        let asked = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        latencies.record(asked.elapsed());
    }
    std::fs::remove_file(&path)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are exact in a double")]
    let per_second = latencies.count() as f64 / begin.elapsed().as_secs_f64();
    let cpu = (cpu::of_thread()? - cpu_before) / u32::try_from(latencies.count())?.max(1);
    Ok(Outcome { per_second, spread: latencies.spread(), cpu })
}
