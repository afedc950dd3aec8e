//! A served issuer with people and applications in it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_audit::{Record, events::Event as Catalogued};
use ephor_domain::{
    administration::AdministratorRole,
    application::{Application, Known, Permission, PermissionKind, Redirect, RedirectKind},
    authentication::{Method as Proving, Proofs},
    id::{ClientId, Id, PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::{
    Engine, Parts,
    admin::application::secret_hash,
    port::{Clock, Entropy, SeededEntropy, SimulatedClock},
};
use ephor_front::{Authority, Scheme};
use ephor_identity::{
    Basis, Identity, KeyPorts, KeyRing, KeySettings, Ports, Sealer, Settings as SignIn, StoreJournal, StoreVault,
    jose::Algorithm,
    password::{Cost, hash_password},
    record::sealer,
};
use ephor_issuer::{IssuerFace, Settings};
use ephor_store::{
    Location, Store, Tx,
    tx::{
        administrator::Administrator,
        application::{ApplicationKey, ApplicationRow, ApplicationSecret, Consent},
        credential::Credential,
    },
};
use http::{HeaderMap, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) const URL: &str = "https://ephor.example";
pub(crate) const BACK: &str = "https://app.example/back";
pub(crate) const SECRET: &str = "ephs_of-the-web-application";

pub(crate) fn tenant() -> Uuid {
    Uuid::from_u128(0x7e)
}

fn derived<Kind>(name: &str) -> Id<Kind> {
    Id::derived(Uuid::nil(), name)
}

pub(crate) fn who(name: &str) -> PrincipalId {
    derived(name)
}

pub(crate) fn client(name: &str) -> String {
    let id: ClientId = derived(&format!("client {name}"));
    id.to_string()
}

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

    /// Status, error and number.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String, u64) {
        let body = self.json();
        let word = body["error"].as_str().unwrap_or_else(|| panic!("no error: {}", self.text)).to_owned();
        (self.status.as_u16(), word, body["error_codes"][0].as_u64().unwrap())
    }

    /// Where it sends the browser.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::FOUND, "{}", self.text);
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// A parameter of the address it sends the browser to.
    #[track_caller]
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        let (_, query) = location.split_once(['?', '#'])?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

pub(crate) struct App {
    pub(crate) face: IssuerFace,
    pub(crate) store: Store,
    pub(crate) clock: SimulatedClock,
    pub(crate) identity: Arc<Identity>,
    _folder: tempfile::TempDir,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(|settings| settings.password_grant(true)).await
    }

    pub(crate) async fn with(settings: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
        let clock = SimulatedClock::new("2026-03-02T10:00:00Z".parse().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
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
        let settings_of_keys = KeySettings { algorithm: Algorithm::EdDsa, ..KeySettings::default() };
        let keys = Arc::new(KeyRing::open(keys, settings_of_keys).await.unwrap());
        let ports = Ports {
            vault: vault as _,
            journal: Arc::new(journal),
            clock: Arc::clone(&shared),
            entropy: Arc::clone(&entropy),
        };
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let identity = Arc::new(Identity::new(ports, SignIn { password_cost: cheap, ..SignIn::default() }).unwrap());
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: shared,
            entropy: Arc::clone(&entropy),
            targets: Vec::new(),
            mfa: None,
            notifier: None,
            signer: None,
            node: Uuid::from_u128(1),
        });
        furnish(&store, cheap, entropy.as_ref()).await;
        let face = IssuerFace::new(
            engine,
            Arc::clone(&identity),
            keys,
            settings(Settings::new(URL, tenant(), ["https://alias.example".to_owned()])),
        );
        Self { face, store, clock, identity, _folder: folder }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let to = self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        self.clock.set(to);
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Reply {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Authority { scheme: Scheme::Https, host: "ephor.example".to_owned() });
        let response = self.face.serve(Request::from_parts(parts, body)).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// `POST` of a form below `common`.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request =
            Request::post(format!("/common/{path}")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Reply {
        self.post("oauth2/v2.0/token", form, &[]).await
    }

    /// `GET` below `common`, by the browser of somebody or of nobody.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)], cookie: Option<&str>) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let mut request = Request::get(format!("/common/{path}?{query}"));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.call(request.body(Body::empty()).unwrap()).await
    }

    /// A browser in which somebody has signed in.
    pub(crate) async fn browser(&self, name: &str) -> String {
        let id = who(name);
        let principal = self.store.read(move |tx| Box::pin(tx.principal(id))).await.unwrap().unwrap();
        let proofs = Proofs::of(Proving::Password, self.clock.now());
        let session = self
            .identity
            .begin_session(principal, proofs, Basis::default(), "127.0.0.1".parse().unwrap(), None)
            .await
            .unwrap();
        format!("__Host-ephor={}", session.secret.expose_secret())
    }

    /// How often something is on record.
    pub(crate) async fn count(&self, event: Catalogued) -> usize {
        self.records().await.iter().filter(|record| record.event == event.id).count()
    }

    pub(crate) async fn records(&self) -> Vec<Record> {
        let pages = self.store.read(|tx| Box::pin(async move { tx.leaves(0, 10_000).await })).await.unwrap();
        let open = |stored: ephor_store::tx::audit::StoredLeaf| {
            ephor_audit::leaf::open(&stored.leaf.unwrap(), stored.erasable.as_deref()).unwrap().record
        };
        pages.into_iter().map(open).collect()
    }

    pub(crate) async fn change(
        &self,
        work: impl for<'t> Fn(&'t mut Tx) -> futures_util::future::BoxFuture<'t, Result<(), ephor_store::Fault>>
        + Send
        + Sync
        + 'static,
    ) {
        self.store.transact(work).await.unwrap();
    }
}

