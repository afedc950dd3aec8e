//! Accounts: what a target calls a principal.

use ephor_domain::id::{PrincipalId, TargetId};

use super::{Tx, fold};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// A principal's account at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The principal.
    pub principal: PrincipalId,
    /// The directory.
    pub target: TargetId,
    /// The target's own name for it: the distinguished name in LDAP.
    pub native: String,
    /// Login name: `uid`, `sAMAccountName`.
    pub login: String,
}

static READ: Statement = Statement::new(
    "account.read",
    "SELECT principal, target, native, login FROM account WHERE principal = $1 AND target = $2",
);

static OF_PRINCIPAL: Statement = Statement::new(
    "account.of_principal",
    "SELECT principal, target, native, login FROM account WHERE principal = $1 ORDER BY target",
);

static PUT: Statement = Statement::new(
    "account.put",
    "INSERT INTO account (principal, target, native, native_key, login) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (principal, target) DO UPDATE SET native = excluded.native, native_key = excluded.native_key, \
     login = excluded.login",
);

static DELETE: Statement = Statement::new("account.delete", "DELETE FROM account WHERE principal = $1 AND target = $2");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&READ, &OF_PRINCIPAL, &PUT, &DELETE];

impl Tx {
    /// A principal's account at a target.
    ///
    /// # Errors
    /// As any statement.
    pub async fn account_at(&mut self, principal: PrincipalId, target: TargetId) -> Result<Option<Account>, Fault> {
        let found = self.first("account", &READ, vec![principal.into(), target.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// All accounts of a principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn accounts_of(&mut self, principal: PrincipalId) -> Result<Vec<Account>, Fault> {
        self.all("account", &OF_PRINCIPAL, vec![principal.into()], read).await
    }

    /// Stores an account, new or changed.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `account_native` when another principal has that account.
    pub async fn put_account(&mut self, account: &Account) -> Result<(), Fault> {
        let values = vec![
            account.principal.into(),
            account.target.into(),
            account.native.as_str().into(),
            fold(&account.native).into(),
            account.login.as_str().into(),
        ];
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// Forgets an account; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_account(&mut self, principal: PrincipalId, target: TargetId) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![principal.into(), target.into()]).await? > 0)
    }
}

fn read(row: &mut Reader) -> Result<Account, Fault> {
    Ok(Account {
        principal: row.id("principal")?,
        target: row.id("target")?,
        native: row.text("native")?,
        login: row.text("login")?,
    })
}
