//! A real domain (Samba as domain controller): what it holds is read from its own database, beside the server.
//!
//! A domain takes seconds to make, so each test asks it many things, one after the other.

use ephor_connect::{ActiveDirectory, ActiveDirectoryConfig};
use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use ephor_engine::port::target::{
    Change, FaultKind, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetGroup, Wanted,
};
use ephor_testkit::{
    available_or_skip,
    samba::{ADMIN_PASSWORD, Samba},
};
use std::time::Duration;
use uuid::Uuid;

use crate::directory::{absent, assert_fault, present, tally};

fn settings(samba: &Samba, name: &str, password: &str, more: &str) -> ActiveDirectoryConfig {
    let (url, ca, base) = (samba.ldaps_url(), samba.ca_path(), samba.base());
    let text = format!(
        "url = '{url}'\nca_file = '{}'\nbind_name = '{name}'\npassword = '{password}'\nbase_dn = '{base}'\n{more}",
        ca.display()
    );
    toml::from_str(&text).unwrap()
}

fn target_of(config: ActiveDirectoryConfig) -> ActiveDirectory {
    ActiveDirectory::new(TargetId::new(Uuid::nil()), config).unwrap()
}

fn as_admin(samba: &Samba) -> ActiveDirectory {
    target_of(settings(samba, "Administrator@corp.test", ADMIN_PASSWORD, ""))
}

/// An account under a native name.
fn named(native: &str, login: &str) -> TargetAccount {
    TargetAccount { id: PrincipalId::new(Uuid::nil()), native: native.to_owned(), login: login.to_owned() }
}

async fn found(target: &ActiveDirectory, login: &str) -> TargetAccount {
    named(&target.find_account(login).await.unwrap().unwrap(), login)
}

async fn made(target: &ActiveDirectory, name: &str) -> TargetGroup {
    let (native, attribute) = target.create_group(name).await.unwrap();
    assert_eq!(attribute, MemberAttribute::Member);
    TargetGroup { id: GroupId::new(Uuid::nil()), native, attribute }
}

/// The common names of the members, by the directory's own database.
fn held(samba: &Samba, group: &str) -> Vec<String> {
    let members = samba.values(&format!("(sAMAccountName={group})"), "member").unwrap();
    let mut names: Vec<String> =
        members.iter().map(|dn| dn.split(',').next().unwrap().trim_start_matches("CN=").to_owned()).collect();
    names.sort();
    names
}

fn dn(name: &str) -> String {
    format!("CN={name},CN=Users,DC=corp,DC=test")
}

#[tokio::test]
async fn a_domain_is_written_to_as_one_that_renames_nests_and_has_primary_groups() {
    let Some(samba) = available_or_skip(Samba::start()) else { return };
    let target = as_admin(&samba);
    objects_are_found_by_every_name(&samba, &target).await;
    memberships_are_given_and_taken(&samba, &target).await;
    who_is_renamed_loses_it_all_the_same(&samba, &target).await;
    a_primary_group_is_no_membership_of_ours(&samba, &target).await;
    many_members_are_read_in_ranges(&samba, &target).await;
    odd_names_stay_where_they_are(&samba, &target).await;
    accounts_are_made_and_switched(&samba, &target).await;
}

async fn objects_are_found_by_every_name(samba: &Samba, target: &ActiveDirectory) {
    let alice = found(target, "alice").await;
    assert!(alice.native.starts_with("<GUID="), "{}", alice.native);
    let sid = samba.values("(sAMAccountName=alice)", "objectSid").unwrap().remove(0);
    let spellings = ["ALICE", "alice@corp.test", "Alice@CORP.test", "CORP\\alice", "corp\\Alice", &dn("alice"), &sid];
    for spelling in spellings {
        assert_eq!(target.find_account(spelling).await.unwrap().as_ref(), Some(&alice.native), "{spelling}");
    }
    let strangers =
        ["nobody", "alice@elsewhere.test", "OTHER\\alice", "CN=alice,DC=elsewhere", "S-1-5-21-1-2-3-4", "*", "DC1$"];
    for stranger in strangers {
        assert_eq!(target.find_account(stranger).await.unwrap(), None, "{stranger}");
    }
    // A principal name of another suffix is a name as well.
    let principal = "changetype: modify\nreplace: userPrincipalName\nuserPrincipalName: robert@elsewhere.test\n";
    samba.change(&format!("dn: {}\n{principal}", dn("bob"))).unwrap();
    assert_eq!(target.find_account("Robert@elsewhere.test").await.unwrap(), Some(found(target, "bob").await.native));

    let group = made(target, "jit-admins").await;
    assert_eq!(made(target, "jit-admins").await, group, "made once");
    for spelling in ["JIT-admins", "CORP\\jit-admins", &dn("jit-admins"), &group.native] {
        assert_eq!(target.find_group(spelling).await.unwrap().unwrap().0, group.native, "{spelling}");
    }
    assert_eq!(target.find_group("alice").await, Ok(None), "an account is no group");
}

