//! Groups and accounts of a domain: finding them by whatever names them, and the facts that memberships depend on.

use std::collections::HashMap;

use ephor_engine::port::target::{TargetAccount, TargetFault, TargetGroup};
use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    super::{
        fault::{self, code},
        filter,
        lane::Link,
        membership, root,
    },
    domain::{Domain, THIS_DOMAIN_ONLY, control},
    name::{self, Name, Sid},
};
use crate::dn;

/// Accounts asked for in one search.
const AT_ONCE: usize = 100;

/// People, and nobody's computer.
const PEOPLE: &str = "(&(objectCategory=person)(objectClass=user))";
const GROUPS: &str = "(objectCategory=group)";

/// A group as the domain has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) dn: String,
    pub(super) guid: Uuid,
    pub(super) sid: Sid,
    /// Its access list is kept by the directory itself.
    pub(super) is_protected: bool,
    /// False for a list of addressees, which gives no access.
    pub(super) is_security: bool,
}

/// An account as the domain has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) dn: String,
    pub(super) guid: Uuid,
    sid: Sid,
    /// The number of its primary group, of which it is a member without standing in `member`.
    primary_group: u32,
}

impl Account {
    /// True when it belongs to `group` by its primary group.
    pub(super) fn is_primary_of(&self, group: &Group) -> bool {
        self.sid.is_of_domain() && self.sid.sibling(self.primary_group) == group.sid
    }
}

/// The facts of a group that we know by its native name.
pub(super) async fn group(link: &Link, deadline: Instant, group: &TargetGroup) -> Result<Group, TargetFault> {
    let attributes = ["objectGUID", "objectSid", "adminCount", "groupType"];
    let base = native(&group.native);
    let (entries, result) = link.search(deadline, &base, Scope::Base, GROUPS, &attributes, 1).await?;
    match result.rc {
        code::SUCCESS => {}
        code::NO_SUCH_OBJECT | code::INVALID_DN_SYNTAX => return Err(membership::no_such_group(group)),
        _ => return Err(fault::of_result(&result, "read of the group")),
    }
    let entry = entries.first().ok_or_else(|| membership::no_such_group(group))?;
    let (guid, sid) = identifiers(entry)?;
    let kind: Option<i32> = root::values(entry, "groupType").first().and_then(|kind| kind.parse().ok());
    Ok(Group {
        dn: entry.dn.clone(),
        guid,
        sid,
        is_protected: root::values(entry, "adminCount").first().is_some_and(|count| count == "1"),
        // The highest bit is that of security groups.
        is_security: kind.is_none_or(|kind| kind < 0),
    })
}

/// What a base of a search is called: a SID on its own is spelled as the directory takes it.
fn native(name: &str) -> String {
    match Name::of(name) {
        Name::Guid(guid) => name::lasting(guid),
        Name::Sid(sid) => format!("<SID={sid}>"),
        Name::Dn(_) | Name::Principal(_) | Name::DownLevel { .. } | Name::Account(_) => name.to_owned(),
    }
}

/// The facts of accounts that we know by their native names, in order; `None` where the domain has no such account.
pub(super) async fn accounts(
    link: &Link,
    deadline: Instant,
    base: &str,
    asked: &[TargetAccount],
) -> Result<Vec<Option<Account>>, TargetFault> {
    let domain = link.domain(deadline).await?;
    let names: Vec<Name> = asked.iter().map(|account| Name::of(&account.native)).collect();
    let filters: Vec<Option<String>> = names.iter().map(|name| one(domain, name)).collect();
    let mut found = HashMap::new();
    let some: Vec<&String> = filters.iter().flatten().collect();
    for chunk in some.chunks(AT_ONCE) {
        let any = chunk.iter().fold(String::from("(|"), |any, filter| any + filter) + ")";
        for account in find(link, deadline, base, &any, &[]).await? {
            for key in account.keys(domain) {
                found.insert(key, account.clone());
            }
        }
    }
    Ok(names.iter().map(|name| found.get(&key(domain, name)?).map(|found| found.account.clone())).collect())
}

/// An account with the names it can be asked for by.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) account: Account,
    login: String,
    principal: Option<String>,
}

impl Named {
    fn keys(&self, domain: &Domain) -> Vec<String> {
        let names = [
            Some(Name::Guid(self.account.guid)),
            Some(Name::Sid(self.account.sid.clone())),
            Some(Name::Dn(self.account.dn.clone())),
            self.principal.clone().map(Name::Principal),
            Some(Name::Account(self.login.clone())),
        ];
        names.into_iter().flatten().filter_map(|name| key(domain, &name)).collect()
    }
}

/// The spelling under which equal names are equal; `None` for a name of another domain.
fn key(domain: &Domain, name: &Name) -> Option<String> {
    let account = |name: &str| format!("account:{}", name.to_lowercase());
    Some(match name {
        Name::Guid(guid) => name::lasting(*guid),
        Name::Sid(sid) => sid.to_string(),
        Name::Dn(text) => dn::key(text),
        Name::Principal(text) => format!("principal:{}", text.to_lowercase()),
        Name::DownLevel { domain: short, account: text } => {
            domain.short.as_ref().filter(|own| own.eq_ignore_ascii_case(short))?;
            account(text)
        }
        Name::Account(text) => account(text),
    })
}

