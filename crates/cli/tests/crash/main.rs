//! F1: `kill -9` at random points under mixed load, on both stores. No acknowledged request is lost, nothing is granted
//! twice, the audit log has no gap, and the server is back within two seconds.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test says what broke")]

mod client;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use client::Client;
use ephor_audit::key::SigningKey;
use ephor_demo::cast;
use ephor_domain::{
    authentication::Methods,
    principal::{Actor, Delegation, Proof},
};
use ephor_engine::{
    AuditSigner, Engine, Parts,
    port::{Entropy, SeededEntropy, SystemClock, SystemEntropy},
};
use ephor_store::{Location, Store};
use ephor_testkit::{
    WorkDir, available_or_skip,
    postgres::Postgres,
    program::{Program, Running},
};

/// What an answer promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promised {
    /// 201: it is on record.
    Made,
    /// 200 to its close: it is over.
    Closed,
}

/// What the outside witness knows: acknowledged requests by id.
type Witness = Arc<Mutex<BTreeMap<String, Promised>>>;

const WORKERS: usize = 4;

/// Points to kill at: a handful in the ordinary run, hundreds in the long one.
fn points() -> u32 {
    if std::env::var_os("EPHOR_LONG").is_some() { 220 } else { 12 }
}

#[test]
fn f1_kill_9_under_load_on_sqlite_loses_nothing_acknowledged() {
    let folder = WorkDir::new("crash-sqlite").unwrap();
    let store = format!("sqlite:{}", folder.path().join("ephor.db").display());
    ordeal(folder.path(), None, &store, 0x5eed);
}

#[test]
fn f1_kill_9_under_load_on_postgresql_loses_nothing_acknowledged() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let folder = WorkDir::new("crash-postgres").unwrap();
    ordeal(folder.path(), Some(database.url()), database.url(), 0xfeed);
}

fn ordeal(folder: &Path, given: Option<&str>, store: &str, seed: u64) {
    let witness = Witness::default();
    let chance = SeededEntropy::new(seed);
    let mut slowest = Duration::ZERO;
    for point in 0..points() {
        let began = Instant::now();
        let (mut server, url) = start(folder, given);
        check(&url, &witness);
        // The first start also seeds; the others only recover.
        if point > 0 {
            slowest = slowest.max(began.elapsed());
        }
        let load = Load::start(&url, &witness, chance.next_in_order());
        let mut wait = [0; 2];
        chance.fill(&mut wait);
        let wait = Duration::from_millis(20 + u64::from(u16::from_le_bytes(wait)) % 400);
        let until = Instant::now() + wait;
        while Instant::now() < until {
            thread::yield_now();
        }
        server.kill();
        load.stop();
    }
    let (mut server, url) = start(folder, given);
    check(&url, &witness);
    server.terminate(Duration::from_secs(20)).unwrap();
    let made = witness.lock().unwrap().len();
    verify(folder, store);
    eprintln!("{} kills, {made} acknowledged requests, slowest recovery {slowest:?}", points());
    assert!(made > points() as usize, "the load made only {made} requests: the test proves nothing");
    assert!(slowest < Duration::from_secs(20), "recovery took {slowest:?}");
}

