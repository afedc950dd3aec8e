//! An engine over a store, with stub targets, a clock that is told to move, and named callers.
//!
//! ```no_run
//! # use ephor_testkit::world::{Options, Role, for_both_stores, minutes};
//! # async fn test() {
//! for_both_stores(&Options::default(), async |world| {
//!     world.people(&["jen"]).await;
//!     world.group("G0", "ldap").await;
//!     world.role(Role::new("R0").gives(&["G0"]).candidates(&["jen"])).await;
//!     let asked = world.caller("jen").ask("R0", 3600).await.unwrap();
//!     assert!(world.target("ldap").has("G0", "jen"));
//!     world.advance(minutes(60)).await;
//!     assert!(!world.target("ldap").has("G0", "jen"));
//! })
//! .await;
//! # }
//! ```
//!
//! After each story the audit log is verified, every state row's leaf is looked for, and no membership may be left that
//! nobody owes.

mod caller;
mod check;
mod people;
mod seed;
mod target;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ephor_domain::id::{Id, TargetId};
use ephor_engine::engine::Parts;
use ephor_engine::port::target::TargetDirectory;
use ephor_engine::port::{Clock, SeededEntropy, SimulatedClock, SystemClock};
use ephor_engine::{Engine, Workers};
use ephor_store::{Location, Store};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub use self::caller::{Caller, approval_of};
pub use self::people::{Notices, StubMfa};
pub use self::seed::{BUILT_IN, Role};
pub use self::target::{Point, StubTarget, Trouble, Written, account_native, group_native};
use crate::WorkDir;
use crate::postgres::{Cluster, ClusterOptions, Database, Postgres};

/// Random numbers of a story: the same for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice whose whole future follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }

    /// True one time in so many.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(at).expect("something to pick from")
    }
}

/// Where the ids of named things come from.
const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_7465_7374_6b74);

/// The id of a named thing: the same in every world.
#[must_use]
pub fn id<Kind>(name: &str) -> Id<Kind> {
    Id::derived(NAMESPACE, name)
}

/// So many seconds.
#[must_use]
pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// So many minutes.
#[must_use]
pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// `small`, or `large` where `EPHOR_LONG=1` asks for the long run.
#[must_use]
pub fn long<T>(small: T, large: T) -> T {
    if std::env::var("EPHOR_LONG").is_ok_and(|value| value == "1") { large } else { small }
}

/// The two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of the stub targets.
    pub targets: Vec<String>,
    /// The machine's clock and running workers, instead of a clock that is told to move.
    pub real_clock: bool,
    /// PostgreSQL: a cluster of its own, to stop and crash.
    pub own_cluster: bool,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { targets: vec!["ldap".to_owned()], real_clock: false, own_cluster: false, seed: 1 }
    }
}

impl Options {
    /// On the machine's clock, with running workers.
    #[must_use]
    pub fn real() -> Self {
        Self { real_clock: true, ..Self::default() }
    }

    /// With these stub targets.
    #[must_use]
    pub fn with_targets(mut self, names: &[&str]) -> Self {
        self.targets = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }
}

#[derive(Debug)]
enum Home {
    File { _kept: WorkDir },
    Server { database: Database, own: Option<Arc<Cluster>> },
}

/// An engine and all that is around it.
pub struct World {
    kind: StoreKind,
    location: Location,
    store: Store,
    clock: Arc<dyn Clock>,
    simulated: Option<SimulatedClock>,
    stubs: BTreeMap<String, Arc<StubTarget>>,
    outside: Vec<Arc<dyn TargetDirectory>>,
    mfa: Arc<StubMfa>,
    notices: Arc<Notices>,
    entropy: AtomicU64,
    engine: Engine,
    workers: Option<Workers>,
    home: Home,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("kind", &self.kind).field("location", &self.location).finish_non_exhaustive()
    }
}

/// Tells the story in a world on SQLite and, beside it, in one on PostgreSQL, and checks each world afterwards.
///
/// # Panics
/// When the story does, or the world is not as it should be afterwards.
pub async fn for_both_stores(options: &Options, story: impl AsyncFn(&mut World)) {
    tokio::join!(for_store(StoreKind::Sqlite, options, &story), for_store(StoreKind::Postgres, options, &story));
}

/// Tells the story in a world on one of the stores, and checks the world afterwards.
///
/// # Panics
/// When the story does, or the world is not as it should be afterwards.
pub async fn for_store(kind: StoreKind, options: &Options, story: impl AsyncFn(&mut World)) {
    let Some(mut world) = World::open(kind, options).await else { return };
    let named = Named(kind);
    story(&mut world).await;
    world.verify().await;
    world.close().await;
    std::mem::forget(named);
}

