//! Persons: what linking and unlinking of accounts writes (seams §1).

use ephor_domain::id::{PersonId, PrincipalId};
use jiff::Timestamp;

use super::{Tx, meta};
use crate::{
    Fault,
    sql::{Op, Statement},
};

static MERGE: Statement = Statement::new("person.merge", "UPDATE principal SET person = $2 WHERE person = $1");

static MERGE_NAMED: Statement =
    Statement::new("person.merge_named", "UPDATE approver SET named_by = $2 WHERE named_by = $1");

static MERGE_GIVEN: Statement = Statement::new(
    "person.merge_given",
    "UPDATE way_in SET person = $2 WHERE person = $1 AND NOT EXISTS (SELECT 1 FROM way_in o \
     WHERE o.principal = way_in.principal AND o.way = way_in.way AND o.person = $2)",
);

// Where both gave the same way, one row says so. It goes by itself on PostgreSQL, where the two statements see the same rows.
static DROP_GIVEN_TWICE: Statement = Statement::new(
    "person.drop_given_twice",
    "DELETE FROM way_in WHERE person = $1 AND EXISTS (SELECT 1 FROM way_in o \
     WHERE o.principal = way_in.principal AND o.way = way_in.way AND o.person = $2)",
);

// Who of the accounts gave it cannot be told: both did.
static SPLIT_GIVEN: Statement = Statement::new(
    "person.split_given",
    "INSERT INTO way_in (principal, way, person, at) SELECT w.principal, w.way, $2, w.at FROM way_in w WHERE w.person = $1 \
     ON CONFLICT (principal, way, person) DO NOTHING",
);

static PENDING: Statement =
    Statement::new("pending_unlink.list", "SELECT account FROM pending_unlink ORDER BY since, account");

static PUT_PENDING: Statement = Statement::new(
    "pending_unlink.put",
    "INSERT INTO pending_unlink (account, since) VALUES ($1, $2) ON CONFLICT (account) DO NOTHING",
);

static DROP_PENDING: Statement = Statement::new("pending_unlink.drop", "DELETE FROM pending_unlink WHERE account = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] =
    &[&MERGE, &MERGE_NAMED, &DROP_GIVEN_TWICE, &MERGE_GIVEN, &SPLIT_GIVEN, &PENDING, &PUT_PENDING, &DROP_PENDING];

impl Tx {
    /// Makes one person of two: accounts of `from` are `into`'s from now on, and so is whom `from` named or gave a way in (F13).
    ///
    /// # Errors
    /// As any statement.
    pub async fn merge_persons(&mut self, from: PersonId, into: PersonId) -> Result<(), Fault> {
        let all = [&MERGE, &MERGE_NAMED, &DROP_GIVEN_TWICE, &MERGE_GIVEN];
        let all = all.map(|statement| Op::Run(statement.with([from.into(), into.into()])));
        self.session.write(all.into_iter().chain([Op::Run(meta::BUMP.with([]))]).collect()).await
    }

    /// Whom `person` gave a way in, `other`, who was one with him until now, gave it as well (F13).
    ///
    /// # Errors
    /// As any statement.
    pub async fn split_person(&mut self, person: PersonId, other: PersonId) -> Result<(), Fault> {
        self.session.exec(&SPLIT_GIVEN, vec![person.into(), other.into()]).await.map(drop)
    }

    /// Accounts whose unlinking waits for open requests, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pending_unlinks(&mut self) -> Result<Vec<PrincipalId>, Fault> {
        self.all("pending_unlink", &PENDING, vec![], |row| row.id("account")).await
    }

    /// Notes that the unlinking of an account waits since `since`, or that it waits no longer.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_pending_unlink(&mut self, account: PrincipalId, since: Option<Timestamp>) -> Result<(), Fault> {
        let (statement, values) = match since {
            Some(since) => (&PUT_PENDING, vec![account.into(), since.into()]),
            None => (&DROP_PENDING, vec![account.into()]),
        };
        self.session.exec(statement, values).await.map(drop)
    }
}
