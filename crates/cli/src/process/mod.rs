//! A serving process: the engine, every face in front of it, and the routes of the process itself.
//!
//! `ephor serve` and `ephor demo` differ in what they put in here and in nothing behind it.

mod clock_route;
mod demo_route;
mod drain;
pub(crate) mod foundation;
pub(crate) mod keepsake;
pub(crate) mod key_file;
mod meters;
mod metrics;
mod notice;
pub(crate) mod open;
pub(crate) mod outside;
mod readiness;
mod routes;
mod signals;
pub(crate) mod signer;
pub(crate) mod tokens;
pub(crate) mod vouchers;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use ephor_engine::{
    AuditSigner, Engine, Parts,
    port::{Clock, Entropy, SimulatedClock, mfa::MfaProvider, notify::Notifier, target::TargetDirectory},
};
use ephor_face_admin::AdminFace;
use ephor_face_arm::ArmFace;
use ephor_face_graph::GraphFace;
use ephor_face_pam::PamFace;
use ephor_front::{Dispatcher, Limits, Owner, Server, Socket, network::Network, owner::OwnerTable};
use ephor_identity::{
    Bearers, Identity, KeyRing, Origin, Ports, SecondFactors, Settings, StoreJournal, StoreVault, TokenRules, Vault,
    bearer::Standing,
    directory::Site,
    factor::{self, PasskeyPlace},
    negotiate::{Negotiator, Realms},
    outside::{Links, OutsideIssuer},
    record::sealer,
    relying_party::{RelyingParty, RelyingPorts},
};
use ephor_issuer::IssuerFace;
use ephor_portal::Portal;
use ephor_store::Store;
use tokio::task::JoinSet;

pub(crate) use notice::LogNotifier;
pub(crate) use signals::Stop;

use self::{
    drain::Drained,
    meters::{Measured, Meters},
    routes::App,
};
use crate::exit::{Done, Failure};

/// What a process is made of.
pub(crate) struct Setup {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, when it stands still until told otherwise.
    pub(crate) simulated: Option<SimulatedClock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) targets: Vec<Arc<dyn TargetDirectory>>,
    pub(crate) mfa: Option<Arc<dyn MfaProvider>>,
    pub(crate) notifier: Arc<dyn Notifier>,
    pub(crate) signer: AuditSigner,
    pub(crate) sign_in: Settings,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) token_rules: TokenRules,
    /// Where people reach us.
    pub(crate) public_url: String,
    /// Outside issuers by the names they have here.
    pub(crate) issuers: BTreeMap<String, Arc<OutsideIssuer>>,
    /// Directories that check passwords.
    pub(crate) directories: Vec<Site>,
    /// Who judges Kerberos tickets, and of which realms.
    pub(crate) tickets: Option<(Arc<dyn Negotiator>, Realms)>,
    /// Where passkeys are made for.
    pub(crate) passkeys: Option<PasskeyPlace>,
    pub(crate) issuer: ephor_issuer::Settings,
    pub(crate) arm: ephor_face_arm::Options,
    pub(crate) owners: OwnerTable,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) public_origin: Option<Origin>,
    pub(crate) proxies: Vec<Network>,
    pub(crate) limits: Limits,
    /// Most calls of one caller a second; 0 is no limit.
    pub(crate) calls_per_second: u32,
    /// Has the routes below `/demo`.
    pub(crate) demo: bool,
}

/// A process that is ready to serve.
pub(crate) struct Process {
    engine: Engine,
    identity: Arc<Identity>,
    dispatcher: Dispatcher,
    journal: JoinSet<()>,
}

