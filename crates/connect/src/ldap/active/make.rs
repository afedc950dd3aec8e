//! Making accounts and groups in a domain, and switching accounts on and off.

use std::collections::HashSet;

use ephor_engine::port::target::{FaultKind, NewAccount, TargetAccount, TargetFault};
use ldap3::{Mod, Scope};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{
    super::{
        fault::{self, code},
        lane::Link,
        root,
    },
    ActiveDirectory, entry, name,
};
use crate::dn;

/// An ordinary account.
const NORMAL: u32 = 0x200;
/// An account that may not sign in.
const DISABLED: u32 = 0x2;
/// A security group of the domain.
const GLOBAL_SECURITY: i32 = -0x8000_0000 + 2;

type Attribute = (Vec<u8>, HashSet<Vec<u8>>);

impl ActiveDirectory {
    pub(super) async fn add_account(&self, new: &NewAccount) -> Result<String, TargetFault> {
        if let Some(wrong) = name::account_name_fault(&new.login) {
            return Err(fault::rejected(format!("the account name {:?} {wrong}", new.login)));
        }
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        if let Some(there) = entry::account_named(&link, deadline, &self.settings.people, &new.login).await? {
            return Ok(name::lasting(there.guid));
        }
        let dotted = link.domain(deadline).await?.dotted();
        let shown = match new.display_name.trim() {
            "" => new.login.as_str(),
            name => name,
        };
        let mut state = NORMAL;
        let mut attributes = vec![
            one("objectClass", "user"),
            one("cn", &new.login),
            one("sAMAccountName", &new.login),
            one("userPrincipalName", &format!("{}@{dotted}", new.login)),
            one("displayName", shown),
        ];
        match &new.password {
            Some(password) => {
                // Quoted, in UTF-16: the one form in which the directory takes a password.
                let quoted = Zeroizing::new(format!("\"{}\"", password.expose_secret()));
                let bytes = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
                attributes.push((b"unicodePwd".to_vec(), HashSet::from([bytes])));
            }
            // Nobody may sign in without one.
            None => state |= DISABLED,
        }
        attributes.push(one("userAccountControl", &state.to_string()));
        let native = dn::child("CN", &new.login, &self.settings.new_people);
        let result = link.add(deadline, &native, attributes).await?;
        if result.rc != code::SUCCESS && result.rc != code::ENTRY_ALREADY_EXISTS {
            return Err(fault::of_result(&result, "creation of an account"));
        }
        let there = entry::account_named(&link, deadline, &self.settings.people, &new.login).await?;
        let there = there.ok_or_else(|| {
            fault::rejected(format!("{native} is taken by something else, or `new_people_ou` lies outside `people_ou`"))
        })?;
        Ok(name::lasting(there.guid))
    }

    pub(super) async fn add_group(&self, name: &str) -> Result<String, TargetFault> {
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        if let Some(there) = entry::group_named(&link, deadline, &self.settings.groups, name).await? {
            return Ok(there);
        }
        let native = dn::child("CN", name, &self.settings.new_groups);
        let attributes: Vec<Attribute> = vec![
            one("objectClass", "group"),
            one("cn", name),
            one("sAMAccountName", name),
            one("groupType", &GLOBAL_SECURITY.to_string()),
        ];
        let result = link.add(deadline, &native, attributes).await?;
        if result.rc != code::SUCCESS && result.rc != code::ENTRY_ALREADY_EXISTS {
            return Err(fault::of_result(&result, "creation of a group"));
        }
        entry::group_named(&link, deadline, &self.settings.groups, name).await?.ok_or_else(|| {
            fault::rejected(format!("{native} is taken by something else, or `new_groups_ou` lies outside `groups_ou`"))
        })
    }

    pub(super) async fn mark_enabled(&self, account: &TargetAccount, enabled: bool) -> Result<bool, TargetFault> {
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        let asked = std::slice::from_ref(account);
        let found = entry::accounts(&link, deadline, &self.settings.base_dn, asked).await?.pop().flatten();
        let found = found.ok_or_else(|| TargetFault {
            kind: FaultKind::NoSuchAccount,
            cause: format!("the domain has no account {}", account.native),
        })?;
        let before = state(&link, deadline, &found.dn).await?;
        let after = if enabled { before & !DISABLED } else { before | DISABLED };
        if before == after {
            return Ok(true);
        }
        // The old value is taken out by name, so that a change by somebody else in between is not undone.
        let attribute = "userAccountControl".to_owned();
        let mods = vec![
            Mod::Delete(attribute.clone(), HashSet::from([before.to_string()])),
            Mod::Add(attribute, HashSet::from([after.to_string()])),
        ];
        let result = link.modify(deadline, &found.dn, mods, Vec::new()).await?;
        match result.rc {
            code::SUCCESS => Ok(true),
            _ => Err(fault::of_result(&result, "switching an account on or off")),
        }
    }
}

async fn state(link: &Link, deadline: Instant, dn: &str) -> Result<u32, TargetFault> {
    let asked = "userAccountControl";
    let (entries, result) = link.search(deadline, dn, Scope::Base, "(objectClass=*)", &[asked], 1).await?;
    if result.rc != code::SUCCESS {
        return Err(fault::of_result(&result, "read of an account"));
    }
    let value = entries.first().and_then(|entry| root::values(entry, asked).first().cloned());
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| fault::rejected(format!("{dn} has no userAccountControl that we may read")))
}

fn one(attribute: &str, value: &str) -> Attribute {
    (attribute.as_bytes().to_vec(), HashSet::from([value.as_bytes().to_vec()]))
}
