//! The whole server without a socket: store, engine, face and dispatcher on a simulated clock, with named callers.
//!
//! ```ignore
//! on_both(async |app| {
//!     let jen = app.caller("jen");
//!     let request = jen.create("R0", 3600).await;
//!     app.advance(minutes(60)).await;
//!     assert_eq!(jen.status(&request).await, "Expired");
//! })
//! .await;
//! ```

mod caller;
mod fixture;
mod identity;
mod mfa;
mod ordered;
mod target;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ephor_audit::record::Record;
use ephor_domain::{
    authentication::Methods,
    id::{EntitlementId, PrincipalId},
    principal::{Actor, Delegation, Proof},
};
use ephor_engine::{
    Answer, Engine, Parts,
    admin::{configuration::SetConfiguration, desk::Command, role::SetRole},
    port::{Clock, Entropy, SimulatedClock, SystemEntropy},
};
use ephor_face_pam::{Options, PamFace};
use ephor_front::{Dispatcher, Owner};
use ephor_identity::{Accepted, Identity, token::Scope};
use ephor_store::{Fault, Location, Store, Tx};
use ephor_testkit::{
    available_or_skip,
    postgres::{Database, Postgres},
};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

pub(crate) use caller::{Caller, Reply, encode, text};
pub(crate) use fixture::{Fixture, USERS};
pub(crate) use identity::PASSWORD;
pub(crate) use mfa::StubMfa;
pub(crate) use ordered::{Json, members};
pub(crate) use target::StubTarget;

/// What is shown of a moment that is none.
pub(crate) const SENTINEL: &str = "0001-01-01T00:00:00";
/// A listed origin.
pub(crate) const PORTAL: &str = "http://portal.test:8090";
/// The base of every link in an answer to a named caller.
pub(crate) const BASE: &str = "http://pam.test:8086/api/pamresources";

/// How an app is set up.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Where the clock stands at first.
    pub(crate) start: Timestamp,
    /// The zone of the server.
    pub(crate) zone: &'static str,
    /// The privileges of the roles are groups of the stub target, not of the built-in directory.
    pub(crate) outside: bool,
    /// How long a call may take, of real time.
    pub(crate) patience: Duration,
}

impl Default for Setup {
    /// Noon of a Monday, UTC.
    fn default() -> Self {
        Self { start: at("2030-06-03T12:00:00Z"), zone: "UTC", outside: false, patience: Duration::from_secs(60) }
    }
}

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// Where the store is, kept as long as the app.
enum Home {
    Folder(tempfile::TempDir),
    Database(Database),
}

impl Home {
    fn location(&self) -> Location {
        match self {
            Self::Folder(folder) => Location::Sqlite(folder.path().join("store.db")),
            Self::Database(database) => database.url().parse().expect("the launcher gives a URL"),
        }
    }
}

/// A running server.
pub(crate) struct App {
    home: Home,
    setup: Setup,
    node: Node,
    pub(crate) clock: SimulatedClock,
    pub(crate) target: Arc<StubTarget>,
    pub(crate) mfa: Arc<StubMfa>,
    pub(crate) fixture: Fixture,
}

/// One process of the server.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    store: Store,
    identity: Arc<Identity>,
    dispatcher: Dispatcher,
}

/// Plays a scenario on SQLite and on PostgreSQL, each on a fresh app.
pub(crate) async fn on_both(scenario: impl AsyncFn(&mut App)) {
    on_both_with(Setup::default(), scenario).await;
}

/// As [`on_both`], set up differently.
pub(crate) async fn on_both_with(setup: Setup, scenario: impl AsyncFn(&mut App)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if std::env::var("EPHOR_TEST_BACKEND").is_ok_and(|only| only != format!("{backend:?}").to_lowercase()) {
            continue;
        }
        let Some(mut app) = App::start(backend, setup.clone()).await else { continue };
        scenario(&mut app).await;
        app.finish().await;
    }
}

