//! What can go wrong below a command. Faults are no refusals: the caller did nothing wrong.

/// Why the store did not do what it was asked. The text is for the outside and names nothing; the cause is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store cannot be reached or cannot write (server down, disk full, I/O error). Nothing was committed; the same
    /// call may succeed later.
    #[error("the store is not available")]
    Unavailable {
        /// For the log.
        cause: String,
    },
    /// The store did not answer in time. Nothing was committed.
    #[error("the store did not answer in time")]
    Timeout,
    /// The connection broke while the commit was under way: it may have happened or not. Look before trying again.
    #[error("it is not known whether the change was stored")]
    Unknown {
        /// For the log.
        cause: String,
    },
    /// A uniqueness rule stands against it. Nothing was committed.
    #[error("the store holds this already")]
    Conflict {
        /// Name of the index or key, the same on both databases.
        constraint: String,
    },
    /// A row would name something that is not there, or something that is still named would go. Nothing was committed.
    #[error("the store holds no such thing, or still needs it")]
    Dangling {
        /// For the log.
        cause: String,
    },
    /// A row forms no legal state.
    #[error("the store holds a row that cannot be understood")]
    Inconsistent {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Key of the row, as far as known.
        id: String,
    },
    /// The store was written by a newer version of this program.
    #[error("the store has schema {found}; this program knows schemas up to {known}: use the newer program")]
    TooNew {
        /// Schema of the store.
        found: u32,
        /// Newest schema of this program.
        known: u32,
    },
    /// The schema's history is not this program's.
    #[error("migration {number} of the store is not the one of this program")]
    ChangedHistory {
        /// First migration that differs.
        number: u32,
    },
    /// The file is damaged.
    #[error("the store is damaged")]
    Corrupt {
        /// What was found.
        cause: String,
    },
    /// Another process has it open.
    #[error("the store is in use by another process")]
    InUse,
    /// A mistake in this program: a statement that does not fit the schema, a command that waited for something else.
    #[error("the store was used in a way it does not allow")]
    Misuse {
        /// For the log.
        cause: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Fault {
    /// The inside cause, for the log; the outside text where there is no other.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable { cause }
            | Self::Unknown { cause }
            | Self::Corrupt { cause }
            | Self::Misuse { cause }
            | Self::Dangling { cause } => format!("{self}: {cause}"),
            Self::Conflict { constraint } => format!("{self}: {constraint}"),
            Self::Inconsistent { table, column, id } => format!("{self}: {table}.{column} of {id}"),
            Self::Timeout | Self::TooNew { .. } | Self::ChangedHistory { .. } | Self::InUse | Self::Closed => {
                self.to_string()
            }
        }
    }

    /// True when the same call may succeed later without anybody's doing: 503 with `Retry-After` on the faces.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout | Self::Unknown { .. })
    }
}
