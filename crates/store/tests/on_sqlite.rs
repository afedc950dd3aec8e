//! What is particular to SQLite: one process, one file, and what can happen to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ephor_audit::Frontier;
use ephor_store::{Fault, Location, Store};

use crate::{
    contract::clauses,
    fixture::{JEN, activation, apply, at, populate, sqlite},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    for (name, clause) in clauses() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = tokio::spawn(clause(sqlite(folder.path()).await)).await;
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
    }
}

fn location(folder: &Path) -> Location {
    Location::Sqlite(folder.join("store.db"))
}

#[tokio::test]
async fn a_second_process_is_refused_and_the_lock_goes_with_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path()).await;
    let second = Store::open(&location(folder.path())).await.unwrap_err();
    assert_eq!(second, Fault::InUse);
    assert_eq!(second.to_string(), "the store is in use by another process");
    store.close().await;
    assert!(Store::open(&location(folder.path())).await.is_ok());
}

#[tokio::test]
async fn all_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path()).await;
    populate(&store).await;
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    store.close().await;
    let store = sqlite(folder.path()).await;
    apply(&store, activation(2, JEN, at(1), at(700))).await.unwrap();
    let due = store.read(|tx| Box::pin(tx.due_grants(at(10_000), 10))).await.unwrap();
    assert_eq!(due.len(), 2);
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    let frontier: Frontier = leaves.iter().map(|leaf| leaf.leaf_hash).collect();
    let stored = store.read(|tx| Box::pin(tx.audit_frontier())).await.unwrap();
    assert_eq!((leaves.len(), Frontier::from_bytes(&stored)), (2, Ok(frontier)));
}

/// A copy of the files as they lie on the disk, with the journal cut to `journal` bytes: what a crash leaves.
fn crashed(from: &Path, to: &Path, journal: u64) -> Location {
    fs::create_dir_all(to).unwrap();
    fs::copy(from.join("store.db"), to.join("store.db")).unwrap();
    let copy = to.join("store.db-wal");
    fs::copy(from.join("store.db-wal"), &copy).unwrap();
    let file = fs::File::options().write(true).open(copy).unwrap();
    file.set_len(journal.min(file.metadata().unwrap().len())).unwrap();
    location(to)
}

#[tokio::test]
async fn a_crash_leaves_whole_commits_and_all_that_were_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path()).await;
    populate(&store).await;
    for number in 1..=20 {
        apply(&store, activation(number, JEN, at(0), at(600))).await.unwrap();
    }
    let length = fs::metadata(folder.path().join("store.db-wal")).unwrap().len();
    let mut seen = Vec::new();
    for cut in (0..=16).map(|part| length * part / 16) {
        let place = folder.path().join(format!("cut {cut}"));
        let copy = Store::open(&crashed(folder.path(), &place, cut)).await.unwrap();
        let (leaves, grants, frontier) = copy
            .read(|tx| {
                Box::pin(async move {
                    let leaves = tx.leaves(0, 100).await?;
                    Ok((leaves, tx.open_grants(None, None, 100).await?, tx.audit_frontier().await?))
                })
            })
            .await
            .unwrap();
        // Each grant with its record, or neither.
        assert_eq!(leaves.len(), grants.len());
        let expected: Frontier = leaves.iter().map(|leaf| leaf.leaf_hash).collect();
        assert_eq!(Frontier::from_bytes(&frontier), Ok(expected));
        assert_eq!(copy.check().await, Ok(vec![]));
        seen.push(grants.len());
        copy.close().await;
    }
    assert_eq!((seen.first(), seen.last()), (Some(&0), Some(&20)));
    assert!(seen.is_sorted());
}

/// A closed store with some rows in it.
async fn closed(folder: &Path) -> PathBuf {
    let store = sqlite(folder).await;
    populate(&store).await;
    for number in 1..=50 {
        apply(&store, activation(number, JEN, at(0), at(600))).await.unwrap();
    }
    store.close().await;
    folder.join("store.db")
}

async fn refusal(folder: &Path) -> Fault {
    Store::open(&location(folder)).await.unwrap_err()
}

#[tokio::test]
async fn f10_a_damaged_file_is_found_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    let page = 4096;
    // A torn header, a torn end, and pages of noise in the middle.
    let mut header = whole.clone();
    header[..64].fill(7);
    let torn = whole[..whole.len() - page * 3 - 100].to_vec();
    let mut noise = whole.clone();
    for start in (page..whole.len()).step_by(page) {
        noise[start..start + 8].fill(0xff);
    }
    for (what, bytes) in [("header", header), ("torn", torn), ("noise", noise)] {
        fs::write(&path, bytes).unwrap();
        let fault = refusal(folder.path()).await;
        assert!(matches!(fault, Fault::Corrupt { .. }), "{what}: {fault:?}");
        assert_eq!(fault.to_string(), "the store is damaged");
    }
    fs::write(&path, whole).unwrap();
    assert!(Store::open(&location(folder.path())).await.is_ok());
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(refusal(folder.path()).await, Fault::Corrupt { .. }));
    let missing = Store::open(&Location::Sqlite(folder.path().join("no/such/folder/store.db"))).await;
    assert!(matches!(missing, Err(Fault::Unavailable { .. })));
}

#[tokio::test]
async fn a_newer_or_changed_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path()).await;
    let sql = |text: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(text).unwrap();
    sql("INSERT INTO migration VALUES (9999, 'later', 'x')");
    assert!(matches!(refusal(folder.path()).await, Fault::TooNew { found: 9999, .. }));
    sql("DELETE FROM migration WHERE number = 9999; UPDATE migration SET sha256 = 'x'");
    assert_eq!(refusal(folder.path()).await, Fault::ChangedHistory { number: 1 });
}
