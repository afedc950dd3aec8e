//! Settings, the version of the configuration, and small facts of the store.

use ephor_domain::{id::RequestId, pam::Settings};
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

impl Tx {
    /// The PAM settings; the defaults before they are first set.
    ///
    /// # Errors
    /// As any statement.
    pub async fn settings(&mut self) -> Result<Settings, Fault> {
        unwritten()
    }

    /// Stores the PAM settings.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_settings(&mut self, _settings: &Settings) -> Result<(), Fault> {
        unwritten()
    }

    /// Grows with each change of roles, groups, users, targets or settings.
    ///
    /// # Errors
    /// As any statement.
    pub async fn config_version(&mut self) -> Result<u64, Fault> {
        unwritten()
    }

    /// A small fact of the store: tenant, demo mark, node facts.
    ///
    /// # Errors
    /// As any statement.
    pub async fn meta(&mut self, _key: &str) -> Result<Option<String>, Fault> {
        unwritten()
    }

    /// Stores a small fact, or forgets it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_meta(&mut self, _key: &str, _value: Option<&str>) -> Result<(), Fault> {
        unwritten()
    }

    /// When the call of a request's challenge started; `None` before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn call_started(&mut self, _id: RequestId) -> Result<Option<Timestamp>, Fault> {
        unwritten()
    }

    /// Notes that the call of a request's challenge started; false when it had started before or the request does not wait
    /// for it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn start_call(&mut self, _id: RequestId, _at: Timestamp) -> Result<bool, Fault> {
        unwritten()
    }
}
