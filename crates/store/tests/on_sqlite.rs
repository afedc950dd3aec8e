//! What is particular to SQLite.

use crate::{contract::clauses, fixture::sqlite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    for (name, clause) in clauses() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = tokio::spawn(clause(sqlite(folder.path()).await)).await;
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
    }
}
