//! What PostgreSQL says, in the store's words.

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::{Error, error::SqlState};

use crate::Fault;

/// The transaction lost a race with another one and may simply run again.
pub(super) fn is_lost_race(error: &Error) -> bool {
    error
        .code()
        .is_some_and(|code| *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

/// The connection is gone, or about to go.
pub(super) fn is_lost_connection(error: &Error) -> bool {
    match error.code() {
        Some(code) => {
            *code == SqlState::ADMIN_SHUTDOWN
                || *code == SqlState::CRASH_SHUTDOWN
                || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        }
        None => {
            let source = std::error::Error::source(error);
            error.is_closed() || source.is_some_and(|source| source.is::<std::io::Error>())
        }
    }
}

/// The fault that an error comes to.
pub(super) fn of(error: &Error) -> Fault {
    let cause = text(error);
    let Some(said) = error.as_db_error() else {
        return if is_lost_connection(error) { Fault::Unavailable { cause } } else { Fault::Misuse { cause } };
    };
    let code = said.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        let name = said.constraint().unwrap_or_default();
        // A primary key goes by the name of its table, as on SQLite.
        return Fault::Conflict { constraint: name.strip_suffix("_pkey").unwrap_or(name).to_owned() };
    }
    if *code == SqlState::FOREIGN_KEY_VIOLATION {
        return Fault::Dangling { cause };
    }
    if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE {
        return Fault::Timeout;
    }
    if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        return Fault::Corrupt { cause };
    }
    // Connection, authorization, rollback, resources (disk full), operator, system.
    let of_server = ["08", "28", "40", "53", "57", "58"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || *code == SqlState::INVALID_CATALOG_NAME;
    if of_server { Fault::Unavailable { cause } } else { Fault::Misuse { cause } }
}

/// The fault of asking the pool for a connection.
pub(super) fn of_pool(error: &PoolError) -> Fault {
    match error {
        PoolError::Backend(error) => {
            let fault = of(error);
            // Whatever stands in the way of a connection may be gone later.
            if let Fault::Misuse { cause } = fault { Fault::Unavailable { cause } } else { fault }
        }
        PoolError::Closed => Fault::Closed,
        PoolError::Timeout(TimeoutType::Wait) => Fault::Timeout,
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => Fault::Unavailable { cause: error.to_string() },
    }
}

/// The error with what lies below it.
fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
