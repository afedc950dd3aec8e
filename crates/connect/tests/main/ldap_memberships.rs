//! Memberships in every kind of group: idempotent, coalesced, narrowed down, never left without a member.

use std::fmt::Write as _;

use ephor_engine::port::target::{Change, FaultKind, Outcome, TargetDirectory as _, TargetGroup, Wanted};
use ephor_testkit::slapd::{BASE, Group, GroupKind, SlapdOptions, group_dn, user_dn};

use crate::directory::{
    KINDS, absent, account, as_connector, assert_fault, group, placeholder, present, shown, start, tally, users,
    with_groups,
};

#[tokio::test]
async fn a_membership_is_given_and_taken_once_and_again_without_harm() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    for kind in KINDS {
        let group = group(kind);
        let jen = users([1]);
        assert_eq!(target.are_members(&group, &jen).await, Ok(vec![false]), "{kind:?}");
        assert_eq!(target.apply(&group, &present(&jen)).await, Ok(vec![Outcome::Done]), "{kind:?}");
        assert_eq!(target.apply(&group, &present(&jen)).await, Ok(vec![Outcome::Already]), "{kind:?}");
        assert_eq!(target.are_members(&group, &jen).await, Ok(vec![true]), "{kind:?}");
        assert_eq!(target.members(&group).await, Ok(vec![target.member_key(&group, &jen[0])]), "{kind:?}");
        assert_eq!(slapd.members(&group.native).unwrap().unwrap(), [shown(kind, &jen[0])], "{kind:?}");
        assert_eq!(target.apply(&group, &absent(&jen)).await, Ok(vec![Outcome::Done]), "{kind:?}");
        assert_eq!(target.apply(&group, &absent(&jen)).await, Ok(vec![Outcome::Already]), "{kind:?}");
        assert_eq!(target.members(&group).await, Ok(vec![]), "{kind:?}");
    }
    assert_eq!(target.apply(&group(GroupKind::Members), &[]).await, Ok(vec![]));
}

#[tokio::test]
async fn a_clean_batch_is_one_modify_for_each_five_hundred() {
    let Some(slapd) = with_groups(SlapdOptions { users: 1, record_changes: true, ..SlapdOptions::default() }) else {
        return;
    };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Posix);
    let everybody = users(1..=1200);
    assert_eq!(tally(&target.apply(&group, &present(&everybody)).await.unwrap()), (1200, 0, 0));
    assert_eq!(slapd.changes().unwrap().len(), 3);
    assert_eq!(tally(&target.apply(&group, &absent(&everybody)).await.unwrap()), (1200, 0, 0));
    assert_eq!(slapd.changes().unwrap().len(), 6);
    assert_eq!(target.members(&group).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_in_place_already_is_told_apart_in_two_modifies() {
    for kind in [GroupKind::Members, GroupKind::UniqueNames, GroupKind::Posix] {
        let options = SlapdOptions { users: 500, record_changes: true, ..SlapdOptions::default() };
        let Some(slapd) = with_groups(options) else { return };
        let target = as_connector(&slapd);
        let group = group(kind);
        let everybody = users(1..=500);
        let there = users([3, 4, 77, 250, 251, 499, 500]);
        target.apply(&group, &present(&there)).await.unwrap();

        let outcomes = target.apply(&group, &present(&everybody)).await.unwrap();
        for (account, outcome) in everybody.iter().zip(&outcomes) {
            let expected = if there.contains(account) { Outcome::Already } else { Outcome::Done };
            assert_eq!(*outcome, expected, "{kind:?} {}", account.login);
        }
        let modifies = slapd.changes().unwrap().iter().filter(|change| change.dn == group.native).count();
        assert_eq!(modifies, 3, "{kind:?}: one before, one refused, one without those in place");

        target.apply(&group, &absent(&there)).await.unwrap();
        let outcomes = target.apply(&group, &absent(&everybody)).await.unwrap();
        assert_eq!(tally(&outcomes), (493, 7, 0), "{kind:?}");
        assert_eq!(target.members(&group).await, Ok(vec![]), "{kind:?}");
    }
}

#[tokio::test]
async fn one_refused_value_does_not_hold_up_the_others() {
    let Some(slapd) = with_groups(SlapdOptions { users: 40, ..SlapdOptions::default() }) else { return };
    let target = as_connector(&slapd);
    for kind in [GroupKind::Members, GroupKind::UniqueNames] {
        let mut changes = present(&users(1..=40));
        changes[17].account.native = "no distinguished name".to_owned();
        let outcomes = target.apply(&group(kind), &changes).await.unwrap();
        assert_eq!(tally(&outcomes), (39, 0, 1), "{kind:?}");
        assert!(matches!(&outcomes[17], Outcome::Refused(fault) if fault.kind == FaultKind::Rejected), "{outcomes:?}");
    }
    let mut changes = present(&users(1..=40));
    changes[39].account.login = "jörg".to_owned();
    let outcomes = target.apply(&group(GroupKind::Posix), &changes).await.unwrap();
    assert_eq!(tally(&outcomes), (39, 0, 1));
}

#[tokio::test]
async fn the_last_member_leaves_the_placeholder_behind_and_the_next_one_takes_its_place() {
    let Some(slapd) = with_groups(SlapdOptions { record_changes: true, ..SlapdOptions::default() }) else { return };
    let target = as_connector(&slapd);
    for kind in [GroupKind::Names, GroupKind::UniqueNames] {
        let group = group(kind);
        let some = users(1..=3);
        let written = || slapd.changes().unwrap().iter().filter(|change| change.result == 0).count();

        let before = written();
        assert_eq!(tally(&target.apply(&group, &present(&some)).await.unwrap()), (3, 0, 0));
        assert_eq!(
            slapd.members(&group.native).unwrap().unwrap(),
            some.iter().map(|a| a.native.clone()).collect::<Vec<_>>()
        );
        assert_eq!(written() - before, 1, "the placeholder goes in the modify that brings the members");

        assert_eq!(tally(&target.apply(&group, &absent(&some)).await.unwrap()), (3, 0, 0));
        assert_eq!(slapd.members(&group.native).unwrap().unwrap(), [placeholder()]);
        assert_eq!(written() - before, 2, "the placeholder comes in the modify that takes the last member");
        assert_eq!(target.members(&group).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn the_placeholder_is_nobody() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let mut nobody = account("nobody");
    nobody.native = format!("CN=ephor-placeholder, {BASE}");
    for changes in [present(&[nobody.clone()]), absent(&[nobody.clone()])] {
        let outcomes = target.apply(&group(GroupKind::Names), &changes).await.unwrap();
        assert!(matches!(outcomes.as_slice(), [Outcome::Refused(fault)] if fault.kind == FaultKind::Rejected));
    }
    assert_eq!(slapd.members(&group_dn("groupOfNames")).unwrap().unwrap(), [placeholder()]);
}

#[tokio::test]
async fn a_member_that_somebody_else_put_in_keeps_the_group_without_a_placeholder() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Names);
    target.apply(&group, &present(&users([1]))).await.unwrap();
    slapd.change_member(&group.native, "member", &user_dn("user2"), true).unwrap();
    assert_eq!(target.apply(&group, &absent(&users([1]))).await, Ok(vec![Outcome::Done]));
    assert_eq!(slapd.members(&group.native).unwrap().unwrap(), [user_dn("user2")]);
}

#[tokio::test]
async fn additions_and_removals_travel_together() {
    let Some(slapd) = with_groups(SlapdOptions { record_changes: true, ..SlapdOptions::default() }) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Members);
    target.apply(&group, &present(&users([1, 2]))).await.unwrap();
    let mut changes = absent(&users([1, 2]));
    changes.extend(present(&users([3, 4])));
    assert_eq!(tally(&target.apply(&group, &changes).await.unwrap()), (4, 0, 0));
    assert_eq!(slapd.changes().unwrap().len(), 2);
    assert_eq!(slapd.members(&group.native).unwrap().unwrap(), [user_dn("user3"), user_dn("user4")]);
}

