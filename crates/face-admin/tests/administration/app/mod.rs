//! A whole server on a simulated clock, furnished through the engine's own commands, with named callers.

mod caller;
mod target;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ephor_audit::{Actor as RecordedActor, Record, Sealed, events, key::SigningKey};
use ephor_domain::{
    administration::AdministratorRole,
    approval::Verdict,
    authentication::Methods,
    id::{ApiTokenId, Id, PersonId, PrincipalId, TargetId},
    pam::PamStatus,
    principal::{Actor, Delegation, Principal, PrincipalKind, Proof},
    request::Channel,
    text::Name,
};
use ephor_engine::{
    AuditSigner, Engine,
    admin::{
        administrator::Appoint,
        group::NewGroup,
        role::CreateRole,
        target::{Configured, Mode},
        user::NewUser,
    },
    pam::{PamRequest, create::NewRequest},
    port::{Clock, Entropy, SeededEntropy, SimulatedClock},
};
use ephor_face_admin::{AdminFace, Options};
use ephor_identity::{
    Event, Identity, Journal, Ports, Sealer, SecondFactors, Settings, StoreVault,
    factor::Parts,
    password::Cost,
    secret::{Purpose, SecretHash},
};
use ephor_store::{Fault, Location, Store, Tx, tx::token::ApiToken};
use ephor_testkit::{
    available_or_skip,
    postgres::{Database, Postgres},
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

pub(crate) use caller::Caller;
pub(crate) use target::StubTarget;

/// Where a server's store is, kept as long as the server.
enum Home {
    Folder(tempfile::TempDir),
    Database(Database),
}

/// A running server.
pub(crate) struct App {
    home: Home,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) clock: SimulatedClock,
    pub(crate) target: Arc<StubTarget>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) factors: SecondFactors,
    face: AdminFace,
    ids: BTreeMap<String, Uuid>,
}

/// Plays a scenario on SQLite and on PostgreSQL, each on a fresh server.
pub(crate) async fn on_both(scenario: impl AsyncFn(&mut App)) {
    let folder = tempfile::tempdir().unwrap();
    let mut app = App::start(Home::Folder(folder)).await;
    scenario(&mut app).await;
    app.finish().await;
    if let Some(database) = available_or_skip(Postgres::database()) {
        let mut app = App::start(Home::Database(database)).await;
        scenario(&mut app).await;
        app.finish().await;
    }
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_7220_6164_6d69_6e20_7465_7374);

impl App {
    async fn start(home: Home) -> Self {
        let location = match &home {
            Home::Folder(folder) => Location::Sqlite(folder.path().join("store.db")),
            Home::Database(database) => database.url().parse().unwrap(),
        };
        let store = Store::open(&location).await.unwrap();
        let clock = SimulatedClock::new("2030-06-03T12:00:00Z".parse().unwrap());
        let target = Arc::new(StubTarget::new(TargetId::derived(NAMESPACE, "outside")));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let key = SigningKey::from_seed("ephor.test", [7; 32]).unwrap();
        let engine = Engine::new(ephor_engine::Parts {
            store: store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::clone(&entropy),
            targets: vec![target.clone()],
            mfa: None,
            notifier: None,
            signer: Some(AuditSigner { origin: "ephor.test".to_owned(), key: Arc::new(key) }),
            node: Uuid::from_u128(1),
        });
        let identity = Arc::new(identity(&store, Arc::new(clock.clone()), entropy));
        let parts = Parts {
            engine: engine.clone(),
            sealer: Sealer::new(&[7; 32]),
            seal: Arc::new(seal),
            place: None,
            first_by_password: false,
        };
        let factors = SecondFactors::new(parts).unwrap();
        let face = AdminFace::new(engine.clone(), Arc::clone(&identity), factors.clone(), &Options::default());
        let mut app = Self { home, store, engine, clock, target, identity, factors, face, ids: BTreeMap::new() };
        app.furnish().await;
        app
    }