fn start(folder: &Path, store: Option<&str>) -> (Running, String) {
    let mut program = Program::new(env!("CARGO_BIN_EXE_ephor"))
        .args(["demo", "--json", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--log", "error", "--data"])
        .arg(folder);
    if let Some(store) = store {
        program = program.args(["--store", store]);
    }
    let (server, facts) = program.start_until_json().unwrap();
    (server, facts.get("http").and_then(serde_json::Value::as_str).unwrap().to_owned())
}

/// Everything acknowledged is there, once, and in the state that was promised.
fn check(url: &str, witness: &Witness) {
    let mut client = Client::connect(url).unwrap();
    let listed = client.get("/api/pamresources/pamrequests").unwrap();
    assert_eq!(listed.status, 200, "{}", listed.body);
    let listed: serde_json::Value = serde_json::from_str(&listed.body).unwrap();
    let mut found = BTreeMap::new();
    for row in listed.get("value").unwrap().as_array().unwrap() {
        let id = row.get("RequestId").unwrap().as_str().unwrap().to_owned();
        let status = row.get("RequestStatus").unwrap().as_str().unwrap().to_owned();
        assert!(found.insert(id.clone(), status).is_none(), "{id} is listed twice");
    }
    for (id, promised) in witness.lock().unwrap().iter() {
        let status = found.get(id).unwrap_or_else(|| panic!("the acknowledged request {id} is lost"));
        if *promised == Promised::Closed {
            assert!(matches!(status.as_str(), "Closed" | "Closing"), "{id} was closed and is {status}");
        }
    }
}

/// The audit log verifies from its first record to its head, and every state row finds its leaf.
fn verify(folder: &Path, store: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let location: Location = store.parse().unwrap();
        let store = Store::open(&location).await.unwrap();
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(SystemEntropy::default()),
            targets: Vec::new(),
            mfa: None,
            notifier: None,
            signer: Some(signer(folder)),
            node: uuid::Uuid::nil(),
        });
        engine.number_leaves().await.unwrap();
        let ada = cast::PEOPLE.iter().find(|person| person.key == "ada").unwrap();
        let ada = Actor {
            principal: ada.id(),
            person: ada.person(),
            address: None,
            proof: Proof::Person,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        };
        let report = engine.verify_audit(&ada, None).await.unwrap();
        assert!(report.is_good(), "{report}");
        store.close().await;
    });
}

/// The signer of the demo in `folder`.
fn signer(folder: &Path) -> AuditSigner {
    let public = std::fs::read_to_string(folder.join("audit.pub")).unwrap();
    let origin = public.split('+').next().unwrap().to_owned();
    let digits = std::fs::read_to_string(folder.join("audit.key")).unwrap();
    let mut seed = [0; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.trim().as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    AuditSigner { key: Arc::new(SigningKey::from_seed(&origin, seed).unwrap()), origin }
}

/// Clients that create, close and list without pause.
struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn start(url: &str, witness: &Witness, round: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let workers = (0..WORKERS as u64)
            .map(|worker| {
                let (url, witness, stop) = (url.to_owned(), Arc::clone(witness), Arc::clone(&stop));
                thread::spawn(move || work(&url, &witness, &stop, &SeededEntropy::new(round * 31 + worker)))
            })
            .collect();
        Self { stop, workers }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.join().unwrap();
        }
    }
}

/// Works until the connection breaks. Only what was answered in full is noted: an answer cut off promises nothing.
fn work(url: &str, witness: &Witness, stop: &AtomicBool, chance: &SeededEntropy) {
    let Ok(mut client) = Client::connect(url) else { return };
    let role = cast::ROLES.iter().find(|role| role.key == "R0").unwrap().id();
    let mut own = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut dice = [0; 1];
        chance.fill(&mut dice);
        let [dice] = dice;
        let done = match (dice % 8, own.pop()) {
            (0 | 1, Some(id)) => close(&mut client, witness, id),
            (2, kept) => {
                own.extend(kept);
                client.get("/api/pamresources/pamroles").map(drop)
            }
            (_, kept) => {
                own.extend(kept);
                let ttl = if dice.is_multiple_of(2) { 3600 } else { 1 };
                let path = format!("/api/pamresources/pamrequests?RoleId={role}&RequestedTTL={ttl}");
                create(&mut client, witness, &path).map(|id| {
                    // A short one may have run out by the time it would be closed.
                    own.extend(id.filter(|_| ttl > 1));
                })
            }
        };
        if done.is_err() {
            return;
        }
    }
}

fn create(client: &mut Client, witness: &Witness, path: &str) -> std::io::Result<Option<String>> {
    let answer = client.post(path)?;
    if answer.status != 201 {
        return Ok(None);
    }
    let made: serde_json::Value = serde_json::from_str(&answer.body)?;
    let id = made.get("RequestId").unwrap().as_str().unwrap().to_owned();
    witness.lock().unwrap().insert(id.clone(), Promised::Made);
    Ok(Some(id))
}

fn close(client: &mut Client, witness: &Witness, id: String) -> std::io::Result<()> {
    let answer = client.post(&format!("/api/pamresources/pamrequests(guid'{id}')/Close"))?;
    if answer.status == 200 {
        witness.lock().unwrap().insert(id, Promised::Closed);
    }
    Ok(())
}
