//! A target that refuses, resets, hangs, is slow, comes back: every call ends in time and the next one starts anew (F3).

use std::{
    future::Future,
    net::SocketAddr,
    time::{Duration, Instant},
};

use ephor_connect::LdapTarget;
use ephor_engine::port::target::{FaultKind, Outcome, TargetDirectory as _, TargetFault};
use ephor_testkit::{
    proxy::{Fault, FaultProxy},
    slapd::{CONNECTOR_DN, CONNECTOR_PASSWORD, GroupKind, Slapd, SlapdOptions, user_dn},
};

use crate::{
    directory::{absent, as_connector, assert_fault, at, config, group, present, target_of, users, with_groups},
    listener::Listener,
};

/// The limit of a call and what a loaded machine may add.
const AT_MOST: Duration = Duration::from_millis(3000);

async fn in_time<T>(call: impl Future<Output = Result<T, TargetFault>>) -> Result<T, TargetFault> {
    let start = Instant::now();
    let answer = call.await;
    assert!(start.elapsed() < AT_MOST, "took {:?}", start.elapsed());
    answer
}

async fn behind_proxy(slapd: &Slapd) -> (FaultProxy, String) {
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], slapd.port()))).await.unwrap();
    let url = format!("ldap://{}", proxy.address());
    (proxy, url)
}

