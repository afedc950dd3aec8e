//! Targets: directories that enforce.

use ephor_domain::id::TargetId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Tx, unwritten};
use crate::Fault;

/// What is done about changes that others made at a target (R6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are reported.
    ReportOnly,
    /// They are corrected.
    Authoritative,
}

/// A target.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Key.
    pub id: TargetId,
    /// Unique name.
    pub name: String,
    /// `built-in`, `ldap`, `active-directory`, `scim`.
    pub kind: String,
    /// JSON that the kind understands; without secrets.
    pub config: String,
    /// Sealed secret of the connection.
    pub secret: Option<Vec<u8>>,
    /// What is done about foreign changes.
    pub mode: Mode,
    /// The directory inside this store: effects are confirmed in the commit.
    pub built_in: bool,
    /// Its self-test found that it cannot be written to (R7).
    pub unwritable: bool,
    /// JSON of the last self-test and its instant.
    pub health: Option<(String, Timestamp)>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tx {
    /// A target.
    ///
    /// # Errors
    /// As any statement.
    pub async fn target(&mut self, _id: TargetId) -> Result<Option<Target>, Fault> {
        unwritten()
    }

    /// All targets, by name. There are few.
    ///
    /// # Errors
    /// As any statement.
    pub async fn targets(&mut self) -> Result<Vec<Target>, Fault> {
        unwritten()
    }

    /// Stores a new target.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `target_name` when the name is taken.
    pub async fn insert_target(&mut self, _target: &Target) -> Result<(), Fault> {
        unwritten()
    }

    /// Stores a changed target, all but its health; false when it is not there.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `target_name` when the name is taken.
    pub async fn update_target(&mut self, _target: &Target) -> Result<bool, Fault> {
        unwritten()
    }

    /// Stores what a self-test found.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_target_health(
        &mut self,
        _id: TargetId,
        _unwritable: bool,
        _health: &str,
        _at: Timestamp,
    ) -> Result<(), Fault> {
        unwritten()
    }

    /// Deletes a target without groups; false when it is not there or in use.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_target(&mut self, _id: TargetId) -> Result<bool, Fault> {
        unwritten()
    }
}
