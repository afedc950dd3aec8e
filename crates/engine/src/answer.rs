//! How the engine says no: a refusal is business, a fault is not (architecture §4).

use ephor_domain::{Refusal, provider::ScheduleRefusal};
use ephor_store::Fault;

/// What every command and query of the engine answers with.
pub type Answer<T> = Result<T, Denied>;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something is broken or too slow; nothing is known to have happened.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl From<ScheduleRefusal> for Denied {
    fn from(refusal: ScheduleRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}
