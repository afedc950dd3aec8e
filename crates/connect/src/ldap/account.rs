//! Accounts: finding, creating, enabling.

use std::collections::HashSet;

use ephor_engine::port::target::{NewAccount, TargetAccount, TargetFault};
use ldap3::{Mod, Scope};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    LdapTarget,
    config::{AccountState, PosixAccounts},
    fault::{self, code},
    filter,
    lane::Link,
};
use crate::dn;

/// Locked until an administrator unlocks (draft-behera-ldap-password-policy §5.3.3).
const LOCKED_FOR_GOOD: &str = "000001010000Z";

/// How many user numbers are tried before we give up.
const MOST_NUMBERS: u32 = 32;

impl LdapTarget {
    pub(super) async fn look_up_account(
        &self,
        link: &Link,
        deadline: Instant,
        login: &str,
    ) -> Result<Option<String>, TargetFault> {
        let filter = filter::equals(&self.settings.login_attribute, login);
        let (entries, result) =
            link.search(deadline, &self.settings.people, Scope::Subtree, &filter, &["1.1"], 2).await?;
        match result.rc {
            code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {}
            code::NO_SUCH_OBJECT => return Ok(None),
            _ => return Err(fault::of_result(&result, "search for an account")),
        }
        match entries.as_slice() {
            [] => Ok(None),
            [account] => Ok(Some(account.dn.clone())),
            [_, _, ..] => Err(fault::rejected(format!("several accounts have the login name {login:?}"))),
        }
    }

    pub(super) async fn add_account(&self, new: &NewAccount) -> Result<String, TargetFault> {
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        if let Some(there) = self.look_up_account(&link, deadline, &new.login).await? {
            return Ok(there);
        }
        let name = dn::child(&self.settings.login_attribute, &new.login, &self.settings.people);
        let mut attributes = self.person(new);
        if let Some(posix) = &self.settings.posix {
            attributes.extend(self.posix_account(&link, deadline, posix, &new.login).await?);
        }
        // Where the server takes passwords by itself it hashes them; the attribute is kept as it is sent.
        let by_operation = new.password.as_ref().filter(|_| link.root.password_modify);
        if let (Some(password), None) = (&new.password, by_operation) {
            attributes.push(one("userPassword", password.expose_secret()));
        }
        let result = link.add(deadline, &name, attributes).await?;
        match result.rc {
            code::SUCCESS => {}
            code::ENTRY_ALREADY_EXISTS => return Ok(name),
            _ => return Err(fault::of_result(&result, "creation of an account")),
        }
        if let Some(password) = by_operation {
            let result = link.set_password(deadline, &name, password).await?;
            if result.rc != code::SUCCESS {
                // An account without its password would look like success the next time.
                link.delete(deadline, &name).await?;
                return Err(fault::of_result(&result, "password of a new account"));
            }
        }
        Ok(name)
    }

    fn person(&self, new: &NewAccount) -> Vec<(String, HashSet<String>)> {
        let settings = &self.settings;
        let display_name = match new.display_name.trim() {
            "" => new.login.as_str(),
            name => name,
        };
        let surname = display_name.split_whitespace().next_back().unwrap_or(display_name);
        let mut classes: HashSet<String> = settings.user_object_classes.iter().cloned().collect();
        if settings.posix.is_some() {
            classes.insert("posixAccount".to_owned());
        }
        let mut attributes = vec![
            ("objectClass".to_owned(), classes),
            one(&settings.login_attribute, &new.login),
            one("cn", display_name),
            one("sn", surname),
            one("displayName", display_name),
        ];
        if !settings.login_attribute.eq_ignore_ascii_case("uid") {
            attributes.push(one("uid", &new.login));
        }
        attributes
    }

    async fn posix_account(
        &self,
        link: &Link,
        deadline: Instant,
        posix: &PosixAccounts,
        login: &str,
    ) -> Result<Vec<(String, HashSet<String>)>, TargetFault> {
        // The name becomes a path and a line of a password file.
        if !login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) || login.starts_with('.') {
            return Err(fault::rejected(format!("{login:?} cannot be the name of a POSIX account")));
        }
        let number = self.free_uid_number(link, deadline, posix, login).await?;
        Ok(vec![
            one("uidNumber", &number.to_string()),
            one("gidNumber", &posix.gid_number.to_string()),
            one("homeDirectory", &format!("{}/{login}", posix.home.trim_end_matches('/'))),
            one("loginShell", &posix.shell),
        ])
    }

    /// A free user number that follows from the name, so that a deleted and re-made account gets its files back.
    async fn free_uid_number(
        &self,
        link: &Link,
        deadline: Instant,
        posix: &PosixAccounts,
        login: &str,
    ) -> Result<u32, TargetFault> {
        const SPAN: u32 = 1_000_000;
        let digest = Sha256::digest(login.as_bytes());
        let start = digest.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)) % SPAN;
        for step in 0..MOST_NUMBERS {
            let number = posix.first_uid_number.saturating_add((start + step) % SPAN);
            let filter = filter::equals("uidNumber", &number.to_string());
            let (entries, result) =
                link.search(deadline, &self.settings.base_dn, Scope::Subtree, &filter, &["1.1"], 1).await?;
            match result.rc {
                code::SUCCESS if entries.is_empty() => return Ok(number),
                code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {}
                _ => return Err(fault::of_result(&result, "search for a free user number")),
            }
        }
        Err(fault::rejected("no free user number found"))
    }

    pub(super) async fn mark_enabled(&self, account: &TargetAccount, enabled: bool) -> Result<bool, TargetFault> {
        match self.settings.account_state {
            AccountState::None => return Ok(false),
            AccountState::PwdAccountLockedTime => {}
        }
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        let locked = if enabled { HashSet::new() } else { HashSet::from([LOCKED_FOR_GOOD.to_owned()]) };
        // Replacing with nothing removes the attribute and is content when there is none.
        let mods = vec![Mod::Replace("pwdAccountLockedTime".to_owned(), locked)];
        let result = link.modify(deadline, &account.native, mods, Vec::new()).await?;
        match result.rc {
            code::SUCCESS => Ok(true),
            code::NO_SUCH_OBJECT => Err(TargetFault {
                kind: ephor_engine::port::target::FaultKind::NoSuchAccount,
                cause: format!("the target has no entry {}", account.native),
            }),
            _ => Err(fault::of_result(&result, "locking of an account")),
        }
    }
}

fn one(attribute: &str, value: &str) -> (String, HashSet<String>) {
    (attribute.to_owned(), HashSet::from([value.to_owned()]))
}
