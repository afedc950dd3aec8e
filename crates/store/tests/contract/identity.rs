//! Principals, users, administrators, credentials, tokens, sessions.

use ephor_domain::{id::ApiTokenId, principal::Principal};
use ephor_store::{
    Fault, Store,
    tx::{
        administrator::Administrator,
        credential::{Credential, Enrolment},
        factor::{Ceremony, Factor},
        identity_link::IdentityLink,
        session::Session,
        signing_key::SigningKey,
        token::ApiToken,
    },
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{ADA, JEN, SAM, at, person, populate, principal, user, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("a sign-in name is found in all its spellings", |store| Box::pin(named(store))),
        ("principals change and go", |store| Box::pin(principals(store))),
        ("users join two accounts", |store| Box::pin(users(store))),
        ("administrators are counted while enabled", |store| Box::pin(administrators(store))),
        ("credentials", |store| Box::pin(credentials(store))),
        ("a code works once", |store| Box::pin(factors(store))),
        ("the counter of a key only grows", |store| Box::pin(keys(store))),
        ("a recovery code works once", |store| Box::pin(recovery(store))),
        ("a ceremony ends once", |store| Box::pin(ceremonies(store))),
        ("guesses are counted for each account", |store| Box::pin(guesses(store))),
        ("a link works once", |store| Box::pin(enrolments(store))),
        ("tokens and sessions end", |store| Box::pin(tokens(store))),
        ("keys sign in turn", |store| Box::pin(signing_keys(store))),
        ("an outside identity leads to one account", |store| Box::pin(identity_links(store))),
        ("unlinking waits", |store| Box::pin(unlinks(store))),
    ]
}

async fn named(store: Store) {
    populate(&store).await;
    let find = |spelling: &'static str| {
        let store = store.clone();
        async move {
            let found = store.read(move |tx| Box::pin(tx.principal_named(spelling))).await;
            found.unwrap().map(|principal| principal.id)
        }
    };
    for spelling in ["DEMO\\jen", "demo\\JEN", "jen", "Jen", "JEN@demo.test"] {
        assert_eq!(find(spelling).await, Some(who(JEN)), "{spelling}");
    }
    for spelling in ["OTHER\\jen", "nobody", "", "jen@other.test", "%"] {
        assert_eq!(find(spelling).await, None, "{spelling}");
    }
    let twin = Principal { domain: "CORP".to_owned(), upn: None, ..principal(0x50, "jen") };
    store
        .transact(move |tx| {
            let twin = twin.clone();
            Box::pin(async move { tx.insert_principal(&twin).await })
        })
        .await
        .unwrap();
    // Not unique any more.
    assert_eq!(find("jen").await, None);
    assert_eq!(find("corp\\jen").await, Some(who(0x50)));
}

async fn principals(store: Store) {
    populate(&store).await;
    let changed = Principal {
        enabled: false,
        display_name: "Sam I am".to_owned(),
        person: person(JEN),
        ..principal(SAM, "sam2")
    };
    let put = changed.clone();
    let updated = store.transact(move |tx| {
        let put = put.clone();
        Box::pin(async move { tx.update_principal(&put).await })
    });
    assert_eq!(updated.await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.principal(who(SAM)))).await, Ok(Some(changed)));
    let persons = store.read(|tx| Box::pin(tx.principals_of_person(person(JEN)))).await.unwrap();
    assert_eq!(persons.iter().map(|principal| principal.id).collect::<Vec<_>>(), [who(JEN), who(SAM)]);
    store
        .transact(|tx| {
            Box::pin(async move {
                tx.put_session(&session(1, SAM)).await?;
                tx.insert_api_token(&token(1, SAM)).await?;
                tx.put_credential(&Credential { principal: who(SAM), hash: "$argon2id$".to_owned(), changed: at(0) })
                    .await?;
                tx.put_pending_unlink(who(SAM), Some(at(1))).await
            })
        })
        .await
        .unwrap();
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_principal(who(SAM)))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_principal(who(SAM)))).await, Ok(false));
    let left = store.read(|tx| {
        Box::pin(async move {
            Ok((tx.session(&[1; 32]).await?, tx.api_tokens(who(SAM)).await?.len(), tx.user(who(SAM)).await?))
        })
    });
    assert_eq!(left.await, Ok((None, 0, None)));
}

