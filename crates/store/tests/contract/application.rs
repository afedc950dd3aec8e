//! Applications and the tokens of the issuer.

use ephor_domain::{
    application::{Application, Permission, PermissionKind, Redirect, RedirectKind},
    principal::{Principal, PrincipalKind},
};
use ephor_store::{
    Fault, Store,
    tx::{
        NameCursor,
        application::{ApplicationKey, ApplicationRow, ApplicationSecret, Consent},
        device::{DeviceCode, DeviceState},
        family::{AuthorizationCode, RefreshToken, TokenFamily},
    },
};

use super::Clause;
use crate::fixture::{JEN, at, id, populate, principal, who};

const APP: u128 = 0x90;

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("applications are registered, listed, changed and deleted", |store| Box::pin(applications(store))),
        ("credentials and consents of applications", |store| Box::pin(credentials(store))),
        ("codes, refresh tokens and assertions are good once", |store| Box::pin(once(store))),
        ("a device code is decided once and redeemed once", |store| Box::pin(devices(store))),
        ("families are revoked alone and together", |store| Box::pin(families(store))),
    ]
}

fn application(number: u128, name: &str) -> ApplicationRow {
    let account = format!("client-{number}");
    let principal = Principal {
        kind: PrincipalKind::Service,
        domain: "app".to_owned(),
        display_name: name.to_owned(),
        upn: None,
        ..principal(number, &account)
    };
    let redirects =
        [(RedirectKind::Web, "https://app.example/back"), (RedirectKind::SinglePage, "https://spa.example/")];
    let redirects = redirects.map(|(kind, uri)| Redirect::parse(kind, uri).unwrap()).into();
    let client = id(number + 0x1000);
    ApplicationRow {
        application: Application { principal: principal.id, client, public: false, redirects, created: at(1) },
        principal,
    }
}

async fn register(store: &Store, row: ApplicationRow) -> Result<(), Fault> {
    store
        .transact(move |tx| {
            let row = row.clone();
            Box::pin(async move {
                tx.insert_principal(&row.principal).await?;
                tx.insert_application(&row).await
            })
        })
        .await
}

async fn applications(store: Store) {
    populate(&store).await;
    let (one, other) = (application(APP, "Zeta"), application(APP + 1, "alpha"));
    register(&store, one.clone()).await.unwrap();
    register(&store, other.clone()).await.unwrap();
    let mut twin = application(APP + 2, "Twin");
    twin.application.client = one.application.client;
    let taken = Fault::Conflict { constraint: "application_client".to_owned() };
    assert_eq!(register(&store, twin).await, Err(taken));

    let list = |after: Option<NameCursor>| {
        store.read(move |tx| {
            let after = after.clone();
            Box::pin(async move { tx.applications(after.as_ref(), 1).await })
        })
    };
    assert_eq!(list(None).await, Ok(vec![other.clone()]));
    let after = NameCursor::after("alpha", other.principal.id.uuid());
    assert_eq!(list(Some(after)).await, Ok(vec![one.clone()]));
    let client = one.application.client;
    assert_eq!(store.read(move |tx| Box::pin(tx.application_of_client(client))).await, Ok(Some(one.clone())));

    let mut changed = one.clone();
    (changed.application.public, changed.application.redirects) = (true, Vec::new());
    let put = changed.clone();
    let update = store.transact(move |tx| {
        let put = put.clone();
        Box::pin(async move { tx.update_application(&put).await })
    });
    assert_eq!(update.await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.application(who(APP)))).await, Ok(Some(changed)));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_application(who(APP)))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_principal(who(APP)))).await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.application(who(APP)))).await, Ok(None));
}

async fn credentials(store: Store) {
    populate(&store).await;
    register(&store, application(APP, "App")).await.unwrap();
    let secret = ApplicationSecret {
        id: id(1),
        principal: who(APP),
        hash: vec![1; 32],
        hint: "abc".to_owned(),
        label: "first".to_owned(),
        created: at(1),
        expires: at(100),
    };
    let key = ApplicationKey {
        id: id(2),
        principal: who(APP),
        public_key: "PEM".to_owned(),
        thumbprint: vec![2; 32],
        label: String::new(),
        created: at(1),
        expires: at(100),
    };
    let permission = Permission::find(PermissionKind::AppRole, "Ephor.Admin").unwrap();
    let consent = Consent { principal: who(APP), permission, created: at(1), created_by: Some(who(JEN)) };
    let (put_secret, put_key) = (secret.clone(), key.clone());
    store
        .transact(move |tx| {
            let (secret, key) = (put_secret.clone(), put_key.clone());
            Box::pin(async move {
                tx.insert_application_secret(&secret).await?;
                tx.insert_application_key(&key).await?;
                assert_eq!(tx.put_consent(&consent).await, Ok(true));
                assert_eq!(tx.put_consent(&consent).await, Ok(false));
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.application_secrets(who(APP)))).await, Ok(vec![secret]));
    assert_eq!(store.read(|tx| Box::pin(tx.application_keys(who(APP)))).await, Ok(vec![key]));
    assert_eq!(store.read(|tx| Box::pin(tx.consents(who(APP)))).await, Ok(vec![consent]));
    // Somebody else's is not there.
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_application_secret(who(JEN), id(1)))).await, Ok(false));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_application_secret(who(APP), id(1)))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_application_key(who(APP), id(2)))).await, Ok(true));
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_consent(who(APP), permission))).await, Ok(true));
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_consent(who(APP), permission))).await, Ok(false));
}

