//! One SQL dialect for both databases: named statements, values, rows.
//!
//! Statements write parameters as `$1`, compare with the NULL-safe side first (`column = $1 OR $1 IS NULL`, so that
//! PostgreSQL knows the type), and may end in `FOR UPDATE` or `FOR UPDATE SKIP LOCKED`, which mean nothing to SQLite.

mod reader;
mod session;
mod value;

pub(crate) use reader::Reader;
pub(crate) use session::{Op, Session};
pub(crate) use value::{Row, Value};

/// A statement with a name that logs and plan tests use.
#[derive(Debug)]
pub(crate) struct Statement {
    /// `aggregate.verb`, unique.
    pub(crate) name: &'static str,
    /// The text.
    pub(crate) sql: &'static str,
}

impl Statement {
    pub(crate) const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql }
    }

    /// With parameters, ready to run.
    pub(crate) fn with(&'static self, values: impl Into<Vec<Value>>) -> Call {
        Call { statement: self, values: values.into() }
    }

    /// Changes nothing.
    pub(crate) fn only_reads(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT") && !self.sql.contains("FOR UPDATE")
    }

    /// The text as SQLite takes it.
    pub(crate) fn for_sqlite(&self) -> String {
        let text = self.sql.replace('$', "?");
        text.replace("FOR UPDATE SKIP LOCKED", "").replace("FOR UPDATE", "")
    }
}

/// A statement and its parameters.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) statement: &'static Statement,
    pub(crate) values: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_gets_its_own_spelling() {
        static CLAIM: Statement =
            Statement::new("t", "SELECT id FROM t WHERE due <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED");
        assert_eq!(CLAIM.for_sqlite(), "SELECT id FROM t WHERE due <= ?1 LIMIT ?2 ");
        assert!(!CLAIM.only_reads());
    }
}
