//! What only the inside can show: a full disk, a batch of several commands.

use std::sync::{Arc, mpsc};

use ephor_audit::{Hash, Sealed};
use tokio::sync::Notify;

use crate::{Fault, Location, Store};

async fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&Location::Sqlite(folder.path().join("store.db"))).await.unwrap()
}

fn leaf(number: u8) -> Sealed {
    Sealed { leaf: vec![number], leaf_hash: Hash::of_leaf(&[number]), erasable: None }
}

/// Keeps the writer busy until the answer is sent or dropped, so that what comes meanwhile is one batch.
async fn hold(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Fault>>) {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let begun = Arc::new(Notify::new());
    let (store, tell) = (store.clone(), Arc::clone(&begun));
    let held = tokio::spawn(async move {
        store
            .transact(move |_| {
                tell.notify_one();
                let _ = wait.lock().unwrap().recv();
                Box::pin(std::future::ready(Ok(())))
            })
            .await
    });
    begun.notified().await;
    (go, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_fails_leaves_the_others_of_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let (go, held) = hold(&store).await;
    let tasks: Vec<_> = (0..40_u8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let command = store.transact(move |tx| {
                    Box::pin(async move {
                        tx.put_meta(&format!("key {number}"), Some("x")).await?;
                        tx.record(leaf(number)).await?;
                        match number % 4 {
                            1 => Err(Fault::Timeout),
                            2 => {
                                let waits: Result<(), Fault> = std::future::pending().await;
                                waits
                            }
                            3 => panic!("a bug in a command"),
                            _ => Ok(()),
                        }
                    })
                });
                (number, command.await)
            })
        })
        .collect();
    drop(go);
    held.await.unwrap().unwrap();
    for task in tasks {
        let (number, outcome) = task.await.unwrap();
        match number % 4 {
            0 => assert_eq!(outcome, Ok(())),
            1 => assert_eq!(outcome, Err(Fault::Timeout)),
            _ => assert!(matches!(outcome, Err(Fault::Misuse { .. })), "{outcome:?}"),
        }
        let key = format!("key {number}");
        let found = store.read(move |tx| {
            let key = key.clone();
            Box::pin(async move { tx.meta(&key).await })
        });
        assert_eq!(found.await.unwrap().is_some(), number % 4 == 0, "{number}");
    }
    // The tree holds exactly the leaves of those that were committed.
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 100))).await.unwrap();
    let mut numbers: Vec<_> = leaves.iter().map(|stored| stored.leaf.clone().unwrap()[0]).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).step_by(4).collect::<Vec<_>>());
    assert_eq!(leaves.iter().map(|stored| stored.index).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    let frontier: ephor_audit::Frontier = leaves.iter().map(|stored| stored.leaf_hash).collect();
    let stored = store.read(|tx| Box::pin(tx.audit_frontier())).await.unwrap();
    assert_eq!(ephor_audit::Frontier::from_bytes(&stored), Ok(frontier));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_passing_fault() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.transact(|tx| Box::pin(tx.record(leaf(1)))).await.unwrap();
    // As if no page more could be had; the next connection of the writer knows nothing of it: the disk is back.
    store
        .transact(|tx| {
            tx.sqlite_session().unwrap().limit_pages().unwrap();
            Box::pin(std::future::ready(Ok(())))
        })
        .await
        .unwrap();
    let large = "x".repeat(1 << 20);
    let full = store.transact(move |tx| {
        let large = large.clone();
        Box::pin(async move {
            tx.record(leaf(2)).await?;
            tx.put_meta("large", Some(&large)).await
        })
    });
    let fault = full.await.unwrap_err();
    assert!(matches!(fault, Fault::Unavailable { .. }) && fault.is_passing(), "{fault:?}");
    let again = store.transact(|tx| {
        Box::pin(async move {
            tx.record(leaf(3)).await?;
            tx.put_meta("small", Some("y")).await
        })
    });
    again.await.unwrap();
    let found = store.read(|tx| Box::pin(async move { Ok((tx.meta("large").await?, tx.leaves(0, 9).await?)) }));
    let (large, leaves) = found.await.unwrap();
    assert_eq!(large, None);
    assert_eq!(leaves.iter().map(|stored| stored.leaf.clone()).collect::<Vec<_>>(), [Some(vec![1]), Some(vec![3])]);
    assert_eq!(store.check().await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_nobody_waits_for_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let (go, held) = hold(&store).await;
    let caller = {
        let store = store.clone();
        tokio::spawn(async move { store.transact(|tx| Box::pin(tx.put_meta("gone", Some("x")))).await })
    };
    while store.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    drop(go);
    held.await.unwrap().unwrap();
    assert_eq!(store.transact(|tx| Box::pin(tx.meta("gone"))).await, Ok(None));
}

/// A statement that SQLite plans anew for other values, or after other commands, costs more than it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_is_planned_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    for turn in 0..4_u8 {
        let planned = store.transact(move |tx| {
            let connection = tx.sqlite_session().unwrap().connection();
            let mut planned = Vec::new();
            for statement in crate::tx::statements() {
                let text = statement.for_sqlite();
                let mut prepared = connection.prepare_cached(&text).unwrap();
                for at in 1..=prepared.parameter_count() {
                    prepared.raw_bind_parameter(at, vec![turn; 16]).unwrap();
                }
                // What the values come to is all one: most are of the wrong type.
                let _ = prepared.raw_query().next().map(drop);
                if prepared.get_status(rusqlite::StatementStatus::RePrepare) > 0 {
                    planned.push(statement.name);
                }
            }
            Box::pin(std::future::ready(Ok(planned)))
        });
        assert_eq!(planned.await.unwrap(), Vec::<&str>::new(), "turn {turn}");
        store.transact(|tx| Box::pin(tx.record(leaf(1)))).await.unwrap();
        let undone: Result<(), Fault> = store.transact(|_| Box::pin(std::future::ready(Err(Fault::Timeout)))).await;
        assert_eq!(undone, Err(Fault::Timeout));
    }
}

#[tokio::test]
async fn the_file_of_a_closed_store_is_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let store = open(&folder).await;
        let key = format!("round {round}");
        store
            .transact(move |tx| {
                let key = key.clone();
                Box::pin(async move { tx.put_meta(&key, Some("x")).await })
            })
            .await
            .unwrap();
        store.close().await;
        assert!(!folder.path().join("store.db-wal").exists(), "round {round}");
    }
}
