//! A served ARM face with one person, one application and one subscription.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::port::{Clock, Entropy, SeededEntropy, SimulatedClock};
use ephor_face_arm::{ArmFace, Options, Subscription};
use ephor_front::CallId;
use ephor_identity::{
    Bearers, Identity, KeyPorts, KeyRing, KeySettings, Ports, Sealer, Settings, StoreJournal, StoreVault, TokenRules,
    jose::Algorithm, password::Cost, record::sealer,
};
use ephor_store::{Location, Store};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const URL: &str = "https://ephor.example:8443";
pub(crate) const TENANT: Uuid = Uuid::from_u128(0x7e);
pub(crate) const SUBSCRIPTION: Uuid = Uuid::from_u128(0x5b);
pub(crate) const CALL: Uuid = Uuid::from_u128(0xca);
const START: i64 = 1_780_000_000;
const JEN: Uuid = Uuid::from_u128(1);
const ROBOT: Uuid = Uuid::from_u128(2);

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

    /// Status and code of an error in exactly the shape of `ARM 18`.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
        let body = self.json();
        let (code, message) = (body["error"]["code"].as_str().unwrap(), body["error"]["message"].as_str().unwrap());
        assert_eq!(body, json!({"error": {"code": code, "message": message}}));
        assert!(!message.is_empty());
        (self.status.as_u16(), code.to_owned())
    }

    #[track_caller]
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct App {
    face: ArmFace,
    keys: Arc<KeyRing>,
    clock: SimulatedClock,
    _folder: tempfile::TempDir,
}

fn principal(id: Uuid, kind: PrincipalKind, account: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id),
        kind,
        person: PersonId::new(id),
        domain: "DEMO".to_owned(),
        account: account.to_owned(),
        display_name: account.to_owned(),
        upn: None,
        enabled: true,
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
        store
            .transact(|tx| {
                Box::pin(async move {
                    tx.insert_principal(&principal(JEN, PrincipalKind::User, "jen")).await?;
                    tx.insert_principal(&principal(ROBOT, PrincipalKind::Service, "robot")).await
                })
            })
            .await
            .unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
        let clock = SimulatedClock::new(Timestamp::from_second(START).unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let seal = sealer(Arc::clone(&entropy));
        let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
        tokio::spawn(work);
        let vault = Arc::new(StoreVault::new(store, seal));
        let ports = KeyPorts {
            vault: vault.clone(),
            sealer: Sealer::new(&[1; 32]),
            clock: Arc::clone(&shared),
            entropy: Arc::clone(&entropy),
        };
        let settings = KeySettings { algorithm: Algorithm::EdDsa, ..KeySettings::default() };
        let keys = Arc::new(KeyRing::open(ports, settings).await.unwrap());
        let bearers = Bearers::new(Arc::clone(&keys), TokenRules::new(URL, TENANT, []), vault.clone());
        let ports = Ports { vault, journal: Arc::new(journal), clock: Arc::clone(&shared), entropy };
        let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
        let identity = Arc::new(Identity::new(ports, settings).unwrap().with_bearers(bearers));
        let options = Options {
            public_url: URL.to_owned(),
            tenant: TENANT,
            tenant_name: "Demo".to_owned(),
            domains: vec!["demo.example".to_owned()],
            cloud_name: "Ephor".to_owned(),
            subscriptions: vec![Subscription { id: SUBSCRIPTION, name: "First".to_owned() }],
            allowed_origins: Vec::new(),
            time_limit: std::time::Duration::from_secs(10),
        };
        Self { face: ArmFace::new(identity, shared, options), keys, clock, _folder: folder }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.set(self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap());
    }

    /// A token of jen for an hour, with these claims in place of the usual ones.
    pub(crate) async fn token(&self, changes: Value) -> String {
        let mut claims = json!({
            "iss": format!("{URL}/{TENANT}/v2.0"), "aud": URL, "tid": TENANT, "oid": JEN, "sub": "s",
            "iat": START, "nbf": START, "exp": START + 3600, "auth_time": START, "idtyp": "user",
            "scp": "user_impersonation", "appid": "04b0", "amr": ["pwd"], "uti": "u",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let until = Timestamp::from_second(START + 7200).unwrap();
        self.keys.sign(&claims, "JWT", until).await.unwrap()
    }

    /// A token of the application itself.
    pub(crate) async fn own_token(&self) -> String {
        self.token(json!({"oid": ROBOT, "scp": null, "idtyp": "app", "roles": []})).await
    }

    /// `GET` without a token.
    pub(crate) async fn anonymous(&self, target: &str) -> Reply {
        self.call(Method::GET, target, &[]).await
    }

    /// `GET` as jen.
    pub(crate) async fn get(&self, target: &str) -> Reply {
        let token = self.token(json!({})).await;
        self.presenting(target, &format!("Bearer {token}")).await
    }

    /// `GET` with this in `Authorization`.
    pub(crate) async fn presenting(&self, target: &str, authorization: &str) -> Reply {
        self.call(Method::GET, target, &[("authorization", authorization)]).await
    }

    pub(crate) async fn call(&self, method: Method, target: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(method).uri(target).extension(CallId(CALL));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.face.serve(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}
