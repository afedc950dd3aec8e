//! F3 at every other kind of target: a real domain, two SCIM servers and a receiver of signed orders, each behind a proxy
//! that breaks. What counts is what the component itself holds, asked beside everything of ours.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ephor_connect::{ActiveDirectory, ActiveDirectoryConfig, HookTarget, HookTargetConfig, ScimConfig, ScimTarget};
use ephor_domain::id::{PrincipalId, TargetId};
use ephor_domain::pam::PamStatus;
use ephor_domain::pam::group::Group;
use ephor_engine::port::target::{NewAccount, TargetDirectory};
use ephor_engine::port::{Clock, SystemClock};
use ephor_store::tx::account::Account;
use ephor_store::tx::target::{Mode, Target};
use ephor_testkit::available_or_skip;
use ephor_testkit::proxy::{Fault, FaultProxy};
use ephor_testkit::receiver::{Receiver, SECRET};
use ephor_testkit::samba::{ADMIN_PASSWORD, Samba};
use ephor_testkit::scim::{Make, Scim, TOKEN};
use ephor_testkit::world::{Options, Role, StoreKind, World, for_store, id};

const TARGET: &str = "directory";
/// What is due is gone so long after the target is back, on a busy machine.
const BACK: Duration = Duration::from_secs(10);

/// A real target behind a proxy.
struct Place {
    proxy: FaultProxy,
    directory: Arc<dyn TargetDirectory>,
    /// True while jen is in the group, as the component itself has it.
    is_member: Box<dyn Fn() -> bool>,
}

