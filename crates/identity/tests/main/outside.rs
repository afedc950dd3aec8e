//! An outside issuer, a real one: people who sign in with it, tokens it makes, keys it exchanges.

use std::{collections::BTreeMap, sync::Arc};

use ephor_connect::outgoing::{Limits, Web};
use ephor_domain::{
    authentication::{Method, Strength},
    id::PrincipalId,
    principal::{Principal, Proof},
};
use ephor_engine::port::{Clock, SeededEntropy, SystemClock, fetch::Fetch};
use ephor_identity::{
    Accepted, Bearers, Denied, Reason, Sealer, SignIn, TokenFault, Via,
    landing::{Landing, NotLanded},
    outside::{Client, Mapping, OutsideIssuer, OutsideSettings, RETRY, Unlinkable},
    relying_party::{Arrival, CALLBACK, ProvedIdentity, RelyingError, RelyingParty, RelyingPorts, Return},
    token::Scope,
};
use ephor_store::{
    Store,
    tx::{factor::Factor, identity_link::IdentityLink},
};
use ephor_testkit::{
    available_or_skip,
    oidc::{CLIENT_SECRET, Oidc},
};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    bearer::{APP, JEN, World, world_at},
    fixture::{bearer, presented},
};

const URL: &str = "http://127.0.0.1:9";

fn settings(provider: &Oidc, mapping: Mapping) -> OutsideSettings {
    OutsideSettings {
        issuer: provider.issuer(),
        audiences: vec!["api://ephor".to_owned()],
        client: Some(Client {
            id: "ephor".to_owned(),
            secret: Some(CLIENT_SECRET.into()),
            scopes: vec!["email".to_owned()],
        }),
        mapping,
        authoritative_for: Vec::new(),
    }
}

pub(crate) struct Outside {
    pub(crate) world: World,
    issuer: Arc<OutsideIssuer>,
}

/// The issuer's clock is the real one, so ours begins there too.
async fn outside(settings: OutsideSettings) -> Outside {
    outside_by(settings, Arc::new(Web::new(true, None, &[], Limits::default()).unwrap())).await
}

/// An outside issuer that answers by `web`.
pub(crate) async fn outside_by(settings: OutsideSettings, web: Arc<dyn Fetch>) -> Outside {
    let mut world = world_at(SystemClock::default().now()).await;
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let issuer = Arc::new(OutsideIssuer::new(settings, web, Arc::clone(&clock)));
    let links = world.vault.clone();
    world.replace_bearers(|bearers: Bearers| bearers.with_outside([Arc::clone(&issuer)], links));
    let ports = RelyingPorts {
        links: world.vault.clone(),
        sealer: Sealer::new(&[1; 32]),
        clock,
        entropy: Arc::new(SeededEntropy::new(9)),
    };
    let party = RelyingParty::new(ports, BTreeMap::from([("corp".to_owned(), Arc::clone(&issuer))]), URL);
    world.identity = world.identity.with_relying_party(party);
    Outside { world, issuer }
}

/// What a browser brings back.
#[derive(Clone)]
pub(crate) struct Brought {
    pub(crate) cookie: SecretString,
    pub(crate) query: BTreeMap<String, String>,
}

impl Outside {
    pub(crate) fn party(&self) -> &RelyingParty {
        self.world.identity.relying_party().unwrap()
    }

    /// As the portal takes somebody back.
    pub(crate) async fn land(&self, brought: &Brought) -> Result<Landing, NotLanded> {
        let of = |name: &str| brought.query.get(name).map(String::as_str);
        let back = Return {
            cookie: &brought.cookie,
            state: of("state").unwrap_or_default(),
            code: of("code").unwrap_or_default(),
            issuer: of("iss"),
        };
        self.world.identity.land(back, &presented(&HeaderMap::new())).await
    }

    async fn trip(&self, provider: &Oidc) -> Brought {
        let departure = self.party().begin("corp", "/portal/", false).await.unwrap();
        let back = provider.browse(&departure.url).unwrap();
        let query = url::Url::parse(&back).unwrap().query_pairs().into_owned().collect();
        Brought { cookie: departure.cookie, query }
    }