async fn memberships_are_given_and_taken(samba: &Samba, target: &ActiveDirectory) {
    let group = made(target, "jit-admins").await;
    let both = [found(target, "alice").await, found(target, "bob").await];
    let alice = std::slice::from_ref(&both[0]);
    assert_eq!(target.are_members(&group, &both).await, Ok(vec![false, false]));
    assert_eq!(target.apply(&group, &present(alice)).await, Ok(vec![Outcome::Done]));
    assert_eq!(held(samba, "jit-admins"), ["alice"]);
    assert_eq!(target.apply(&group, &present(&both)).await, Ok(vec![Outcome::Already, Outcome::Done]));
    assert_eq!(target.are_members(&group, &both).await, Ok(vec![true, true]));
    let mut members = target.members(&group).await.unwrap();
    let mut keys: Vec<String> = both.iter().map(|account| target.member_key(&group, account)).collect();
    members.sort();
    keys.sort();
    assert_eq!(members, keys);
    assert_eq!(target.spelled(&target.member_key(&group, &both[0])), dn("alice"));
    // The same accounts by names that may change.
    let by_dn = [named(&dn("alice"), "alice"), named("CORP\\bob", "bob"), named(&dn("gone"), "gone")];
    let by_guid: Vec<Option<String>> = both.iter().map(|account| Some(account.native.clone())).chain([None]).collect();
    assert_eq!(target.member_keys(&group, &by_dn).await, Ok(by_guid));

    assert_eq!(target.apply(&group, &absent(alice)).await, Ok(vec![Outcome::Done]));
    assert_eq!(held(samba, "jit-admins"), ["bob"]);
    let outcomes = target.apply(&group, &absent(&both)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done | Outcome::Already)), "{outcomes:?}");
    assert_eq!(target.apply(&group, &absent(alice)).await, Ok(vec![Outcome::Already]), "again, alone");
    assert_eq!(held(samba, "jit-admins"), [""; 0]);

    let strangers = [named("<GUID=2c85f36f-fa19-40e5-ad2b-c09f4ce67217>", "x"), both[0].clone()];
    let outcomes = target.apply(&group, &present(&strangers)).await.unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Refused(fault), Outcome::Done] if fault.kind == FaultKind::NoSuchAccount),
        "one that is not there holds up nobody else: {outcomes:?}"
    );
    // Who is not there any more holds nothing.
    let outcomes = target.apply(&group, &absent(&strangers)).await.unwrap();
    assert_eq!(tally(&outcomes), (1, 1, 0), "{outcomes:?}");
    let gone = TargetGroup { native: dn("gone"), ..group.clone() };
    assert_fault(target.apply(&gone, &present(alice)).await, FaultKind::NoSuchGroup);
    assert_fault(target.members(&gone).await, FaultKind::NoSuchGroup);
    let no_group = TargetGroup { native: both[1].native.clone(), ..group };
    assert_fault(target.are_members(&no_group, alice).await, FaultKind::NoSuchGroup);
}