impl App {
    async fn start(backend: Backend, setup: Setup) -> Option<Self> {
        let home = match backend {
            Backend::Sqlite => Home::Folder(tempfile::tempdir().unwrap()),
            Backend::Postgres => Home::Database(available_or_skip(Postgres::database())?),
        };
        let clock = SimulatedClock::new(setup.start);
        let fixture = Fixture::default();
        let (target, mfa) = (Arc::new(StubTarget::new(fixture.outside_target)), Arc::new(StubMfa::default()));
        let store = Store::open(&home.location()).await.unwrap();
        fixture.seed(&store, &setup).await;
        let node = node(store, &setup, &clock, &target, &mfa);
        Some(Self { home, setup, node, clock, target, mfa, fixture })
    }

    /// Nothing may be left undone.
    async fn finish(self) {
        self.drain().await;
        self.node.store.close().await;
        drop(self.home);
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.node.engine
    }

    /// Somebody of the fixture at the front door, over HTTP Basic.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        self.node.caller(name)
    }

    /// The whole front of the server, for tests that need a socket.
    pub(crate) fn dispatcher(&self) -> Dispatcher {
        self.node.dispatcher.clone()
    }

    /// Nobody.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::stranger(self.node.dispatcher.clone())
    }

    /// Somebody with an API token: no browser sends it by itself.
    pub(crate) async fn token_of(&self, name: &str, scope: Scope) -> Caller {
        let identity = &self.node.identity;
        let headers = self.caller(name).headers();
        let caller = identity.caller(&identity::presented(&headers), Accepted::PAM).await.unwrap();
        let made = identity.make_token(&caller, "test", BTreeSet::from([scope]), hours(24)).await.unwrap();
        self.stranger().with("authorization", &format!("Bearer {}", made.secret.expose_secret()))
    }

    /// Somebody with a session of the portal.
    pub(crate) async fn session_of(&self, name: &str) -> Caller {
        let headers = HeaderMap::new();
        let name = format!("{name}@priv.test");
        let begun = self.node.identity.sign_in(&name, PASSWORD.into(), &identity::presented(&headers)).await.unwrap();
        let begun = begun.done().unwrap();
        self.stranger().with("cookie", &format!("ephor-plain={}", begun.secret.expose_secret()))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass, visiting every due instant on the way.
    pub(crate) async fn advance(&self, by: SignedDuration) {
        self.advance_to(self.now().checked_add(by).unwrap()).await;
    }

    pub(crate) async fn advance_to(&self, to: Timestamp) {
        self.node.engine.advance(&self.clock, to).await.unwrap();
    }

    /// Lets time pass while every worker is dead.
    pub(crate) fn sleep(&self, by: SignedDuration) {
        self.clock.set(self.now().checked_add(by).unwrap());
    }

    /// Does what is due now.
    pub(crate) async fn drain(&self) {
        self.node.engine.drain().await.unwrap();
    }

    /// Stops the server and starts it again over the same store, clock and directory.
    pub(crate) async fn restart(&mut self) {
        self.node.store.close().await;
        let store = Store::open(&self.home.location()).await.unwrap();
        self.node = node(store, &self.setup, &self.clock, &self.target, &self.mfa);
        self.drain().await;
    }

    /// A second server over the same store.
    pub(crate) async fn second_node(&self) -> Node {
        let store = match &self.home {
            Home::Folder(_) => self.node.store.clone(),
            Home::Database(_) => Store::open(&self.home.location()).await.unwrap(),
        };
        node(store, &self.setup, &self.clock, &self.target, &self.mfa)
    }

    /// Closes the store under the running server.
    pub(crate) async fn lose_store(&self) {
        self.node.store.close().await;
    }

    /// ada does something that only administrators may.
    pub(crate) async fn administer<C: Command>(&self, command: C) -> C::Output {
        self.try_to_administer("ada", command).await.unwrap()
    }

    /// Somebody tries something that only administrators may, or that breaks a rule.
    pub(crate) async fn try_to_administer<C: Command>(&self, name: &str, command: C) -> Answer<C::Output> {
        self.node.engine.administer(&self.actor(name), command).await
    }

    /// Somebody as the engine knows him.
    pub(crate) fn actor(&self, name: &str) -> Actor {
        let (_, principal) = self.fixture.principals().find(|(user, _)| *user == name).expect("a user of the fixture");
        Actor {
            principal: principal.id,
            person: principal.person,
            address: Some(identity::ADDRESS.to_string()),
            proof: Proof::Person,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        }
    }

    /// ada changes the settings.
    pub(crate) async fn configure(&self, change: SetConfiguration) {
        self.administer(change).await;
    }

    /// ada changes a role.
    pub(crate) async fn set_role(&self, role: &str, change: impl FnOnce(&mut SetRole)) {
        let mut set = SetRole::of(self.role_id(role));
        change(&mut set);
        self.administer(set).await;
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        command: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    ) -> T {
        self.node.store.transact(command).await.unwrap()
    }

    pub(crate) fn role_id(&self, role: &str) -> EntitlementId {
        self.fixture.role(role)
    }

    pub(crate) fn user_id(&self, user: &str) -> PrincipalId {
        self.fixture.user(user)
    }

    /// How many of the role's groups hold the user at the directory that enforces them: none, some or all.
    pub(crate) async fn memberships(&self, user: &str, role: &str) -> (usize, usize) {
        let (principal, now) = (self.user_id(user), self.now());
        let groups = self.fixture.groups_of(role);
        let mut held = 0;
        for group in &groups {
            let group = *group;
            let is_member = if self.setup.outside {
                self.target.holds(group, principal)
            } else {
                let asked =
                    self.node.store.read(move |tx| Box::pin(async move { tx.is_member(group, principal, now).await }));
                asked.await.unwrap()
            };
            held += usize::from(is_member);
        }
        (held, groups.len())
    }

    /// True when the user is in every group of the role, false when in none; a half state fails the test.
    #[track_caller]
    pub(crate) fn holds(&self, user: &str, role: &str) -> impl Future<Output = bool> {
        let asked = self.memberships(user, role);
        async move {
            let (held, of) = asked.await;
            assert!(held == 0 || held == of, "{held} of {of} groups");
            held == of
        }
    }

    /// Numbers every leaf. Transactions of other tests on the same server hold numbering back for a moment.
    async fn number(&self) {
        const UNNUMBERED: &str = "SELECT count(*) FROM leaf l WHERE NOT EXISTS \
                                  (SELECT 1 FROM leaf_number n WHERE n.xid = l.xid AND n.seq = l.seq)";
        let Home::Database(database) = &self.home else { return };
        for _ in 0..1000 {
            self.write(|tx| Box::pin(async move { tx.number_leaves(10_000).await })).await;
            if database.sql(UNNUMBERED).unwrap().trim() == "0" {
                return;
            }
        }
        panic!("leaves stay without a number");
    }

    /// The records so far, in order.
    pub(crate) async fn records(&self) -> Vec<Record> {
        self.number().await;
        self.write(|tx| Box::pin(async move { tx.leaves(0, 10_000).await }))
            .await
            .into_iter()
            .map(|leaf| {
                let leaf_bytes = leaf.leaf.expect("no body was pruned");
                ephor_audit::leaf::open(&leaf_bytes, leaf.erasable.as_deref()).expect("a leaf we wrote").record
            })
            .collect()
    }

    /// How many records there are of an event.
    pub(crate) async fn count(&self, event: ephor_audit::events::Event) -> usize {
        self.records().await.iter().filter(|record| record.event == event.id).count()
    }
}

impl Node {
    pub(crate) fn caller(&self, name: &str) -> Caller {
        Caller::named(self.dispatcher.clone(), name)
    }
}

fn node(store: Store, setup: &Setup, clock: &SimulatedClock, target: &Arc<StubTarget>, mfa: &Arc<StubMfa>) -> Node {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let engine = Engine::new(Parts {
        store: store.clone(),
        clock: Arc::new(clock.clone()),
        entropy: entropy.clone(),
        targets: vec![target.clone()],
        mfa: Some(mfa.clone()),
        notifier: None,
        signer: None,
        node: entropy.guid(),
    });
    let options = Options {
        allowed_origins: vec![PORTAL.parse().unwrap()],
        public_origin: Some("https://pam.example".parse().unwrap()),
        time_limit: setup.patience,
        ..Options::default()
    };
    let identity = Arc::new(identity::front_door(&store, Arc::new(clock.clone()), entropy.clone()));
    let face = PamFace::new(engine.clone(), identity.clone(), options);
    let dispatcher = Dispatcher::builder(Arc::new(move || entropy.guid())).face(Owner::Pam, face).build();
    Node { engine, store, identity, dispatcher }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}
