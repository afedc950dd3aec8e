//! F3 at a real directory: OpenLDAP stopped, frozen, killed, with a wrong password.

use std::sync::Arc;
use std::time::Duration;

use ephor_connect::{LdapConfig, LdapTarget};
use ephor_domain::id::{PrincipalId, TargetId};
use ephor_domain::pam::PamStatus;
use ephor_domain::pam::group::Group;
use ephor_store::tx::account::Account;
use ephor_store::tx::target::{Mode, Target};
use ephor_testkit::available_or_skip;
use ephor_testkit::slapd::{self, BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, GroupKind, Slapd, SlapdOptions};
use ephor_testkit::world::{Options, Role, World, for_both_stores, id};

const TARGET: &str = "directory";
const BACK: Duration = Duration::from_secs(6);

/// A directory with one empty group, and a world in which jen may have it.
async fn directory(world: &mut World, password_file: &std::path::Path) -> Option<Slapd> {
    let group = slapd::Group::new("admins", GroupKind::Members);
    let account = slapd::Account::new("jen", "secret");
    let options = SlapdOptions { users: 0, accounts: vec![account], groups: vec![group], ..SlapdOptions::default() };
    let slapd = available_or_skip(Slapd::start(options))?;
    std::fs::write(password_file, CONNECTOR_PASSWORD).unwrap();
    let config = LdapConfig {
        url: slapd.url(),
        bind_dn: CONNECTOR_DN.to_owned(),
        base_dn: BASE.to_owned(),
        password_file: Some(password_file.to_owned()),
        ..serde_json::from_str(r#"{"url":"","bind_dn":"","base_dn":""}"#).unwrap()
    };
    let target: TargetId = id(TARGET);
    world
        .add_target(Target {
            id: target,
            name: TARGET.to_owned(),
            kind: "ldap".to_owned(),
            config: "{}".to_owned(),
            secret: None,
            mode: Mode::ReportOnly,
            built_in: false,
            unwritable: false,
            health: None,
        })
        .await;
    world.people(&["jen"]).await;
    let jen: PrincipalId = id("jen");
    world
        .change(move |tx| {
            Box::pin(async move {
                let native = slapd::user_dn("jen");
                tx.put_account(&Account { principal: jen, target, native, login: "jen".to_owned() }).await?;
                tx.insert_group(&Group {
                    id: id("admins"),
                    target,
                    native: slapd::group_dn("admins"),
                    attribute: "member".to_owned(),
                    source_domain: "CORP".to_owned(),
                    source_account: "admins".to_owned(),
                    source_sid: None,
                    priv_account: "admins".to_owned(),
                    display_name: "admins".to_owned(),
                    description: None,
                    active: true,
                    priv_only: false,
                })
                .await
            })
        })
        .await;
    world.role(Role::new("admin").gives(&["admins"]).candidates(&["jen"])).await;
    world.add_outside(Arc::new(LdapTarget::new(target, config).unwrap()));
    Some(slapd)
}

fn is_member(slapd: &Slapd) -> bool {
    let members = slapd.members(&slapd::group_dn("admins")).unwrap().unwrap();
    members.contains(&slapd::user_dn("jen"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_a_real_directory_frozen_killed_and_with_a_wrong_password() {
    for_both_stores(&Options::real(), async |world| {
        let folder = ephor_testkit::WorkDir::new("password").unwrap();
        let file = folder.join("password");
        let Some(mut slapd) = directory(world, &file).await else { return };
        world.settings(|settings| settings.requests_per_minute = None).await;
        world.run();
        let jen = world.caller("jen");
        let status = async |asked: &ephor_engine::pam::PamRequest| jen.status(asked.request.id).await;

        // R1: given and gone in time.
        let plain = jen.ask("admin", 1).await.unwrap();
        assert_eq!(plain.view.status, PamStatus::Active);
        assert!(is_member(&slapd));
        world.until(Duration::from_secs(3), "expired", async || status(&plain).await == PamStatus::Expired).await;
        assert!(!is_member(&slapd));

        // Frozen while a grant is given.
        slapd.pause().unwrap();
        let frozen = jen.ask("admin", 60).await.unwrap();
        assert_eq!(frozen.view.status, PamStatus::Processing);
        slapd.resume().unwrap();
        world.until(BACK, "back", async || status(&frozen).await == PamStatus::Active).await;
        assert!(is_member(&slapd));

        // Killed while a grant ends.
        slapd.kill();
        jen.close(frozen.request.id).await.unwrap();
        assert_eq!(status(&frozen).await, PamStatus::Closing);
        slapd.start_again().unwrap();
        world.until(BACK, "closed", async || status(&frozen).await == PamStatus::Closed).await;
        assert!(!is_member(&slapd));

        // The password is changed under us: found at the next sign-in, and over when it is right again.
        let held = jen.ask("admin", 60).await.unwrap();
        world.until(BACK, "held", async || status(&held).await == PamStatus::Active).await;
        std::fs::write(&file, "wrong").unwrap();
        slapd.stop().unwrap();
        slapd.start_again().unwrap();
        jen.close(held.request.id).await.unwrap();
        assert_eq!(status(&held).await, PamStatus::Closing);
        assert!(is_member(&slapd));
        std::fs::write(&file, CONNECTOR_PASSWORD).unwrap();
        world.until(BACK, "closed", async || status(&held).await == PamStatus::Closed).await;
        assert!(!is_member(&slapd));
    })
    .await;
}
