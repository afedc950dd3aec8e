//! What takes longer: faults of the machine below, and callers that send whatever comes to their mind.

mod disk_full;
mod hostile_calls;
