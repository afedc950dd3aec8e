//! What a command sees: loads of aggregates, named queries, and one way to write what was decided.

pub mod account;
pub mod administrative_unit;
pub mod administrator;
pub mod alert;
pub mod alert_operation;
pub mod application;
pub mod approver;
pub mod audit;
pub mod booked;
pub mod case;
pub mod challenge;
mod code;
pub mod credential;
pub mod denial;
pub mod device;
pub mod directory;
pub mod directory_audit;
pub mod due;
pub mod eligibility;
pub mod factor;
pub mod family;
pub mod group;
pub mod identity_link;
pub mod lease;
pub mod line;
pub mod list;
pub mod lock;
pub mod membership;
pub mod meta;
pub mod order;
pub mod outbox;
pub mod owner;
pub mod person;
pub mod place;
pub mod policy;
pub mod principal;
pub mod resource_role;
pub mod retention;
pub mod role;
pub mod role_assignment;
pub mod role_definition;
mod row;
pub mod session;
pub mod signing_key;
pub mod standing;
pub mod target;
pub mod token;
pub mod user;
pub mod write;

pub use lock::Lock;
pub use write::Write;

use uuid::Uuid;

use crate::{
    Fault, postgres,
    sql::{Op, Reader, Row, Session, Statement, Value},
    sqlite,
};

/// The inside of a command.
#[derive(Debug)]
pub struct Tx {
    session: Session,
}

impl Tx {
    pub(crate) fn sqlite(session: sqlite::Session) -> Self {
        Self { session: Session::Sqlite(session) }
    }

    pub(crate) fn postgres(session: postgres::Session) -> Self {
        Self { session: Session::Postgres(session) }
    }

    /// The session, for the threads that steer its transactions.
    pub(crate) fn sqlite_session(&mut self) -> Result<&mut sqlite::Session, Fault> {
        match &mut self.session {
            Session::Sqlite(session) => Ok(session),
            Session::Postgres(_) => Err(Fault::Misuse { cause: "a session of the other database".to_owned() }),
        }
    }

    /// The session, for whoever steers its transaction.
    pub(crate) fn postgres_session(&mut self) -> Result<&mut postgres::Session, Fault> {
        match &mut self.session {
            Session::Postgres(session) => Ok(session),
            Session::Sqlite(_) => Err(Fault::Misuse { cause: "a session of the other database".to_owned() }),
        }
    }

    /// Runs a statement and answers its first row.
    async fn first(
        &mut self,
        table: &'static str,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Option<Reader>, Fault> {
        let rows = self.session.rows(statement, values).await?;
        Ok(rows.into_iter().next().map(|row| Reader::new(table, row)))
    }

    /// Runs a statement and reads each of its rows.
    async fn all<T>(
        &mut self,
        table: &'static str,
        statement: &'static Statement,
        values: Vec<Value>,
        read: impl Fn(&mut Reader) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        read_all(table, self.session.rows(statement, values).await?, read)
    }

    /// Runs a statement of the configuration and lets the version grow if it changed anything.
    async fn configure(&mut self, statement: &'static Statement, values: Vec<Value>) -> Result<bool, Fault> {
        let changed = self.session.exec(statement, values).await?;
        Ok(self.reconfigured_by(changed).await? > 0)
    }

    /// Lets the version of the configuration grow if so many rows are any.
    async fn reconfigured_by(&mut self, changed: u64) -> Result<u64, Fault> {
        if changed > 0 {
            self.session.write(vec![Op::Run(meta::BUMP.with([]))]).await?;
        }
        Ok(changed)
    }
}

fn read_all<T>(
    table: &'static str,
    rows: Vec<Row>,
    read: impl Fn(&mut Reader) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    rows.into_iter().map(|row| read(&mut Reader::new(table, row))).collect()
}

/// Where a list by instant goes on: after the row with this key and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Sort key of the last row.
    pub key: i64,
    /// Id of the last row.
    pub id: Uuid,
}

/// Where a list by name goes on: after the row with this folded name and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameCursor {
    /// Folded name of the last row: see [`fold`].
    pub name: String,
    /// Id of the last row.
    pub id: Uuid,
}

impl NameCursor {
    /// After the row with this name as shown.
    #[must_use]
    pub fn after(name: &str, id: Uuid) -> Self {
        Self { name: fold(name), id }
    }
}

/// A page of a list by name.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Only names that hold this text, case-blind.
    pub search: Option<String>,
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Page {
    /// Name and id to go on after, pattern to look for, most rows: the parameters of every list by name.
    fn values(&self) -> Vec<Value> {
        let (name, id) = self.after.as_ref().map_or(("", Uuid::nil()), |after| (&after.name, after.id));
        vec![name.into(), id.into(), pattern(self.search.as_deref()).into(), self.limit.into()]
    }
}

/// What `LIKE` finds the text with, wherever it stands.
fn pattern(search: Option<&str>) -> String {
    let mut pattern = String::from("%");
    for character in fold(search.unwrap_or_default()).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    if pattern.len() > 1 {
        pattern.push('%');
    }
    pattern
}

/// The form of a name in which letter case does not count: what uniqueness and order compare.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// All statements of the entities, for tests of schema and plans.
#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static Statement> {
    let all = [
        account::ALL,
        administrative_unit::ALL,
        administrator::ALL,
        alert::ALL,
        alert_operation::ALL,
        application::ALL,
        approver::ALL,
        audit::ALL,
        booked::ALL,
        case::ALL,
        challenge::ALL,
        credential::ALL,
        denial::ALL,
        device::ALL,
        directory::ALL,
        directory_audit::ALL,
        due::ALL,
        eligibility::ALL,
        factor::ALL,
        family::ALL,
        group::ALL,
        identity_link::ALL,
        line::ALL,
        list::ALL,
        membership::ALL,
        meta::ALL,
        order::ALL,
        outbox::ALL,
        owner::ALL,
        person::ALL,
        place::ALL,
        policy::ALL,
        principal::ALL,
        resource_role::ALL,
        retention::ALL,
        role::ALL,
        role_assignment::ALL,
        role_definition::ALL,
        session::ALL,
        signing_key::ALL,
        standing::ALL,
        target::ALL,
        token::ALL,
        user::ALL,
        write::ALL,
    ];
    all.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_patterns_are_only_text_in_a_search() {
        assert_eq!(pattern(None), "%");
        assert_eq!(pattern(Some("50%_A\\")), "%50\\%\\_a\\\\%");
    }
}