fn new(login: &str) -> NewAccount {
    NewAccount { login: login.to_owned(), display_name: login.to_owned(), password: None }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

/// Names of a group and of jen at the target, made there.
async fn settle(world: &mut World, place: &Place) {
    let target: TargetId = id(TARGET);
    let directory = &place.directory;
    let native = directory.create_account(&new("jen")).await.unwrap();
    let (group, _) = directory.create_group("admins").await.unwrap();
    world
        .add_target(Target {
            id: target,
            name: TARGET.to_owned(),
            kind: "outside".to_owned(),
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
            let (native, group) = (native.clone(), group.clone());
            Box::pin(async move {
                tx.put_account(&Account { principal: jen, target, native, login: "jen".to_owned() }).await?;
                tx.insert_group(&Group {
                    id: id("admins"),
                    target,
                    native: group,
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
    world.add_outside(Arc::clone(directory));
    world.settings(|settings| settings.requests_per_minute = None).await;
}

/// Each failure, while a grant is given and while one ends.
async fn every_failure(world: &mut World, mut place: Place) {
    settle(world, &place).await;
    world.run();
    let jen = world.caller("jen");
    let status = async |asked: &ephor_engine::pam::PamRequest| jen.status(asked.request.id).await;

    let plain = jen.ask("admin", 2).await.unwrap();
    world.until(BACK, "active", async || status(&plain).await == PamStatus::Active).await;
    assert!((place.is_member)());
    world.until(BACK, "expired", async || status(&plain).await == PamStatus::Expired).await;
    assert!(!(place.is_member)(), "what is said to be over is gone");

    for fault in [Fault::Refuse, Fault::Reset, Fault::Hang, Fault::TruncateAnswers(0)] {
        place.proxy.set(fault).await.unwrap();
        let asked = jen.ask("admin", 600).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::Processing, "{fault:?}: nobody is told that it is in force");
        place.proxy.set(Fault::Pass).await.unwrap();
        world.until(BACK, &format!("active after {fault:?}"), async || status(&asked).await == PamStatus::Active).await;
        assert!((place.is_member)(), "{fault:?}");

        place.proxy.set(fault).await.unwrap();
        jen.close(asked.request.id).await.unwrap();
        assert_eq!(status(&asked).await, PamStatus::Closing, "{fault:?}: nobody is told that it is gone");
        place.proxy.set(Fault::Pass).await.unwrap();
        world.until(BACK, &format!("closed after {fault:?}"), async || status(&asked).await == PamStatus::Closed).await;
        assert!(!(place.is_member)(), "{fault:?}: what is said to be over is gone");
    }
}

async fn at(start: impl AsyncFn() -> Option<Place>) {
    for_store(StoreKind::Sqlite, &Options::real(), async |world| {
        let Some(place) = start().await else { return };
        every_failure(world, place).await;
    })
    .await;
}

fn address(url: &str) -> SocketAddr {
    url.split('/').nth(2).unwrap().parse().unwrap()
}

async fn domain() -> Option<Place> {
    Some(domain_of(Arc::new(available_or_skip(Samba::start())?)).await)
}

async fn domain_of(samba: Arc<Samba>) -> Place {
    let proxy = FaultProxy::start(SocketAddr::new(samba.address().parse().unwrap(), 636)).await.unwrap();
    let config: ActiveDirectoryConfig = serde_json::from_value(serde_json::json!({
        "url": format!("ldaps://localhost:{}", proxy.address().port()),
        "ca_file": samba.ca_path(),
        "bind_name": "Administrator@corp.test",
        "password": ADMIN_PASSWORD,
        "base_dn": samba.base(),
    }))
    .unwrap();
    let directory = Arc::new(ActiveDirectory::new(id(TARGET), config).unwrap());
    let is_member = Box::new(move || !members(&samba).is_empty());
    Place { proxy, directory, is_member }
}

/// The group's members by the domain's own database.
fn members(samba: &Samba) -> Vec<String> {
    samba.values("(sAMAccountName=admins)", "member").unwrap()
}

async fn scim(make: Make) -> Option<Place> {
    let server = available_or_skip(Scim::start(make))?;
    let proxy = FaultProxy::start(address(&server.url())).await.unwrap();
    let url = server.url().replace(&address(&server.url()).to_string(), &proxy.address().to_string());
    let config = serde_json::json!({"url": url, "allow_private": true, "token": TOKEN});
    let config: ScimConfig = serde_json::from_value(config).unwrap();
    let directory = Arc::new(ScimTarget::new(id(TARGET), config, &[], clock()).unwrap());
    let is_member = Box::new(move || {
        let groups = server.get("Groups").unwrap();
        groups["Resources"][0]["members"].as_array().is_some_and(|members| !members.is_empty())
    });
    Some(Place { proxy, directory, is_member })
}

async fn receiver() -> Option<Place> {
    let receiver = available_or_skip(Receiver::start())?;
    let proxy = FaultProxy::start(address(&receiver.url())).await.unwrap();
    let url = format!("http://{}/hook", proxy.address());
    let config = serde_json::json!({"url": url, "allow_private": true, "secret": SECRET});
    let config: HookTargetConfig = serde_json::from_value(config).unwrap();
    let directory = Arc::new(HookTarget::new(id(TARGET), config, &[], clock()).unwrap());
    let is_member = Box::new(move || receiver.state().unwrap()["groups"]["admins"] != serde_json::json!([]));
    Some(Place { proxy, directory, is_member })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_each_failure_at_a_real_active_directory_domain() {
    at(domain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_each_failure_at_a_scim_server_that_answers_with_nothing() {
    at(async || scim(Make::Scim2Server).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_each_failure_at_a_scim_server_that_answers_with_the_group() {
    at(async || scim(Make::Scimmy).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_each_failure_at_a_receiver_of_signed_orders() {
    at(receiver).await;
}

/// F4 at a domain whose people are renamed: what the target holds is compared by names that last.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f4_a_real_active_directory_domain_is_read_back_by_names_that_last() {
    for_store(StoreKind::Sqlite, &Options::real(), async |world| {
        let Some(samba) = available_or_skip(Samba::start()) else { return };
        let samba = Arc::new(samba);
        let place = domain_of(Arc::clone(&samba)).await;
        settle(world, &place).await;
        world.mode(TARGET, Mode::Authoritative).await;
        world.run();
        let jen = world.caller("jen");
        let status = async |asked: &ephor_engine::pam::PamRequest| jen.status(asked.request.id).await;
        let look = async || world.engine().test_target(id(TARGET)).await.unwrap();
        let asked = jen.ask("admin", 600).await.unwrap();
        world.until(BACK, "active", async || status(&asked).await == PamStatus::Active).await;

        // A new name is no drift.
        let place_of = |name: &str| format!("CN={name},CN=Users,DC=corp,DC=test");
        let renamed = "changetype: modrdn\nnewrdn: CN=jen Doe\ndeleteoldrdn: 1\n";
        samba.change(&format!("dn: {}\n{renamed}", place_of("jen"))).unwrap();
        look().await;
        look().await;
        assert_eq!(status(&asked).await, PamStatus::Active);
        assert_eq!(members(&samba), [place_of("jen Doe")]);

        // Somebody else adds bob and takes jen out: both are undone.
        let group = place_of("admins");
        let change = |what: &str, who: &str| {
            samba
                .change(&format!("dn: {group}\nchangetype: modify\n{what}: member\nmember: {}\n", place_of(who)))
                .unwrap();
        };
        change("add", "bob");
        look().await;
        assert_eq!(members(&samba), [place_of("jen Doe")]);
        change("delete", "jen Doe");
        look().await;
        world.until(BACK, "repaired", async || members(&samba) == [place_of("jen Doe")]).await;
        world.until(BACK, "active again", async || status(&asked).await == PamStatus::Active).await;

        jen.close(asked.request.id).await.unwrap();
        world.until(BACK, "closed", async || status(&asked).await == PamStatus::Closed).await;
        assert_eq!(members(&samba), [""; 0]);
    })
    .await;
}