/// The claims of a token, unverified.
#[track_caller]
pub(crate) fn claims(token: &Value) -> Value {
    let token = token.as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A verifier and its challenge.
pub(crate) fn pkce() -> (String, String) {
    let verifier = "verifier-of-a-test-that-is-long-enough-0123456789".to_owned();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    (verifier, challenge)
}

fn person(name: &str, enabled: bool) -> Principal {
    Principal {
        id: who(name),
        kind: PrincipalKind::User,
        person: PersonId::new(who(name).uuid()),
        domain: "DEMO".to_owned(),
        account: name.to_owned(),
        display_name: name.to_owned(),
        upn: Some(format!("{name}@demo.test")),
        enabled,
    }
}

fn application(name: &str, public: bool, redirects: &[(RedirectKind, &str)], at: Timestamp) -> ApplicationRow {
    let client: ClientId = derived(&format!("client {name}"));
    let principal = Principal {
        kind: PrincipalKind::Service,
        domain: "app".to_owned(),
        account: client.to_string(),
        display_name: name.to_owned(),
        upn: None,
        ..person(name, true)
    };
    let redirects = redirects.iter().map(|(kind, uri)| Redirect::parse(*kind, uri).unwrap()).collect();
    ApplicationRow {
        application: Application { principal: principal.id, client, public, redirects, created: at },
        principal,
    }
}

/// jen; ada, who administers; off, who is disabled; the applications web (secret), page, tool, other (secret).
async fn furnish(store: &Store, cost: Cost, entropy: &dyn Entropy) {
    let at: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    let people = [person("jen", true), person("ada", true), person("off", false)];
    let hash = hash_password(&"correct horse battery".to_owned().into(), cost, entropy).unwrap();
    let apps = [
        application("web", false, &[(RedirectKind::Web, BACK)], at),
        application("other", false, &[(RedirectKind::Web, "https://other.example/back")], at),
        application("page", true, &[(RedirectKind::SinglePage, "https://page.example/")], at),
        application("tool", true, &[(RedirectKind::Native, "http://localhost")], at),
    ];
    store
        .transact(move |tx| {
            let (people, apps, hash) = (people.clone(), apps.clone(), hash.clone());
            Box::pin(async move {
                for person in &people {
                    tx.insert_principal(person).await?;
                    let hash = hash.clone();
                    tx.put_credential(&Credential { principal: person.id, hash, changed: at }).await?;
                }
                let template = AdministratorRole::Global.template();
                tx.insert_administrator(&Administrator {
                    principal: who("ada"),
                    template,
                    created: at,
                    created_by: None,
                })
                .await?;
                for app in &apps {
                    tx.insert_principal(&app.principal).await?;
                    tx.insert_application(app).await?;
                    let granted = ["User.Read", "user_impersonation", "Pam.Use"];
                    let scopes = granted.iter().filter_map(|name| Permission::scope(name));
                    let roles = [Permission::find(PermissionKind::AppRole, "Ephor.Admin").unwrap()];
                    for permission in scopes.chain(roles) {
                        let principal = app.principal.id;
                        tx.put_consent(&Consent { principal, permission, created: at, created_by: None }).await?;
                    }
                }
                for (number, (name, secret)) in [("web", SECRET), ("other", "ephs_other")].into_iter().enumerate() {
                    tx.insert_application_secret(&ApplicationSecret {
                        id: Id::new(Uuid::from_u128(number as u128 + 1)),
                        principal: who(name),
                        hash: secret_hash(&secret.to_owned().into()),
                        hint: String::new(),
                        label: String::new(),
                        created: at,
                        expires: at.saturating_add(SignedDuration::from_hours(240)).unwrap(),
                    })
                    .await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

/// A key of the web application, and what signs with it.
pub(crate) async fn add_key(app: &App) -> rcgen::KeyPair {
    let pair = rcgen::KeyPair::generate().unwrap();
    let read = ephor_identity::client_key::read(&pair.public_key_pem()).unwrap();
    let created = app.clock.now();
    app.change(move |tx| {
        let key = ApplicationKey {
            id: Id::new(Uuid::from_u128(0x99)),
            principal: who("web"),
            public_key: read.jwk.clone(),
            thumbprint: read.thumbprint.clone(),
            label: String::new(),
            created,
            expires: created.saturating_add(SignedDuration::from_hours(24)).unwrap(),
        };
        Box::pin(async move { tx.insert_application_key(&key).await })
    })
    .await;
    pair
}

/// The parameters of a code request of the web application.
pub(crate) fn order<'a>(client: &'a str, redirect: &'a str, challenge: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", client),
        ("redirect_uri", redirect),
        ("response_type", "code"),
        ("scope", "openid offline_access https://ephor.example/.default"),
        ("state", "s t"),
        ("nonce", "n"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

/// The known client of `az`.
pub(crate) fn az() -> String {
    Known::AzureCli.client().to_string()
}