    pub(crate) async fn complete(&self, brought: &Brought) -> Result<Arrival, RelyingError> {
        let of = |name: &str| brought.query.get(name).map(String::as_str);
        let back = Return {
            cookie: &brought.cookie,
            state: of("state").unwrap_or_default(),
            code: of("code").unwrap_or_default(),
            issuer: of("iss"),
        };
        self.party().complete(back).await
    }

    pub(crate) async fn ask(&self, token: &str) -> Result<ephor_identity::Caller, Denied> {
        self.world.identity.caller(&presented(&bearer(token)), Accepted::API).await
    }
}

pub(crate) async fn link(store: &Store, issuer: &str, subject: &str, principal: uuid::Uuid) {
    let link = IdentityLink {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        principal: PrincipalId::new(principal),
        created: Timestamp::UNIX_EPOCH,
        created_by: None,
        ended: None,
    };
    store
        .transact(move |tx| {
            let link = link.clone();
            Box::pin(async move { tx.put_identity_link(&link).await })
        })
        .await
        .unwrap();
}

fn callback() -> String {
    format!("{URL}{CALLBACK}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_with_an_outside_issuer() {
    let Some(mut provider) = available_or_skip(Oidc::start("alice", &callback(), "one")) else { return };
    let outside = outside(settings(&provider, Mapping::default())).await;
    assert_eq!(outside.party().names().collect::<Vec<_>>(), ["corp"]);

    // Nobody yet: who it is, is proved, and no more.
    let brought = outside.trip(&provider).await;
    let arrival = outside.complete(&brought).await.unwrap();
    assert_eq!((arrival.principal.clone(), arrival.return_to.as_str()), (None, "/portal/"));
    assert_eq!(
        (arrival.identity.issuer.as_str(), arrival.identity.subject.as_str()),
        (provider.issuer().as_str(), "alice")
    );
    assert!(arrival.proofs.identified().is_some() && arrival.proofs.proved(Strength::Mfa).is_none(), "F18: unmapped");
    // A code is good once.
    assert!(matches!(outside.complete(&brought).await, Err(RelyingError::Refused(_))));

    link(&outside.world.store, &provider.issuer(), "alice", JEN).await;
    let arrival = outside.complete(&outside.trip(&provider).await).await.unwrap();
    assert_eq!(arrival.principal.unwrap().id.uuid(), JEN);

    // What the browser brings back counts only as it left.
    let brought = outside.trip(&provider).await;
    let other = outside.trip(&provider).await;
    let changed = |name: &str, value: &str| {
        let mut changed = brought.clone();
        changed.query.insert(name.to_owned(), value.to_owned());
        changed
    };
    for bad in [
        changed("state", "other"),
        changed("state", ""),
        changed("code", ""),
        changed("iss", "https://evil.example"),
        Brought { cookie: other.cookie.clone(), ..brought.clone() },
        Brought { cookie: "AAAA".into(), ..brought.clone() },
    ] {
        assert_eq!(outside.complete(&bad).await, Err(RelyingError::State));
    }
    // The code of another trip: its verifier and nonce are not ours.
    let mixed = changed("code", other.query.get("code").unwrap());
    assert!(matches!(outside.complete(&mixed).await, Err(RelyingError::Refused(_))));
    outside.world.clock.set(outside.world.clock.now() + SignedDuration::from_mins(10));
    assert_eq!(outside.complete(&brought).await, Err(RelyingError::State), "away too long");
    assert_eq!(outside.party().begin("corp", "//evil.example", false).await.unwrap_err(), RelyingError::Elsewhere);
    assert_eq!(outside.party().begin("other", "/", false).await.unwrap_err(), RelyingError::UnknownIssuer);

    // Its keys are exchanged: the first new token makes us ask again.
    outside.world.clock.set(SystemClock::default().now() + RETRY);
    provider.start_again("two").unwrap();
    let arrival = outside.complete(&outside.trip(&provider).await).await;
    assert_eq!(arrival.unwrap().principal.unwrap().id.uuid(), JEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_an_outside_issuer_count_by_link_and_mapping() {
    let Some(mut provider) = available_or_skip(Oidc::start("alice", &callback(), "one")) else { return };
    let unmapped = outside(settings(&provider, Mapping::default())).await;
    let token = provider.application_token().unwrap();
    // It claims an `oid`, a role, scopes, factors and contexts; nothing of that makes it anybody.
    assert_eq!(unmapped.ask(&token).await, Err(Denied::NotSignedIn(Reason::Token(TokenFault::NotLinked))));
    link(&unmapped.world.store, &provider.issuer(), "svc", APP).await;
    let caller = unmapped.ask(&token).await.unwrap();
    assert_eq!((caller.principal.id.uuid(), caller.actor.proof), (APP, Proof::Application));
    let facts = caller.token().unwrap();
    assert!(facts.roles.is_empty() && facts.contexts.is_empty() && facts.methods.is_empty(), "{facts:?}");
    assert!(!caller.has_scope(Scope::Admin));

    // Its keys are exchanged: within a minute of the last question we do not ask, after it we do.
    provider.start_again("two").unwrap();
    let fresh = provider.application_token().unwrap();
    assert_eq!(unmapped.ask(&fresh).await, Err(Denied::NotSignedIn(Reason::Token(TokenFault::Signature))));
    assert!(unmapped.ask(&token).await.is_ok());
    unmapped.world.clock.set(unmapped.world.clock.now() + RETRY);
    assert!(unmapped.ask(&fresh).await.is_ok());
    assert_eq!(unmapped.ask(&token).await, Err(Denied::NotSignedIn(Reason::Token(TokenFault::Signature))));

    // It is gone: its keys go on to count for a day.
    provider.stop();
    unmapped.world.clock.set(unmapped.world.clock.now() + SignedDuration::from_mins(55));
    assert!(unmapped.ask(&fresh).await.is_ok());

    provider.start_again("three").unwrap();
    let roles = [("Ephor.Admin".to_owned(), vec!["Ephor.Admin".to_owned()])].into();
    let mapped = outside(settings(&provider, Mapping { roles, ..Mapping::default() })).await;
    link(&mapped.world.store, &provider.issuer(), "svc", APP).await;
    let caller = mapped.ask(&provider.application_token().unwrap()).await.unwrap();
    assert!(caller.has_scope(Scope::Admin) && !caller.has_scope(Scope::PamUse));
    let other = OutsideSettings { audiences: Vec::new(), ..mapped.issuer.settings().clone() };
    let deaf = outside(other).await;
    let refused = deaf.ask(&provider.application_token().unwrap()).await;
    assert_eq!(refused, Err(Denied::NotSignedIn(Reason::Token(TokenFault::Audience))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_issuer_says_of_factors_and_names_counts_where_configured() {
    let Some(provider) = available_or_skip(Oidc::start("jen", &callback(), "one")) else { return };
    let mapping = Mapping { mfa_methods: ["hwk".to_owned()].into(), ..Mapping::default() };
    let base = settings(&provider, mapping);
    let trusted = OutsideSettings { authoritative_for: vec!["CORP.test".to_owned()], ..base.clone() };
    let outside = outside(trusted).await;
    let arrival = outside.complete(&outside.trip(&provider).await).await.unwrap();
    assert!(arrival.proofs.proved(Strength::Mfa).is_some());
    assert_eq!(arrival.principal, None, "no account of that sign-in name");
    let named = Principal { upn: Some("Jen@corp.test".to_owned()), ..outside.world.principal(JEN).await };
    outside.world.update(named).await;
    let arrival = outside.complete(&outside.trip(&provider).await).await.unwrap();
    assert_eq!(arrival.principal.unwrap().id.uuid(), JEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f18_an_issuers_word_spares_a_second_factor_only_by_mapping() {
    let Some(provider) = available_or_skip(Oidc::start("alice", &callback(), "one")) else { return };
    let mapping = Mapping { mfa_methods: ["hwk".to_owned()].into(), ..Mapping::default() };
    for (mapping, spared) in [(Mapping::default(), false), (mapping, true)] {
        let outside = outside(settings(&provider, mapping)).await;
        link(&outside.world.store, &provider.issuer(), "alice", JEN).await;
        let Ok(Landing::Account { sign_in, return_to }) = outside.land(&outside.trip(&provider).await).await else {
            panic!("nobody landed")
        };
        let session = sign_in.done().expect("an account without a second factor");
        let Via::Session { proofs, .. } = &session.caller.via else { panic!("{session:?}") };
        let told = if spared { "federated federated-mfa" } else { "federated" };
        assert_eq!((proofs.methods().to_string().as_str(), return_to.as_str()), (told, "/portal/"));

        let factor = Factor {
            id: uuid::Uuid::from_u128(0xfac),
            principal: PrincipalId::new(JEN),
            kind: "totp".to_owned(),
            label: "phone".to_owned(),
            secret: Vec::new(),
            counter: 0,
            created: outside.world.clock.now(),
            used: None,
            // Though it was switched off.
            disabled: Some(outside.world.clock.now()),
        };
        let insert = outside.world.store.transact(move |tx| {
            let factor = factor.clone();
            Box::pin(async move { tx.insert_factor(&factor).await })
        });
        insert.await.unwrap();
        let landed = outside.land(&outside.trip(&provider).await).await;
        let Ok(Landing::Account { sign_in, .. }) = landed else { panic!("{landed:?}") };
        match *sign_in {
            SignIn::SecondFactor(caller, proofs, _) => {
                assert!(!spared && proofs.iter().all(|proved| proved.method == Method::Federated));
                assert_eq!(caller.principal.id.uuid(), JEN);
            }
            SignIn::Done(_) => assert!(spared),
        }
        // Of a disabled account, no more is said than of none.
        let off = Principal { enabled: false, ..outside.world.principal(JEN).await };
        outside.world.update(off).await;
        let landed = outside.land(&outside.trip(&provider).await).await;
        assert!(matches!(&landed, Ok(Landing::NotLinked(identity)) if identity.subject == "alice"), "{landed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_an_identity_never_changes_persons() {
    let Some(provider) = available_or_skip(Oidc::start("alice", &callback(), "one")) else { return };
    let outside = outside(settings(&provider, Mapping::default())).await;
    let now = outside.world.clock.now();
    let identity = ProvedIdentity { issuer: provider.issuer(), subject: "alice".to_owned(), at: now };
    // A token is no proof of presence here.
    let token = outside.world.token_of_jen().await;
    let caller = outside.ask(&token).await.unwrap();
    assert_eq!(outside.party().link_own(&caller, identity.clone()).await, Err(RelyingError::NotFresh));
    let jen = outside.world.session_of(JEN).await;
    assert_eq!(outside.party().link_own(&jen, identity.clone()).await, Ok(()));
    let stale = ProvedIdentity { at: now - SignedDuration::from_mins(11), ..identity.clone() };
    assert_eq!(outside.party().link_own(&jen, stale).await, Err(RelyingError::NotFresh));
    // The link is ended; the identity still belongs to that person.
    let (issuer, at) = (provider.issuer(), now);
    outside
        .world
        .store
        .transact(move |tx| {
            let issuer = issuer.clone();
            Box::pin(async move { tx.end_identity_link(&issuer, "alice", PrincipalId::new(JEN), at).await })
        })
        .await
        .unwrap();
    let sam = outside.world.another_person().await;
    let sam = outside.world.session_of(sam).await;
    let refused = outside.party().link_own(&sam, identity.clone()).await;
    assert_eq!(refused, Err(RelyingError::Unlinkable(Unlinkable::OtherPerson)));
    assert_eq!(outside.party().link_own(&jen, identity).await, Ok(()));
}