async fn who_is_renamed_loses_it_all_the_same(samba: &Samba, target: &ActiveDirectory) {
    let group = made(target, "jit-moved").await;
    let alice = found(target, "alice").await;
    target.apply(&group, &present(std::slice::from_ref(&alice))).await.unwrap();
    samba
        .change(&format!("dn: {}\nchangetype: modrdn\nnewrdn: CN=alice moved\ndeleteoldrdn: 1\n", dn("alice")))
        .unwrap();
    samba
        .change(&format!("dn: {}\nchangetype: modrdn\nnewrdn: CN=group moved\ndeleteoldrdn: 1\n", dn("jit-moved")))
        .unwrap();
    let alice = [alice];
    assert_eq!(held(samba, "jit-moved"), ["alice moved"]);
    assert_eq!(target.are_members(&group, &alice).await, Ok(vec![true]));
    assert_eq!(target.apply(&group, &absent(&alice)).await, Ok(vec![Outcome::Done]));
    assert_eq!(held(samba, "jit-moved"), [""; 0]);
    samba
        .change("dn: CN=alice moved,CN=Users,DC=corp,DC=test\nchangetype: modrdn\nnewrdn: CN=alice\ndeleteoldrdn: 1\n")
        .unwrap();
}

async fn a_primary_group_is_no_membership_of_ours(samba: &Samba, target: &ActiveDirectory) {
    let group = made(target, "jit-primary").await;
    let alice = [found(target, "alice").await];
    target.apply(&group, &present(&alice)).await.unwrap();
    let sid = samba.values("(sAMAccountName=jit-primary)", "objectSid").unwrap().remove(0);
    let number = sid.rsplit('-').next().unwrap();
    let primary = |number: &str| {
        let change = "changetype: modify\nreplace: primaryGroupID\nprimaryGroupID";
        samba.change(&format!("dn: {}\n{change}: {number}\n", dn("alice"))).unwrap();
    };
    primary(number);
    assert_eq!(held(samba, "jit-primary"), [""; 0], "the domain moved the membership out of `member`");
    assert_eq!(target.are_members(&group, &alice).await, Ok(vec![true]));
    assert_eq!(target.members(&group).await, Ok(vec![target.member_key(&group, &alice[0])]));
    assert_eq!(target.apply(&group, &present(&alice)).await, Ok(vec![Outcome::Already]));
    let outcomes = target.apply(&group, &absent(&alice)).await.unwrap();
    assert!(
        matches!(&outcomes[..], [Outcome::Refused(fault)]
            if fault.kind == FaultKind::Rejected && fault.cause.contains("is the primary group of CN=alice")),
        "it is never said that she is out: {outcomes:?}"
    );
    let health = target.self_test(std::slice::from_ref(&group)).await.unwrap();
    assert!(health.findings.iter().any(|finding| finding.contains("primary group of 1 accounts")), "{health:?}");
    primary("513");
    assert_eq!(held(samba, "jit-primary"), ["alice"], "and the domain moved it back");
    assert_eq!(target.apply(&group, &absent(&alice)).await, Ok(vec![Outcome::Done]));
    assert_eq!(target.are_members(&group, &alice).await, Ok(vec![false]));
}

async fn many_members_are_read_in_ranges(samba: &Samba, target: &ActiveDirectory) {
    let group = made(target, "jit-many").await;
    let ldif: String = (0..1700)
        .map(|n| {
            format!("dn: {}\nchangetype: add\nobjectClass: group\nsAMAccountName: many{n}\n\n", dn(&format!("many{n}")))
        })
        .collect();
    samba.change(&ldif).unwrap();
    let members: String = (0..1700).map(|n| format!("member: {}\n", dn(&format!("many{n}")))).collect();
    samba.change(&format!("dn: {}\nchangetype: modify\nadd: member\n{members}", dn("jit-many"))).unwrap();
    assert_eq!(target.members(&group).await.unwrap().len(), 1700);
    let alice = [found(target, "alice").await];
    target.apply(&group, &present(&alice)).await.unwrap();
    assert_eq!(target.are_members(&group, &alice).await, Ok(vec![true]));
    assert_eq!(target.apply(&group, &absent(&alice)).await, Ok(vec![Outcome::Done]));
}

