//! Passwords checked by a real directory.

use ephor_connect::{DirectoryConfig, LdapDirectory};
use ephor_engine::port::password::{DirectoryFault, PasswordDirectory as _, PasswordRefusal, PasswordVerdict};
use ephor_testkit::{
    available_or_skip,
    pki::Authority,
    samba::{ADMIN_PASSWORD, Samba},
    slapd::{BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, Slapd, SlapdOptions},
};
use secrecy::SecretString;

use crate::directory::start;

fn of(text: &str) -> LdapDirectory {
    LdapDirectory::new(toml::from_str::<DirectoryConfig>(text).unwrap()).unwrap()
}

fn template(slapd: &Slapd) -> LdapDirectory {
    of(&format!("url = '{}'\nbind_as = 'uid={{account}},ou=people,{BASE}'", slapd.url()))
}

fn search(slapd: &Slapd) -> LdapDirectory {
    of(&format!(
        "url = '{}'\nbase_dn = '{BASE}'\nbind_dn = '{CONNECTOR_DN}'\npassword = '{CONNECTOR_PASSWORD}'",
        slapd.url()
    ))
}

async fn ask(directory: &LdapDirectory, account: &str, password: &str) -> Result<PasswordVerdict, DirectoryFault> {
    directory.verify(account, &SecretString::from(password)).await
}

const RIGHT: Result<PasswordVerdict, DirectoryFault> = Ok(PasswordVerdict::Right);

fn refused(why: PasswordRefusal) -> Result<PasswordVerdict, DirectoryFault> {
    Ok(PasswordVerdict::Refused(why))
}

