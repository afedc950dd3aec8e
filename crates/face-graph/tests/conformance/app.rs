//! The face before a seeded store, and callers with tokens.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use ephor_demo::{Place, apps::APPS, cast, seed};
use ephor_domain::{application::Known, id::PrincipalId};
use ephor_engine::{
    Engine, Parts,
    port::{Clock, Entropy, SeededEntropy, SimulatedClock},
};
use ephor_face_graph::{GraphFace, Options};
use ephor_front::{Authority, CallId, Scheme};
use ephor_identity::{
    Bearers, Identity, KeyPorts, KeyRing, KeySettings, Origin, Ports, Sealer, Settings as SignIn, StoreJournal,
    StoreVault, TokenRules, bearer::Standing, jose::Algorithm, record::sealer,
};
use ephor_issuer::{IssuerFace, Order, Settings};
use ephor_store::{Location, Store};
use ephor_testkit::{
    available_or_skip,
    postgres::{Database, Postgres},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const HOST: &str = "https://ephor.example";
pub(crate) const PAGE: &str = "https://page.example";
pub(crate) const CALL: Uuid = Uuid::from_u128(0xca11);

/// What a call was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a call that went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// Status, code and message of a call that did not.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body["error"][name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        (self.status.as_u16(), text("code"), text("message"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The values of a member of all rows of a list.
#[track_caller]
pub(crate) fn each<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    let rows = list["value"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    rows.iter().map(|row| row[member].as_str().unwrap_or_else(|| panic!("no {member}: {row}"))).collect()
}

/// The id of somebody of the demo.
pub(crate) fn who(key: &str) -> PrincipalId {
    let person = cast::everybody().into_iter().find(|person| person.key == key);
    person.map(|person| person.id()).or_else(|| Some(APPS.iter().find(|app| app.key == key)?.id())).expect("a key")
}

/// The id of a group of the demo.
pub(crate) fn group(key: &str) -> String {
    let found = ephor_demo::directory::DIRECTORY_GROUPS.into_iter().find(|group| group.key == key);
    found.expect("a key").id().to_string()
}

pub(crate) struct App {
    pub(crate) face: GraphFace,
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) clock: SimulatedClock,
    issuer: IssuerFace,
    _home: Home,
}

/// Where the store is, kept as long as the app.
enum Home {
    Folder(tempfile::TempDir),
    Database(Database),
}

