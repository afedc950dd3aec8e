//! A real directory and targets that point at it.

use std::fmt::Write as _;

use ephor_connect::{LdapConfig, LdapTarget};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{
    Change, FaultKind, MemberAttribute, Outcome, TargetAccount, TargetFault, TargetGroup, Wanted,
};
use ephor_testkit::{
    available_or_skip,
    slapd::{
        ADMIN_DN, ADMIN_PASSWORD, BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, Group, GroupKind, Slapd, SlapdOptions,
        group_dn, user_dn,
    },
};
use uuid::Uuid;

pub(crate) const KINDS: [GroupKind; 4] =
    [GroupKind::Members, GroupKind::Names, GroupKind::UniqueNames, GroupKind::Posix];

/// The directory, or `None` where it is not installed.
pub(crate) fn start(options: SlapdOptions) -> Option<Slapd> {
    available_or_skip(Slapd::start(options))
}

/// A directory with one empty group of each kind, named after its object class. The kinds that demand a member hold
/// the placeholder.
pub(crate) fn with_groups(options: SlapdOptions) -> Option<Slapd> {
    let mut extra_ldif = options.extra_ldif.clone();
    for kind in KINDS.into_iter().filter(|kind| kind.demands_a_member()) {
        let name = kind.object_class();
        let (dn, attribute) = (group_dn(name), kind.attribute());
        writeln!(extra_ldif, "dn: {dn}\nobjectClass: {name}\ncn: {name}\n{attribute}: {}\n", placeholder()).unwrap();
    }
    let mut groups = options.groups.clone();
    let may_be_empty = KINDS.into_iter().filter(|kind| !kind.demands_a_member());
    groups.extend(may_be_empty.map(|kind| Group::new(kind.object_class(), kind)));
    start(SlapdOptions { groups, extra_ldif, ..options })
}

pub(crate) fn placeholder() -> String {
    format!("cn=ephor-placeholder,{BASE}")
}

/// Settings for a bind as `dn`, with more lines behind.
pub(crate) fn config(url: &str, dn: &str, password: &str, more: &str) -> LdapConfig {
    let text = format!("url = '{url}'\nbind_dn = '{dn}'\npassword = '{password}'\nbase_dn = '{BASE}'\n{more}");
    toml::from_str(&text).unwrap()
}

pub(crate) fn target_of(config: LdapConfig) -> LdapTarget {
    LdapTarget::new(TargetId::new(Uuid::nil()), config).unwrap()
}

/// The target as the service account that may write groups.
pub(crate) fn as_connector(slapd: &Slapd) -> LdapTarget {
    at(&slapd.url())
}

/// As [`as_connector`], at another address.
pub(crate) fn at(url: &str) -> LdapTarget {
    target_of(config(url, CONNECTOR_DN, CONNECTOR_PASSWORD, ""))
}

/// The target as the directory's administrator.
pub(crate) fn as_admin(slapd: &Slapd, more: &str) -> LdapTarget {
    target_of(config(&slapd.url(), ADMIN_DN, ADMIN_PASSWORD, more))
}

pub(crate) fn group(kind: GroupKind) -> TargetGroup {
    let attribute = match kind {
        GroupKind::Members | GroupKind::Names => MemberAttribute::Member,
        GroupKind::UniqueNames => MemberAttribute::UniqueMember,
        GroupKind::Posix => MemberAttribute::MemberUid,
    };
    TargetGroup { id: GroupId::new(Uuid::nil()), native: group_dn(kind.object_class()), attribute }
}

pub(crate) fn account(login: &str) -> TargetAccount {
    TargetAccount { id: PrincipalId::new(Uuid::nil()), native: user_dn(login), login: login.to_owned() }
}

/// `user{n}` for each number.
pub(crate) fn users(numbers: impl IntoIterator<Item = usize>) -> Vec<TargetAccount> {
    numbers.into_iter().map(|n| account(&format!("user{n}"))).collect()
}

pub(crate) fn present(accounts: &[TargetAccount]) -> Vec<Change> {
    let wanted = Wanted::Present { lives: None };
    accounts.iter().cloned().map(|account| Change { account, wanted }).collect()
}

pub(crate) fn absent(accounts: &[TargetAccount]) -> Vec<Change> {
    accounts.iter().cloned().map(|account| Change { account, wanted: Wanted::Absent }).collect()
}

/// What the directory shows for `account` in a group of this kind.
pub(crate) fn shown(kind: GroupKind, account: &TargetAccount) -> String {
    if kind == GroupKind::Posix { account.login.clone() } else { account.native.clone() }
}

/// How many outcomes there are of each sort: done, already, refused.
pub(crate) fn tally(outcomes: &[Outcome]) -> (usize, usize, usize) {
    let count = |matches: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| matches(outcome)).count();
    (
        count(|outcome| *outcome == Outcome::Done),
        count(|outcome| *outcome == Outcome::Already),
        count(|outcome| matches!(outcome, Outcome::Refused(_))),
    )
}

#[track_caller]
pub(crate) fn assert_fault<T: std::fmt::Debug>(result: Result<T, TargetFault>, kind: FaultKind) {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, kind, "{fault}");
}
