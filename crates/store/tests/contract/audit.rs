//! The log as stored is the tree that the audit crate knows.

use ephor_audit::Frontier;
use ephor_store::{Store, Write};

use super::Clause;
use crate::fixture::{apply, record};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("leaves are numbered without a gap", |store| Box::pin(numbered(store))),
        ("texts can be erased alone", |store| Box::pin(erased(store))),
        ("bodies can be forgotten, hashes stay", |store| Box::pin(forgotten(store))),
        ("checkpoints are kept", |store| Box::pin(checkpoints(store))),
    ]
}

/// Until so many leaves have numbers. A transaction of another test on the same server can hold numbering up.
pub(crate) async fn number(store: &Store, leaves: u64) {
    while store.read(|tx| Box::pin(tx.audit_size())).await.unwrap() < leaves {
        store.transact(|tx| Box::pin(tx.number_leaves(3))).await.unwrap();
    }
}

async fn numbered(store: Store) {
    for number in 0..10 {
        let writes = vec![Write::Record(record(2 * number, None)), Write::Record(record(2 * number + 1, None))];
        apply(&store, writes).await.unwrap();
        if number == 4 {
            self::number(&store, 10).await;
        }
    }
    self::number(&store, 20).await;
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 100))).await.unwrap();
    assert_eq!(leaves.iter().map(|leaf| leaf.index).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    let mut hashes: Vec<_> = leaves.iter().map(|leaf| leaf.leaf_hash).collect();
    let frontier: Frontier = hashes.iter().copied().collect();
    let stored = store.read(|tx| Box::pin(tx.audit_frontier())).await.unwrap();
    assert_eq!(Frontier::from_bytes(&stored), Ok(frontier));
    assert_eq!(store.read(|tx| Box::pin(tx.audit_size())).await, Ok(20));
    let mut expected: Vec<_> = (0..20).map(|number| record(number, None).leaf_hash).collect();
    hashes.sort();
    expected.sort();
    assert_eq!(hashes, expected);
    let page = store.read(|tx| Box::pin(tx.leaves(18, 100))).await.unwrap();
    assert_eq!(page.len(), 2);
    assert!(page[0].leaf.is_some());
}

async fn erased(store: Store) {
    let mut sealed = record(1, None);
    sealed.erasable = Some("{\"salt\":\"00\",\"text\":{}}".to_owned());
    apply(&store, vec![Write::Record(sealed.clone())]).await.unwrap();
    number(&store, 1).await;
    assert_eq!(store.transact(|tx| Box::pin(tx.erase(0))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.erase(0))).await, Ok(false));
    assert_eq!(store.transact(|tx| Box::pin(tx.erase(1))).await, Ok(false));
    let leaves = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    assert_eq!((leaves[0].erasable.clone(), leaves[0].leaf.clone()), (None, Some(sealed.leaf)));
}

async fn forgotten(store: Store) {
    apply(&store, (0..4).map(|number| Write::Record(record(number, None))).collect()).await.unwrap();
    number(&store, 4).await;
    let before = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    let forget = || store.transact(|tx| Box::pin(tx.forget_bodies(1, 3)));
    assert_eq!(forget().await, Ok(2));
    assert_eq!(forget().await, Ok(0));
    let after = store.read(|tx| Box::pin(tx.leaves(0, 10))).await.unwrap();
    assert_eq!(after.iter().map(|leaf| leaf.leaf.is_some()).collect::<Vec<_>>(), [true, false, false, true]);
    let hashes =
        |leaves: &[ephor_store::tx::audit::StoredLeaf]| leaves.iter().map(|leaf| leaf.leaf_hash).collect::<Vec<_>>();
    assert_eq!(hashes(&after), hashes(&before));
    // Written in one batch, numbered in its order.
    assert_eq!(hashes(&before), (0..4).map(|number| record(number, None).leaf_hash).collect::<Vec<_>>());
}

async fn checkpoints(store: Store) {
    for (size, text) in [(3, "a"), (7, "b"), (10, "c")] {
        store.transact(move |tx| Box::pin(tx.insert_checkpoint(size, text))).await.unwrap();
    }
    let last = |size: u64| store.read(move |tx| Box::pin(tx.checkpoint(size)));
    assert_eq!(last(2).await, Ok(None));
    assert_eq!(last(9).await, Ok(Some((7, "b".to_owned()))));
    assert_eq!(last(u64::MAX).await, Ok(Some((10, "c".to_owned()))));
    let after = store.read(|tx| Box::pin(tx.checkpoints(Some(3), 1))).await;
    assert_eq!(after, Ok(vec![(7, "b".to_owned())]));
    assert_eq!(store.read(|tx| Box::pin(tx.checkpoints(None, 9))).await.unwrap().len(), 3);
}
