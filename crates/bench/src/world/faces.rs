//! The faces of a tenant behind HTTP, with signed tokens as their callers bring them.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use ephor_domain::id::PrincipalId;
use ephor_engine::{
    Engine,
    port::{Clock, Entropy, SystemClock, SystemEntropy, target::TargetDirectory},
};
use ephor_face_admin::AdminFace;
use ephor_face_arm::ArmFace;
use ephor_face_graph::GraphFace;
use ephor_front::{Dispatcher, Owner};
use ephor_identity::{
    Bearers, Identity, KeyPorts, KeyRing, KeySettings, Ports, Sealer, SecondFactors, Settings, StoreJournal,
    StoreVault, TokenRules, factor, record::sealer,
};
use ephor_store::Store;
use jiff::SignedDuration;
use serde_json::json;

use super::{
    scratch,
    served::Served,
    tenant::{TENANT, Tenant},
};

/// Where the tenant says it is.
const URL: &str = "https://ephor.example";
/// All that the benchmarks call.
const SCOPES: &str = "user_impersonation Ephor.Admin Directory.Read.All RoleManagement.ReadWrite.Directory \
                      RoleEligibilitySchedule.ReadWrite.Directory RoleAssignmentSchedule.ReadWrite.Directory \
                      PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup";

/// A running tenant.
pub struct Faces {
    /// The server.
    pub served: Served,
    /// Its engine.
    pub engine: Engine,
    keys: Arc<KeyRing>,
}

impl Faces {
    /// Serves Graph, ARM and the admin face over `store`.
    ///
    /// # Errors
    /// When no port is free; faults of the store.
    pub async fn start(store: &Store, targets: Vec<Arc<dyn TargetDirectory>>) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let engine = scratch::engine(store, Arc::clone(&clock), targets);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let seal = sealer(Arc::clone(&entropy));
        let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
        let vault = Arc::new(StoreVault::new(store.clone(), Arc::clone(&seal)));
        // The same for every run, so that copies of a store know the tokens of the first.
        let lock = Sealer::new(&[7; 32]);
        let ports = KeyPorts {
            vault: vault.clone(),
            sealer: lock.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        };
        let keys = Arc::new(KeyRing::open(ports, KeySettings::default()).await?);
        let bearers = Bearers::new(Arc::clone(&keys), TokenRules::new(URL, TENANT, []), vault.clone());
        let ports = Ports { vault, journal: Arc::new(journal), clock, entropy: Arc::clone(&entropy) };
        let identity = Arc::new(Identity::new(ports, Settings::default())?.with_bearers(bearers));
        let parts = factor::Parts { engine: engine.clone(), sealer: lock, seal, place: None, first_by_password: false };
        let factors = SecondFactors::new(parts)?;
        let time_limit = Duration::from_secs(30);
        let graph = ephor_face_graph::Options {
            public_url: URL.to_owned(),
            tenant: TENANT,
            tenant_name: "Bench".to_owned(),
            domains: vec!["bench.test".to_owned()],
            allowed_origins: Vec::new(),
            time_limit,
            calls_per_second: 0,
        };
        let arm = ephor_face_arm::Options {
            public_url: URL.to_owned(),
            tenant: TENANT,
            tenant_name: "Bench".to_owned(),
            domains: vec!["bench.test".to_owned()],
            cloud_name: "bench".to_owned(),
            page_size: 100,
            allowed_origins: Vec::new(),
            time_limit,
        };
        let options = ephor_face_admin::Options::default();
        let dispatcher = Dispatcher::builder(Arc::new(move || entropy.guid()))
            .face(Owner::Graph, GraphFace::new(engine.clone(), Arc::clone(&identity), graph))
            .face(Owner::Arm, ArmFace::new(engine.clone(), Arc::clone(&identity), arm))
            .face(Owner::Admin, AdminFace::new(engine.clone(), identity, factors, &options))
            .build();
        let served = Served::listen(&engine, dispatcher, tokio::spawn(work)).await?;
        Ok(Self { served, engine, keys })
    }

    /// A token of a person who has just signed in with two factors, with the keys that a product signs with (RS256).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn token(&self, principal: PrincipalId) -> Result<String> {
        let now = self.engine.now();
        let (begins, ends) = (now.as_second(), now.as_second() + 3600);
        let claims = json!({
            "iss": format!("{URL}/{TENANT}/v2.0"), "aud": URL, "tid": TENANT, "oid": principal, "sub": principal,
            "iat": begins, "nbf": begins, "exp": ends, "auth_time": begins, "idtyp": "user", "name": "User",
            "preferred_username": "user@bench.test", "scp": SCOPES, "appid": uuid::Uuid::from_u128(3),
            "amr": ["pwd", "mfa"], "sid": Tenant::token_family(principal), "uti": "AAAAAAAAAAAAAAAAAAAAAA", "ver": "2.0",
        });
        Ok(self.keys.sign(&claims, "JWT", now + SignedDuration::from_hours(1)).await?)
    }

    /// Stops all of it and closes the store.
    ///
    /// # Errors
    /// When the server panicked.
    pub async fn stop(self) -> Result<()> {
        drop(self.engine);
        self.served.stop().await
    }
}
