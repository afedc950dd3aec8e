//! Directories that check passwords, by binding with them.
//!
//! Each question has a connection of its own for the bind: what is said on it afterwards would be said as that person.

mod answer;
mod config;
mod lock_out;
mod name;

use ephor_engine::port::{
    password::{DirectoryFault, PasswordDirectory, PasswordRefusal, PasswordVerdict},
    target::TargetFault,
};
use futures_util::future::BoxFuture;
use ldap3::{LdapResult, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{task::AbortHandle, time::Instant};

use self::{
    config::{Checked, Finder, Search},
    name::Found,
};
pub use self::{
    config::{DirectoryConfig, DirectoryConfigError},
    lock_out::LockOut,
};
use super::{
    fault::{self, code},
    filter,
    lane::Lane,
    server::within,
};
use crate::dn;

/// A directory that checks passwords.
#[derive(Debug)]
pub struct LdapDirectory {
    checked: Checked,
    /// Our own connection, for searches.
    reader: Lane,
}

/// What a directory is found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryHealth {
    /// Product and version, where it says.
    pub product: Option<String>,
    /// Its rule for locking accounts, where we may read it.
    pub lock_out: Option<LockOut>,
}

impl LdapDirectory {
    /// The directory as configured. Connects to nothing yet.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn new(config: DirectoryConfig) -> Result<Self, DirectoryConfigError> {
        Ok(Self { checked: Checked::check(config)?, reader: Lane::default() })
    }

    /// Whether it can be reached, signed in to and searched.
    ///
    /// # Errors
    /// What keeps it from working.
    pub async fn self_test(&self) -> Result<DirectoryHealth, DirectoryFault> {
        self.probe(self.deadline()).await.map_err(told)
    }

    async fn probe(&self, deadline: Instant) -> Result<DirectoryHealth, TargetFault> {
        match &self.checked.finder {
            Finder::Template(_) => {
                let connection = self.checked.server.open(deadline).await?;
                let _hangs_up = HangsUp(connection.driver);
                Ok(DirectoryHealth { product: None, lock_out: None })
            }
            Finder::Search(search) => {
                let link = self.reader.fresh(&search.access, deadline).await?;
                let base = &search.base_dn;
                let (entries, result) =
                    link.search(deadline, base, Scope::Base, "(objectClass=*)", LockOut::ATTRIBUTES, 1).await?;
                match (result.rc, entries.first()) {
                    (code::SUCCESS, Some(entry)) => {
                        Ok(DirectoryHealth { product: link.root.product.clone(), lock_out: LockOut::of(entry) })
                    }
                    (code::SUCCESS | code::NO_SUCH_OBJECT, _) => {
                        Err(fault::rejected(format!("`base_dn` {base} is not there, or our account may not see it")))
                    }
                    _ => Err(fault::of_result(&result, "search")),
                }
            }
        }
    }

    async fn ask(&self, account: &str, password: &SecretString) -> Result<PasswordVerdict, TargetFault> {
        let deadline = self.deadline();
        let found = match &self.checked.finder {
            Finder::Template(template) => template.name_of(account),
            Finder::Search(search) => self.search(search, account, deadline).await?,
        };
        match found {
            Found::Entry(name) => {
                let result = self.bind(&name, password, deadline).await?;
                answer::verdict(&result)
            }
            // The same work as for somebody who is there, whom nothing of the password is told.
            Found::Nobody(name) => {
                self.bind(&name, &SecretString::from("nobody"), deadline).await?;
                Ok(PasswordVerdict::Refused(PasswordRefusal::NoAccount))
            }
        }
    }

    async fn search(&self, search: &Search, account: &str, deadline: Instant) -> Result<Found, TargetFault> {
        let link = self.reader.link(&search.access, deadline).await?;
        let filter = filter::equals(&search.account_attribute, account);
        let (entries, result) = link.search(deadline, &search.base_dn, Scope::Subtree, &filter, &["1.1"], 2).await?;
        match result.rc {
            code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {}
            _ => return Err(fault::of_result(&result, "search for an account")),
        }
        let nobody = || Found::Nobody(dn::child("cn", account, &search.base_dn));
        Ok(match entries.as_slice() {
            [entry] if !entry.dn.is_empty() => Found::Entry(entry.dn.clone()),
            [] | [_] => nobody(),
            [_, _, ..] => {
                tracing::warn!(attribute = search.account_attribute, "several accounts of a directory share a name");
                nobody()
            }
        })
    }

    async fn bind(&self, name: &str, password: &SecretString, deadline: Instant) -> Result<LdapResult, TargetFault> {
        let connection = self.checked.server.open(deadline).await?;
        let _hangs_up = HangsUp(connection.driver);
        let mut ldap = connection.ldap;
        within(deadline, "sign-in", async move { ldap.simple_bind(name, password.expose_secret()).await }).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.checked.timeout
    }
}

impl PasswordDirectory for LdapDirectory {
    fn verify<'a>(
        &'a self,
        account: &'a str,
        password: &'a SecretString,
    ) -> BoxFuture<'a, Result<PasswordVerdict, DirectoryFault>> {
        Box::pin(async move {
            // A name with an empty password is an anonymous bind, which succeeds (RFC 4513 §5.1.2).
            if password.expose_secret().is_empty() || account.is_empty() {
                return Ok(PasswordVerdict::Refused(PasswordRefusal::Wrong));
            }
            self.ask(account, password).await.map_err(told)
        })
    }
}

/// Ends a connection, whatever way its user ends.
struct HangsUp(AbortHandle);

impl Drop for HangsUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn told(fault: TargetFault) -> DirectoryFault {
    DirectoryFault { cause: fault.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_password_never_leaves() {
        let config = DirectoryConfig::template("ldap://127.0.0.1:1", "uid={account},dc=test");
        let directory = LdapDirectory::new(config).expect("a directory");
        let verdict = directory.verify("alice", &SecretString::from("")).await;
        assert_eq!(verdict, Ok(PasswordVerdict::Refused(PasswordRefusal::Wrong)));
        let fault = directory.verify("alice", &SecretString::from("x")).await.expect_err("nobody listens");
        assert!(fault.cause.contains("connect"), "{fault}");
    }
}
