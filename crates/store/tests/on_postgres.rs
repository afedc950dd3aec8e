//! What is particular to PostgreSQL.

use ephor_store::{Location, Options, Store};
use ephor_testkit::{available_or_skip, postgres::Postgres};

use crate::contract::clauses;

/// Each clause in a schema of its own: quicker than a database of its own.
async fn contract(options: &Options) {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
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
