//! The demo in a real store.

use std::sync::Arc;

use ephor_engine::port::SeededEntropy;
use ephor_identity::password::verify_password;
use ephor_store::{Location, Store};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Facts, Place, SeedError,
    cast::{PEOPLE, ROLES},
    is_demo, seed,
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn store(&self) -> Store {
        Store::open(&Location::Sqlite(self.0.path().join("ephor.db"))).await.unwrap()
    }
}

fn at() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn an_empty_store_is_filled_once_and_goes_on() {
    let folder = Folder::new();
    let entropy = Arc::new(SeededEntropy::new(1));
    let store = folder.store().await;
    assert!(!is_demo(&store).await.unwrap());
    assert!(seed(&store, &Place::BuiltIn, at(), &*entropy).await.unwrap());
    assert!(is_demo(&store).await.unwrap());
    let size =
        |store: Store| async move { store.read(|tx| Box::pin(async move { tx.audit_size().await })).await.unwrap() };
    // Fourteen people, four of them with a directory role, ten groups, five roles, two applications.
    assert_eq!(size(store.clone()).await, 14 + 4 + 10 + 5 + 2);
    store.close().await;

    let store = folder.store().await;
    assert!(!seed(&store, &Place::BuiltIn, at(), &*entropy).await.unwrap());
    assert_eq!(size(store.clone()).await, 35);
    store.close().await;
}

#[tokio::test]
async fn the_checklist_finds_what_it_names() {
    let folder = Folder::new();
    let store = folder.store().await;
    seed(&store, &Place::BuiltIn, at(), &SeededEntropy::new(1)).await.unwrap();
    let (roles, jen, off, eve_is_user, hash) = store
        .read(|tx| {
            Box::pin(async move {
                let [jen, _, _, _, eve, off] = PEOPLE;
                let roles = tx.pam_roles_of(jen.id()).await?;
                let named = tx.principal_named("demo\\JEN").await?;
                let off = tx.principal(off.id()).await?;
                let eve = tx.user(eve.id()).await?.is_some();
                let hash = tx.credential(jen.id()).await?.map(|credential| credential.hash);
                Ok((roles, named, off, eve, hash))
            })
        })
        .await
        .unwrap();
    let mut ids: Vec<_> = roles.iter().map(|role| role.id).collect();
    ids.sort();
    let mut expected: Vec<_> = ROLES.iter().map(crate::cast::Role::id).collect();
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(jen.unwrap().id, PEOPLE[0].id());
    assert!(!off.unwrap().enabled);
    assert!(!eve_is_user);
    assert!(verify_password(&PEOPLE[0].password().into(), &hash.unwrap()));
    store.close().await;
}

#[tokio::test]
async fn another_store_is_left_alone() {
    let folder = Folder::new();
    let store = folder.store().await;
    seed(&store, &Place::BuiltIn, at(), &SeededEntropy::new(1)).await.unwrap();
    store.transact(|tx| Box::pin(async move { tx.put_meta("demo", None).await })).await.unwrap();
    let refused = seed(&store, &Place::BuiltIn, at(), &SeededEntropy::new(1)).await.unwrap_err();
    assert!(matches!(refused, SeedError::NotADemo));
    store.close().await;
}

#[test]
fn the_facts_have_the_documented_form() {
    let facts = Facts::new("http://127.0.0.1:1".to_owned(), "https://localhost:2".to_owned(), "d/ca.pem".to_owned());
    let facts = serde_json::to_value(facts).unwrap();
    assert_eq!(facts["http"], "http://127.0.0.1:1");
    assert_eq!(facts["domain"], "DEMO");
    assert_eq!(
        facts["users"]["jen"],
        json!({
            "id": PEOPLE[0].id().to_string(),
            "account": "DEMO\\jen",
            "upn": "jen@demo.test",
            "password": "demo-password-of-jen",
            "totp": "AW7HOJXC4VTKOVSKZVEJMJDATUZIQEB3",
        })
    );
    assert_eq!(facts["users"]["ada"].get("totp"), None, "signs in with a password alone");
    assert_eq!(facts["pam"]["roles"]["R4"], ROLES[4].id().to_string());
    assert_eq!(facts["pam"]["groups"]["R0"], json!([ROLES[0].groups[0].id().to_string()]));
}