#[tokio::test]
async fn repeated_changes_of_one_account_keep_their_order() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Members);
    let there_and_back = [
        Change { account: account("user1"), wanted: Wanted::Present { lives: None } },
        Change { account: account("USER1"), wanted: Wanted::Absent },
        Change { account: account("user1"), wanted: Wanted::Absent },
    ];
    let outcomes = target.apply(&group, &there_and_back).await;
    assert_eq!(outcomes, Ok(vec![Outcome::Done, Outcome::Done, Outcome::Already]));
}

#[tokio::test]
async fn a_group_that_is_not_there_is_named() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let gone = TargetGroup { native: group_dn("gone"), ..group(GroupKind::Members) };
    assert_fault(target.apply(&gone, &present(&users(1..=3))).await, FaultKind::NoSuchGroup);
    assert_fault(target.members(&gone).await, FaultKind::NoSuchGroup);
    assert_fault(target.are_members(&gone, &users([1])).await, FaultKind::NoSuchGroup);
    assert_fault(target.are_members(&gone, &users(1..=50)).await, FaultKind::NoSuchGroup);
}

#[tokio::test]
async fn an_attribute_the_group_cannot_have_is_refused_and_not_retried_for_ever() {
    let Some(slapd) =
        start(SlapdOptions { groups: vec![Group::new("posixGroup", GroupKind::Posix)], ..SlapdOptions::default() })
    else {
        return;
    };
    let target = as_connector(&slapd);
    let mistaken = TargetGroup { native: group_dn("posixGroup"), ..group(GroupKind::Members) };
    let outcomes = target.apply(&mistaken, &present(&users([1, 2]))).await.unwrap();
    assert_eq!(tally(&outcomes), (0, 0, 2));
}

#[tokio::test]
async fn big_groups_are_read_and_changed_within_the_limit_of_a_call() {
    const MEMBERS: usize = 20_000;
    let mut extra_ldif = format!("dn: {}\nobjectClass: groupOfMembers\ncn: big\n", group_dn("big"));
    for n in 1..=MEMBERS {
        writeln!(extra_ldif, "member: {}", user_dn(&format!("user{n}"))).unwrap();
    }
    let Some(slapd) = start(SlapdOptions { extra_ldif, users: 20, ..SlapdOptions::default() }) else { return };
    let target = as_connector(&slapd);
    let big = TargetGroup { native: group_dn("big"), ..group(GroupKind::Members) };
    assert_eq!(target.members(&big).await.unwrap().len(), MEMBERS);
    let asked = users((1..=100).chain(MEMBERS + 1..=MEMBERS + 5));
    let answers = target.are_members(&big, &asked).await.unwrap();
    assert_eq!(answers.iter().filter(|is_member| **is_member).count(), 100);
    assert!(answers[100..].iter().all(|is_member| !is_member));
    assert_eq!(tally(&target.apply(&big, &absent(&users(1..=200))).await.unwrap()), (200, 0, 0));
}