async fn odd_names_stay_where_they_are(samba: &Samba, target: &ActiveDirectory) {
    let names = ["Doe, Jane (x) *", "a\\b+c=d", "#7 <q>;\"r\"", "Jörg Ünïcode 名"];
    for (at, name) in names.into_iter().enumerate() {
        let login = format!("odd{at}");
        let escaped = ephor_connect::dn::escape(name);
        let lines = format!("changetype: add\nobjectClass: user\nsAMAccountName: {login}\n");
        samba.change(&format!("dn: CN={escaped},CN=Users,DC=corp,DC=test\n{lines}")).unwrap();
        let group =
            made(target, &format!("group {name}").replace(['\\', '+', '=', '#', '<', '>', ';', '"', ',', '*'], "_"))
                .await;
        let account = [found(target, &login).await];
        assert_eq!(target.apply(&group, &present(&account)).await, Ok(vec![Outcome::Done]), "{name}");
        assert_eq!(target.are_members(&group, &account).await, Ok(vec![true]), "{name}");
        assert_eq!(target.members(&group).await, Ok(vec![target.member_key(&group, &account[0])]), "{name}");
        let by_name = named(&format!("CN={escaped},CN=Users,DC=corp,DC=test"), &login);
        assert_eq!(target.apply(&group, &absent(&[by_name])).await, Ok(vec![Outcome::Done]), "{name}");
        assert_eq!(target.members(&group).await, Ok(vec![]), "{name}");
    }
    for hostile in ["*)(objectClass=*", "x,CN=Builtin", "\0", "<SID=S-1-5-32-544>", "CN=x\\"] {
        assert_eq!(target.find_account(hostile).await, Ok(None), "{hostile:?}");
    }
    for hostile in ["*)(objectClass=*", "\0"] {
        assert_eq!(target.find_group(hostile).await, Ok(None), "{hostile:?}");
    }
}

async fn accounts_are_made_and_switched(samba: &Samba, target: &ActiveDirectory) {
    let new = |login: &str, password: Option<&str>| NewAccount {
        login: login.to_owned(),
        display_name: "Carol Ünï".to_owned(),
        password: password.map(Into::into),
    };
    let native = target.create_account(&new("PRIV.carol", Some("Grün-Passw0rd-9"))).await.unwrap();
    assert_eq!(target.create_account(&new("priv.carol", Some("other-Passw0rd-1"))).await, Ok(native.clone()));
    let carol = target_of(settings(samba, "PRIV.carol@corp.test", "Grün-Passw0rd-9", ""));
    assert_eq!(carol.find_account("PRIV.carol").await.unwrap(), Some(native.clone()), "she can sign in");
    let account = named(&native, "PRIV.carol");
    assert_eq!(target.set_enabled(&account, false).await, Ok(true));
    assert_eq!(samba.values("(sAMAccountName=PRIV.carol)", "userAccountControl").unwrap(), ["514"]);
    assert_fault(carol.self_test(&[]).await, FaultKind::Credentials);
    assert_eq!(target.set_enabled(&account, true).await, Ok(true));
    assert!(carol.self_test(&[]).await.is_ok());
    for bad in ["einundzwanzig-zeichen", "a@b", "a,b", "", "a\\b"] {
        assert_fault(target.create_account(&new(bad, None)).await, FaultKind::Rejected);
    }
    assert_fault(target.create_account(&new("weak", Some("x"))).await, FaultKind::Rejected);
    assert_eq!(target.find_account("weak").await, Ok(None));
}

