//! The same over a real store: rows, commits and records.

use std::sync::Arc;

use ephor_audit::{events, leaf};
use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::port::{Entropy, SeededEntropy, SimulatedClock};
use ephor_identity::{
    Accepted, Denied, Identity, Ports, Reason, Settings, StoreJournal, StoreVault, cookie,
    password::{Cost, hash_password},
    record::sealer,
    token::Scope,
};
use ephor_store::{Location, Store, tx::credential::Credential};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::fixture::{START, basic, bearer, header, presented};

struct Stored {
    store: Store,
    identity: Identity,
    clock: SimulatedClock,
    jen: Principal,
    worker: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

async fn stored() -> Stored {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let start = Timestamp::from_second(START).unwrap();
    let jen = Principal {
        id: PrincipalId::new(Uuid::from_u128(1)),
        kind: PrincipalKind::User,
        person: PersonId::new(Uuid::from_u128(2)),
        domain: "DEMO".to_owned(),
        account: "jen".to_owned(),
        display_name: "Jen".to_owned(),
        upn: Some("jen@demo.test".to_owned()),
        enabled: true,
    };
    let hash = hash_password(&"jen's password".into(), Cost::LEAST, entropy.as_ref()).unwrap();
    let credential = Credential { principal: jen.id, hash, changed: start };
    let (principal, password) = (jen.clone(), credential.clone());
    store
        .transact(move |tx| {
            let (principal, password) = (principal.clone(), password.clone());
            Box::pin(async move {
                tx.insert_principal(&principal).await?;
                tx.put_credential(&password).await
            })
        })
        .await
        .unwrap();
    let seal = sealer(Arc::clone(&entropy));
    let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
    let clock = SimulatedClock::new(start);
    let ports = Ports {
        vault: Arc::new(StoreVault::new(store.clone(), seal)),
        journal: Arc::new(journal),
        clock: Arc::new(clock.clone()),
        entropy,
    };
    let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
    let identity = Identity::new(ports, settings).unwrap();
    Stored { store, identity, clock, jen, worker: tokio::spawn(work), _folder: folder }
}

impl Stored {
    async fn ask(&self, headers: &HeaderMap) -> Result<ephor_identity::Caller, Denied> {
        self.identity.caller(&presented(headers), Accepted::PAM).await
    }

    /// Numbers of all records, once the journal has written what it holds.
    async fn records(self) -> Vec<u16> {
        drop(self.identity);
        self.worker.await.unwrap();
        let leaves = self.store.read(|tx| Box::pin(tx.leaves(0, 1000))).await.unwrap();
        leaves
            .iter()
            .map(|stored| {
                let bytes = stored.leaf.as_deref().unwrap();
                leaf::open(bytes, stored.erasable.as_deref()).unwrap().record.event
            })
            .collect()
    }
}

#[tokio::test]
async fn passwords_sessions_and_tokens_live_in_the_store_and_leave_records() {
    let app = stored().await;
    for name in ["DEMO\\JEN", "jen", "Jen@demo.test"] {
        assert_eq!(app.ask(&basic(name, "jen's password")).await.unwrap().principal, app.jen, "{name}");
    }
    let session = app.identity.sign_in("jen", "jen's password".into(), &presented(&HeaderMap::new())).await.unwrap();
    let session = session.done().unwrap();
    let cookies = header("cookie", &format!("{}={}", cookie::name(true), session.secret.expose_secret()));
    assert_eq!(app.ask(&cookies).await.unwrap(), session.caller);
    app.clock.set(Timestamp::from_second(START + 120).unwrap());
    assert!(app.ask(&cookies).await.is_ok());
    let listed = app.identity.sessions(&session.caller).await.unwrap();
    assert_eq!(listed[0].last_seen, Timestamp::from_second(START + 120).unwrap());

    let token = app
        .identity
        .make_token(&session.caller, "ci", [Scope::PamUse].into(), SignedDuration::from_hours(1))
        .await
        .unwrap();
    let headers = bearer(token.secret.expose_secret());
    assert!(app.ask(&headers).await.unwrap().has_scope(Scope::PamUse));
    assert!(app.identity.revoke_token(&session.caller, token.view.id).await.unwrap());
    assert_eq!(app.ask(&headers).await, Err(Denied::NotSignedIn(Reason::Ended)));

    app.identity.set_password(&session.caller, &app.jen, "a better passphrase".into()).await.unwrap();
    assert_eq!(app.ask(&basic("jen", "jen's password")).await, Err(Denied::NotSignedIn(Reason::Wrong)));
    assert!(app.ask(&cookies).await.is_ok(), "the session that set the password goes on");
    app.identity.sign_out(&session.caller).await.unwrap();
    assert_eq!(app.ask(&cookies).await, Err(Denied::NotSignedIn(Reason::Wrong)));

    let mut records = app.records().await;
    records.sort_unstable();
    let mut expected = [
        events::SIGNED_IN,
        events::API_TOKEN_CREATED,
        events::API_TOKEN_REVOKED,
        events::ANONYMOUS_CALL_REFUSED,
        events::PASSWORD_CHANGED,
        events::SIGN_IN_FAILED,
        events::SIGNED_OUT,
    ]
    .map(|event| event.id);
    expected.sort_unstable();
    assert_eq!(records, expected);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let app = stored().await;
    assert!(app.ask(&basic("jen", "jen's password")).await.is_ok());
    let off = Principal { enabled: false, ..app.jen.clone() };
    app.store
        .transact(move |tx| {
            let off = off.clone();
            Box::pin(async move { tx.update_principal(&off).await })
        })
        .await
        .unwrap();
    assert!(matches!(app.ask(&basic("jen", "jen's password")).await, Err(Denied::Disabled(_))));
}