/// Says on which store a story failed.
struct Named(StoreKind);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "speaks to the reader of a failed test")]
    fn drop(&mut self) {
        static SAID: AtomicBool = AtomicBool::new(false);
        // The other world falls with the first.
        if !SAID.swap(true, Ordering::Relaxed) {
            eprintln!("this was on {:?}", self.0);
        }
    }
}

/// When the simulated clock of a world starts.
///
/// # Panics
/// Never.
#[must_use]
pub fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().expect("an instant")
}

impl World {
    /// A world over a fresh store; `None` where PostgreSQL is not installed.
    ///
    /// # Panics
    /// When something does not start.
    pub async fn open(kind: StoreKind, options: &Options) -> Option<Self> {
        if std::env::var_os("RUST_LOG").is_some() {
            let filter = tracing_subscriber::EnvFilter::from_default_env();
            // A second world of the same test finds it set.
            let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        }
        let (home, location) = match kind {
            StoreKind::Sqlite => {
                let home = WorkDir::new("world").expect("a work directory");
                let location = Location::Sqlite(home.join("store.db"));
                (Home::File { _kept: home }, location)
            }
            StoreKind::Postgres => {
                let (database, cluster) = if options.own_cluster {
                    let cluster = crate::available_or_skip(Cluster::start(&ClusterOptions::default()))?;
                    let cluster = Arc::new(cluster);
                    (cluster.database().expect("a database"), Some(cluster))
                } else {
                    (crate::available_or_skip(Postgres::database())?, None)
                };
                let location = Location::Postgres(database.url().to_owned());
                (Home::Server { database, own: cluster }, location)
            }
        };
        let store = Store::open(&location).await.expect("a store");
        let simulated = (!options.real_clock).then(|| SimulatedClock::new(start()));
        let clock: Arc<dyn Clock> = match &simulated {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock::default()),
        };
        let stub = |name: &String| (name.clone(), Arc::new(StubTarget::new(id(name), Arc::clone(&clock))));
        let stubs: BTreeMap<_, _> = options.targets.iter().map(stub).collect();
        let (mfa, notices) = (Arc::new(StubMfa::default()), Arc::new(Notices::default()));
        let entropy = AtomicU64::new(options.seed.wrapping_mul(1 << 20));
        let around = Around { clock: &clock, stubs: &stubs, outside: &[], mfa: &mfa, notices: &notices };
        let engine = around.engine(store.clone(), &entropy);
        let (outside, workers) = (Vec::new(), None);
        let world = Self {
            kind,
            location,
            store,
            clock,
            simulated,
            stubs,
            outside,
            mfa,
            notices,
            entropy,
            engine,
            workers,
            home,
        };
        world.seed_targets().await;
        Some(world)
    }

    /// Which store it is on.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where the store is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// A stub target.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn target(&self, name: &str) -> &Arc<StubTarget> {
        self.stubs.get(name).expect("a stub target of this name")
    }

    /// What puts challenges.
    #[must_use]
    pub fn mfa(&self) -> &StubMfa {
        &self.mfa
    }

    /// What was told to people.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// A person at the keyboard.
    #[must_use]
    pub fn caller(&self, name: &str) -> Caller {
        Caller::new(self.engine.clone(), name)
    }

    /// A person at another engine.
    #[must_use]
    pub fn caller_at(&self, engine: &Engine, name: &str) -> Caller {
        Caller::new(engine.clone(), name)
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The simulated clock.
    ///
    /// # Panics
    /// In a world on the machine's clock.
    #[must_use]
    pub fn clock(&self) -> &SimulatedClock {
        self.simulated.as_ref().expect("a world with a simulated clock")
    }

    /// Lets time pass, with everything that is due on the way.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn advance(&self, by: SignedDuration) {
        let to = self.now().checked_add(by).expect("an instant");
        self.engine.advance(self.clock(), to).await.expect("a store that answers");
    }

    /// Lets time pass with every worker dead.
    ///
    /// # Panics
    /// In a world on the machine's clock.
    pub fn pass_unnoticed(&self, by: SignedDuration) {
        self.clock().set(self.now().checked_add(by).expect("an instant"));
    }

    /// Adds a target that is no stub.
    pub fn add_outside(&mut self, target: Arc<dyn TargetDirectory>) {
        self.outside.push(target);
        self.engine = self.another_engine(self.store.clone());
    }

    /// The operator takes a stub target out of the configuration; the engine starts anew without it.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn forget_target(&mut self, name: &str) -> Arc<StubTarget> {
        let stub = self.stubs.remove(name).expect("a stub target of this name");
        self.restart();
        stub
    }

    /// The operator puts a target back.
    pub fn remember_target(&mut self, name: &str, stub: Arc<StubTarget>) {
        self.stubs.insert(name.to_owned(), stub);
        self.restart();
    }

    /// Starts the workers.
    pub fn run(&mut self) {
        self.workers = Some(self.engine.run());
    }

    /// Stops the workers in good order.
    pub async fn stop(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }

    /// The workers are gone in the middle of whatever they did.
    pub fn kill(&mut self) {
        self.workers = None;
    }

    /// The engine is gone in the middle of whatever it did; a new one starts over the same store and targets.
    pub fn restart(&mut self) {
        let was_running = self.workers.take().is_some();
        self.engine = self.another_engine(self.store.clone());
        if was_running {
            self.run();
        }
    }

    /// Closes the store and opens it again, under a new engine.
    ///
    /// # Panics
    /// When the store does not open.
    pub async fn reopen(&mut self) {
        let was_running = self.workers.take().is_some();
        self.store.close().await;
        self.store = Store::open(&self.location).await.expect("the store again");
        self.engine = self.another_engine(self.store.clone());
        if was_running {
            self.run();
        }
    }

    /// One more engine over `store`, around it the same world: another node, when the store is another handle.
    #[must_use]
    pub fn another_engine(&self, store: Store) -> Engine {
        let around = Around {
            clock: &self.clock,
            stubs: &self.stubs,
            outside: &self.outside,
            mfa: &self.mfa,
            notices: &self.notices,
        };
        around.engine(store, &self.entropy)
    }

    /// A second handle on the store: what another node has.
    ///
    /// # Panics
    /// When it does not open; on SQLite.
    pub async fn another_store(&self) -> Store {
        Store::open(&self.location).await.expect("a second handle on the store")
    }

    /// The cluster of this world alone.
    ///
    /// # Panics
    /// Unless [`Options::own_cluster`] was asked for, on PostgreSQL.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        let own = match &self.home {
            Home::Server { own, .. } => own.as_ref(),
            Home::File { .. } => None,
        };
        own.expect("a cluster of its own")
    }

    /// Runs SQL at the server, behind the engine's back.
    ///
    /// # Panics
    /// When it fails; on SQLite.
    #[must_use]
    pub fn sql(&self, statements: &str) -> String {
        let database = match &self.home {
            Home::Server { database, .. } => Some(database),
            Home::File { .. } => None,
        };
        database.expect("a server").sql(statements).expect("statements that run")
    }

    /// Waits, in real time, until `condition` holds.
    ///
    /// # Panics
    /// When it does not within `limit`.
    pub async fn until(&self, limit: std::time::Duration, what: &str, condition: impl AsyncFn() -> bool) {
        const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(10);
        let waited = tokio::time::timeout(limit, async {
            while !condition().await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        assert!(waited.await.is_ok(), "not within {limit:?}: {what}");
    }

    /// Closes the store.
    pub async fn close(&mut self) {
        self.stop().await;
        self.store.close().await;
    }

    /// Leaves that are committed, numbered or not, where they are two things.
    fn written_leaves(&self) -> Option<u64> {
        match &self.home {
            Home::File { .. } => None,
            Home::Server { database, .. } => {
                let count = database.sql("SELECT count(*) FROM leaf").expect("a server that answers");
                Some(count.trim().parse().expect("a number"))
            }
        }
    }

    fn target_ids(&self) -> impl Iterator<Item = (&str, TargetId)> {
        self.stubs.iter().map(|(name, stub)| (name.as_str(), stub.id()))
    }
}

struct Around<'w> {
    clock: &'w Arc<dyn Clock>,
    stubs: &'w BTreeMap<String, Arc<StubTarget>>,
    outside: &'w [Arc<dyn TargetDirectory>],
    mfa: &'w Arc<StubMfa>,
    notices: &'w Arc<Notices>,
}

impl Around<'_> {
    fn engine(&self, store: Store, entropy: &AtomicU64) -> Engine {
        let seed = entropy.fetch_add(1, Ordering::Relaxed);
        let stubs = self.stubs.values().map(|stub| Arc::clone(stub) as Arc<dyn TargetDirectory>);
        Engine::new(Parts {
            store,
            clock: Arc::clone(self.clock),
            entropy: Arc::new(SeededEntropy::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            targets: stubs.chain(self.outside.iter().cloned()).collect(),
            mfa: Some(Arc::clone(self.mfa) as _),
            notifier: Some(Arc::clone(self.notices) as _),
            signer: None,
            node: id::<()>(&format!("node {seed}")).uuid(),
        })
    }
}
