//! The self-test proves the right to write and changes nothing (R7).

use ephor_engine::port::target::{FaultKind, Health, TargetDirectory as _, TargetGroup};
use ephor_testkit::slapd::{CONNECTOR_DN, GroupKind, SlapdOptions, group_dn, user_dn};

use crate::directory::{
    KINDS, as_admin, as_connector, assert_fault, config, group, present, target_of, users, with_groups,
};

fn all_groups() -> Vec<TargetGroup> {
    KINDS.into_iter().map(group).collect()
}

#[tokio::test]
async fn a_healthy_target_is_writable_and_left_as_it_was() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    target.apply(&group(GroupKind::Posix), &present(&users([1]))).await.unwrap();
    let state = || {
        let of = |kind: GroupKind| slapd.values(&group(kind).native, &["*", "entryCSN"]).unwrap().unwrap();
        KINDS.map(of)
    };
    let before = state();
    let healthy =
        Health { writable: true, native_expiry: false, product: Some("OpenLDAP".to_owned()), ..Health::default() };
    assert_eq!(target.self_test(&all_groups()).await, Ok(healthy.clone()));
    assert_eq!(as_admin(&slapd, "").self_test(&all_groups()).await, Ok(healthy.clone()));
    assert_eq!(target.self_test(&[]).await, Ok(healthy));
    assert_eq!(state(), before);
}

#[tokio::test]
async fn an_account_without_rights_is_found_out() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = target_of(config(&slapd.url(), &user_dn("user1"), "password1", ""));
    for group in all_groups() {
        assert_fault(target.self_test(std::slice::from_ref(&group)).await, FaultKind::Rights);
        assert_fault(target.apply(&group, &present(&users([2]))).await, FaultKind::Rights);
    }
}

#[tokio::test]
async fn a_right_to_add_alone_or_delete_alone_is_not_enough() {
    for (right, enough) in [("=rscxda", false), ("=rscxdz", false), ("=rscxdw", true)] {
        let rule =
            format!("access to dn.subtree=\"ou=groups,dc=corp,dc=test\" by users {right}\naccess to * by * read");
        let Some(slapd) = with_groups(SlapdOptions { extra_config: rule, ..SlapdOptions::default() }) else { return };
        let target = target_of(config(&slapd.url(), &user_dn("user1"), "password1", ""));
        let tested = target.self_test(&[group(GroupKind::Members)]).await;
        if enough {
            assert!(tested.unwrap().writable)
        } else {
            assert_fault(tested, FaultKind::Rights)
        };
    }
}

#[tokio::test]
async fn lost_rights_are_told_before_a_lost_group() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let gone = TargetGroup { native: group_dn("gone"), ..group(GroupKind::Members) };
    assert_fault(as_connector(&slapd).self_test(std::slice::from_ref(&gone)).await, FaultKind::NoSuchGroup);
    let powerless = target_of(config(&slapd.url(), &user_dn("user1"), "password1", ""));
    assert_fault(powerless.self_test(&[gone, group(GroupKind::Members)]).await, FaultKind::Rights);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_found_out() {
    let options = SlapdOptions { extra_config: "readonly on".to_owned(), ..SlapdOptions::default() };
    let Some(slapd) = with_groups(options) else { return };
    assert_fault(as_connector(&slapd).self_test(&all_groups()).await, FaultKind::Rejected);
}

#[tokio::test]
async fn a_password_that_no_longer_holds_is_found_out_although_a_connection_is_open() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Members);
    target.apply(&group, &present(&users([1]))).await.unwrap();
    slapd
        .change(&format!("dn: {CONNECTOR_DN}\nchangetype: modify\nreplace: userPassword\nuserPassword: changed\n"))
        .unwrap();
    assert_fault(target.self_test(std::slice::from_ref(&group)).await, FaultKind::Credentials);
}
