//! Signed orders at a receiver of another make: its own books are what counts.

use std::sync::Arc;

use ephor_connect::{HookTarget, HookTargetConfig};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::{
    Clock, SystemClock,
    target::{FaultKind, NewAccount, Outcome, TargetAccount, TargetDirectory as _, TargetGroup},
};
use ephor_testkit::{
    available_or_skip,
    receiver::{Receiver, SECRET},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    directory::{absent, assert_fault, present},
    listener::Listener,
};

fn target(url: &str, secret: &str) -> HookTarget {
    let text = format!("url = '{url}'\nallow_private = true\nsecret = '{secret}'");
    let config: HookTargetConfig = toml::from_str(&text).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    HookTarget::new(TargetId::new(Uuid::nil()), config, &[], clock).unwrap()
}

fn account(native: &str) -> TargetAccount {
    TargetAccount { id: PrincipalId::new(Uuid::nil()), native: native.to_owned(), login: native.to_owned() }
}

fn group(native: &str) -> TargetGroup {
    TargetGroup { id: GroupId::new(Uuid::nil()), native: native.to_owned(), attribute: Default::default() }
}

#[tokio::test]
async fn orders_are_signed_carried_out_and_confirmed() {
    let Some(receiver) = available_or_skip(Receiver::start()) else { return };
    let target = target(&receiver.url(), SECRET);
    assert_eq!(target.find_account("alice").await, Ok(None));
    for login in ["alice", "bob \"ö\""] {
        let new = NewAccount { login: login.to_owned(), display_name: String::new(), password: None };
        assert_eq!(target.create_account(&new).await, Ok(login.to_owned()));
        assert_eq!(target.find_account(login).await, Ok(Some(login.to_owned())));
    }
    assert_eq!(target.create_group("jit").await.unwrap().0, "jit");
    assert_eq!(target.find_group("jit").await.unwrap().unwrap().0, "jit");
    let jit = group("jit");
    let both = [account("alice"), account("bob \"ö\"")];
    assert_eq!(target.apply(&jit, &present(&both)).await, Ok(vec![Outcome::Done, Outcome::Done]));
    assert_eq!(target.apply(&jit, &present(&both)).await, Ok(vec![Outcome::Already, Outcome::Already]));
    assert_eq!(receiver.state().unwrap()["groups"]["jit"], json!(["alice", "bob \"ö\""]));
    assert_eq!(target.are_members(&jit, &both).await, Ok(vec![true, true]));
    let outcomes = target.apply(&jit, &absent(&[account("alice"), account("nobody")])).await.unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Done, Outcome::Refused(fault)] if fault.cause == "nobody of that name"),
        "{outcomes:?}"
    );
    assert_eq!(target.members(&jit).await, Ok(vec!["bob \"ö\"".to_owned()]));
    let health = target.self_test(std::slice::from_ref(&jit)).await.unwrap();
    assert_eq!((health.writable, health.product.as_deref()), (true, Some("receiver of tests")));
    assert_eq!(target.set_enabled(&both[0], false).await, Ok(true));
    assert_eq!(receiver.state().unwrap()["accounts"]["alice"], json!(false));

    assert_fault(target.members(&group("gone")).await, FaultKind::NoSuchGroup);
    assert_fault(target.apply(&group("gone"), &absent(&both)).await, FaultKind::NoSuchGroup);
    assert_fault(target.set_enabled(&account("nobody"), true).await, FaultKind::NoSuchAccount);
    receiver.behave(&json!({"readonly": true})).unwrap();
    assert!(!target.self_test(std::slice::from_ref(&jit)).await.unwrap().writable);
    assert_fault(target.apply(&jit, &present(&both)).await, FaultKind::Rights);
    // Who does not know the secret changes nothing.
    let stranger = self::target(&receiver.url(), "whsec_c29tZWJvZHkgZWxzZQ==");
    assert_fault(stranger.members(&jit).await, FaultKind::Credentials);
}

#[tokio::test]
async fn an_order_is_repeated_under_the_same_id_until_it_is_confirmed() {
    let Some(receiver) = available_or_skip(Receiver::start()) else { return };
    let target = target(&receiver.url(), SECRET);
    target.create_group("jit").await.unwrap();
    let new = NewAccount { login: "alice".to_owned(), display_name: String::new(), password: None };
    target.create_account(&new).await.unwrap();
    let (jit, alice) = (group("jit"), [account("alice")]);
    receiver.behave(&json!({"later": 1, "busy": 1})).unwrap();
    assert_fault(target.apply(&jit, &present(&alice)).await, FaultKind::Busy);
    let outcomes = target.apply(&jit, &present(&alice)).await.unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Refused(fault)] if fault.cause == "accepted by the other side, not confirmed yet"),
        "accepted is not done: {outcomes:?}"
    );
    assert_eq!(target.apply(&jit, &present(&alice)).await, Ok(vec![Outcome::Done]));
    // The answer is lost after the work was done: the repeat finds it done.
    receiver.behave(&json!({"lose_answers": 1})).unwrap();
    assert_fault(target.apply(&jit, &absent(&alice)).await, FaultKind::Unreachable);
    assert_eq!(receiver.state().unwrap()["groups"]["jit"], json!([]));
    assert_eq!(target.apply(&jit, &absent(&alice)).await, Ok(vec![Outcome::Already]));
    let log = receiver.state().unwrap()["log"].clone();
    let ids: Vec<String> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|order| order["path"] == "/memberships")
        .map(|order| order["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 5);
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "one order, three times: {ids:?}");
    assert!(ids[3] == ids[4] && ids[3] != ids[0], "another order, twice: {ids:?}");
}

#[tokio::test]
async fn nonsense_is_no_confirmation() {
    let (jit, alice) = (group("jit"), [account("alice")]);
    for body in ["", "{}", "[]", "{\"outcomes\":[]}", "{\"outcomes\":[{\"outcome\":\"sure\"}]}", "<html>"] {
        let listener = Listener::http("200 OK", "", body).await;
        assert_fault(target(&listener.url(), SECRET).apply(&jit, &absent(&alice)).await, FaultKind::Rejected);
        assert_fault(target(&listener.url(), SECRET).members(&jit).await, FaultKind::Rejected);
    }
    let listener = Listener::http("302 Found", "location: http://127.0.0.1:1/\r\n", "").await;
    assert_fault(target(&listener.url(), SECRET).members(&jit).await, FaultKind::Rejected);
    let listener = Listener::http("202 Accepted", "", "").await;
    assert_fault(target(&listener.url(), SECRET).members(&jit).await, FaultKind::Rejected);
    let none: HookTargetConfig = toml::from_str("url = 'https://hooks.example'").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    assert!(HookTarget::new(TargetId::new(Uuid::nil()), none, &[], clock).is_err(), "unsigned orders are none");
}