fn family(number: u128, holder: u128) -> TokenFamily {
    TokenFamily {
        id: id(number),
        client: id(APP + 0x1000),
        principal: who(holder),
        facts: "{}".to_owned(),
        created: at(0),
        expires: at(1000),
        revoked: None,
    }
}

async fn once(store: Store) {
    let code = AuthorizationCode {
        hash: vec![3; 32],
        family: id(7),
        redirect: "http://localhost:1".to_owned(),
        challenge: Some("c".to_owned()),
        scopes: "openid".to_owned(),
        nonce: None,
        expires: at(60),
    };
    let refresh = RefreshToken { hash: vec![4; 32], family: id(7), scopes: "openid".to_owned(), expires: at(90) };
    let (put_code, put_refresh) = (code.clone(), refresh.clone());
    store
        .transact(move |tx| {
            let (code, refresh) = (put_code.clone(), put_refresh.clone());
            Box::pin(async move {
                tx.insert_token_family(&family(7, JEN)).await?;
                tx.insert_authorization_code(&code).await?;
                tx.insert_refresh_token(&refresh).await
            })
        })
        .await
        .unwrap();
    for expected in [true, false] {
        assert_eq!(store.transact(|tx| Box::pin(tx.use_authorization_code(&[3; 32], at(1)))).await, Ok(expected));
        assert_eq!(store.transact(|tx| Box::pin(tx.use_refresh_token(&[4; 32], at(1)))).await, Ok(expected));
        assert_eq!(store.transact(|tx| Box::pin(tx.use_assertion(&[5; 32], at(50)))).await, Ok(expected));
    }
    // Used ones are known for what they are until they end.
    assert_eq!(store.read(|tx| Box::pin(tx.authorization_code(&[3; 32]))).await, Ok(Some(code)));
    assert_eq!(store.read(|tx| Box::pin(tx.refresh_token(&[4; 32]))).await, Ok(Some(refresh)));
    assert_eq!(store.transact(|tx| Box::pin(tx.purge_credentials(at(61)))).await, Ok(2));
    assert_eq!(store.read(|tx| Box::pin(tx.authorization_code(&[3; 32]))).await, Ok(None));
    assert_eq!(store.transact(|tx| Box::pin(tx.purge_credentials(at(1001)))).await, Ok(2));
}

async fn devices(store: Store) {
    let device = DeviceCode {
        hash: vec![6; 32],
        user_code: "BCDFGHJK".to_owned(),
        client: id(APP),
        scopes: "openid".to_owned(),
        created: at(0),
        expires: at(900),
        polled: None,
        state: DeviceState::Waiting,
        family: None,
    };
    let put = device.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.insert_device_code(&put).await })
        })
        .await
        .unwrap();
    let mut same = device.clone();
    same.hash = vec![7; 32];
    let twice = store.transact(move |tx| {
        let same = same.clone();
        Box::pin(async move { tx.insert_device_code(&same).await })
    });
    assert_eq!(twice.await, Err(Fault::Conflict { constraint: "device_code_user_code".to_owned() }));
    assert_eq!(store.read(|tx| Box::pin(tx.device_code_typed("BCDFGHJK", at(899)))).await, Ok(Some(device)));
    assert_eq!(store.read(|tx| Box::pin(tx.device_code_typed("BCDFGHJK", at(900)))).await, Ok(None));
    assert_eq!(store.transact(|tx| Box::pin(tx.redeem_device_code(&[6; 32]))).await, Ok(false));
    store.transact(|tx| Box::pin(tx.device_code_polled(&[6; 32], at(5)))).await.unwrap();
    let decide =
        |family: Option<u128>| store.transact(move |tx| Box::pin(tx.decide_device_code(&[6; 32], family.map(id))));
    assert_eq!(decide(Some(7)).await, Ok(true));
    assert_eq!(decide(None).await, Ok(false));
    let found = store.read(|tx| Box::pin(tx.device_code(&[6; 32]))).await.unwrap().unwrap();
    assert_eq!((found.state, found.family, found.polled), (DeviceState::Allowed, Some(id(7)), Some(at(5))));
    assert_eq!(store.transact(|tx| Box::pin(tx.redeem_device_code(&[6; 32]))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.redeem_device_code(&[6; 32]))).await, Ok(false));
}

async fn families(store: Store) {
    store
        .transact(|tx| {
            Box::pin(async move {
                for (number, holder) in [(1, JEN), (2, JEN), (3, APP)] {
                    tx.insert_token_family(&family(number, holder)).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(store.transact(|tx| Box::pin(tx.revoke_token_family(id(1), at(5)))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.revoke_token_family(id(1), at(6)))).await, Ok(false));
    assert_eq!(store.transact(|tx| Box::pin(tx.revoke_token_families_of(who(JEN), at(7)))).await, Ok(1));
    let client = id(APP + 0x1000);
    assert_eq!(store.transact(move |tx| Box::pin(tx.revoke_token_families_of_client(client, at(8)))).await, Ok(1));
    let since = store.read(|tx| Box::pin(tx.token_families_revoked_since(at(6)))).await.unwrap();
    assert_eq!(since, [(id(2), at(7)), (id(3), at(8))]);
    let found = store.read(|tx| Box::pin(tx.token_family(id(1)))).await.unwrap().unwrap();
    assert_eq!(found, TokenFamily { revoked: Some(at(5)), ..family(1, JEN) });
}
