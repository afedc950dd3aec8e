//! The index of the audit log that the directory's readers look into.

use ephor_domain::provider::Provider;
use ephor_store::{
    Store, Write,
    tx::directory_audit::{AuditFilter, AuditRow, AuditSpan},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::Clause;
use crate::fixture::{JEN, SAM, at, id, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![("the index of audits, by time and by what they are about", |store| Box::pin(audits(store)))]
}

fn row(number: u128, second: i64) -> AuditRow {
    AuditRow {
        id: Uuid::from_u128(number),
        at: at(second),
        event: 9240,
        provider: Some(Provider::Groups),
        actor: Some(who(JEN)),
        component: None,
        address: Some("192.0.2.1".to_owned()),
        subject: None,
        request: None,
        entitlement: Some(id(9)),
        correlation: Uuid::from_u128(0xc0 + number),
        failure: None,
        facts: "{}".to_owned(),
        targets: Vec::new(),
    }
}

async fn audits(store: Store) {
    let sam = Uuid::from_u128(SAM);
    let rows = [
        row(1, 1),
        AuditRow { targets: vec![sam, Uuid::from_u128(9)], subject: Some(who(SAM)), ..row(2, 2) },
        AuditRow { targets: vec![sam], event: 9200, provider: None, actor: None, ..row(3, 2) },
        AuditRow { failure: Some("not_held".to_owned()), component: Some("scheduler".to_owned()), ..row(4, 3) },
    ];
    let writes: Vec<Write> = rows.iter().cloned().map(Box::new).map(Write::Audit).collect();
    store
        .transact(move |tx| {
            let writes = writes.clone();
            Box::pin(async move { tx.apply(writes).await })
        })
        .await
        .unwrap();
    let all = AuditSpan { filter: AuditFilter::All, before: (at(100), Uuid::nil()), since: Timestamp::MIN, limit: 10 };
    let found = |span: AuditSpan| {
        let store = store.clone();
        async move {
            let read = store.read(move |tx| {
                let span = span.clone();
                Box::pin(async move { tx.directory_audits(&span).await })
            });
            read.await.unwrap()
        }
    };
    let ids = |rows: Vec<AuditRow>| rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>();
    let whole = found(all.clone()).await;
    let stripped = |row: &AuditRow| AuditRow { targets: Vec::new(), ..row.clone() };
    assert_eq!(whole, rows.iter().rev().map(stripped).collect::<Vec<_>>());
    assert_eq!(ids(found(AuditSpan { limit: 2, ..all.clone() }).await), [4, 3]);
    assert_eq!(ids(found(AuditSpan { before: (at(2), Uuid::from_u128(3)), ..all.clone() }).await), [2, 1]);
    assert_eq!(ids(found(AuditSpan { since: at(2), ..all.clone() }).await), [4, 3, 2]);
    for (filter, expected) in [
        (AuditFilter::Event(9200), vec![3]),
        (AuditFilter::Correlation(Uuid::from_u128(0xc1)), vec![1]),
        (AuditFilter::Actor(who(JEN)), vec![4, 2, 1]),
        (AuditFilter::Target(vec![sam, Uuid::from_u128(9)]), vec![3, 2]),
        (AuditFilter::Target(vec![Uuid::from_u128(9)]), vec![2]),
        (AuditFilter::Target(Vec::new()), vec![]),
    ] {
        assert_eq!(ids(found(AuditSpan { filter: filter.clone(), ..all.clone() }).await), expected, "{filter:?}");
    }
    let after = store.read(|tx| Box::pin(tx.directory_audits_after((at(2), Uuid::from_u128(2)), 10))).await.unwrap();
    assert_eq!(ids(after), [3, 4]);
    let one = store.read(|tx| Box::pin(tx.directory_audit(Uuid::from_u128(2)))).await.unwrap();
    assert_eq!(one, Some(stripped(&rows[1])));
    store.transact(|tx| Box::pin(tx.forget_directory_audits(at(3)))).await.unwrap();
    assert_eq!(ids(found(all.clone()).await), [4]);
    assert_eq!(found(AuditSpan { filter: AuditFilter::Target(vec![sam]), ..all }).await, []);
}