#[tokio::test]
async fn a_domain_says_what_it_can_do_and_what_we_may_do_there() {
    let Some(samba) = available_or_skip(Samba::start()) else { return };
    let target = as_admin(&samba);
    let group = made(&target, "jit-admins").await;
    let inner = made(&target, "inner").await;
    let usn = || samba.values("(sAMAccountName=jit-admins)", "uSNChanged").unwrap();

    // What it is, and why it ends nothing by itself.
    let before = usn();
    let health = target.self_test(std::slice::from_ref(&group)).await.unwrap();
    assert_eq!((health.writable, health.native_expiry), (true, false));
    assert_eq!(health.level.as_deref(), Some("domain 2008 R2, forest 2008 R2"));
    assert_eq!(
        health.expiry_off.as_deref(),
        Some("the server does not offer it (control 1.2.840.113556.1.4.2309 is not listed)")
    );
    assert!(health.product.is_some_and(|product| product.starts_with("Samba")));
    assert_eq!(health.findings, [""; 0]);
    assert_eq!(usn(), before, "a self-test changes nothing");

    // A time to live is not sent, and the membership comes and goes by our own doing.
    let bob = found(&target, "bob").await;
    let lives = Some(Duration::from_secs(600));
    let ending = [Change { account: bob.clone(), wanted: Wanted::Present { lives } }];
    assert_eq!(target.apply(&group, &ending).await, Ok(vec![Outcome::Done]));
    assert_eq!(held(&samba, "jit-admins"), ["bob"]);
    assert_eq!(target.apply(&group, &absent(std::slice::from_ref(&bob))).await, Ok(vec![Outcome::Done]));

    // Groups inside groups, protected ones, and those that give nothing.
    let inside = format!("dn: {}\nchangetype: modify\nadd: member\nmember: {}\n", dn("jit-admins"), dn("inner"));
    samba.change(&inside).unwrap();
    let alice = found(&target, "alice").await;
    target.apply(&inner, &present(std::slice::from_ref(&alice))).await.unwrap();
    assert_eq!(
        target.are_members(&group, std::slice::from_ref(&alice)).await,
        Ok(vec![false]),
        "a member of a member is no member: nothing of hers is taken for ours"
    );
    let (admins, attribute) = target.find_group("Domain Admins").await.unwrap().unwrap();
    let admins = TargetGroup { id: group.id, native: admins, attribute };
    samba.change(&format!("dn: {}\nchangetype: modify\nreplace: groupType\ngroupType: 2\n", dn("inner"))).unwrap();
    let findings = target.self_test(&[group.clone(), inner, admins]).await.unwrap().findings;
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert!(findings[0].contains("holds other groups (CN=inner,CN=Users,DC=corp,DC=test)"), "{findings:?}");
    assert!(findings[1].contains("inner,CN=Users,DC=corp,DC=test is a distribution group"), "{findings:?}");
    assert!(findings[2].contains("Domain Admins,CN=Users,DC=corp,DC=test is protected (adminCount 1)"), "{findings:?}");

    // Rights: none, then the one right over `member` of one group, then none again.
    let bob_there = target_of(settings(&samba, "bob@corp.test", "bob-Passw0rd1", ""));
    let before = usn();
    assert_fault(bob_there.self_test(std::slice::from_ref(&group)).await, FaultKind::Rights);
    assert_fault(bob_there.apply(&group, &present(std::slice::from_ref(&alice))).await, FaultKind::Rights);
    let sid = samba.values("(sAMAccountName=bob)", "objectSid").unwrap().remove(0);
    let right = format!("--sddl=(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;{sid})");
    samba.tool(&["dsacl", "set", &format!("--objectdn={}", dn("jit-admins")), &right]).unwrap();
    assert!(bob_there.self_test(std::slice::from_ref(&group)).await.unwrap().writable);
    assert_eq!(bob_there.apply(&group, &present(std::slice::from_ref(&alice))).await, Ok(vec![Outcome::Done]));
    assert_eq!(bob_there.apply(&group, &absent(std::slice::from_ref(&alice))).await, Ok(vec![Outcome::Done]));
    assert_ne!(usn(), before);

    // Credentials, certificates and servers that are none.
    let wrong = target_of(settings(&samba, "bob@corp.test", "wrong", ""));
    assert_fault(wrong.self_test(&[]).await, FaultKind::Credentials);
    let mut untrusted = settings(&samba, "bob@corp.test", "bob-Passw0rd1", "");
    untrusted.ca_file = None;
    assert_fault(target_of(untrusted).self_test(&[]).await, FaultKind::Unreachable);
    let mut elsewhere = settings(&samba, "bob@corp.test", "bob-Passw0rd1", "");
    elsewhere.url = "ldaps://127.0.0.1:1".to_owned();
    assert_fault(target_of(elsewhere).self_test(&[]).await, FaultKind::Unreachable);
    let mut misnamed = settings(&samba, "bob@corp.test", "bob-Passw0rd1", "");
    misnamed.url = "ldaps://127.0.0.78".to_owned();
    assert_fault(target_of(misnamed).self_test(&[]).await, FaultKind::Unreachable);
}
