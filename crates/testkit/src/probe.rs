//! Waiting for something outside this process, which no clock of ours can bring about.

use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(3);

/// Asks `question` until it has an answer or fails; `None` when `limit` has passed without one.
#[expect(
    clippy::disallowed_methods,
    reason = "another program must get its turn; nothing in the product waits like this"
)]
pub(crate) fn until<T, E>(limit: Duration, mut question: impl FnMut() -> Result<Option<T>, E>) -> Result<Option<T>, E> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = question()? {
            return Ok(Some(answer));
        }
        if begun.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(STEP);
    }
}
