//! Commands commit or leave nothing.

use ephor_store::{
    Fault, Store, Write,
    tx::{Lock, eligibility::Eligibility},
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{JEN, ROLE, activation, apply, at, candidate, id, populate, principal, record, role, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("a command that fails leaves nothing", |store| Box::pin(leaves_nothing(store))),
        ("a taken name is a conflict with the name of the rule", |store| Box::pin(conflicts(store))),
        ("a fault that is kept secret undoes all the same", |store| Box::pin(swallowed(store))),
        ("what is named must be there and stay there", |store| Box::pin(dangles(store))),
        ("a read cannot write", |store| Box::pin(reads_only(store))),
        ("locks can be taken in any order", |store| Box::pin(locks(store))),
        ("many commands at once all commit", |store| Box::pin(many(store))),
        ("the store proves that it can be written to", |store| Box::pin(ping(store))),
        ("a closed store says so", |store| Box::pin(closed(store))),
    ]
}

async fn leaves_nothing(store: Store) {
    populate(&store).await;
    let version = store.read(|tx| Box::pin(tx.config_version())).await.unwrap();
    let failed: Result<(), Fault> = store
        .transact(|tx| {
            Box::pin(async move {
                tx.put_meta("mark", Some("made")).await?;
                tx.insert_principal(&principal(0x99, "eve")).await?;
                tx.record(record(1, None)).await?;
                Err(Fault::Timeout)
            })
        })
        .await;
    assert_eq!(failed, Err(Fault::Timeout));
    let found = store.read(|tx| {
        Box::pin(async move {
            Ok((
                tx.meta("mark").await?,
                tx.principal(who(0x99)).await?,
                tx.config_version().await?,
                tx.audit_size().await?,
            ))
        })
    });
    assert_eq!(found.await.unwrap(), (None, None, version, 0));
}

async fn conflicts(store: Store) {
    populate(&store).await;
    let conflict = |name: &str| Err(Fault::Conflict { constraint: name.to_owned() });
    let same_login = store.transact(|tx| {
        Box::pin(async move {
            let mut other = principal(0x77, "JEN");
            other.upn = None;
            tx.insert_principal(&other).await
        })
    });
    assert_eq!(same_login.await, conflict("principal_login"));
    let same_id = store.transact(|tx| Box::pin(async move { tx.insert_principal(&principal(JEN, "other")).await }));
    assert_eq!(same_id.await, conflict("principal"));
    let again = store.transact(|tx| {
        let again = Eligibility { id: id(0xe1), ..candidate(JEN, ROLE) };
        Box::pin(async move { tx.insert_eligibility(&again).await })
    });
    assert_eq!(again.await, conflict("eligibility_line"));
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    assert_eq!(apply(&store, activation(1, JEN, at(0), at(600))).await, conflict("request"));
    let twice = store.transact(|tx| {
        Box::pin(async move {
            tx.insert_checkpoint(5, "a").await?;
            tx.insert_checkpoint(5, "b").await
        })
    });
    assert_eq!(twice.await, conflict("checkpoint"));
}

async fn swallowed(store: Store) {
    populate(&store).await;
    let outcome = store.transact(|tx| {
        Box::pin(async move {
            tx.put_meta("mark", Some("made")).await?;
            let taken = tx.insert_principal(&principal(JEN, "other")).await;
            assert!(taken.is_err());
            Ok(())
        })
    });
    assert_eq!(outcome.await, Err(Fault::Conflict { constraint: "principal".to_owned() }));
    assert_eq!(store.read(|tx| Box::pin(tx.meta("mark"))).await, Ok(None));
    store.transact(|tx| Box::pin(tx.put_meta("mark", Some("made")))).await.unwrap();
}

async fn dangles(store: Store) {
    populate(&store).await;
    let unknown = store.transact(|tx| Box::pin(tx.insert_privilege(role(), id(0xdead))));
    assert!(matches!(unknown.await, Err(Fault::Dangling { .. })));
}

async fn reads_only(store: Store) {
    let result = store.read(|tx| Box::pin(tx.put_meta("a", Some("b")))).await;
    assert!(matches!(result, Err(Fault::Misuse { .. })), "{result:?}");
    let result = store.read(|tx| Box::pin(async move { tx.apply(vec![Write::Record(record(1, None))]).await })).await;
    assert!(matches!(result, Err(Fault::Misuse { .. })), "{result:?}");
    assert_eq!(store.read(|tx| Box::pin(tx.meta("a"))).await, Ok(None));
}

async fn locks(store: Store) {
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let tasks: Vec<_> = (0..32)
        .map(|turn| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .transact(move |tx| {
                        Box::pin(async move {
                            let (one, other) = if turn % 2 == 0 { (a, b) } else { (b, a) };
                            tx.lock(&[Lock::Exclusive(one), Lock::Exclusive(other), Lock::Shared(one)]).await?;
                            let count: u32 = tx.meta("count").await?.map_or(0, |count| count.parse().unwrap());
                            tx.put_meta("count", Some(&(count + 1).to_string())).await
                        })
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.read(|tx| Box::pin(tx.meta("count"))).await, Ok(Some("32".to_owned())));
}

async fn many(store: Store) {
    populate(&store).await;
    let tasks: Vec<_> = (1..=200_u128)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { apply(&store, activation(number, 0x100 + number, at(0), at(600))).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let grants = store.read(|tx| Box::pin(tx.open_grants(None, None, 1000))).await.unwrap();
    assert_eq!(grants.len(), 200);
    super::audit::number(&store, 200).await;
    assert_eq!(store.read(|tx| Box::pin(tx.audit_size())).await, Ok(200));
}

async fn ping(store: Store) {
    let health = store.ping().await.unwrap();
    assert!(health.bytes > 0);
    assert_eq!(health.leaves, 0);
    assert_eq!(store.check().await, Ok(vec![]));
}

async fn closed(store: Store) {
    store.close().await;
    assert_eq!(store.ping().await, Err(Fault::Closed));
    assert_eq!(store.read(|tx| Box::pin(tx.settings())).await.unwrap_err(), Fault::Closed);
}
