//! What is particular to PostgreSQL: several nodes, lost connections, numbering after the commit.

use std::{sync::Arc, time::Duration};

use ephor_store::{
    Fault, Location, Options, Store,
    tx::{Lock, lease::Lease},
};
use ephor_testkit::{
    available_or_skip,
    postgres::{Cluster, ClusterOptions, Database, Postgres},
};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::{
    contract::clauses,
    fixture::{apply, record},
};

/// Each clause in a schema of its own: quicker than a database of its own.
async fn contract(options: &Options) {
    let Some(database) = available_or_skip(Postgres::empty_database()) else { return };
    for (number, (name, clause)) in clauses().into_iter().enumerate() {
        database.sql(&format!("CREATE SCHEMA clause_{number}")).unwrap();
        let url = format!("{}?options=-c%20search_path%3Dclause_{number}", database.url());
        let store = Store::open_with(&Location::Postgres(url), options).await.unwrap();
        let outcome = tokio::spawn(clause(store.clone())).await;
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    contract(&Options::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract_without_prepared_statements() {
    contract(&Options { prepared_statements: false, ..Options::default() }).await;
}

async fn open(database: &Database) -> Store {
    Store::open(&Location::Postgres(database.url().to_owned())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_make_one_schema() {
    let Some(database) = available_or_skip(Postgres::empty_database()) else { return };
    let nodes = (0..4).map(|_| open(&database));
    let nodes = futures_util::future::join_all(nodes).await;
    for (number, node) in (0..).zip(&nodes) {
        node.transact(move |tx| Box::pin(async move { tx.put_meta(&format!("node {number}"), Some("here")).await }))
            .await
            .unwrap();
    }
    assert_eq!(nodes[0].read(|tx| Box::pin(tx.meta("node 3"))).await, Ok(Some("here".to_owned())));
    assert_eq!(database.sql("SELECT number, name FROM migration WHERE number = 1").unwrap(), "1|first");
}

#[tokio::test]
async fn a_newer_or_changed_schema_is_refused() {
    let Some(database) = available_or_skip(Postgres::empty_database()) else { return };
    open(&database).await.close().await;
    let refusal = || async { Store::open(&Location::Postgres(database.url().to_owned())).await.unwrap_err() };
    database.sql("INSERT INTO migration VALUES (9999, 'later', 'x')").unwrap();
    assert!(matches!(refusal().await, Fault::TooNew { found: 9999, .. }));
    database.sql("DELETE FROM migration WHERE number = 9999; UPDATE migration SET sha256 = 'x'").unwrap();
    assert_eq!(refusal().await, Fault::ChangedHistory { number: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_leaf_is_numbered_above_a_running_transaction() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let store = open(&database).await;
    let (begun, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let slow = {
        let (store, begun, end) = (store.clone(), Arc::clone(&begun), Arc::clone(&end));
        tokio::spawn(async move {
            store
                .transact(move |tx| {
                    let (begun, end) = (Arc::clone(&begun), Arc::clone(&end));
                    Box::pin(async move {
                        tx.record(record(1, None)).await?;
                        // Any statement sends the record before it.
                        tx.audit_size().await?;
                        begun.wait().await;
                        end.wait().await;
                        Ok(())
                    })
                })
                .await
        })
    };
    begun.wait().await;
    apply(&store, vec![ephor_store::Write::Record(record(2, None))]).await.unwrap();
    let number = || store.transact(|tx| Box::pin(tx.number_leaves(10)));
    assert_eq!(number().await, Ok(0));
    assert_eq!(store.read(|tx| Box::pin(tx.leaves(0, 10))).await, Ok(vec![]));
    end.wait().await;
    slow.await.unwrap().unwrap();
    crate::contract::audit::number(&store, 2).await;
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.leaf_hash).collect();
    assert_eq!(hashes, [record(1, None).leaf_hash, record(2, None).leaf_hash]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaves_find_their_numbers_in_a_cluster_that_counts_transactions_anew() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let store = open(&database).await;
    for number in 0..3 {
        apply(&store, vec![ephor_store::Write::Record(record(number, None))]).await.unwrap();
    }
    crate::contract::audit::number(&store, 3).await;
    apply(&store, vec![ephor_store::Write::Record(record(3, None))]).await.unwrap();
    // As a dump of a cluster that was far ahead: its mark lies above all transactions of this one.
    database.sql("UPDATE audit_head SET mark_xid = 4000000000, mark_seq = 9").unwrap();
    apply(&store, vec![ephor_store::Write::Record(record(4, None))]).await.unwrap();
    crate::contract::audit::number(&store, 5).await;
    apply(&store, vec![ephor_store::Write::Record(record(5, None))]).await.unwrap();
    crate::contract::audit::number(&store, 6).await;
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.leaf_hash).collect();
    assert_eq!(hashes, (0..6).map(|number| record(number, None).leaf_hash).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_taken_over_when_it_is_over() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let store = open(&database).await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let take = |holder, ttl| store.transact(move |tx| Box::pin(tx.lease_take("target", holder, ttl)));
    let long = Duration::from_secs(3600);
    let first = take(one, long).await.unwrap();
    assert_eq!(first, Some(Lease { epoch: 1, taken_over: false }));
    assert_eq!(take(other, long).await, Ok(None));
    // Over at once, by the clock of the database.
    assert_eq!(take(one, Duration::ZERO).await, Ok(Some(Lease { epoch: 1, taken_over: false })));
    assert_eq!(take(other, long).await, Ok(Some(Lease { epoch: 2, taken_over: true })));
    let renew = |holder, epoch| store.transact(move |tx| Box::pin(tx.lease_renew("target", holder, epoch, long)));
    assert_eq!(renew(one, 1).await, Ok(false));
    assert_eq!(renew(other, 2).await, Ok(true));
    // Whoever lost it cannot give it away.
    store.transact(move |tx| Box::pin(tx.lease_release("target", one, 1))).await.unwrap();
    assert_eq!(renew(other, 2).await, Ok(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_runs_one_of_the_two_again() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    database.sql(&format!("ALTER DATABASE {} SET deadlock_timeout = '20ms'", database.name())).unwrap();
    let store = open(&database).await;
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let both = Arc::new(Barrier::new(2));
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let crossing = |first: Uuid, second: Uuid| {
        let (store, both, runs) = (store.clone(), Arc::clone(&both), Arc::clone(&runs));
        tokio::spawn(async move {
            store
                .transact(move |tx| {
                    let (both, runs) = (Arc::clone(&both), Arc::clone(&runs));
                    Box::pin(async move {
                        let run = runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        tx.lock(&[Lock::Exclusive(first)]).await?;
                        tx.audit_size().await?;
                        if run < 2 {
                            both.wait().await;
                        }
                        tx.lock(&[Lock::Exclusive(second)]).await?;
                        tx.put_meta(&first.to_string(), Some("done")).await
                    })
                })
                .await
        })
    };
    let (one, other) = (crossing(a, b), crossing(b, a));
    one.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 3);
    assert_eq!(database.sql("SELECT count(*) FROM meta").unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_in_the_middle_leaves_no_transaction_behind() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let location = Location::Postgres(database.url().to_owned());
    let store = Store::open_with(&location, &Options { connections: 1, ..Options::default() }).await.unwrap();
    let begun = Arc::new(Barrier::new(2));
    let lock = Lock::Exclusive(Uuid::from_u128(1));
    let caller = {
        let (store, begun) = (store.clone(), Arc::clone(&begun));
        tokio::spawn(async move {
            store
                .transact(move |tx| {
                    let begun = Arc::clone(&begun);
                    Box::pin(async move {
                        tx.lock(&[lock]).await?;
                        tx.put_meta("half", Some("done")).await?;
                        begun.wait().await;
                        std::future::pending().await
                    })
                })
                .await as Result<(), Fault>
        })
    };
    begun.wait().await;
    caller.abort();
    let _ = caller.await;
    let after = store.transact(move |tx| {
        Box::pin(async move {
            tx.lock(&[lock]).await?;
            tx.meta("half").await
        })
    });
    assert_eq!(after.await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_a_crowd_of_calls_waits_its_turn_and_holds_up_no_worker() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let location = Location::Postgres(database.url().to_owned());
    let store = Store::open_with(&location, &Options { connections: 1, ..Options::default() }).await.unwrap();
    let (taken, free) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let holder = {
        let (store, taken, free) = (store.clone(), Arc::clone(&taken), Arc::clone(&free));
        tokio::spawn(async move {
            store
                .read(move |tx| {
                    let (taken, free) = (Arc::clone(&taken), Arc::clone(&free));
                    Box::pin(async move {
                        tx.meta("held").await?;
                        taken.wait().await;
                        free.wait().await;
                        Ok(())
                    })
                })
                .await
        })
    };
    taken.wait().await;
    let write = |store: Store, name: &'static str| async move {
        store.transact(move |tx| Box::pin(tx.put_meta(name, Some("done")))).await
    };
    let crowd: Vec<_> = ["a", "b", "c"].map(|name| tokio::spawn(write(store.clone(), name))).into();
    write(store.for_workers(), "due").await.unwrap();
    assert!(crowd.iter().all(|waiting| !waiting.is_finished()), "the calls had a connection too many");
    free.wait().await;
    holder.await.unwrap().unwrap();
    for waiting in crowd {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(database.sql("SELECT count(*) FROM meta WHERE key IN ('a', 'b', 'c', 'due')").unwrap(), "4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_a_passing_fault() {
    let Some(mut cluster) = available_or_skip(Cluster::start(&ClusterOptions::default())) else { return };
    let location = Location::Postgres(cluster.url("postgres"));
    let store = Store::open(&location).await.unwrap();
    store.transact(|tx| Box::pin(tx.put_meta("a", Some("1")))).await.unwrap();
    cluster.kill();
    let fault = store.transact(|tx| Box::pin(tx.put_meta("a", Some("2")))).await.unwrap_err();
    assert!(fault.is_passing(), "{fault:?}");
    let fault = store.read(|tx| Box::pin(tx.meta("a"))).await.unwrap_err();
    assert!(matches!(fault, Fault::Unavailable { .. }), "{fault:?}");
    assert!(matches!(Store::open(&location).await, Err(Fault::Unavailable { .. })));
    cluster.start_again().unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.meta("a"))).await, Ok(Some("1".to_owned())));
    // Connections of before are found dead and replaced.
    store.transact(|tx| Box::pin(tx.put_meta("a", Some("3")))).await.unwrap();

    // Frozen: an answer in time, and never a wait for ever.
    cluster.pause().unwrap();
    let fault = store.transact(|tx| Box::pin(tx.put_meta("a", Some("4")))).await.unwrap_err();
    assert!(matches!(fault, Fault::Timeout | Fault::Unknown { .. } | Fault::Unavailable { .. }), "{fault:?}");
    cluster.resume().unwrap();
    assert!(store.read(|tx| Box::pin(tx.meta("a"))).await.is_ok());
}
