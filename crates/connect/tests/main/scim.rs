//! SCIM against two servers of others, and against one that says what it is told to say.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ephor_connect::{ScimConfig, ScimTarget};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::{
    Clock, SystemClock,
    target::{FaultKind, Health, NewAccount, Outcome, TargetAccount, TargetDirectory as _, TargetGroup},
};
use ephor_testkit::{
    available_or_skip,
    scim::{Make, Scim, TOKEN},
};
use uuid::Uuid;

use crate::{
    directory::{absent, assert_fault, present, tally},
    listener::Listener,
};

fn target(url: &str, more: &str) -> ScimTarget {
    with_token(url, TOKEN, more)
}

fn with_token(url: &str, token: &str, more: &str) -> ScimTarget {
    let text = format!("url = '{url}'\nallow_private = true\ntoken = '{token}'\n{more}");
    let config: ScimConfig = toml::from_str(&text).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    ScimTarget::new(TargetId::new(Uuid::nil()), config, &[], clock).unwrap()
}

fn account(native: &str) -> TargetAccount {
    TargetAccount { id: PrincipalId::new(Uuid::nil()), native: native.to_owned(), login: native.to_owned() }
}

fn group(native: &str) -> TargetGroup {
    TargetGroup { id: GroupId::new(Uuid::nil()), native: native.to_owned(), attribute: Default::default() }
}

fn new(login: &str) -> NewAccount {
    NewAccount { login: login.to_owned(), display_name: "Jörg \"Q\" Ü".to_owned(), password: None }
}

