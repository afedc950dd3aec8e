//! Values on the wire of PostgreSQL.

use bytes::BytesMut;
use tokio_postgres::{
    Row as Answer,
    types::{IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

use crate::sql::{Row, Value};

type Mismatch = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Mismatch> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) if *ty == Type::BOOL => value.to_sql(ty, out),
            Self::Bool(value) => integer((*value).into(), ty, out),
            Self::Int(value) if *ty == Type::BOOL => (*value != 0).to_sql(ty, out),
            Self::Int(value) => integer(*value, ty, out),
            Self::Uuid(value) if *ty == Type::UUID => value.to_sql(ty, out),
            Self::Uuid(value) => value.as_bytes().as_slice().to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) if *ty == Type::UUID => Uuid::from_slice(value)?.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // What does not fit is refused by `to_sql`.
        true
    }

    to_sql_checked!();
}

fn integer(value: i64, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Mismatch> {
    match *ty {
        Type::INT2 => i16::try_from(value)?.to_sql(ty, out),
        Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
        Type::INT8 => value.to_sql(ty, out),
        _ => Err(format!("a number for a parameter of type {ty}").into()),
    }
}

/// The type of a value where the server is not asked for it.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Bool(_) => Type::BOOL,
        Value::Int(_) => Type::INT8,
        Value::Uuid(_) => Type::UUID,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

/// A row as the rest of the store knows it.
pub(super) fn row(answer: &Answer) -> Result<Row, tokio_postgres::Error> {
    let columns = answer.columns().iter().enumerate();
    columns
        .map(|(at, column)| {
            Ok(match *column.type_() {
                Type::BOOL => answer.try_get::<_, Option<bool>>(at)?.into(),
                Type::INT2 => answer.try_get::<_, Option<i16>>(at)?.map(i64::from).into(),
                Type::INT4 => answer.try_get::<_, Option<i32>>(at)?.map(i64::from).into(),
                Type::INT8 => answer.try_get::<_, Option<i64>>(at)?.into(),
                Type::UUID => answer.try_get::<_, Option<Uuid>>(at)?.into(),
                Type::BYTEA => answer.try_get::<_, Option<Vec<u8>>>(at)?.into(),
                _ => answer.try_get::<_, Option<String>>(at)?.into(),
            })
        })
        .collect()
}
