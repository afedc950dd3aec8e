//! What SQLite says, in the store's words.

use std::collections::HashMap;

use rusqlite::{Connection, Error, ErrorCode};

use crate::Fault;

/// Names of keys and unique indexes by the columns that SQLite's message lists.
#[derive(Debug, Default)]
pub(super) struct Constraints(HashMap<String, String>);

impl Constraints {
    /// Reads them from the schema.
    pub(super) fn read(connection: &Connection) -> Result<Self, Error> {
        let mut indexes = connection.prepare(
            "SELECT t.name, i.name, i.origin, (SELECT group_concat(t.name || '.' || c.name, ', ' ORDER BY c.seqno) \
             FROM pragma_index_info(i.name) c) FROM sqlite_schema t, pragma_index_list(t.name) i \
             WHERE t.type = 'table' AND i.\"unique\"",
        )?;
        let rows = indexes.query_map((), |row| {
            let (table, index, origin): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            // A primary key goes by the name of its table, as on PostgreSQL.
            Ok((row.get::<_, String>(3)?, if origin == "pk" { table } else { index }))
        })?;
        rows.collect::<Result<_, _>>().map(Self)
    }

    fn name_of(&self, message: &str) -> String {
        let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
        self.0.get(columns).cloned().unwrap_or_else(|| {
            // An integer key has no index of its own.
            columns.split('.').next().unwrap_or(columns).to_owned()
        })
    }
}

/// The fault that an error comes to.
pub(super) fn of(error: &Error, constraints: &Constraints) -> Fault {
    let cause = error.to_string();
    let Error::SqliteFailure(failure, message) = error else { return Fault::Misuse { cause } };
    match failure.code {
        ErrorCode::ConstraintViolation => match failure.extended_code {
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID => {
                Fault::Conflict { constraint: constraints.name_of(message.as_deref().unwrap_or_default()) }
            }
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Fault::Dangling { cause },
            _ => Fault::Misuse { cause },
        },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Corrupt { cause },
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport
        | ErrorCode::OutOfMemory
        | ErrorCode::PermissionDenied
        | ErrorCode::OperationInterrupted
        | ErrorCode::OperationAborted => Fault::Unavailable { cause },
        ErrorCode::InternalMalfunction
        | ErrorCode::NotFound
        | ErrorCode::SchemaChanged
        | ErrorCode::TooBig
        | ErrorCode::TypeMismatch
        | ErrorCode::ApiMisuse
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::ParameterOutOfRange
        | ErrorCode::Unknown
        | _ => Fault::Misuse { cause },
    }
}
