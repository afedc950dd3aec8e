//! A cell, whatever the database.

use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

/// What a cell holds. Real numbers are nowhere in the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, an instant, a truth.
    Int(i64),
    /// Text.
    Text(String),
    /// An id or other bytes.
    Blob(Vec<u8>),
}

impl Value {
    pub(super) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null | ValueRef::Real(_) => Self::Null,
            ValueRef::Integer(value) => Self::Int(value),
            ValueRef::Text(value) => Self::Text(String::from_utf8_lossy(value).into_owned()),
            ValueRef::Blob(value) => Self::Blob(value.to_vec()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}