/// A target with half the time of the usual ones.
fn hasty(url: &str) -> LdapTarget {
    target_of(config(url, CONNECTOR_DN, CONNECTOR_PASSWORD, "operation_timeout = '1s'"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_unreachable_until_it_is_back() {
    let Some(mut slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Members);
    assert_eq!(target.apply(&group, &present(&users([1]))).await, Ok(vec![Outcome::Done]));
    assert_eq!(target.members(&group).await.unwrap().len(), 1);
    slapd.kill();
    for _ in 0..2 {
        assert_fault(in_time(target.apply(&group, &present(&users([2])))).await, FaultKind::Unreachable);
        assert_fault(in_time(target.members(&group)).await, FaultKind::Unreachable);
    }
    slapd.start_again().unwrap();
    assert_eq!(target.apply(&group, &present(&users([2]))).await, Ok(vec![Outcome::Done]));
    assert_eq!(target.members(&group).await.unwrap().len(), 2);
    // Nobody asked while it was away: the first call finds the new server at once.
    slapd.stop().unwrap();
    slapd.start_again().unwrap();
    assert_eq!(target.apply(&group, &absent(&users([2]))).await, Ok(vec![Outcome::Done]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_costs_two_seconds_and_no_more() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = as_connector(&slapd);
    let group = group(GroupKind::Members);
    assert_eq!(target.apply(&group, &present(&users([1]))).await, Ok(vec![Outcome::Done]));
    slapd.pause().unwrap();
    // With an open connection, with none, and many at once.
    let some = present(&users([2]));
    let start = Instant::now();
    assert_fault(in_time(target.apply(&group, &some)).await, FaultKind::Timeout);
    assert!(start.elapsed() >= Duration::from_millis(1900), "gave up after {:?}", start.elapsed());
    let asked = users([1]);
    let all_groups = [group.clone()];
    let (write, read, list, test, find) = tokio::join!(
        in_time(target.apply(&group, &some)),
        in_time(target.are_members(&group, &asked)),
        in_time(target.members(&group)),
        in_time(target.self_test(&all_groups)),
        in_time(target.find_account("user1")),
    );
    assert_fault(write, FaultKind::Timeout);
    assert_fault(read, FaultKind::Timeout);
    assert_fault(list, FaultKind::Timeout);
    assert_fault(test, FaultKind::Timeout);
    assert_fault(find, FaultKind::Timeout);
    slapd.resume().unwrap();
    assert!(target.apply(&group, &present(&users([3]))).await.is_ok());
    assert_eq!(target.are_members(&group, &users([3])).await, Ok(vec![true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sort_of_broken_network_ends_in_time_and_heals() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let (mut proxy, url) = behind_proxy(&slapd).await;
    let group = group(GroupKind::Members);
    let target = hasty(&url);
    for (fault, kind) in [
        (Fault::Refuse, FaultKind::Unreachable),
        (Fault::Reset, FaultKind::Unreachable),
        (Fault::Hang, FaultKind::Timeout),
        (Fault::Delay(Duration::from_millis(700)), FaultKind::Timeout),
    ] {
        assert_eq!(tally_of(target.apply(&group, &present(&users([1]))).await), 1, "before {fault:?}");
        proxy.set(fault).await.unwrap();
        assert_fault(in_time(target.apply(&group, &absent(&users([1])))).await, kind);
        assert_fault(in_time(target.apply(&group, &absent(&users([1])))).await, kind);
        proxy.set(Fault::Pass).await.unwrap();
        proxy.cut();
        assert_eq!(tally_of(in_time(target.apply(&group, &absent(&users([1])))).await), 1, "after {fault:?}");
    }
    proxy.set(Fault::Delay(Duration::from_millis(20))).await.unwrap();
    assert_eq!(tally_of(target.apply(&group, &present(&users([1]))).await), 1);
}

/// Changes that are in force now.
fn tally_of(outcomes: Result<Vec<Outcome>, TargetFault>) -> usize {
    outcomes.unwrap().iter().filter(|outcome| matches!(outcome, Outcome::Done | Outcome::Already)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_found_in_place_the_next_time() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let (mut proxy, url) = behind_proxy(&slapd).await;
    let group = group(GroupKind::Posix);
    let target = at(&url);
    target.apply(&group, &present(&users([1]))).await.unwrap();
    proxy.set(Fault::TruncateAnswers(0)).await.unwrap();
    assert_fault(in_time(target.apply(&group, &present(&users([2])))).await, FaultKind::Unreachable);
    proxy.set(Fault::Pass).await.unwrap();
    assert_eq!(target.apply(&group, &present(&users([2]))).await, Ok(vec![Outcome::Already]));
}

#[tokio::test]
async fn many_calls_share_one_connection_for_writes_and_one_for_reads() {
    let Some(slapd) = with_groups(SlapdOptions { users: 40, ..SlapdOptions::default() }) else { return };
    let (proxy, url) = behind_proxy(&slapd).await;
    let target = at(&url);
    let group = group(GroupKind::Members);
    let batches: Vec<_> = (1..=40).map(|n| present(&users([n]))).collect();
    let writes = batches.iter().map(|changes| target.apply(&group, changes));
    let answers = futures_util::future::join_all(writes).await;
    assert!(answers.iter().all(|answer| *answer == Ok(vec![Outcome::Done])), "{answers:?}");
    assert_eq!(target.members(&group).await.unwrap().len(), 40);
    assert_eq!(proxy.accepted(), 2);
    target.disconnect();
    assert_eq!(target.members(&group).await.unwrap().len(), 40);
    assert_eq!(proxy.accepted(), 3);
}

#[tokio::test]
async fn a_refused_sign_in_is_told_and_mended_by_a_new_password() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let group = group(GroupKind::Members);
    let wrong = target_of(config(&slapd.url(), CONNECTOR_DN, "wrong", ""));
    assert_fault(wrong.apply(&group, &present(&users([1]))).await, FaultKind::Credentials);
    let nobody = target_of(config(&slapd.url(), &user_dn("nobody"), "wrong", ""));
    assert_fault(nobody.self_test(&[]).await, FaultKind::Credentials);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let mut from_file = config(&slapd.url(), CONNECTOR_DN, "x", "");
    from_file.password = None;
    from_file.password_file = Some(file.clone());
    let target = target_of(from_file);
    assert_fault(target.members(&group).await, FaultKind::Credentials);
    // An empty password would be an anonymous bind, which answers success.
    std::fs::write(&file, "\n").unwrap();
    assert_fault(target.members(&group).await, FaultKind::Credentials);
    std::fs::write(&file, format!("{CONNECTOR_PASSWORD}\n")).unwrap();
    assert_eq!(target.members(&group).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_ldap_end_the_call_and_nothing_else() {
    let nonsense: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        // A bind answer without content, without code, and with text that is not UTF-8.
        &[0x30, 0x05, 0x02, 0x01, 0x01, 0x61, 0x00],
        &[0x30, 0x07, 0x02, 0x01, 0x01, 0x61, 0x02, 0x04, 0x00],
        &[0x30, 0x0e, 0x02, 0x01, 0x01, 0x61, 0x09, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x02, 0xff, 0xff],
        // An empty message; one that says it is far longer than it is.
        &[0x30, 0x00],
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02],
    ];
    for answer in nonsense {
        let listener = Listener::start(answer.to_vec()).await;
        let target = hasty(&format!("ldap://{}", listener.address));
        let fault = in_time(target.members(&group(GroupKind::Members))).await.unwrap_err();
        assert!(
            matches!(fault.kind, FaultKind::Unreachable | FaultKind::Rejected | FaultKind::Timeout),
            "{answer:?}: {fault}"
        );
    }
}
