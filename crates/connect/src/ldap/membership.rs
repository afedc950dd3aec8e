//! Reading who is a direct member of a group.

use std::collections::HashSet;

use ephor_engine::port::target::{FaultKind, MemberAttribute, TargetAccount, TargetFault, TargetGroup};
use futures_util::future::try_join_all;
use ldap3::{Scope, controls::RawControl};
use tokio::time::Instant;

use super::{
    attribute_name,
    fault::{self, code},
    filter,
    lane::Link,
};
use crate::dn;

/// Up to so many accounts are asked for one by one; for more the group is read once.
const FEW: usize = 16;

/// The filter that every entry passes.
const EVERY: &str = "(objectClass=*)";

/// What stands in the group for `account`.
pub(super) fn value(attribute: MemberAttribute, account: &TargetAccount) -> &str {
    match attribute {
        MemberAttribute::Member | MemberAttribute::UniqueMember => &account.native,
        MemberAttribute::MemberUid => &account.login,
    }
}

/// The spelling under which equal values are equal. Login names in `memberUid` are compared as they are (RFC 2307).
pub(super) fn key(attribute: MemberAttribute, value: &str) -> String {
    match attribute {
        MemberAttribute::Member | MemberAttribute::UniqueMember => dn::key(value),
        MemberAttribute::MemberUid => value.to_owned(),
    }
}

/// Which of `accounts` are members, in order.
pub(super) async fn which_are_members(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    accounts: &[&TargetAccount],
) -> Result<Vec<bool>, TargetFault> {
    if accounts.len() <= FEW {
        let questions = accounts.iter().map(|account| holds(link, deadline, group, value(group.attribute, account)));
        return try_join_all(questions).await;
    }
    let keys: Vec<String> = accounts.iter().map(|a| key(group.attribute, value(group.attribute, a))).collect();
    // Only what was asked for is kept, so a huge group costs no more than its own answer.
    let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
    let mut found = HashSet::new();
    each_value(link, deadline, group, &[], |value| {
        if let Some(key) = wanted.get(key(group.attribute, value).as_str()) {
            found.insert(*key);
        }
    })
    .await?;
    Ok(keys.iter().map(|key| found.contains(key.as_str())).collect())
}

/// True when the group holds `value`.
pub(super) async fn holds(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    value: &str,
) -> Result<bool, TargetFault> {
    let attribute = attribute_name(group.attribute);
    if link.root.domain.is_some() {
        // Domain controllers read what is compared in their own way: Samba takes parentheses in it for a filter's.
        let filter = filter::equals(attribute, value);
        let (entries, result) = link.search(deadline, &group.native, Scope::Base, &filter, &["1.1"], 1).await?;
        return match result.rc {
            code::SUCCESS => Ok(!entries.is_empty()),
            code::NO_SUCH_OBJECT => Err(no_such_group(group)),
            _ => Err(fault::of_result(&result, "search for a member")),
        };
    }
    let result = link.compare(deadline, &group.native, attribute, value).await?;
    match result.rc {
        code::COMPARE_TRUE => Ok(true),
        // No such attribute: the group is empty. An impossible value cannot be in it.
        code::COMPARE_FALSE | code::NO_SUCH_ATTRIBUTE | code::INVALID_ATTRIBUTE_SYNTAX | code::INVALID_DN_SYNTAX => {
            Ok(false)
        }
        code::NO_SUCH_OBJECT => Err(no_such_group(group)),
        _ => Err(fault::of_result(&result, "compare")),
    }
}

/// Calls `visit` with every value of the member attribute. Active Directory gives long lists in ranges
/// (`member;range=0-1499`); they are fetched one after the other.
pub(super) async fn each_value(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    controls: &[RawControl],
    mut visit: impl FnMut(&str) + Send,
) -> Result<(), TargetFault> {
    let attribute = attribute_name(group.attribute);
    let mut asked = attribute.to_owned();
    loop {
        let (entries, result) =
            link.search_with(deadline, &group.native, Scope::Base, EVERY, &[&asked], 1, controls.to_vec()).await?;
        match result.rc {
            code::SUCCESS => {}
            code::NO_SUCH_OBJECT => return Err(no_such_group(group)),
            _ => return Err(fault::of_result(&result, "read of the group")),
        }
        // Found but not shown: we may not read it.
        let entry = entries.first().ok_or_else(|| no_such_group(group))?;
        let mut next = None;
        for (name, values) in &entry.attrs {
            if name.eq_ignore_ascii_case(attribute) {
                values.iter().for_each(|value| visit(value));
            } else if let Some(range) = Range::of(name, attribute) {
                values.iter().for_each(|value| visit(value));
                next = range.last.map(|last| last.saturating_add(1));
            }
        }
        for values in entry.bin_attrs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, v)| v) {
            values.iter().for_each(|value| visit(&String::from_utf8_lossy(value)));
        }
        match next {
            Some(first) => asked = format!("{attribute};range={first}-*"),
            None => return Ok(()),
        }
    }
}

/// True when the group's entry is there.
pub(super) async fn exists(link: &Link, deadline: Instant, group: &TargetGroup) -> Result<bool, TargetFault> {
    let (entries, result) = link.search(deadline, &group.native, Scope::Base, "(objectClass=*)", &["1.1"], 1).await?;
    match result.rc {
        code::SUCCESS => Ok(!entries.is_empty()),
        code::NO_SUCH_OBJECT => Ok(false),
        _ => Err(fault::of_result(&result, "read of the group")),
    }
}

pub(super) fn no_such_group(group: &TargetGroup) -> TargetFault {
    TargetFault { kind: FaultKind::NoSuchGroup, cause: format!("the target has no entry {}", group.native) }
}

/// The range option of an attribute description.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    /// Number of the last value given; `None` when there are no more.
    last: Option<u32>,
}

impl Range {
    fn of(description: &str, attribute: &str) -> Option<Self> {
        let (name, option) = description.split_once(';')?;
        let bounds = option.to_ascii_lowercase();
        let (_, last) = bounds.strip_prefix("range=")?.split_once('-')?;
        if !name.eq_ignore_ascii_case(attribute) {
            return None;
        }
        match last {
            "*" => Some(Self { last: None }),
            last => Some(Self { last: Some(last.parse().ok()?) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn ranges_are_followed_to_the_star() {
        assert_eq!(Range::of("member;range=0-1499", "member"), Some(Range { last: Some(1499) }));
        assert_eq!(Range::of("Member;Range=1500-*", "member"), Some(Range { last: None }));
        assert_eq!(Range::of("member;binary", "member"), None);
        assert_eq!(Range::of("memberUid;range=0-1", "member"), None);
        assert_eq!(Range::of("member", "member"), None);
    }
}