#[tokio::test]
async fn people_bind_by_template_and_by_search() {
    let odd = "o'brien, (al) *";
    let extra_ldif = format!(
        "dn: uid=o'brien\\2C (al) *,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {odd}\ncn: x\nsn: x\n\
         userPassword: odd one\n\n"
    );
    let Some(slapd) = start(SlapdOptions { extra_ldif, ..SlapdOptions::default() }) else { return };
    for (directory, nobody) in
        [(template(&slapd), PasswordRefusal::Wrong), (search(&slapd), PasswordRefusal::NoAccount)]
    {
        assert_eq!(ask(&directory, "user1", "password1").await, RIGHT);
        assert_eq!(ask(&directory, "user1", "password2").await, refused(PasswordRefusal::Wrong));
        assert_eq!(ask(&directory, "user1", "").await, refused(PasswordRefusal::Wrong));
        assert_eq!(ask(&directory, odd, "odd one").await, RIGHT, "odd characters are escaped");
        // OpenLDAP does not tell a bind of nobody from a wrong password; a search does.
        assert_eq!(ask(&directory, "nobody", "password1").await, refused(nobody));
        for hostile in ["*", "user1)(uid=*", "user1,ou=people", "user1\0"] {
            assert_eq!(ask(&directory, hostile, "password1").await, refused(nobody), "{hostile}");
        }
        directory.self_test().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_of_the_directory_is_respected() {
    let Some(slapd) = start(SlapdOptions { lockout_after: Some(2), ..SlapdOptions::default() }) else { return };
    let directory = template(&slapd);
    for _ in 0..2 {
        assert_eq!(ask(&directory, "user1", "guess").await, refused(PasswordRefusal::Wrong));
    }
    assert_eq!(ask(&directory, "user1", "password1").await, refused(PasswordRefusal::Wrong), "locked there");
    assert_eq!(ask(&directory, "user2", "password2").await, RIGHT);
}

#[tokio::test]
async fn a_directory_that_gives_no_answer_is_a_fault_within_its_time() {
    let Some(slapd) = start(SlapdOptions::default()) else { return };
    let quick = |more: &str| of(&format!("url = '{}'\ntimeout = '1s'\n{more}", slapd.url()));
    let template = quick(&format!("bind_as = 'uid={{account}},ou=people,{BASE}'"));
    let searching = |password: &str, base: &str| {
        quick(&format!("base_dn = '{base}'\nbind_dn = '{CONNECTOR_DN}'\npassword = '{password}'"))
    };
    // Our own account is wrong: that says nothing of anybody's password.
    let ours = ask(&searching("wrong", BASE), "user1", "password1").await.unwrap_err();
    assert!(ours.cause.contains("sign-in"), "{ours}");
    assert!(searching("wrong", BASE).self_test().await.is_err());
    let nowhere = searching(CONNECTOR_PASSWORD, "dc=elsewhere").self_test().await.unwrap_err();
    assert!(nowhere.cause.contains("`base_dn` dc=elsewhere is not there"), "{nowhere}");

    slapd.pause().unwrap();
    let fault = ask(&template, "user1", "password1").await.unwrap_err();
    assert!(fault.cause.contains("no answer in time"), "{fault}");
    slapd.resume().unwrap();
    assert_eq!(ask(&template, "user1", "password1").await, RIGHT);
    drop(slapd);
    assert!(ask(&template, "user1", "password1").await.is_err());
}

#[tokio::test]
async fn passwords_cross_no_network_in_clear() {
    let Some(slapd) = start(SlapdOptions { require_tls: true, ..SlapdOptions::default() }) else { return };
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, Authority::new("another CA").unwrap().certificate()).unwrap();
    let right = slapd.ca_path().unwrap();
    for (url, more) in [(slapd.ldaps_url().unwrap(), ""), (slapd.url(), "start_tls = true\n")] {
        let with = |ca: &std::path::Path| {
            of(&format!(
                "url = '{url}'\n{more}ca_file = '{}'\nbind_as = 'uid={{account}},ou=people,{BASE}'",
                ca.display()
            ))
        };
        assert_eq!(ask(&with(&right), "user1", "password1").await, RIGHT, "{url}");
        assert!(ask(&with(&other), "user1", "password1").await.is_err(), "{url}");
    }
    // The server refuses plain binds: that is no verdict on the password.
    assert!(ask(&template(&slapd), "user1", "password1").await.is_err());
}

#[tokio::test]
async fn active_directory_says_why() {
    let Some(samba) = available_or_skip(Samba::start()) else { return };
    let reach = format!("url = '{}'\nca_file = '{}'\n", samba.ldaps_url(), samba.ca_path().display());
    let by_search = of(&format!(
        "{reach}base_dn = 'dc=corp,dc=test'\naccount_attribute = 'sAMAccountName'\n\
         bind_dn = 'Administrator@corp.test'\npassword = '{ADMIN_PASSWORD}'"
    ));
    let by_address = of(&format!("{reach}bind_as = '{{account}}@corp.test'"));
    let by_domain = of(&format!("{reach}bind_as = 'CORP\\{{account}}'"));
    for directory in [&by_search, &by_address, &by_domain] {
        assert_eq!(ask(directory, "alice", "alice-Passw0rd1").await, RIGHT);
        assert_eq!(ask(directory, "alice", "guess").await, refused(PasswordRefusal::Wrong));
        let nobody = ask(directory, "nobody", "guess").await;
        let expected = [refused(PasswordRefusal::NoAccount), refused(PasswordRefusal::Wrong)];
        assert!(expected.contains(&nobody), "{nobody:?}");
    }
    assert_eq!(by_search.self_test().await.unwrap().lock_out, None);
    samba.tool(&["domain", "passwordsettings", "set", "--account-lockout-threshold=3"]).unwrap();
    let rule = by_search.self_test().await.unwrap().lock_out.unwrap();
    assert_eq!((rule.threshold, rule.window.as_secs()), (3, 1800));

    samba.tool(&["user", "disable", "bob"]).unwrap();
    assert_eq!(ask(&by_search, "bob", "bob-Passw0rd1").await, refused(PasswordRefusal::Disabled));
    samba.tool(&["user", "enable", "bob"]).unwrap();
    samba.tool(&["user", "setpassword", "bob", "--newpassword=bob-Passw0rd2", "--must-change-at-next-login"]).unwrap();
    assert_eq!(ask(&by_search, "bob", "bob-Passw0rd2").await, refused(PasswordRefusal::MustChange));
    for _ in 0..3 {
        assert_eq!(ask(&by_search, "alice", "guess").await, refused(PasswordRefusal::Wrong));
    }
    assert_eq!(ask(&by_search, "alice", "alice-Passw0rd1").await, refused(PasswordRefusal::Locked));
}
