//! Names that people and attackers think of: each is one account or group, whatever characters it has (F19).

use ephor_connect::dn;
use ephor_domain::id::{GroupId, PrincipalId};
use ephor_engine::port::target::{
    MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory as _, TargetGroup,
};
use ephor_testkit::slapd::{GroupKind, SlapdOptions};
use uuid::Uuid;

use crate::directory::{absent, as_admin, group, present, tally, with_groups};

const NAMES: [&str; 17] = [
    "Doe, Jane",
    "\"quoted\"",
    "plus+minus",
    "back\\slash",
    "trailing\\",
    "#hash",
    "a#b'01'B",
    " leading",
    "trailing ",
    "semi;colon",
    "uid=admin,ou=x",
    "<angle>",
    "*",
    "*)(uid=*",
    "grüße",
    "日本語",
    "tab\there",
];

#[tokio::test]
async fn odd_login_names_are_accounts_like_others() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_admin(&slapd, "");
    let mut accounts = Vec::new();
    for login in NAMES {
        let new = NewAccount { login: login.to_owned(), display_name: login.to_owned(), password: None };
        let native = target.create_account(&new).await.unwrap();
        assert_eq!(native, dn::child("uid", login, "ou=people,dc=corp,dc=test"));
        let found = target.find_account(login).await.unwrap().unwrap();
        assert_eq!(dn::key(&found), dn::key(&native), "{login:?}");
        accounts.push(TargetAccount { id: PrincipalId::new(Uuid::nil()), native: found, login: login.to_owned() });
    }
    // Another account of that name is never made.
    for login in NAMES {
        let new = NewAccount { login: login.to_owned(), display_name: "again".to_owned(), password: None };
        target.create_account(&new).await.unwrap();
    }
    assert_eq!(slapd.find("(objectClass=inetOrgPerson)").unwrap().len(), NAMES.len() + 10);

    for kind in [GroupKind::Members, GroupKind::Names, GroupKind::UniqueNames] {
        let group = group(kind);
        assert_eq!(tally(&target.apply(&group, &present(&accounts)).await.unwrap()), (NAMES.len(), 0, 0), "{kind:?}");
        let mut members = target.members(&group).await.unwrap();
        let mut keys: Vec<String> = accounts.iter().map(|account| target.member_key(&group, account)).collect();
        members.sort();
        keys.sort();
        assert_eq!(members, keys, "{kind:?}");
        assert_eq!(target.are_members(&group, &accounts).await.unwrap(), vec![true; NAMES.len()], "{kind:?}");
        assert_eq!(target.are_members(&group, &accounts[..3]).await.unwrap(), [true; 3], "{kind:?}");
        assert_eq!(tally(&target.apply(&group, &present(&accounts)).await.unwrap()), (0, NAMES.len(), 0), "{kind:?}");
        assert_eq!(tally(&target.apply(&group, &absent(&accounts)).await.unwrap()), (NAMES.len(), 0, 0), "{kind:?}");
    }
    let group = group(GroupKind::Posix);
    let ascii: Vec<TargetAccount> = accounts.into_iter().filter(|account| account.login.is_ascii()).collect();
    assert_eq!(tally(&target.apply(&group, &present(&ascii)).await.unwrap()), (ascii.len(), 0, 0));
    assert_eq!(target.are_members(&group, &ascii).await.unwrap(), vec![true; ascii.len()]);
}

#[tokio::test]
async fn odd_group_names_are_groups_like_others() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_admin(&slapd, "");
    let user = TargetAccount {
        id: PrincipalId::new(Uuid::nil()),
        native: "uid=user1,ou=people,dc=corp,dc=test".to_owned(),
        login: "user1".to_owned(),
    };
    for name in NAMES {
        let (native, attribute) = target.create_group(name).await.unwrap();
        assert_eq!(attribute, MemberAttribute::Member);
        let (found, _) = target.find_group(name).await.unwrap().unwrap();
        assert_eq!(dn::key(&found), dn::key(&native), "{name:?}");
        let group = TargetGroup { id: GroupId::new(Uuid::nil()), native, attribute };
        let outcomes = target.apply(&group, &present(std::slice::from_ref(&user))).await;
        assert_eq!(outcomes, Ok(vec![Outcome::Done]), "{name:?}");
    }
    assert_eq!(target.find_group("nothing of the sort").await, Ok(None));
}