    /// The people, groups and roles of the conformance checklist, and one administrator of each kind.
    async fn furnish(&mut self) {
        self.engine.name_priv_domain("PRIV").await.unwrap();
        let built_in = TargetId::derived(NAMESPACE, "built-in");
        self.ids.insert("built-in".to_owned(), built_in.uuid());
        self.ids.insert("outside".to_owned(), self.target.id().uuid());
        let configured = |id, name: &str, kind: &str, built_in| Configured {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            built_in,
            mode: Mode::ReportOnly,
        };
        self.engine.register_target(configured(built_in, "built-in", "built-in", true)).await.unwrap();
        let outside = configured(self.target.id(), "directory", "ldap", false);
        let ada = self.engine.init_administrator("ada", false).await.unwrap().principal;
        self.ids.insert("ada".to_owned(), ada.id.uuid());
        self.token("ada").await;
        for (name, role) in [
            ("padm", Some(AdministratorRole::Pam)),
            ("tadm", Some(AdministratorRole::Target)),
            ("aud", Some(AdministratorRole::Auditor)),
            ("eve", None),
        ] {
            let principal = self.account(name).await;
            self.token(name).await;
            if let Some(role) = role {
                self.engine.administer(&self.actor("ada").await, Appoint { principal, role }).await.unwrap();
            }
        }
        for name in ["jen", "pat", "sam", "off"] {
            self.user(name).await;
            self.token(name).await;
        }
        for name in ["g0", "g1", "shared"] {
            self.group(name).await;
        }
        // From here on there is an outside directory too; what is above lives in the built-in one.
        self.engine.register_target(outside).await.unwrap();
        self.role("R0", &["jen"], &[], &["g0", "shared"]).await;
        self.role("R1", &["jen", "sam"], &["pat", "sam"], &["g1", "shared"]).await;
    }

    /// Nothing may be left undone.
    async fn finish(self) {
        self.engine.drain().await.unwrap();
        self.store.close().await;
        drop(self.home);
    }

    /// An account that is no PAM user.
    async fn account(&mut self, name: &str) -> PrincipalId {
        let id = PrincipalId::derived(NAMESPACE, name);
        let principal = Principal {
            id,
            kind: PrincipalKind::User,
            person: PersonId::derived(NAMESPACE, &format!("person {name}")),
            domain: "PRIV".to_owned(),
            account: name.to_owned(),
            display_name: name.to_owned(),
            upn: None,
            enabled: true,
        };
        self.write(move |tx| {
            let principal = principal.clone();
            Box::pin(async move { tx.insert_principal(&principal).await })
        })
        .await;
        self.ids.insert(name.to_owned(), id.uuid());
        id
    }

    /// A PRIV-only PAM user.
    async fn user(&mut self, name: &str) {
        let new = NewUser {
            source_domain: "PRIV".to_owned(),
            source_account: name.to_owned(),
            priv_only: true,
            enabled: name != "off",
            ..NewUser::default()
        };
        let user = self.engine.create_user(&self.actor("ada").await, new).await.unwrap();
        self.ids.insert(name.to_owned(), user.user.id.uuid());
    }

    /// A group of the built-in directory.
    async fn group(&mut self, name: &str) {
        let new = NewGroup {
            source_group: name.to_owned(),
            source_domain: "PRIV".to_owned(),
            priv_only: true,
            ..NewGroup::default()
        };
        let group = self.engine.create_group(&self.actor("ada").await, new).await.unwrap();
        self.ids.insert(name.to_owned(), group.id.uuid());
    }

    /// A role; one with approvers needs approval.
    async fn role(&mut self, name: &str, candidates: &[&str], approvers: &[&str], privileges: &[&str]) {
        let new = CreateRole {
            candidates: candidates.iter().map(|name| self.typed(name)).collect(),
            approvers: approvers.iter().map(|name| self.typed(name)).collect(),
            privileges: privileges.iter().map(|name| self.typed(name)).collect(),
            approval: !approvers.is_empty(),
            ..CreateRole::named(Name::parse(name).unwrap())
        };
        let role = self.engine.administer(&self.actor("ada").await, new).await.unwrap();
        self.ids.insert(name.to_owned(), role.role.id.uuid());
    }

    /// An API token `eph_NAME` that opens everything and outlives every scenario.
    pub(crate) async fn token(&self, name: &str) {
        let token = ApiToken {
            id: ApiTokenId::derived(NAMESPACE, name),
            principal: self.typed(name),
            hash: SecretHash::of(Purpose::ApiToken, &secret(name)).as_bytes().to_vec(),
            scopes: vec!["Ephor.Admin".to_owned(), "Pam.Use".to_owned()],
            label: name.to_owned(),
            created: self.clock.now(),
            expires: "2040-01-01T00:00:00Z".parse().unwrap(),
            revoked: None,
        };
        self.write(move |tx| {
            let token = token.clone();
            Box::pin(async move { tx.insert_api_token(&token).await })
        })
        .await;
    }

