//! A served ARM face before the demo's people, applications and scopes.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use ephor_demo::{Place, apps::APPS, cast, directory::DIRECTORY_GROUPS, seed};
use ephor_domain::{
    id::PrincipalId,
    principal::{Actor, Principal, Proof},
};
use ephor_engine::{
    Engine, Parts,
    port::{Clock, Entropy, SeededEntropy, SimulatedClock},
};
use ephor_face_arm::{ArmFace, Options};
use ephor_front::CallId;
use ephor_identity::{
    Bearers, Identity, KeyPorts, KeyRing, KeySettings, Ports, Sealer, Settings, StoreJournal, StoreVault, TokenRules,
    jose::Algorithm, password::Cost, record::sealer,
};
use ephor_store::{Location, Store};
use ephor_testkit::{
    available_or_skip,
    postgres::{Database, Postgres},
};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

pub(crate) const URL: &str = "https://ephor.example:8443";
pub(crate) const TENANT: Uuid = uuid!("cfe97358-f226-5639-b4c9-23deb8da1ccd");
pub(crate) const SUBSCRIPTION: Uuid = uuid!("b3f74ec9-c7a7-5286-86d5-986024d95886");
pub(crate) const CALL: Uuid = Uuid::from_u128(0xca);
const START: i64 = 1_780_000_000;