async fn users(store: Store) {
    populate(&store).await;
    let mut joined = user(JEN);
    joined.corp = Some(who(0x60));
    joined.description = Some("of two".to_owned());
    let put = joined.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move {
                let corp = Principal { domain: "CORP".to_owned(), upn: None, ..principal(0x60, "jen") };
                tx.insert_principal(&corp).await?;
                tx.update_user(&put).await?;
                tx.put_pin(who(JEN), Some(vec![9, 9])).await
            })
        })
        .await
        .unwrap();
    joined.has_pin = true;
    let found = store.read(|tx| Box::pin(tx.user_of_corp(who(0x60)))).await.unwrap().unwrap();
    assert_eq!((found.user, found.principal.id), (joined, who(JEN)));
    assert_eq!(store.read(|tx| Box::pin(tx.pin(who(JEN)))).await, Ok(Some(vec![9, 9])));
    let mut second = user(SAM);
    second.corp = Some(who(0x60));
    let taken = store.transact(move |tx| {
        let second = second.clone();
        Box::pin(async move { tx.update_user(&second).await })
    });
    assert_eq!(taken.await, Err(Fault::Conflict { constraint: "pam_user_corp".to_owned() }));
    // The CORP account is still named.
    let named = store.transact(|tx| Box::pin(tx.delete_principal(who(0x60)))).await;
    assert!(matches!(named, Err(Fault::Dangling { .. })), "{named:?}");
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_user(who(JEN)))).await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.user(who(JEN)))).await, Ok(None));
}

async fn administrators(store: Store) {
    populate(&store).await;
    let template = Uuid::from_u128(0x99);
    let name = |number: u128| {
        store.transact(move |tx| {
            let new = Administrator { principal: who(number), template, created: at(1), created_by: Some(who(ADA)) };
            Box::pin(async move { tx.insert_administrator(&new).await })
        })
    };
    name(JEN).await.unwrap();
    name(SAM).await.unwrap();
    assert_eq!(name(SAM).await, Err(Fault::Conflict { constraint: "administrator".to_owned() }));
    let enabled = || store.read(move |tx| Box::pin(tx.enabled_administrators(template)));
    assert_eq!(enabled().await, Ok(2));
    let off = Principal { enabled: false, ..principal(SAM, "sam") };
    store
        .transact(move |tx| {
            let off = off.clone();
            Box::pin(async move { tx.update_principal(&off).await })
        })
        .await
        .unwrap();
    assert_eq!(enabled().await, Ok(1));
    assert_eq!(store.read(|tx| Box::pin(tx.administrator_roles(who(JEN)))).await, Ok(vec![template]));
    let all = store.read(|tx| Box::pin(tx.administrators(None))).await.unwrap();
    assert_eq!((all.len(), all[0].0.created_by, all[0].1.account.as_str()), (2, Some(who(ADA)), "jen"));
    assert_eq!(store.read(move |tx| Box::pin(tx.administrators(Some(template)))).await.unwrap().len(), 2);
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_administrator(who(JEN), template))).await, Ok(true));
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_administrator(who(JEN), template))).await, Ok(false));
}

async fn credentials(store: Store) {
    populate(&store).await;
    for hash in ["$argon2id$1", "$argon2id$2"] {
        let credential = Credential { principal: who(JEN), hash: hash.to_owned(), changed: at(3) };
        store
            .transact(move |tx| {
                let credential = credential.clone();
                Box::pin(async move { tx.put_credential(&credential).await })
            })
            .await
            .unwrap();
    }
    let found = store.read(|tx| Box::pin(tx.credential(who(JEN)))).await.unwrap().unwrap();
    assert_eq!((found.hash.as_str(), found.changed), ("$argon2id$2", at(3)));
    assert!(!format!("{found:?}").contains("argon2"));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_credential(who(JEN)))).await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.credential(who(JEN)))).await, Ok(None));
}

fn factor(key: Uuid, kind: &str, counter: i64) -> Factor {
    Factor {
        id: key,
        principal: who(JEN),
        kind: kind.to_owned(),
        label: "phone".to_owned(),
        secret: vec![7; 16],
        counter,
        created: at(0),
        used: None,
        disabled: None,
    }
}

async fn insert(store: &Store, factor: Factor) {
    let insert = store.transact(move |tx| {
        let factor = factor.clone();
        Box::pin(async move { tx.insert_factor(&factor).await })
    });
    insert.await.unwrap();
}