/// The filter for one account; `None` for a name of another domain.
fn one(domain: &Domain, name: &Name) -> Option<String> {
    Some(match name {
        Name::Guid(guid) => name::guid_filter(*guid),
        Name::Sid(sid) => name::sid_filter(sid),
        Name::Dn(text) => filter::equals("distinguishedName", text),
        Name::Principal(text) => filter::equals("userPrincipalName", text),
        Name::DownLevel { domain: short, account } => {
            domain.short.as_ref().filter(|own| own.eq_ignore_ascii_case(short))?;
            filter::equals("sAMAccountName", account)
        }
        Name::Account(text) => filter::equals("sAMAccountName", text),
    })
}

/// The accounts below `base` that meet a filter.
async fn find(
    link: &Link,
    deadline: Instant,
    base: &str,
    filter: &str,
    classes: &[&str],
) -> Result<Vec<Named>, TargetFault> {
    let filter = classes.iter().fold(filter.to_owned(), |filter, class| filter::both(class, &filter));
    let attributes = ["objectGUID", "objectSid", "primaryGroupID", "sAMAccountName", "userPrincipalName"];
    let only_here = vec![control(THIS_DOMAIN_ONLY, None)];
    let (entries, result) =
        link.search_with(deadline, base, Scope::Subtree, &filter, &attributes, 0, only_here).await?;
    match result.rc {
        // What lies outside is no part of the answer.
        code::SUCCESS | code::REFERRAL => {}
        code::NO_SUCH_OBJECT => return Ok(Vec::new()),
        _ => return Err(fault::of_result(&result, "search for accounts")),
    }
    entries
        .iter()
        .map(|entry| {
            let (guid, sid) = identifiers(entry)?;
            let first = |attribute: &str| root::values(entry, attribute).first().cloned();
            // Groups and computers may be members as well; only accounts have a primary group.
            let primary_group = first("primaryGroupID").and_then(|number| number.parse().ok()).unwrap_or_default();
            Ok(Named {
                account: Account { dn: entry.dn.clone(), guid, sid, primary_group },
                login: first("sAMAccountName").unwrap_or_default(),
                principal: first("userPrincipalName"),
            })
        })
        .collect()
}

/// The account that somebody names, below `base`.
pub(super) async fn account_named(
    link: &Link,
    deadline: Instant,
    base: &str,
    text: &str,
) -> Result<Option<Account>, TargetFault> {
    let domain = link.domain(deadline).await?;
    let asked = Name::of(text);
    let Some(filter) = one(domain, &asked) else { return Ok(None) };
    let mut found = find(link, deadline, base, &filter, &[PEOPLE]).await?;
    // An account without a principal name of its own has one all the same: its account name at the domain.
    if let (Name::Principal(text), true) = (&asked, found.is_empty())
        && let Some((account, suffix)) = text.rsplit_once('@')
        && suffix.eq_ignore_ascii_case(&domain.dotted())
    {
        found = find(link, deadline, base, &filter::equals("sAMAccountName", account), &[PEOPLE]).await?;
    }
    if found.len() > 1 {
        return Err(fault::rejected(format!("several accounts are named {text:?}")));
    }
    Ok(found.pop().map(|named| named.account))
}

/// The lasting name of the group that somebody names, below `base`.
pub(super) async fn group_named(
    link: &Link,
    deadline: Instant,
    base: &str,
    text: &str,
) -> Result<Option<String>, TargetFault> {
    let domain = link.domain(deadline).await?;
    let asked = Name::of(text);
    let Some(mut wanted) = one(domain, &asked) else { return Ok(None) };
    if let Name::Account(text) | Name::Principal(text) = &asked {
        wanted = format!("(|{}{})", filter::equals("sAMAccountName", text), filter::equals("cn", text));
    }
    let filter = filter::both(GROUPS, &wanted);
    let only_here = vec![control(THIS_DOMAIN_ONLY, None)];
    let (entries, result) =
        link.search_with(deadline, base, Scope::Subtree, &filter, &["objectGUID", "objectSid"], 2, only_here).await?;
    match result.rc {
        code::SUCCESS | code::SIZE_LIMIT_EXCEEDED | code::REFERRAL => {}
        code::NO_SUCH_OBJECT => return Ok(None),
        _ => return Err(fault::of_result(&result, "search for a group")),
    }
    match entries.as_slice() {
        [] => Ok(None),
        [group] => Ok(Some(name::lasting(identifiers(group)?.0))),
        [_, _, ..] => Err(fault::rejected(format!("several groups are named {text:?}"))),
    }
}

pub(super) fn identifiers(entry: &SearchEntry) -> Result<(Uuid, Sid), TargetFault> {
    let guid = bytes(entry, "objectGUID").and_then(|bytes| Some(Uuid::from_bytes_le(bytes.try_into().ok()?)));
    let sid = bytes(entry, "objectSid").and_then(|bytes| Sid::read(&bytes));
    guid.zip(sid)
        .ok_or_else(|| fault::rejected(format!("{} has no objectGUID and objectSid that we may read", entry.dn)))
}

/// The first value of an attribute as bytes; the library takes bytes that happen to be text for text.
fn bytes(entry: &SearchEntry, attribute: &str) -> Option<Vec<u8>> {
    let binary = entry.bin_attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
    let binary = binary.and_then(|(_, values)| values.first().cloned());
    binary.or_else(|| root::values(entry, attribute).first().map(|text| text.clone().into_bytes()))
}