/// What a call was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Status and code of an error, in exactly the shape of `ARM 18`.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
        let body = self.json();
        let (code, message) = (body["error"]["code"].as_str().unwrap(), body["error"]["message"].as_str().unwrap());
        assert_eq!(body, json!({"error": {"code": code, "message": message}}));
        assert!(!message.is_empty());
        (self.status.as_u16(), code.to_owned())
    }

    /// The body of a call that was answered with this status.
    #[track_caller]
    pub(crate) fn with(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    /// The values of a member of all rows of a list.
    #[track_caller]
    pub(crate) fn each(&self, member: &str) -> Vec<String> {
        let list = self.with(200);
        let rows = list["value"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
        rows.iter().map(|row| row.pointer(member).unwrap().as_str().unwrap_or_default().to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn says(&self) -> (u16, String, String) {
        let (status, code) = self.error();
        (status, code, self.message())
    }

    #[track_caller]
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

/// The id of somebody of the demo, person or application.
pub(crate) fn who(key: &str) -> PrincipalId {
    let person = cast::everybody().into_iter().find(|person| person.key == key);
    person.map(|person| person.id()).or_else(|| Some(APPS.iter().find(|app| app.key == key)?.id())).expect("a key")
}

/// The id of a group of the demo.
pub(crate) fn group(key: &str) -> String {
    let found = DIRECTORY_GROUPS.into_iter().find(|group| group.key == key);
    found.expect("a key").id().to_string()
}

/// A path with the keys of the scopes of the demo in place of the scopes: `~S`, `~G1`, `~X`, …
pub(crate) fn path(text: &str) -> String {
    let (first, rest) = text.split_at(text.find(['/', '?']).unwrap_or(text.len()));
    let Some(key) = first.strip_prefix('~') else { return text.to_owned() };
    let facts = ephor_demo::Facts::new(String::new(), String::new(), String::new());
    let scope = facts.arm.scopes.get(key).unwrap_or_else(|| panic!("no scope {key}"));
    format!("{scope}{rest}")
}

/// Where a server's store is, kept as long as the server.
enum Home {
    Folder(tempfile::TempDir),
    Database(Database),
}

pub(crate) struct App {
    face: ArmFace,
    pub(crate) engine: Engine,
    keys: Arc<KeyRing>,
    pub(crate) clock: SimulatedClock,
    _home: Home,
}

/// Tells a story on SQLite and on PostgreSQL, each on a fresh server.
pub(crate) async fn on_both(story: impl AsyncFn(&App)) {
    story(&App::start().await).await;
    if let Some(app) = App::start_on_postgresql().await {
        story(&app).await;
    }
}

impl App {
    /// On SQLite.
    pub(crate) async fn start() -> Self {
        Self::open(Home::Folder(tempfile::tempdir().unwrap())).await
    }

    /// On PostgreSQL; `None` where it is not installed.
    pub(crate) async fn start_on_postgresql() -> Option<Self> {
        Some(Self::open(Home::Database(available_or_skip(Postgres::database())?)).await)
    }

    async fn open(home: Home) -> Self {
        Self::boot(home, Timestamp::from_second(START).unwrap(), Some(5), 100).await
    }

    /// On SQLite, with so many rows on a page.
    pub(crate) async fn paging(rows: u32) -> Self {
        let home = Home::Folder(tempfile::tempdir().unwrap());
        Self::boot(home, Timestamp::from_second(START).unwrap(), Some(5), rows).await
    }

    /// The server stops and starts again, at the same instant, on the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self { face, engine, keys, clock, _home: home } = self;
        let store = engine.store().clone();
        drop((face, engine, keys));
        store.close().await;
        Self::boot(home, clock.now(), None, 100).await
    }

    /// Starts on a store that is seeded first with this, or is there already.
    async fn boot(home: Home, now: Timestamp, seed_with: Option<u64>, page_size: u32) -> Self {
        let location = match &home {
            Home::Folder(folder) => Location::Sqlite(folder.path().join("ephor.db")),
            Home::Database(database) => database.url().parse().unwrap(),
        };
        let store = Store::open(&location).await.unwrap();
        // Whoever starts again draws other ids than before.
        let fresh = u64::try_from(now.as_second()).unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed_with.unwrap_or(fresh)));
        let clock = SimulatedClock::new(now);
        if seed_with.is_some() {
            seed(&store, &Place::BuiltIn, clock.now(), entropy.as_ref()).await.unwrap();
        }
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let seal = sealer(Arc::clone(&entropy));
        let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
        tokio::spawn(work);
        let vault = Arc::new(StoreVault::new(store.clone(), seal));
        let ports = KeyPorts {
            vault: vault.clone(),
            sealer: Sealer::new(&[1; 32]),
            clock: Arc::clone(&shared),
            entropy: Arc::clone(&entropy),
        };
        let settings = KeySettings { algorithm: Algorithm::EdDsa, ..KeySettings::default() };
        let keys = Arc::new(KeyRing::open(ports, settings).await.unwrap());
        let bearers = Bearers::new(Arc::clone(&keys), TokenRules::new(URL, TENANT, []), vault.clone());
        let ports =
            Ports { vault, journal: Arc::new(journal), clock: Arc::clone(&shared), entropy: Arc::clone(&entropy) };
        let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
        let identity = Arc::new(Identity::new(ports, settings).unwrap().with_bearers(bearers));
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
        let options = Options {
            public_url: URL.to_owned(),
            tenant: TENANT,
            tenant_name: "Demo".to_owned(),
            domains: vec!["demo.example".to_owned()],
            cloud_name: "Ephor".to_owned(),
            page_size,
            allowed_origins: Vec::new(),
            // A busy machine is no fault of the face.
            time_limit: std::time::Duration::from_secs(120),
        };
        let face = ArmFace::new(engine.clone(), identity, options);
        Self { face, engine, keys, clock, _home: home }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody at the keyboard, for the engine itself.
    pub(crate) async fn actor(&self, key: &str) -> Actor {
        let id = who(key);
        let found = self.engine.store().read(move |tx| Box::pin(async move { tx.principal(id).await }));
        let account = found.await.unwrap().unwrap();
        let methods = ephor_domain::authentication::Methods::default();
        Actor {
            principal: id,
            person: account.person,
            address: None,
            proof: Proof::Person,
            methods,
            delegation: Default::default(),
        }
    }

    /// An instant so many seconds from now, as clients write it.
    pub(crate) fn later(&self, seconds: i64) -> String {
        self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap().to_string()
    }

    /// Time passes, and everything that is due on the way is done.
    pub(crate) async fn pass(&self, seconds: i64) {
        let to = self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        self.engine.advance(&self.clock, to).await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.set(self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap());
    }

    /// A token of alice for an hour, with these claims in place of the usual ones.
    pub(crate) async fn token(&self, changes: Value) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": format!("{URL}/{TENANT}/v2.0"), "aud": URL, "tid": TENANT, "oid": who("alice"), "sub": "s",
            "iat": now, "nbf": now, "exp": now + 3600, "auth_time": now, "idtyp": "user",
            "scp": "user_impersonation", "appid": "04b0", "amr": ["pwd"], "uti": "u",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let until = Timestamp::from_second(now + 7200).unwrap();
        self.keys.sign(&claims, "JWT", until).await.unwrap()
    }

    /// A token of the application itself.
    pub(crate) async fn own_token(&self) -> String {
        self.token(json!({"oid": who("app"), "scp": null, "idtyp": "app", "roles": []})).await
    }

    /// `GET` without a token.
    pub(crate) async fn anonymous(&self, target: &str) -> Reply {
        self.call(Method::GET, target, &[]).await
    }

    /// `GET` as alice.
    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.asked("alice", target).await
    }

    /// `GET` as somebody; see [`path`].
    pub(crate) async fn asked(&self, key: &str, target: &str) -> Reply {
        self.send(key, Method::GET, target, "").await
    }

    /// `PUT` of JSON as somebody.
    pub(crate) async fn put(&self, key: &str, target: &str, body: Value) -> Reply {
        self.send(key, Method::PUT, target, body.to_string()).await
    }

    /// Any call as somebody; see [`path`].
    pub(crate) async fn send(&self, key: &str, method: Method, target: &str, body: impl Into<Body>) -> Reply {
        let own = if APPS.iter().any(|app| app.key == key) { json!({"scp": null, "idtyp": "app"}) } else { json!({}) };
        self.claiming(key, own, method, target, body).await
    }

    /// Any call as somebody whose token says more.
    pub(crate) async fn claiming(
        &self,
        key: &str,
        more: Value,
        method: Method,
        target: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let mut claims = json!({"oid": who(key)});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = self.token(claims).await;
        self.sent(method, &path(target), &[("authorization", &format!("Bearer {token}"))], body).await
    }

    /// `GET` with this in `Authorization`.
    pub(crate) async fn presenting(&self, target: &str, authorization: &str) -> Reply {
        self.call(Method::GET, target, &[("authorization", authorization)]).await
    }

    pub(crate) async fn call(&self, method: Method, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.sent(method, target, headers, "").await
    }

    /// Somebody comes.
    pub(crate) async fn insert(&self, principal: Principal) {
        let come = self.engine.store().transact(move |tx| {
            let principal = principal.clone();
            Box::pin(async move { tx.insert_principal(&principal).await })
        });
        come.await.unwrap();
    }

    /// Somebody goes.
    pub(crate) async fn delete(&self, principal: PrincipalId) {
        let go = self.engine.store().transact(move |tx| Box::pin(async move { tx.delete_principal(principal).await }));
        assert!(go.await.unwrap());
    }

    pub(crate) async fn sent(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let target = target.replace(' ', "%20").replace('\'', "%27");
        let mut request = Request::builder().method(method).uri(target).extension(CallId(CALL));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.face.serve(request.body(body.into()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}
