//! Reads a row column by column into what it means, or names what is wrong with it.

use ephor_domain::id::Id;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Row, Value};
use crate::Fault;

/// Takes the columns of a row in order.
#[derive(Debug)]
pub(crate) struct Reader {
    table: &'static str,
    // The first column names the row when a later one cannot be understood.
    key: Option<Uuid>,
    values: std::vec::IntoIter<Value>,
}

impl Reader {
    /// Reads a row of `table`.
    pub(crate) fn new(table: &'static str, row: Row) -> Self {
        Self { table, key: None, values: row.into_iter() }
    }

    /// Goes on as a row of another table of a join.
    pub(crate) fn of(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self
    }

    /// The fault of a column that cannot be understood.
    pub(crate) fn fault(&self, column: &'static str) -> Fault {
        Fault::Inconsistent { table: self.table, column, id: self.key.map(|key| key.to_string()).unwrap_or_default() }
    }

    fn next(&mut self) -> Value {
        self.values.next().unwrap_or(Value::Null)
    }

    /// Passes over so many columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        for _ in 0..columns {
            self.values.next();
        }
    }

    /// True when the next column is null: the row of an outer join that is not there.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.values.as_slice().first(), None | Some(Value::Null))
    }

    pub(crate) fn uuid_or_null(&mut self, column: &'static str) -> Result<Option<Uuid>, Fault> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Uuid(value) => {
                self.key.get_or_insert(value);
                Ok(Some(value))
            }
            Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) => Err(self.fault(column)),
        }
    }

    pub(crate) fn uuid(&mut self, column: &'static str) -> Result<Uuid, Fault> {
        self.uuid_or_null(column)?.ok_or_else(|| self.fault(column))
    }

    pub(crate) fn id<Kind>(&mut self, column: &'static str) -> Result<Id<Kind>, Fault> {
        self.uuid(column).map(Id::new)
    }

    pub(crate) fn id_or_null<Kind>(&mut self, column: &'static str) -> Result<Option<Id<Kind>>, Fault> {
        Ok(self.uuid_or_null(column)?.map(Id::new))
    }

    pub(crate) fn int_or_null(&mut self, column: &'static str) -> Result<Option<i64>, Fault> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(value)),
            Value::Bool(value) => Ok(Some(value.into())),
            Value::Uuid(_) | Value::Text(_) | Value::Bytes(_) => Err(self.fault(column)),
        }
    }

    pub(crate) fn int(&mut self, column: &'static str) -> Result<i64, Fault> {
        self.int_or_null(column)?.ok_or_else(|| self.fault(column))
    }

    /// A number that is never negative.
    pub(crate) fn count(&mut self, column: &'static str) -> Result<u64, Fault> {
        u64::try_from(self.int(column)?).map_err(|_| self.fault(column))
    }

    pub(crate) fn count_or_null(&mut self, column: &'static str) -> Result<Option<u64>, Fault> {
        self.int_or_null(column)?.map(|value| u64::try_from(value).map_err(|_| self.fault(column))).transpose()
    }

    pub(crate) fn small_count(&mut self, column: &'static str) -> Result<u32, Fault> {
        u32::try_from(self.int(column)?).map_err(|_| self.fault(column))
    }

    pub(crate) fn level(&mut self, column: &'static str) -> Result<u8, Fault> {
        u8::try_from(self.int(column)?).map_err(|_| self.fault(column))
    }

    pub(crate) fn bool(&mut self, column: &'static str) -> Result<bool, Fault> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.fault(column)),
        }
    }

    pub(crate) fn instant_or_null(&mut self, column: &'static str) -> Result<Option<Timestamp>, Fault> {
        self.int_or_null(column)?
            .map(|value| Timestamp::from_microsecond(value).map_err(|_| self.fault(column)))
            .transpose()
    }

    pub(crate) fn instant(&mut self, column: &'static str) -> Result<Timestamp, Fault> {
        self.instant_or_null(column)?.ok_or_else(|| self.fault(column))
    }

    pub(crate) fn text_or_null(&mut self, column: &'static str) -> Result<Option<String>, Fault> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            Value::Bool(_) | Value::Int(_) | Value::Uuid(_) | Value::Bytes(_) => Err(self.fault(column)),
        }
    }

    pub(crate) fn text(&mut self, column: &'static str) -> Result<String, Fault> {
        self.text_or_null(column)?.ok_or_else(|| self.fault(column))
    }

    pub(crate) fn bytes_or_null(&mut self, column: &'static str) -> Result<Option<Vec<u8>>, Fault> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Bytes(value) => Ok(Some(value)),
            // SQLite cannot tell an id from any other 16 bytes.
            Value::Uuid(value) => Ok(Some(value.as_bytes().to_vec())),
            Value::Bool(_) | Value::Int(_) | Value::Text(_) => Err(self.fault(column)),
        }
    }

    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<Vec<u8>, Fault> {
        self.bytes_or_null(column)?.ok_or_else(|| self.fault(column))
    }
}