async fn factors(store: Store) {
    populate(&store).await;
    let key = Uuid::from_u128(0x70);
    insert(&store, factor(key, "totp", 10)).await;
    let used = |counter: i64| store.transact(move |tx| Box::pin(tx.use_factor(key, counter, at(counter))));
    assert_eq!(used(10).await, Ok(false));
    assert_eq!(used(11).await, Ok(true));
    assert_eq!(used(11).await, Ok(false));
    let found = store.read(|tx| Box::pin(tx.factors(who(JEN)))).await.unwrap();
    // Sixteen bytes that are no id.
    let facts = (found[0].counter, found[0].secret.clone(), found[0].used, found[0].disabled);
    assert_eq!(facts, (11, vec![7; 16], Some(at(11)), None));
    assert_eq!(store.transact(move |tx| Box::pin(tx.disable_factor(key, at(12)))).await, Ok(true));
    assert_eq!(store.transact(move |tx| Box::pin(tx.disable_factor(key, at(13)))).await, Ok(false));
    assert_eq!(used(13).await, Ok(false), "disabled");
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_factor(who(SAM), key))).await, Ok(false));
    assert_eq!(store.transact(move |tx| Box::pin(tx.delete_factor(who(JEN), key))).await, Ok(true));
}

async fn keys(store: Store) {
    populate(&store).await;
    let (counting, silent) = (Uuid::from_u128(0x71), Uuid::from_u128(0x72));
    insert(&store, factor(counting, "passkey", 3)).await;
    insert(&store, factor(silent, "passkey", 0)).await;
    let used = |key: Uuid, counter: i64| {
        store.transact(move |tx| Box::pin(async move { tx.use_key(key, counter, at(counter), b"new form").await }))
    };
    assert_eq!(used(counting, 3).await, Ok(false), "went back, or was copied");
    assert_eq!(used(counting, 0).await, Ok(false));
    assert_eq!(used(counting, 4).await, Ok(true));
    assert_eq!(used(silent, 0).await, Ok(true));
    assert_eq!(used(silent, 0).await, Ok(true), "keeps no counter");
    let found = store.read(|tx| Box::pin(tx.factors(who(JEN)))).await.unwrap();
    assert_eq!(found.iter().map(|factor| factor.secret.clone()).collect::<Vec<_>>(), [b"new form", b"new form"]);
}

async fn recovery(store: Store) {
    populate(&store).await;
    let replace = |codes: &'static [&'static [u8]]| {
        let codes: Vec<Vec<u8>> = codes.iter().map(|code| code.to_vec()).collect();
        store.transact(move |tx| {
            let codes = codes.clone();
            Box::pin(async move { tx.replace_recovery_codes(who(JEN), &codes, at(1)).await })
        })
    };
    replace(&[b"one", b"two"]).await.unwrap();
    let take =
        |whose: u128, code: &'static [u8]| store.transact(move |tx| Box::pin(tx.take_recovery_code(who(whose), code)));
    assert_eq!(take(SAM, b"one").await, Ok(false));
    assert_eq!(take(JEN, b"one").await, Ok(true));
    assert_eq!(take(JEN, b"one").await, Ok(false));
    assert_eq!(store.read(|tx| Box::pin(tx.recovery_codes(who(JEN)))).await, Ok(1));
    replace(&[b"three"]).await.unwrap();
    assert_eq!(take(JEN, b"two").await, Ok(false), "old ones are gone");
    insert(&store, factor(Uuid::from_u128(0x73), "totp", 0)).await;
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_factors(who(JEN)))).await, Ok(1));
    assert_eq!(take(JEN, b"three").await, Ok(false));
}

async fn ceremonies(store: Store) {
    populate(&store).await;
    let ceremony = Ceremony {
        hash: vec![9; 32],
        kind: "sign-in".to_owned(),
        principal: Some(who(JEN)),
        state: "{}".to_owned(),
        expires: at(300),
    };
    let put = ceremony.clone();
    let written = store.transact(move |tx| {
        let put = put.clone();
        Box::pin(async move { tx.put_ceremony(&put).await })
    });
    written.await.unwrap();
    let take = |kind: &'static str, now: i64| {
        store.transact(move |tx| Box::pin(async move { tx.take_ceremony(&[9; 32], kind, at(now)).await }))
    };
    let look = store.read(|tx| Box::pin(async move { tx.ceremony(&[9; 32], "sign-in", at(299)).await }));
    assert_eq!(look.await, Ok(Some(ceremony.clone())));
    assert_eq!(take("enrol", 1).await, Ok(None));
    assert_eq!(take("sign-in", 300).await, Ok(None));
    assert_eq!(take("sign-in", 299).await, Ok(Some(ceremony)));
    assert_eq!(take("sign-in", 1).await, Ok(None));
}

