//! TLS: both ways in, only with the right authority.

use ephor_engine::port::target::{FaultKind, Outcome, TargetDirectory as _};
use ephor_testkit::{
    pki::Authority,
    slapd::{CONNECTOR_DN, CONNECTOR_PASSWORD, GroupKind, SlapdOptions},
};

use crate::directory::{absent, assert_fault, at, config, group, present, target_of, users, with_groups};

#[tokio::test]
async fn ldaps_and_start_tls_work_with_the_right_authority_and_not_with_another() {
    let Some(slapd) = with_groups(SlapdOptions { require_tls: true, ..SlapdOptions::default() }) else { return };
    let right = slapd.ca_path().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("other.pem");
    std::fs::write(&wrong, Authority::new("another CA").unwrap().certificate()).unwrap();
    let group = group(GroupKind::Members);
    for (url, more) in [(slapd.ldaps_url().unwrap(), ""), (slapd.url(), "start_tls = true\n")] {
        let with = |ca: &std::path::Path| {
            let more = format!("{more}ca_file = '{}'", ca.display());
            target_of(config(&url, CONNECTOR_DN, CONNECTOR_PASSWORD, &more))
        };
        let trusted = with(&right);
        assert_eq!(trusted.apply(&group, &present(&users([1]))).await, Ok(vec![Outcome::Done]), "{url}");
        assert_eq!(trusted.apply(&group, &absent(&users([1]))).await, Ok(vec![Outcome::Done]), "{url}");
        assert_fault(with(&wrong).apply(&group, &present(&users([1]))).await, FaultKind::Unreachable);
        // Without a file the machine's own authorities count, and they do not know this one.
        let stranger = target_of(config(&url, CONNECTOR_DN, CONNECTOR_PASSWORD, more));
        assert_fault(stranger.members(&group).await, FaultKind::Unreachable);
    }
    assert_fault(at(&slapd.url()).members(&group).await, FaultKind::Credentials);
}

#[tokio::test]
async fn a_server_without_start_tls_is_never_spoken_to_in_clear() {
    let Some(slapd) = with_groups(SlapdOptions::default()) else { return };
    let target = target_of(config(&slapd.url(), CONNECTOR_DN, CONNECTOR_PASSWORD, "start_tls = true"));
    assert_fault(target.members(&group(GroupKind::Members)).await, FaultKind::Unreachable);
}