impl Process {
    /// Puts a process together; nothing runs yet but the writer of failed sign-ins.
    pub(crate) fn new(setup: Setup) -> Done<Self> {
        let seal = sealer(Arc::clone(&setup.entropy));
        let (sink, writer) = StoreJournal::new(setup.store.clone(), Arc::clone(&seal));
        let mut journal = JoinSet::new();
        journal.spawn(writer);
        let vault = Arc::new(StoreVault::new(setup.store.clone(), Arc::clone(&seal)));
        let ports = Ports {
            vault: Arc::clone(&vault) as Arc<dyn Vault>,
            journal: Arc::new(sink),
            clock: Arc::clone(&setup.clock),
            entropy: Arc::clone(&setup.entropy),
        };
        let first_by_password = setup.sign_in.first_factor_by_password;
        let sealing = setup.keys.sealer().clone();
        let identity =
            Identity::new(ports, setup.sign_in).map_err(|error| Failure::usage(format!("sign_in: {error}")))?;
        let party = RelyingPorts {
            links: Arc::clone(&vault) as Arc<dyn Links>,
            sealer: setup.keys.sealer().clone(),
            clock: Arc::clone(&setup.clock),
            entropy: Arc::clone(&setup.entropy),
        };
        let bearers = Bearers::new(Arc::clone(&setup.keys), setup.token_rules, Arc::clone(&vault) as Arc<dyn Standing>)
            .with_outside(setup.issuers.values().cloned(), vault);
        let party = RelyingParty::new(party, setup.issuers, &setup.public_url);
        let identity = identity.with_bearers(bearers).with_relying_party(party).with_directories(setup.directories);
        let identity = Arc::new(match setup.tickets {
            Some((negotiator, realms)) => identity.with_negotiator(negotiator, realms),
            None => identity,
        });
        let node = setup.entropy.guid();
        let engine = Engine::new(Parts {
            store: setup.store,
            clock: Arc::clone(&setup.clock),
            entropy: Arc::clone(&setup.entropy),
            targets: setup.targets,
            mfa: setup.mfa,
            notifier: Some(setup.notifier),
            signer: Some(setup.signer),
            node,
        });

        let factors = SecondFactors::new(factor::Parts {
            engine: engine.clone(),
            sealer: sealing,
            seal,
            place: setup.passkeys,
            first_by_password,
        })
        .map_err(|error| Failure::usage(format!("public_url: {error}")))?;

        let meters = Arc::new(Meters::default());
        let clock = setup.simulated;
        let drained = clock.as_ref().map(|_| Drained::new(engine.clone()));
        let pam = ephor_face_pam::Options {
            allowed_origins: setup.allowed_origins,
            public_origin: setup.public_origin.clone(),
            ..ephor_face_pam::Options::default()
        };
        let pam = PamFace::new(engine.clone(), Arc::clone(&identity), pam);
        let options = ephor_face_admin::Options::default();
        let admin = AdminFace::new(engine.clone(), Arc::clone(&identity), factors.clone(), &options);
        let options = ephor_portal::Options { public_origin: setup.public_origin, ..ephor_portal::Options::default() };
        let portal = Portal::new(engine.clone(), Arc::clone(&identity), factors, options);
        let issuer = IssuerFace::new(engine.clone(), Arc::clone(&identity), Arc::clone(&setup.keys), setup.issuer);
        let graph = ephor_face_graph::Options {
            public_url: setup.arm.public_url.clone(),
            tenant: setup.arm.tenant,
            tenant_name: setup.arm.tenant_name.clone(),
            domains: setup.arm.domains.clone(),
            allowed_origins: setup.arm.allowed_origins.clone(),
            time_limit: setup.arm.time_limit,
            calls_per_second: setup.calls_per_second,
        };
        let graph = GraphFace::new(engine.clone(), Arc::clone(&identity), graph);
        let arm = ArmFace::new(engine.clone(), Arc::clone(&identity), setup.arm);
        let own = routes::router(App {
            issuer: issuer.clone(),
            engine: engine.clone(),
            identity: Arc::clone(&identity),
            meters: Arc::clone(&meters),
            clock,
            demo: setup.demo,
            turn: Arc::default(),
        });

        let entropy = setup.entropy;
        let measured = |owner: Owner| Measured::new(owner, Arc::clone(&meters));
        let dispatcher = Dispatcher::builder(Arc::new(move || entropy.ordered_guid(setup.clock.now())))
            .owners(setup.owners)
            .proxies(setup.proxies)
            .limits(setup.limits)
            .face(Owner::Pam, measured(Owner::Pam).around(drain::around(drained.as_ref(), pam)))
            .face(Owner::Admin, measured(Owner::Admin).around(drain::around(drained.as_ref(), admin)))
            .face(Owner::Portal, measured(Owner::Portal).around(drain::around(drained.as_ref(), portal)))
            .face(Owner::Issuer, measured(Owner::Issuer).around(issuer))
            .face(Owner::Graph, measured(Owner::Graph).around(drain::around(drained.as_ref(), graph)))
            .face(Owner::Arm, measured(Owner::Arm).around(drain::around(drained.as_ref(), arm)))
            .face(Owner::Process, measured(Owner::Process).around(own))
            .build();
        Ok(Self { engine, identity, dispatcher, journal })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Serves until `stop` completes, then ends in order: calls, workers, journal, store.
    pub(crate) async fn serve(self, sockets: Vec<Socket>, stop: Stop) {
        let Self { engine, identity, dispatcher, mut journal } = self;
        let workers = engine.run();
        let mut counting = JoinSet::new();
        counting.spawn(settle_sign_ins(Arc::clone(&identity), Arc::clone(engine.clock())));
        let server = sockets.into_iter().fold(Server::new(dispatcher), Server::listen);
        let stopped = server.run(stop.ordered()).await;
        if stopped.cut > 0 {
            tracing::warn!(connections = stopped.cut, "cut connections whose calls went on too long");
        }
        workers.stop().await;
        counting.shutdown().await;
        let store = engine.store().clone();
        drop((engine, identity));
        // The journal ends by itself once nobody can write to it any more; a store that is gone must not hold us up.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), async {
            while journal.join_next().await.is_some() {}
        })
        .await;
        store.close().await;
        tracing::info!("stopped");
    }
}

/// Hands over the counts of failed sign-ins when their minute is over, and sees to the keys that sign tokens.
async fn settle_sign_ins(identity: Arc<Identity>, clock: Arc<dyn Clock>) {
    // Counts are due a minute after the first failure, keys long before their use; nobody waits for them.
    const LOOK: std::time::Duration = std::time::Duration::from_secs(5);
    loop {
        tokio::time::sleep(LOOK).await;
        if identity.due().is_some_and(|due| due <= clock.now()) {
            identity.settle().await;
        }
    }
}

/// Addresses as they are bound, e.g. for outgoing calls that must not come back to us.
pub(crate) fn addresses(sockets: &[Socket]) -> Vec<SocketAddr> {
    sockets.iter().map(Socket::local_address).collect()
}
