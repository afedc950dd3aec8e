//! Memberships with a time to live (R5), at a domain controller of our own making: the form in which they travel, and what
//! we do where the directory does not keep its word. Samba, which has none, is asked in `active_directory`.

use std::time::Duration;

use ephor_connect::{ActiveDirectory, ActiveDirectoryConfig};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{
    Change, MemberAttribute, Outcome, TargetAccount, TargetDirectory as _, TargetGroup, Wanted,
};
use uuid::Uuid;

use crate::{
    directory::absent,
    ldap_stub::{BASE, GROUP, Kind, Manner, Modify, Stub, account},
};

const LINK_TTL: &str = "1.2.840.113556.1.4.2309";

fn target(stub: &Stub, more: &str) -> ActiveDirectory {
    let text = format!("url = '{}'\nbind_name = 'ephor'\npassword = 'x'\nbase_dn = '{BASE}'\n{more}", stub.url());
    let config: ActiveDirectoryConfig = toml::from_str(&text).unwrap();
    ActiveDirectory::new(TargetId::new(Uuid::nil()), config).unwrap()
}

fn group() -> TargetGroup {
    TargetGroup { id: GroupId::new(Uuid::nil()), native: GROUP.to_owned(), attribute: MemberAttribute::Member }
}

fn person(name: &str) -> TargetAccount {
    TargetAccount { id: PrincipalId::new(Uuid::nil()), native: account(name), login: name.to_owned() }
}

fn for_a_while(name: &str, lives: Duration) -> Change {
    Change { account: person(name), wanted: Wanted::Present { lives: Some(lives) } }
}

fn added(value: &str, controls: &[&str]) -> Modify {
    Modify {
        added: vec![value.to_owned()],
        deleted: Vec::new(),
        controls: controls.iter().map(|control| (*control).to_owned()).collect(),
    }
}

#[tokio::test]
async fn r5_a_membership_travels_with_its_time_to_live_and_ends_without_us() {
    let stub = Stub::start(Kind::default()).await;
    let target = target(&stub, "");
    let health = target.self_test(&[group()]).await.unwrap();
    assert_eq!((health.writable, health.native_expiry, health.expiry_off), (true, true, None));
    assert_eq!(health.level.as_deref(), Some("domain 2016, forest 2016"));

    let changes = [for_a_while("alice", Duration::from_millis(599_001))];
    assert_eq!(target.apply(&group(), &changes).await, Ok(vec![Outcome::Done]));
    let value = format!("<TTL=600,{}>", account("alice"));
    assert_eq!(stub.modifies(), [added(&value, &[LINK_TTL])], "as the protocol has it");
    assert!(stub.members()[0].1.is_some_and(|left| left > Duration::from_secs(590)));
    assert_eq!(target.are_members(&group(), &[person("alice")]).await, Ok(vec![true]));
    assert_eq!(target.apply(&group(), &absent(&[person("alice")])).await, Ok(vec![Outcome::Done]));
    assert_eq!(stub.modifies()[1].deleted, [account("alice")]);

    // One without an end beside one with: each as it is.
    let mixed = [
        Change { account: person("bob"), wanted: Wanted::Present { lives: None } },
        for_a_while("alice", Duration::from_secs(1)),
    ];
    assert_eq!(target.apply(&group(), &mixed).await, Ok(vec![Outcome::Done, Outcome::Done]));
    let ends_by_itself = async {
        while stub.members().len() == 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ends_by_itself).await.unwrap();
    assert_eq!(target.are_members(&group(), &[person("alice"), person("bob")]).await, Ok(vec![false, true]));
    // Our own removal runs as well, and finds it gone.
    assert_eq!(target.apply(&group(), &absent(&[person("alice")])).await, Ok(vec![Outcome::Already]));
}