async fn guesses(store: Store) {
    populate(&store).await;
    let put = |at| store.transact(move |tx| Box::pin(tx.put_guess_budget(who(JEN), at)));
    let read = || store.read(|tx| Box::pin(tx.guess_budget(who(JEN))));
    assert_eq!(read().await, Ok(None));
    put(Some(at(5))).await.unwrap();
    put(Some(at(6))).await.unwrap();
    assert_eq!(read().await, Ok(Some(at(6))));
    put(None).await.unwrap();
    assert_eq!(read().await, Ok(None));
}

async fn enrolments(store: Store) {
    populate(&store).await;
    let link = Enrolment {
        hash: vec![5; 32],
        principal: who(JEN),
        purpose: "password".to_owned(),
        created: at(0),
        expires: at(900),
    };
    let put = link.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.insert_enrolment(&put).await })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.enrolment(&[5; 32], at(1)))).await, Ok(Some(link.clone())));
    assert_eq!(store.read(|tx| Box::pin(tx.enrolment(&[5; 32], at(900)))).await, Ok(None));
    let take = |now: i64| store.transact(move |tx| Box::pin(tx.take_enrolment(&[5; 32], at(now))));
    assert_eq!(take(900).await, Ok(None));
    assert_eq!(take(1).await, Ok(Some(link.clone())));
    assert_eq!(take(1).await, Ok(None));
    let other = Enrolment { hash: vec![6; 32], principal: who(SAM), ..link.clone() };
    store
        .transact(move |tx| {
            let (one, other) = (link.clone(), other.clone());
            Box::pin(async move {
                tx.insert_enrolment(&one).await?;
                tx.insert_enrolment(&other).await
            })
        })
        .await
        .unwrap();
    let end = || store.transact(|tx| Box::pin(tx.delete_enrolments_of(who(JEN))));
    assert_eq!(end().await, Ok(1));
    assert_eq!(end().await, Ok(0));
    assert!(store.read(|tx| Box::pin(tx.enrolment(&[6; 32], at(1)))).await.unwrap().is_some(), "sam's stays");
}

fn token(number: u8, holder: u128) -> ApiToken {
    ApiToken {
        id: ApiTokenId::new(Uuid::from_u128(number.into())),
        principal: who(holder),
        hash: vec![number; 32],
        scopes: vec!["Pam.Use".to_owned()],
        label: "script".to_owned(),
        created: at(number.into()),
        expires: at(1000),
        revoked: None,
    }
}

fn session(number: u8, holder: u128) -> Session {
    Session {
        hash: vec![number; 32],
        principal: who(holder),
        created: at(number.into()),
        last_seen: at(number.into()),
        expires: at(500),
        facts: "{}".to_owned(),
    }
}

async fn tokens(store: Store) {
    populate(&store).await;
    store
        .transact(|tx| {
            Box::pin(async move {
                tx.insert_api_token(&token(1, JEN)).await?;
                tx.insert_api_token(&token(2, JEN)).await?;
                tx.put_session(&session(3, JEN)).await?;
                tx.put_session(&session(4, JEN)).await?;
                tx.put_session(&Session { last_seen: at(99), ..session(4, JEN) }).await
            })
        })
        .await
        .unwrap();
    let found = store.read(|tx| Box::pin(tx.api_token(&[1; 32]))).await.unwrap().unwrap();
    assert_eq!(found, token(1, JEN));
    let twice = store.transact(|tx| {
        Box::pin(async move {
            tx.insert_api_token(&ApiToken { id: ApiTokenId::new(Uuid::from_u128(9)), ..token(1, JEN) }).await
        })
    });
    assert_eq!(twice.await, Err(Fault::Conflict { constraint: "api_token_hash".to_owned() }));
    let revoke =
        |holder: u128| store.transact(move |tx| Box::pin(tx.revoke_api_token(who(holder), token(1, JEN).id, at(5))));
    assert_eq!(revoke(SAM).await, Ok(false));
    assert_eq!(revoke(JEN).await, Ok(true));
    assert_eq!(revoke(JEN).await, Ok(false));
    assert_eq!(store.transact(|tx| Box::pin(tx.revoke_api_tokens_of(who(JEN), at(6)))).await, Ok(true));
    let all = store.read(|tx| Box::pin(tx.api_tokens(who(JEN)))).await.unwrap();
    assert_eq!(all.iter().map(|token| token.revoked).collect::<Vec<_>>(), [Some(at(6)), Some(at(5))]);
    let sessions = store.read(|tx| Box::pin(tx.sessions_of(who(JEN)))).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.last_seen).collect::<Vec<_>>(), [at(99), at(3)]);
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_session(&[3; 32]))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.purge_credentials(at(501)))).await, Ok(1));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_sessions_of(who(JEN)))).await, Ok(0));
}

