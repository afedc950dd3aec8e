//! Alerts, what was found, and who signed in when.

use ephor_domain::{
    alert::{AlertKind, AlertSetting},
    provider::Provider,
};
use ephor_store::{
    Store, Write,
    tx::{
        alert::{AlertRow, IncidentRow},
        alert_operation::AlertOperation,
    },
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{ADA, JEN, SAM, at, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("alerts and their incidents", |store| Box::pin(alerts(store))),
        ("scans that were ordered", |store| Box::pin(operations(store))),
        ("scopes of alerts, and pages of what was found", |store| Box::pin(scopes(store))),
        ("the last sign-in of each", |store| Box::pin(sign_ins(store))),
    ]
}

async fn alerts(store: Store) {
    let kind = AlertKind::StaleSignIn;
    let mut row = AlertRow { active: true, incidents: 2, scanned: Some(at(5)), ..AlertRow::untouched(kind) };
    row.settings.set(kind, AlertSetting::Duration, 86_400).unwrap();
    let incident = |id: &str, facts: &str| IncidentRow { id: id.to_owned(), facts: facts.to_owned() };
    let written = row.clone();
    let dropped = store.transact(move |tx| {
        let written = written.clone();
        Box::pin(async move {
            tx.put_alert("/", &AlertRow { active: false, ..written.clone() }).await?;
            tx.put_alert("/", &written).await?;
            tx.put_alert("/there", &AlertRow::untouched(kind)).await?;
            for (id, facts) in [("b", "{}"), ("a", "{}"), ("b", "{\"x\":1}"), ("c", "{}")] {
                tx.put_alert_incident(kind, "/", &incident(id, facts)).await?;
            }
            let first = tx.drop_alert_incident(kind, "/", "c").await?;
            Ok((first, tx.drop_alert_incident(kind, "/", "c").await?))
        })
    });
    assert_eq!(dropped.await.unwrap(), (true, false));
    let read = store.read(|tx| {
        Box::pin(async move {
            let rows = tx.alerts(Provider::DirectoryRoles, "/").await?;
            Ok((rows, tx.alert_incidents(AlertKind::StaleSignIn, "/").await?))
        })
    });
    assert_eq!(read.await.unwrap(), (vec![row], vec![incident("a", "{}"), incident("b", "{\"x\":1}")]));
}

async fn sign_ins(store: Store) {
    for (principal, second) in [(JEN, 5), (SAM, 6), (JEN, 9), (SAM, 3)] {
        let write = Write::SignedIn(who(principal), at(second));
        let noted = store.transact(move |tx| {
            let write = write.clone();
            Box::pin(async move { tx.apply(vec![write]).await })
        });
        noted.await.unwrap();
    }
    // Twice in one commit: the later one counts.
    let both = store.transact(|tx| {
        Box::pin(async move {
            tx.apply(vec![Write::SignedIn(who(ADA), at(1)), Write::SignedIn(who(ADA), at(2))]).await?;
            tx.last_sign_ins(&[who(JEN), who(SAM), who(ADA)]).await
        })
    });
    let mut found = both.await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [(who(JEN), at(9)), (who(SAM), at(6)), (who(ADA), at(2))]);
}

async fn operations(store: Store) {
    let scan = |id: u128, second: i64, kind| AlertOperation {
        id: Uuid::from_u128(id),
        provider: Provider::Resources,
        scope: "/there".to_owned(),
        kind,
        ordered: at(second),
        started: None,
        finished: None,
    };
    let (one, all) = (scan(1, 5, Some(AlertKind::DuplicateRole)), scan(2, 3, None));
    let written = [one.clone(), all.clone()];
    let taken = store.transact(move |tx| {
        let written = written.clone();
        Box::pin(async move {
            for operation in &written {
                tx.insert_alert_operation(operation).await?;
            }
            let open = tx.open_alert_operations(10).await?;
            let id = written[0].id;
            let mut took = Vec::new();
            // Somebody who took it up and is not heard of for long has lost it.
            for (now, since) in [(at(10), at(0)), (at(11), at(10)), (at(20), at(11))] {
                took.push(tx.take_alert_operation(id, now, since).await?);
            }
            tx.finish_alert_operation(id, at(21)).await?;
            took.push(tx.take_alert_operation(id, at(99), at(98)).await?);
            Ok((open, took, tx.alert_operation(id).await?))
        })
    });
    let (open, took, read) = taken.await.unwrap();
    assert_eq!(open, [all.clone(), one.clone()]);
    assert_eq!(took, [true, false, true, false]);
    assert_eq!(read, Some(AlertOperation { started: Some(at(20)), finished: Some(at(21)), ..one.clone() }));
    let left = store.transact(move |tx| {
        Box::pin(async move {
            tx.forget_alert_operations(at(21)).await?;
            let kept = tx.alert_operation(Uuid::from_u128(1)).await?.is_some();
            tx.forget_alert_operations(at(22)).await?;
            Ok((kept, tx.alert_operation(Uuid::from_u128(1)).await?, tx.open_alert_operations(10).await?))
        })
    });
    assert_eq!(left.await.unwrap(), (true, None, vec![all]));
}

async fn scopes(store: Store) {
    let found = store.transact(|tx| {
        Box::pin(async move {
            for (scope, kind) in [
                ("/b", AlertKind::DuplicateRole),
                ("/a", AlertKind::TooManyOwners),
                ("/b", AlertKind::TooManyOwners),
                ("/c", AlertKind::StaleSignIn),
            ] {
                tx.put_alert(scope, &AlertRow::untouched(kind)).await?;
            }
            let kind = AlertKind::DuplicateRole;
            for id in ["1", "2", "3"] {
                let row = IncidentRow { id: id.to_owned(), facts: "{}".to_owned() };
                tx.put_alert_incident(kind, "/b", &row).await?;
            }
            let page = tx.alert_incidents_after(kind, "/b", "1", 1).await?;
            let page: Vec<String> = page.into_iter().map(|row| row.id).collect();
            let there = tx.alert_incident(kind, "/b", "3").await?.is_some();
            let elsewhere = tx.alert_incident(kind, "/a", "3").await?;
            let first = tx.alert_scopes(Provider::Resources, "", 1).await?;
            Ok((page, there, elsewhere, first, tx.alert_scopes(Provider::Resources, "/a", 10).await?))
        })
    });
    let expected = (vec!["2".to_owned()], true, None, vec!["/a".to_owned()], vec!["/b".to_owned()]);
    assert_eq!(found.await.unwrap(), expected);
}
