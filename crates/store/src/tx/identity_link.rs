//! Identities of outside issuers and the accounts they sign in to.

use ephor_domain::{id::PrincipalId, principal::Principal};
use jiff::Timestamp;

use super::{Tx, row};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// An outside identity that signs in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLink {
    /// `iss` of its issuer.
    pub issuer: String,
    /// `sub` there.
    pub subject: String,
    /// The account.
    pub principal: PrincipalId,
    /// When they were linked.
    pub created: Timestamp,
    /// By whom; `None` when the person proved both.
    pub created_by: Option<PrincipalId>,
    /// When the link was ended. The row stays: who was behind an identity is not forgotten.
    pub ended: Option<Timestamp>,
}

static PRINCIPAL: Statement = Statement::new(
    "identity_link.principal",
    concat!(
        "SELECT ",
        row::principal_columns!(),
        " FROM identity_link l JOIN principal p ON p.id = l.principal \
         WHERE l.issuer = $1 AND l.subject = $2 AND l.ended IS NULL"
    ),
);
static OF_IDENTITY: Statement = Statement::new(
    "identity_link.of_identity",
    "SELECT issuer, subject, principal, created, created_by, ended FROM identity_link \
     WHERE issuer = $1 AND subject = $2 ORDER BY created, principal",
);
static OF_PRINCIPAL: Statement = Statement::new(
    "identity_link.of_principal",
    "SELECT issuer, subject, principal, created, created_by, ended FROM identity_link \
     WHERE principal = $1 AND ended IS NULL ORDER BY created, issuer, subject",
);
static PUT: Statement = Statement::new(
    "identity_link.put",
    "INSERT INTO identity_link (issuer, subject, principal, created, created_by, ended) VALUES ($1, $2, $3, $4, $5, NULL) \
     ON CONFLICT (issuer, subject, principal) DO UPDATE SET created = excluded.created, \
     created_by = excluded.created_by, ended = NULL",
);
static END: Statement = Statement::new(
    "identity_link.end",
    "UPDATE identity_link SET ended = $4 WHERE issuer = $1 AND subject = $2 AND principal = $3 AND ended IS NULL",
);

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&PRINCIPAL, &OF_IDENTITY, &OF_PRINCIPAL, &PUT, &END];

impl Tx {
    /// The account that an outside identity signs in to.
    ///
    /// # Errors
    /// As any statement.
    pub async fn linked_principal(&mut self, issuer: &str, subject: &str) -> Result<Option<Principal>, Fault> {
        match self.first("principal", &PRINCIPAL, vec![issuer.into(), subject.into()]).await? {
            Some(mut found) => row::principal(&mut found).map(Some),
            None => Ok(None),
        }
    }

    /// All links that an identity has or had, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn links_of_identity(&mut self, issuer: &str, subject: &str) -> Result<Vec<IdentityLink>, Fault> {
        self.all("identity_link", &OF_IDENTITY, vec![issuer.into(), subject.into()], read).await
    }

    /// The links of an account, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn links_of_principal(&mut self, principal: PrincipalId) -> Result<Vec<IdentityLink>, Fault> {
        self.all("identity_link", &OF_PRINCIPAL, vec![principal.into()], read).await
    }

    /// Links an identity to an account.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `identity_link_one` when it is linked to another.
    pub async fn put_identity_link(&mut self, link: &IdentityLink) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            link.issuer.clone().into(),
            link.subject.clone().into(),
            link.principal.into(),
            link.created.into(),
            link.created_by.into(),
        ];
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// Ends a link; false when there is none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn end_identity_link(
        &mut self,
        issuer: &str,
        subject: &str,
        principal: PrincipalId,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        Ok(self.session.exec(&END, vec![issuer.into(), subject.into(), principal.into(), at.into()]).await? > 0)
    }
}

fn read(row: &mut Reader) -> Result<IdentityLink, Fault> {
    Ok(IdentityLink {
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        principal: row.id("principal")?,
        created: row.instant("created")?,
        created_by: row.id_or_null("created_by")?,
        ended: row.instant_or_null("ended")?,
    })
}