#[tokio::test]
async fn r5_a_later_end_is_told_and_nobody_is_gone_in_between() {
    let stub = Stub::start(Kind::default()).await;
    let target = target(&stub, "");
    let minutes = |minutes: u64| [for_a_while("alice", Duration::from_secs(60 * minutes))];
    assert_eq!(target.apply(&group(), &minutes(10)).await, Ok(vec![Outcome::Done]));
    assert_eq!(target.apply(&group(), &minutes(10)).await, Ok(vec![Outcome::Already]), "the same end");
    assert_eq!(
        target.apply(&group(), &minutes(5)).await,
        Ok(vec![Outcome::Already]),
        "an earlier one: we remove in time"
    );
    assert_eq!(stub.modifies().len(), 1);
    assert_eq!(target.apply(&group(), &minutes(20)).await, Ok(vec![Outcome::Done]));
    let renewed = Modify {
        added: vec![format!("<TTL=1200,{}>", account("alice"))],
        deleted: vec![account("alice")],
        controls: vec![LINK_TTL.to_owned()],
    };
    assert_eq!(stub.modifies()[1], renewed, "one modify");
    let endless = [Change { account: person("alice"), wanted: Wanted::Present { lives: None } }];
    assert_eq!(target.apply(&group(), &endless).await, Ok(vec![Outcome::Done]));
    assert_eq!(stub.members(), [(account("alice"), None)]);
    // Who is a member without an end is not given one.
    assert_eq!(target.apply(&group(), &minutes(10)).await, Ok(vec![Outcome::Already]));
    assert_eq!(stub.members(), [(account("alice"), None)]);
}

#[tokio::test]
async fn r5_a_domain_that_cannot_is_found_out_and_told_no_time() {
    let cases = [
        (
            Kind { lists_control: false, ..Kind::default() },
            "",
            "the server does not offer it (control 1.2.840.113556.1.4.2309 is not listed)",
        ),
        (Kind { forest_level: "6", ..Kind::default() }, "", "the forest is at level 2012 R2; it needs 2016"),
        (
            Kind { feature_enabled: false, ..Kind::default() },
            "",
            "the optional feature Privileged Access Management is not enabled in the forest",
        ),
        (Kind::default(), "native_expiry = false", "it is switched off (`native_expiry`)"),
    ];
    for (kind, more, reason) in cases {
        let stub = Stub::start(kind).await;
        let target = target(&stub, more);
        let health = target.self_test(&[group()]).await.unwrap();
        assert_eq!((health.native_expiry, health.expiry_off.as_deref()), (false, Some(reason)));
        let changes = [for_a_while("alice", Duration::from_secs(600))];
        assert_eq!(target.apply(&group(), &changes).await, Ok(vec![Outcome::Done]));
        assert_eq!(stub.modifies(), [added(&account("alice"), &[])], "{reason}");
    }
}

#[tokio::test]
async fn r5_a_domain_that_does_not_keep_its_word_is_found_out() {
    let changes = [for_a_while("alice", Duration::from_secs(600))];

    let stub = Stub::start(Kind { manner: Manner::Refuses, ..Kind::default() }).await;
    let refusing = target(&stub, "");
    assert_eq!(
        refusing.apply(&group(), &changes).await,
        Ok(vec![Outcome::Done]),
        "without an end rather than not at all"
    );
    assert_eq!(stub.members(), [(account("alice"), None)]);
    let health = refusing.self_test(&[group()]).await.unwrap();
    assert!(!health.native_expiry);
    assert!(health.expiry_off.is_some_and(|reason| reason.starts_with("modify with a time to live: rc=34")));

    let stub = Stub::start(Kind { manner: Manner::Forgets, ..Kind::default() }).await;
    let forgetting = target(&stub, "");
    assert_eq!(forgetting.apply(&group(), &changes).await, Ok(vec![Outcome::Done]));
    let health = forgetting.self_test(&[group()]).await.unwrap();
    let reason = "the server takes a time to live and keeps the member without one";
    assert_eq!((health.native_expiry, health.expiry_off.as_deref()), (false, Some(reason)));

    let stub = Stub::start(Kind { manner: Manner::SaysYesAndDoesNothing, ..Kind::default() }).await;
    let outcomes = target(&stub, "").apply(&group(), &changes).await.unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Refused(fault)] if fault.cause.ends_with("and does not hold it")),
        "nobody is told that he is in: {outcomes:?}"
    );
}