    /// The id of something that was furnished.
    #[track_caller]
    pub(crate) fn id(&self, name: &str) -> Uuid {
        *self.ids.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    #[track_caller]
    pub(crate) fn typed<Kind>(&self, name: &str) -> Id<Kind> {
        Id::new(self.id(name))
    }

    /// Gives an id a name.
    pub(crate) fn call(&mut self, name: &str, id: &serde_json::Value) {
        self.ids.insert(name.to_owned(), id.as_str().unwrap().parse().unwrap());
    }

    /// Somebody at the keyboard.
    pub(crate) async fn actor(&self, name: &str) -> Actor {
        let principal = self.principal(name).await;
        Actor {
            principal: principal.id,
            person: principal.person,
            address: None,
            proof: Proof::Person,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        }
    }

    pub(crate) async fn principal(&self, name: &str) -> Principal {
        let id: PrincipalId = self.typed(name);
        self.read(move |tx| Box::pin(async move { tx.principal(id).await })).await.unwrap()
    }

    /// Somebody with his API token.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        Caller::with_token(self.face.clone(), &format!("eph_{name}"))
    }

    /// Nobody.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::stranger(self.face.clone())
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    ) -> T {
        self.store.read(query).await.unwrap()
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        command: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    ) -> T {
        self.store.transact(command).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass, visiting every due instant on the way.
    pub(crate) async fn advance(&self, by: SignedDuration) {
        let to = self.clock.now().checked_add(by).unwrap();
        self.engine.advance(&self.clock, to).await.unwrap();
    }

    /// Somebody asks for a role.
    pub(crate) async fn ask(&self, who: &str, role: &str, ttl: u64) -> PamRequest {
        let new =
            NewRequest { role: self.typed(role), ttl, start: None, justification: None, channel: Channel::PamRest };
        self.engine.pam_create(&self.actor(who).await, new).await.unwrap()
    }

    /// Somebody decides on what waits for him.
    pub(crate) async fn decide(&self, who: &str, verdict: Verdict) {
        let actor = self.actor(who).await;
        let waiting = self.engine.pam_to_approve(&actor, None, 10).await.unwrap().rows;
        self.engine.pam_decide(&actor, waiting[0].approval.id, verdict, None).await.unwrap();
    }

    /// Where a request stands now.
    pub(crate) async fn status(&self, request: &PamRequest) -> PamStatus {
        let (id, now) = (request.request.id, self.clock.now());
        let case = self.read(move |tx| Box::pin(async move { tx.request_case(id).await })).await.unwrap();
        PamRequest::at(case.request, case.grant, now).view.status
    }

    /// True when the built-in directory has the user in the group now.
    pub(crate) async fn is_member(&self, user: &str, group: &str) -> bool {
        let (user, group, now) = (self.typed(user), self.typed(group), self.clock.now());
        self.read(move |tx| Box::pin(async move { tx.is_member(group, user, now).await })).await
    }

    /// The records so far, in order.
    pub(crate) async fn records(&self) -> Vec<Record> {
        self.number().await;
        let leaves = self.read(|tx| Box::pin(async move { tx.leaves(0, 10_000).await })).await;
        let open = |leaf: ephor_store::tx::audit::StoredLeaf| {
            ephor_audit::leaf::open(&leaf.leaf.unwrap(), leaf.erasable.as_deref()).unwrap().record
        };
        leaves.into_iter().map(open).collect()
    }

    /// Numbers every leaf. On PostgreSQL a leaf waits for older transactions of the whole cluster, other tests' among them.
    pub(crate) async fn number(&self) {
        let Home::Database(database) = &self.home else { return };
        for _ in 0..1000 {
            self.engine.number_leaves().await.unwrap();
            let left = "SELECT count(*) FROM leaf l WHERE NOT EXISTS \
                        (SELECT 1 FROM leaf_number n WHERE n.xid = l.xid AND n.seq = l.seq)";
            if database.sql(left).unwrap().trim() == "0" {
                return;
            }
        }
        panic!("leaves stay without a number");
    }

    /// Event numbers of the records that came since there were `before` of them.
    pub(crate) async fn events_since(&self, before: usize) -> Vec<u16> {
        self.records().await.into_iter().skip(before).map(|record| record.event).collect()
    }
}

fn secret(name: &str) -> SecretString {
    format!("eph_{name}").into()
}

/// The front door over the store.
fn identity(store: &Store, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Identity {
    let vault = Arc::new(StoreVault::new(store.clone(), Arc::new(seal)));
    let settings = Settings { password_cost: Cost::LEAST, hash_workers: 1, ..Settings::default() };
    Identity::new(Ports { vault, journal: Arc::new(Nobody), clock, entropy }, settings).unwrap()
}

fn seal(event: &Event) -> Sealed {
    Record::new(event.at, events::SIGNED_IN, RecordedActor::Anonymous).seal([0; 16])
}

struct Nobody;

impl Journal for Nobody {
    fn note(&self, _: Event) {}
}

/// Where test calls come from.
pub(crate) const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
