//! Sign-in at a real domain by a key tab. The library reads where the realm is from its environment, so the test runs once
//! more in a process of its own that has it.

use std::{process::Command, time::Instant};

use ephor_connect::{ActiveDirectory, ActiveDirectoryConfig};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{FaultKind, Outcome, TargetAccount, TargetDirectory as _, TargetGroup};
use ephor_testkit::{available_or_skip, samba::Samba};
use uuid::Uuid;

use crate::directory::{absent, assert_fault, present};

const INSIDE: &str = "EPHOR_TEST_INSIDE";

fn target(text: &str) -> ActiveDirectory {
    let config: ActiveDirectoryConfig = toml::from_str(text).unwrap();
    ActiveDirectory::new(TargetId::new(Uuid::nil()), config).unwrap()
}

#[test]
fn a_key_tab_opens_a_domain_with_and_without_tls() {
    let Some(samba) = available_or_skip(Samba::start()) else { return };
    let (keytab, principal) = samba.keytab_of("Administrator").unwrap();
    let settings =
        format!("ca_file = '{}'\nbind_name = '{principal}'\nbase_dn = '{}'\n", samba.ca_path().display(), samba.base());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "active_kerberos::inside", "--ignored", "--nocapture"])
        .env("KRB5_CONFIG", samba.config())
        .env(INSIDE, settings)
        .env("EPHOR_TEST_KEYTAB", &keytab)
        .env("EPHOR_TEST_ADDRESS", samba.address())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "runs inside the test above"]
async fn inside() {
    let settings = std::env::var(INSIDE).unwrap();
    let keytab = std::env::var("EPHOR_TEST_KEYTAB").unwrap();
    let address = std::env::var("EPHOR_TEST_ADDRESS").unwrap();
    for url in [format!("ldaps://{address}"), format!("ldap://{address}")] {
        let target = target(&format!("{settings}url = '{url}'\nkeytab_file = '{keytab}'"));
        let (native, attribute) = target.create_group("jit-admins").await.unwrap();
        let group = TargetGroup { id: GroupId::new(Uuid::nil()), native, attribute };
        let native = target.find_account("alice").await.unwrap().unwrap();
        let alice = [TargetAccount { id: PrincipalId::new(Uuid::nil()), native, login: "alice".to_owned() }];
        assert_eq!(target.apply(&group, &present(&alice)).await, Ok(vec![Outcome::Done]), "{url}");
        assert_eq!(target.are_members(&group, &alice).await, Ok(vec![true]), "{url}");
        assert_eq!(target.apply(&group, &absent(&alice)).await, Ok(vec![Outcome::Done]), "{url}");
        assert!(target.self_test(std::slice::from_ref(&group)).await.unwrap().writable, "{url}");
    }
    let url = format!("url = 'ldaps://{address}'\n");
    let missing = target(&format!("{settings}{url}keytab_file = '/nowhere/ephor.keytab'"));
    assert_fault(missing.self_test(&[]).await, FaultKind::Credentials);
    let nobody = settings.replace("Administrator@", "nobody@");
    assert_fault(
        target(&format!("{nobody}{url}keytab_file = '{keytab}'")).self_test(&[]).await,
        FaultKind::Credentials,
    );
    // A realm that does not answer costs no more than a call may.
    let elsewhere = settings.replace("@CORP.TEST", "@ELSEWHERE.TEST");
    let began = Instant::now();
    let fault = target(&format!("{elsewhere}{url}keytab_file = '{keytab}'")).self_test(&[]).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Credentials | FaultKind::Timeout), "{fault}");
    assert!(began.elapsed().as_secs() < 3);
}