/// Who is in a group, asked beside our connector.
fn held(server: &Scim, group: &TargetGroup) -> Vec<String> {
    let shown = server.get(&format!("Groups/{}", group.native)).unwrap();
    let members = shown["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

async fn a_server_of_others(make: Make) {
    let Some(mut server) = available_or_skip(Scim::start(make)) else { return };
    let target = target(&server.url(), "");
    assert_eq!(target.find_account("alice").await, Ok(None));
    let mut people = Vec::new();
    for login in ["alice", "bob", "carol"] {
        let id = target.create_account(&new(login)).await.unwrap();
        assert_eq!(target.create_account(&new(login)).await, Ok(id.clone()), "made once");
        assert_eq!(target.find_account(login).await, Ok(Some(id.clone())));
        people.push(account(&id));
    }
    for hostile in ["alice\" or userName pr or userName eq \"x", "*", "al\\ice", "名"] {
        assert!(!matches!(target.find_account(hostile).await, Ok(Some(_))), "{hostile}");
    }
    let (native, _) = target.create_group("jit-admins").await.unwrap();
    assert_eq!(target.create_group("jit-admins").await.unwrap().0, native, "made once");
    assert_eq!(target.find_group("jit-admins").await.unwrap().unwrap().0, native);
    let group = group(&native);

    let some = &people[..2];
    assert_eq!(target.are_members(&group, some).await, Ok(vec![false, false]));
    assert_eq!(target.apply(&group, &present(&some[..1])).await, Ok(vec![Outcome::Done]));
    assert_eq!(target.apply(&group, &present(some)).await, Ok(vec![Outcome::Already, Outcome::Done]));
    assert_eq!(held(&server, &group), [some[0].native.clone(), some[1].native.clone()], "nobody twice");
    assert_eq!(target.are_members(&group, &people).await, Ok(vec![true, true, false]));
    assert_eq!(target.members(&group).await, Ok(held(&server, &group)));
    // One out, one in, one out that is not in.
    let mut mixed = absent(&people[..1]);
    mixed.extend(present(&people[2..]));
    mixed.extend(absent(&[account("nobody")]));
    assert_eq!(target.apply(&group, &mixed).await, Ok(vec![Outcome::Done, Outcome::Done, Outcome::Already]));
    assert_eq!(held(&server, &group), [people[1].native.clone(), people[2].native.clone()]);

    let before = server.get(&format!("Groups/{native}")).unwrap()["members"].clone();
    let healthy = Health { writable: true, ..Health::default() };
    assert_eq!(target.self_test(std::slice::from_ref(&group)).await, Ok(healthy));
    assert_eq!(server.get(&format!("Groups/{native}")).unwrap()["members"], before, "a self-test changes nothing");

    let gone = TargetGroup { native: "gone".to_owned(), ..group.clone() };
    assert_fault(target.apply(&gone, &present(some)).await, FaultKind::NoSuchGroup);
    assert_fault(target.members(&gone).await, FaultKind::NoSuchGroup);
    assert_fault(target.self_test(std::slice::from_ref(&gone)).await, FaultKind::NoSuchGroup);
    let stranger = with_token(&server.url(), "wrong", "");
    assert_fault(stranger.self_test(&[]).await, FaultKind::Credentials);
    assert_fault(stranger.apply(&group, &absent(some)).await, FaultKind::Credentials);

    assert_eq!(target.set_enabled(&people[0], false).await, Ok(true));
    let shown = server.get(&format!("Users/{}", people[0].native)).unwrap();
    assert_eq!(shown["active"], serde_json::json!(false));
    assert_fault(target.set_enabled(&account("nobody"), false).await, FaultKind::NoSuchAccount);

    server.stop();
    assert_fault(target.apply(&group, &absent(some)).await, FaultKind::Unreachable);
    server.start_again().unwrap();
    assert_fault(target.apply(&group, &absent(some)).await, FaultKind::NoSuchGroup);
}

#[tokio::test]
async fn a_server_that_answers_a_patch_with_nothing() {
    a_server_of_others(Make::Scim2Server).await;
}

#[tokio::test]
async fn a_server_that_answers_a_patch_with_the_group() {
    a_server_of_others(Make::Scimmy).await;
}

#[tokio::test]
async fn a_server_that_wants_rest_gets_it_and_no_longer_than_a_removal_can_wait() {
    let body = r#"{"detail":"too many","schemas":[]}"#;
    let busy = Listener::http("429 Too Many Requests", "retry-after: 86400\r\n", body).await;
    let target = target(&busy.url(), "");
    let group = group("g");
    let fault = target.apply(&group, &absent(&[account("a")])).await.unwrap_err();
    assert_eq!((fault.kind, fault.cause.as_str()), (FaultKind::Busy, "HTTP status 429: too many"));
    let fault = target.members(&group).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Busy);
    assert_eq!(fault.cause, "the server asked to be left alone for 60 s more (Retry-After)");
    assert_eq!(busy.requests().len(), 1, "it was left alone");
}

#[tokio::test]
async fn what_a_server_answers_is_told_in_the_words_of_the_port() {
    for (status, kind) in [
        ("401 Unauthorized", FaultKind::Credentials),
        ("403 Forbidden", FaultKind::Rights),
        ("500 Internal Server Error", FaultKind::Busy),
        ("503 Service Unavailable", FaultKind::Busy),
        ("302 Found", FaultKind::Rejected),
        ("418 I'm a teapot", FaultKind::Rejected),
    ] {
        let server = Listener::http(status, "location: http://127.0.0.1:1/\r\n", "nonsense").await;
        assert_fault(target(&server.url(), "").apply(&group("g"), &present(&[account("a")])).await, kind);
    }
    for nonsense in ["", "[]", "{\"id\":7}", "{\"id\":\"g\",\"members\":[{}]}", "<html>"] {
        let server = Listener::http("200 OK", "", nonsense).await;
        let target = target(&server.url(), "");
        assert_fault(target.members(&group("g")).await, FaultKind::Rejected);
        assert_fault(target.apply(&group("g"), &present(&[account("a")])).await, FaultKind::Rejected);
    }
    // A server that says yes to everything and holds nothing is not believed.
    let server = Listener::http("200 OK", "", r#"{"id":"g"}"#).await;
    let outcomes = target(&server.url(), "").apply(&group("g"), &present(&[account("a")])).await.unwrap();
    assert_eq!(tally(&outcomes), (0, 0, 1), "{outcomes:?}");
    // A server that passes over filters is not believed either.
    let everybody = r#"{"Resources":[{"id":"1","userName":"root","externalId":"root"}]}"#;
    let server = Listener::http("200 OK", "", everybody).await;
    assert_eq!(target(&server.url(), "").find_account("alice").await, Ok(None));
    let twins = r#"{"Resources":[{"id":"1","externalId":"alice"},{"id":"2","externalId":"alice"}]}"#;
    let server = Listener::http("200 OK", "", twins).await;
    assert_fault(target(&server.url(), "").find_account("alice").await, FaultKind::Rejected);
    // Ids of the other side stay one step of the path.
    let server = Listener::http("404 Not Found", "", "{}").await;
    assert_fault(target(&server.url(), "").members(&group("../Users?x=#/y")).await, FaultKind::NoSuchGroup);
    assert!(
        server.requests()[0].starts_with("GET /Groups/..%2FUsers%3Fx=%23%2Fy?attributes=members "),
        "{:?}",
        server.requests()
    );
}

#[tokio::test]
async fn a_server_that_hangs_costs_two_seconds() {
    let silent = Listener::start(Vec::new()).await;
    let began = Instant::now();
    assert_fault(target(&silent.url(), "").members(&group("g")).await, FaultKind::Timeout);
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    let quick = target(&silent.url(), "operation_timeout = '100ms'");
    let began = Instant::now();
    assert_fault(quick.apply(&group("g"), &absent(&[account("a")])).await, FaultKind::Timeout);
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
}
