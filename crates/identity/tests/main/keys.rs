//! Signing keys over real stores: agreement of nodes, rotation, sealing.

use std::sync::Arc;

use ephor_audit::leaf;
use ephor_engine::port::{Clock, Entropy, SeededEntropy, SimulatedClock};
use ephor_identity::{
    KeyPorts, KeyRing, KeySettings, Sealer, StoreVault,
    jose::{Algorithm, Compact},
    keys::{KeyError, LOOK, RingError},
    record::sealer,
    seal::SealError,
};
use ephor_store::{Location, Store};
use ephor_testkit::{available_or_skip, postgres::Postgres};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::fixture::START;

const DAY: i64 = 86_400;

struct Node {
    keys: KeyRing,
    clock: SimulatedClock,
}

fn start() -> Timestamp {
    Timestamp::from_second(START).unwrap()
}

fn ports(store: &Store, clock: &SimulatedClock, key: u8) -> KeyPorts {
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(u64::from(key)));
    KeyPorts {
        vault: Arc::new(StoreVault::new(store.clone(), sealer(Arc::clone(&entropy)))),
        sealer: Sealer::new(&[key; 32]),
        clock: Arc::new(clock.clone()),
        entropy,
    }
}

async fn node(store: &Store, clock: &SimulatedClock) -> Node {
    let settings = KeySettings { algorithm: Algorithm::Es256, ..KeySettings::default() };
    let keys = KeyRing::open(ports(store, clock, 1), settings).await.unwrap();
    Node { keys, clock: clock.clone() }
}

impl Node {
    async fn token(&self) -> String {
        let expires = self.clock.now() + SignedDuration::from_hours(1);
        self.keys.sign(&json!({"sub": "x"}), "JWT", expires).await.unwrap()
    }

    /// Whether the token's signature counts at this node now.
    async fn knows(&self, token: &str) -> bool {
        let compact = Compact::parse(token).unwrap();
        let key = self.keys.verifying(compact.kid.as_deref().unwrap()).await.unwrap();
        key.is_some_and(|key| compact.is_signed_by(&key))
    }

    fn published(&self) -> Vec<String> {
        self.keys.jwks().keys.into_iter().map(|key| key.kid.unwrap()).collect()
    }
}

fn kid(token: &str) -> String {
    Compact::parse(token).unwrap().kid.unwrap()
}

async fn on_sqlite() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap(), folder)
}

async fn agree(stores: [Store; 2]) {
    let clock = SimulatedClock::new(start());
    let (one, two) = tokio::join!(node(&stores[0], &clock), node(&stores[1], &clock));
    let first = one.token().await;
    assert_eq!(kid(&first), kid(&two.token().await), "one first key");
    assert!(two.knows(&first).await);
    assert_eq!(one.published().len(), 1);

    // A day before its use the next key is published, by whichever node looks first.
    assert_eq!(one.keys.due(), start() + LOOK);
    clock.set(start() + SignedDuration::from_secs(29 * DAY));
    let (a, b) = tokio::join!(one.keys.settle(), two.keys.settle());
    a.unwrap();
    b.unwrap();
    assert_eq!(one.published().len(), 2);
    assert_eq!(one.published(), two.published());
    let still = one.token().await;
    assert_eq!(kid(&still), kid(&first));

    // Its turn: the old one still verifies what it signed.
    clock.set(start() + SignedDuration::from_secs(30 * DAY));
    let second = two.token().await;
    assert_eq!(kid(&second), *one.published().last().unwrap());
    assert!(one.knows(&second).await && one.knows(&still).await);

    // A day and ten minutes later no token of the old one can be good.
    clock.set(start() + SignedDuration::from_secs(31 * DAY + 599));
    assert!(one.knows(&still).await);
    clock.set(start() + SignedDuration::from_secs(31 * DAY + 600));
    assert!(!one.knows(&still).await);
    assert_eq!(one.published(), [kid(&second)]);

    // Nobody looked for months: signing makes the key that is missing.
    clock.set(start() + SignedDuration::from_secs(300 * DAY));
    let late = one.token().await;
    assert!(two.knows(&late).await, "an unknown name makes a node look");
    let left = stores[0].read(|tx| Box::pin(tx.signing_keys())).await.unwrap();
    assert_eq!(left.iter().map(|row| row.kid.clone()).collect::<Vec<_>>(), [kid(&late)]);

    // All keys replaced: other nodes see it within a look.
    one.keys.replace(None).await.unwrap();
    assert!(!one.knows(&late).await);
    let fresh = one.token().await;
    clock.set(two.keys.due());
    two.keys.settle().await.unwrap();
    assert!(!two.knows(&late).await);
    assert!(two.knows(&fresh).await);
    assert_eq!(kid(&two.token().await), kid(&fresh));
}

#[tokio::test]
async fn nodes_agree_on_keys_and_their_turns() {
    let (store, _folder) = on_sqlite().await;
    agree([store.clone(), store]).await;
}

#[tokio::test]
async fn nodes_agree_on_keys_and_their_turns_on_postgres() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let location = Location::Postgres(database.url().to_owned());
    let (one, two) = (Store::open(&location).await.unwrap(), Store::open(&location).await.unwrap());
    agree([one, two]).await;
}

#[tokio::test]
async fn keys_survive_a_restart_and_open_under_their_sealing_key_alone() {
    let (store, folder) = on_sqlite().await;
    let clock = SimulatedClock::new(start());
    let first = node(&store, &clock).await;
    let token = first.token().await;
    assert!(node(&store, &clock).await.knows(&token).await);
    let settings = KeySettings::default();
    let refused = KeyRing::open(ports(&store, &clock, 2), settings).await.unwrap_err();
    let expected = RingError::Sealed { kid: kid(&token), cause: SealError::OtherKey };
    assert_eq!(refused, KeyError::Ring(expected));
    store.close().await;

    let seen = std::fs::read(folder.path().join("ephor.db")).unwrap();
    let rows = String::from_utf8_lossy(&seen);
    assert!(rows.contains(&kid(&token)) && !rows.contains("PRIVATE"));
}

#[tokio::test]
async fn each_key_leaves_a_record() {
    let (store, _folder) = on_sqlite().await;
    let clock = SimulatedClock::new(start());
    let node = node(&store, &clock).await;
    node.keys.replace(None).await.unwrap();
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 100))).await.unwrap();
    let events: Vec<u16> = leaves
        .iter()
        .map(|stored| leaf::open(stored.leaf.as_deref().unwrap(), stored.erasable.as_deref()).unwrap().record.event)
        .collect();
    assert_eq!(events, [9126, 9127]);
}

#[tokio::test]
async fn a_token_never_outlives_its_key() {
    let (store, _folder) = on_sqlite().await;
    let clock = SimulatedClock::new(start());
    let node = node(&store, &clock).await;
    let expires = start() + SignedDuration::from_hours(25);
    let refused = node.keys.sign(&json!({}), "JWT", expires).await;
    assert_eq!(refused, Err(KeyError::TooLong { longest: SignedDuration::from_hours(24) }));
    let refused = node.keys.sign(&json!([1]), "JWT", start()).await;
    assert_eq!(refused, Err(KeyError::Claims));
}
