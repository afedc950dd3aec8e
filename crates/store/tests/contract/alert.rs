//! Alerts, what was found, and who signed in when.

use ephor_domain::{
    alert::{AlertKind, AlertSetting},
    provider::Provider,
};
use ephor_store::{
    Store, Write,
    tx::alert::{AlertRow, IncidentRow},
};

use super::Clause;
use crate::fixture::{ADA, JEN, SAM, at, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("alerts and their incidents", |store| Box::pin(alerts(store))),
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