async fn unlinks(store: Store) {
    populate(&store).await;
    let put = |number: u128, since: Option<i64>| {
        store.transact(move |tx| Box::pin(tx.put_pending_unlink(who(number), since.map(at))))
    };
    put(JEN, Some(20)).await.unwrap();
    put(SAM, Some(10)).await.unwrap();
    put(SAM, Some(30)).await.unwrap();
    let pending = || store.read(|tx| Box::pin(tx.pending_unlinks()));
    assert_eq!(pending().await, Ok(vec![who(SAM), who(JEN)]));
    put(SAM, None).await.unwrap();
    assert_eq!(pending().await, Ok(vec![who(JEN)]));
}

async fn signing_keys(store: Store) {
    let key = |name: &str, from: i64| SigningKey {
        kid: name.to_owned(),
        algorithm: "ES256".to_owned(),
        public: "{}".to_owned(),
        sealed: vec![1, 2, 3],
        created: at(0),
        signs_from: at(from),
        signs_until: at(from + 10),
        published_until: at(from + 20),
    };
    let (first, second) = (key("b", 0), key("a", 10));
    for put in [second.clone(), first.clone()] {
        store
            .transact(move |tx| {
                let put = put.clone();
                Box::pin(async move { tx.insert_signing_key(&put).await })
            })
            .await
            .unwrap();
    }
    let all = store.read(|tx| Box::pin(tx.signing_keys())).await.unwrap();
    assert_eq!(all, [first.clone(), second.clone()]);
    assert!(!format!("{all:?}").contains("sealed"));
    assert_eq!(store.transact(|tx| Box::pin(tx.purge_signing_keys(at(20)))).await, Ok(0));
    assert_eq!(store.transact(|tx| Box::pin(tx.purge_signing_keys(at(21)))).await, Ok(1));
    assert_eq!(store.transact(|tx| Box::pin(tx.end_signing_keys(at(15)))).await, Ok(1));
    let ended = SigningKey { signs_until: at(15), published_until: at(15), ..second };
    assert_eq!(store.read(|tx| Box::pin(tx.signing_keys())).await.unwrap(), [ended]);
}

async fn identity_links(store: Store) {
    populate(&store).await;
    let link = |principal: u128, created: i64| IdentityLink {
        issuer: "https://i.example".to_owned(),
        subject: "s".to_owned(),
        principal: who(principal),
        created: at(created),
        created_by: Some(who(ADA)),
        ended: None,
    };
    let put = |link: IdentityLink| {
        let store = store.clone();
        async move {
            let command = store.transact(move |tx| {
                let link = link.clone();
                Box::pin(async move { tx.put_identity_link(&link).await })
            });
            command.await
        }
    };
    let found = |subject: &'static str| {
        let store = store.clone();
        async move {
            let read = store.read(move |tx| Box::pin(tx.linked_principal("https://i.example", subject)));
            read.await.unwrap().map(|principal| principal.id)
        }
    };
    put(link(JEN, 1)).await.unwrap();
    assert_eq!((found("s").await, found("S").await), (Some(who(JEN)), None));
    assert!(matches!(put(link(SAM, 2)).await, Err(Fault::Conflict { .. })));
    let end = |by: u128| {
        let store = store.clone();
        async move {
            let end =
                store.transact(move |tx| Box::pin(tx.end_identity_link("https://i.example", "s", who(by), at(3))));
            end.await.unwrap()
        }
    };
    assert!(!end(SAM).await);
    assert!(end(JEN).await);
    assert_eq!(found("s").await, None);
    put(link(SAM, 4)).await.unwrap();
    let all = store.read(|tx| Box::pin(tx.links_of_identity("https://i.example", "s"))).await.unwrap();
    assert_eq!(all, [IdentityLink { ended: Some(at(3)), ..link(JEN, 1) }, link(SAM, 4)]);
    let own = store.read(|tx| Box::pin(tx.links_of_principal(who(SAM)))).await.unwrap();
    assert_eq!(own, [link(SAM, 4)]);
}