/// Plays a scenario on SQLite and on PostgreSQL, each on a fresh app.
pub(crate) async fn on_both(scenario: impl AsyncFn(&App)) {
    let only = std::env::var("EPHOR_TEST_BACKEND").ok();
    let plays = |backend: &str| only.as_deref().is_none_or(|only| only == backend);
    if plays("sqlite") {
        scenario(&App::start().await).await;
    }
    if plays("postgres")
        && let Some(database) = available_or_skip(Postgres::database())
    {
        let app = App::open(Home::Database(database), 0).await;
        scenario(&app).await;
        app.engine.store().close().await;
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::open(Home::Folder(tempfile::tempdir().unwrap()), 0).await
    }

    /// Takes so many calls a second of each caller.
    pub(crate) async fn throttled(calls_per_second: u32) -> Self {
        Self::open(Home::Folder(tempfile::tempdir().unwrap()), calls_per_second).await
    }

    async fn open(home: Home, calls_per_second: u32) -> Self {
        let location = match &home {
            Home::Folder(folder) => Location::Sqlite(folder.path().join("ephor.db")),
            Home::Database(database) => database.url().parse().unwrap(),
        };
        let store = Store::open(&location).await.unwrap();
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let clock = SimulatedClock::new(now);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        seed(&store, &Place::BuiltIn, now, entropy.as_ref()).await.unwrap();
        let seal = sealer(Arc::clone(&entropy));
        let vault = Arc::new(StoreVault::new(store.clone(), Arc::clone(&seal)));
        let (journal, writer) = StoreJournal::new(store.clone(), seal);
        tokio::spawn(writer);
        let keys = KeyPorts {
            vault: Arc::clone(&vault) as _,
            sealer: Sealer::new(&[7; 32]),
            clock: Arc::clone(&shared),
            entropy: Arc::clone(&entropy),
        };
        let of_keys = KeySettings { algorithm: Algorithm::EdDsa, ..KeySettings::default() };
        let keys = Arc::new(KeyRing::open(keys, of_keys).await.unwrap());
        let ports = Ports {
            vault: Arc::clone(&vault) as _,
            journal: Arc::new(journal),
            clock: Arc::clone(&shared),
            entropy: Arc::clone(&entropy),
        };
        let rules = TokenRules::new(HOST, cast::tenant(), []);
        let bearers = Bearers::new(Arc::clone(&keys), rules, vault as Arc<dyn Standing>);
        let identity = Arc::new(Identity::new(ports, SignIn::default()).unwrap().with_bearers(bearers));
        let engine = Engine::new(Parts {
            store,
            clock: shared,
            entropy,
            targets: Vec::new(),
            mfa: None,
            notifier: None,
            signer: None,
            node: Uuid::from_u128(1),
        });
        let settings = Settings::new(HOST, cast::tenant(), []);
        let issuer = IssuerFace::new(engine.clone(), Arc::clone(&identity), Arc::clone(&keys), settings);
        let options = Options {
            public_url: HOST.to_owned(),
            tenant: cast::tenant(),
            tenant_name: "Demo".to_owned(),
            domains: vec!["demo.test".to_owned(), "other.test".to_owned()],
            allowed_origins: vec![PAGE.parse::<Origin>().unwrap()],
            time_limit: std::time::Duration::from_secs(30),
            calls_per_second,
        };
        let face = GraphFace::new(engine.clone(), Arc::clone(&identity), options);
        Self { face, engine, identity, keys, clock, issuer, _home: home }
    }

    /// A token of somebody, with every scope.
    pub(crate) async fn token(&self, key: &str) -> String {
        self.token_with(key, None).await
    }

    /// A token of somebody with these scopes or app roles.
    pub(crate) async fn token_with(&self, key: &str, scopes: Option<&[&str]>) -> String {
        self.issued(&self.issuer, key, scopes, SignedDuration::from_hours(1)).await
    }

    /// A token of somebody who proved this much, with every scope.
    pub(crate) async fn token_proved(&self, key: &str, methods: &[&str], contexts: &[&str]) -> String {
        let order = Order {
            principal: who(key),
            permissions: None,
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            contexts: contexts.iter().map(|context| (*context).to_owned()).collect(),
            life: SignedDuration::from_hours(1),
            client: Known::GraphCommandLine.client().to_string(),
        };
        Box::pin(self.issuer.order(order)).await.unwrap().0
    }

    pub(crate) async fn issued(
        &self,
        issuer: &IssuerFace,
        key: &str,
        scopes: Option<&[&str]>,
        life: SignedDuration,
    ) -> String {
        let order = Order {
            principal: who(key),
            permissions: scopes.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            methods: vec!["pwd".to_owned(), "mfa".to_owned()],
            contexts: Vec::new(),
            life,
            client: Known::GraphCommandLine.client().to_string(),
        };
        Box::pin(issuer.order(order)).await.unwrap().0
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn issuer(&self) -> &IssuerFace {
        &self.issuer
    }

    /// `GET` by somebody with every scope. The path begins with the edition.
    pub(crate) async fn get(&self, who: &str, path: &str) -> Reply {
        let token = self.token(who).await;
        Box::pin(self.call(Method::GET, &token, path, &[], "")).await
    }

    /// `GET` with `ConsistencyLevel: eventual`.
    pub(crate) async fn get_eventual(&self, who: &str, path: &str) -> Reply {
        let token = self.token(who).await;
        self.call(Method::GET, &token, path, &[("consistencylevel", "Eventual")], "").await
    }

    /// `POST` of JSON by somebody with every scope.
    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Reply {
        let token = self.token(who).await;
        self.call(Method::POST, &token, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// `PATCH` of JSON by somebody with every scope.
    pub(crate) async fn patch(&self, who: &str, path: &str, body: Value) -> Reply {
        let token = self.token(who).await;
        self.call(Method::PATCH, &token, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// `DELETE` by somebody with every scope.
    pub(crate) async fn delete(&self, who: &str, path: &str) -> Reply {
        let token = self.token(who).await;
        self.call(Method::DELETE, &token, path, &[], "").await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        token: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        // Blanks and quotes stand raw in the tests and not on the wire.
        let path = path.replace(' ', "%20").replace('"', "%22");
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.into())).unwrap();
        request.extensions_mut().insert(CallId(CALL));
        request.extensions_mut().insert(Authority { scheme: Scheme::Https, host: "here.example:8443".to_owned() });
        // On the heap: a test makes many calls, and each would have its place on the stack.
        let (parts, body) = Box::pin(self.face.serve(request)).await.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }
}
