//! Accounts and groups: found, made once, locked.

use ephor_engine::port::target::{FaultKind, MemberAttribute, NewAccount, TargetDirectory as _};
use ephor_testkit::slapd::{Group, GroupKind, SlapdOptions, group_dn, user_dn};

use crate::directory::{account, as_admin, as_connector, assert_fault, placeholder, start, with_groups};

fn new_account(login: &str, password: Option<&str>) -> NewAccount {
    NewAccount {
        login: login.to_owned(),
        display_name: "Jen Doe".to_owned(),
        password: password.map(|password| password.to_owned().into()),
    }
}

#[tokio::test]
async fn an_account_is_made_once_and_its_password_is_kept_hashed() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    let target = as_admin(&slapd, "");
    assert_eq!(target.find_account("jen").await, Ok(None));
    let native = target.create_account(&new_account("jen", Some("correct horse"))).await.unwrap();
    assert_eq!(native, user_dn("jen"));
    assert_eq!(slapd.values(&native, &["sn", "displayName"]).unwrap().unwrap(), ["Doe", "Jen Doe"]);
    assert!(slapd.can_bind(&native, "correct horse").unwrap());
    let kept = slapd.values(&native, &["userPassword"]).unwrap().unwrap();
    assert!(kept[0].starts_with("{SSHA}"), "{kept:?}");

    assert_eq!(target.create_account(&new_account("jen", Some("another"))).await, Ok(native.clone()));
    assert!(slapd.can_bind(&native, "correct horse").unwrap(), "the account that was there is left as it was");
    assert_eq!(target.find_account("JEN").await, Ok(Some(native)));
}

#[tokio::test]
async fn posix_accounts_get_numbers_of_their_own() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    let target = as_admin(&slapd, "posix = { gid_number = 20000, first_uid_number = 500000 }");
    let mut numbers = Vec::new();
    for login in ["ann", "bob"] {
        let native = target.create_account(&new_account(login, None)).await.unwrap();
        let values = slapd.values(&native, &["uidNumber"]).unwrap().unwrap();
        numbers.push(values[0].parse::<u32>().unwrap());
        assert_eq!(slapd.values(&native, &["homeDirectory"]).unwrap().unwrap(), [format!("/home/{login}")]);
    }
    assert_ne!(numbers[0], numbers[1]);
    assert!(numbers.iter().all(|number| (500_000..1_500_000).contains(number)), "{numbers:?}");
    assert_fault(target.create_account(&new_account("../etc", None)).await, FaultKind::Rejected);
}

#[tokio::test]
async fn who_may_not_create_is_told_so() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    assert_fault(target.create_account(&new_account("jen", None)).await, FaultKind::Rights);
    assert_eq!(target.create_group("ops").await, Ok((group_dn("ops"), MemberAttribute::Member)));
}

#[tokio::test]
async fn new_groups_have_the_class_that_was_asked_for() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    for (class, attribute, members) in [
        ("auto", MemberAttribute::Member, vec![]),
        ("groupOfMembers", MemberAttribute::Member, vec![]),
        ("groupOfNames", MemberAttribute::Member, vec![placeholder()]),
        ("groupOfUniqueNames", MemberAttribute::UniqueMember, vec![placeholder()]),
    ] {
        let target = as_admin(&slapd, &format!("new_group_class = '{class}'"));
        let native = group_dn(class);
        assert_eq!(target.create_group(class).await, Ok((native.clone(), attribute)));
        assert_eq!(target.create_group(class).await, Ok((native.clone(), attribute)), "made once");
        let expected = if class == "auto" { "groupOfMembers" } else { class };
        assert_eq!(slapd.values(&native, &["objectClass"]).unwrap().unwrap(), [expected]);
        assert_eq!(slapd.members(&native).unwrap().unwrap(), members);
    }
}

#[tokio::test]
async fn groups_are_found_with_the_attribute_that_holds_their_members() {
    let Some(slapd) =
        with_groups(SlapdOptions { groups: vec![Group::new("ops", GroupKind::Posix)], ..SlapdOptions::default() })
    else {
        return;
    };
    let target = as_connector(&slapd);
    for (name, attribute) in [
        ("groupOfMembers", MemberAttribute::Member),
        ("groupOfNames", MemberAttribute::Member),
        ("groupOfUniqueNames", MemberAttribute::UniqueMember),
        ("OPS", MemberAttribute::MemberUid),
    ] {
        let (native, found) = target.find_group(name).await.unwrap().unwrap();
        assert_eq!((native.to_lowercase(), found), (group_dn(name).to_lowercase(), attribute));
    }
    assert_eq!(target.find_group("gone").await, Ok(None));
    assert_eq!(target.find_group("*").await, Ok(None));
}

#[tokio::test]
async fn a_disabled_account_cannot_sign_in_until_it_is_enabled() {
    let Some(slapd) = start(SlapdOptions { lockout_after: Some(5), ..SlapdOptions::default() }) else { return };
    let user = account("user1");
    assert_eq!(as_admin(&slapd, "").set_enabled(&user, false).await, Ok(false), "no such state is configured");
    assert!(slapd.can_bind(&user.native, "password1").unwrap());

    let target = as_admin(&slapd, "account_state = 'pwdAccountLockedTime'");
    for _ in 0..2 {
        assert_eq!(target.set_enabled(&user, false).await, Ok(true));
        assert!(!slapd.can_bind(&user.native, "password1").unwrap());
    }
    for _ in 0..2 {
        assert_eq!(target.set_enabled(&user, true).await, Ok(true));
        assert!(slapd.can_bind(&user.native, "password1").unwrap());
    }
    assert_fault(target.set_enabled(&account("gone"), false).await, FaultKind::NoSuchAccount);
}
