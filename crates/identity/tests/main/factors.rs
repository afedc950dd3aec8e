//! Second factors over a real store: codes work once, keys verify their user and never count back, and nobody changes
//! factors without having shown one (F18).

use std::sync::Arc;

use ephor_audit::leaf;
use ephor_domain::{
    authentication::{Method, Missing, Proofs},
    id::{PersonId, PrincipalId, RequestId},
    policy::Presence,
    principal::{Principal, PrincipalKind},
};
use ephor_engine::{
    Engine,
    port::{Clock, Entropy, SeededEntropy, SimulatedClock},
};
use ephor_identity::{
    Accepted, Basis, Caller, Denied, Identity, Ports, Reason, Sealer, SecondFactors, Settings, StoreJournal,
    StoreVault,
    factor::{Attempt, ChangeError, Parts, PasskeyPlace, TotpEnrolment, Unproved, Use, totp},
    password::Cost,
    record::sealer,
    token::Scope,
};
use ephor_store::{Location, Store};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;
use webauthn_authenticator_rs::{AuthenticatorBackend, softpasskey::SoftPasskey};

use crate::fixture::{START, address};

struct Desk {
    engine: Engine,
    identity: Identity,
    factors: SecondFactors,
    clock: SimulatedClock,
    jen: Principal,
    _folder: tempfile::TempDir,
}

const ORIGIN: &str = "https://ephor.example";

async fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let clock = SimulatedClock::new(Timestamp::from_second(START).unwrap());
    let jen = Principal {
        id: PrincipalId::new(Uuid::from_u128(1)),
        kind: PrincipalKind::User,
        person: PersonId::new(Uuid::from_u128(2)),
        domain: "DEMO".to_owned(),
        account: "jen".to_owned(),
        display_name: "Jen".to_owned(),
        upn: None,
        enabled: true,
    };
    let principal = jen.clone();
    let insert = store.transact(move |tx| {
        let principal = principal.clone();
        Box::pin(async move { tx.insert_principal(&principal).await })
    });
    insert.await.unwrap();
    let seal = sealer(Arc::clone(&entropy));
    let (journal, _) = StoreJournal::new(store.clone(), Arc::clone(&seal));
    let ports = Ports {
        vault: Arc::new(StoreVault::new(store.clone(), Arc::clone(&seal))),
        journal: Arc::new(journal),
        clock: Arc::new(clock.clone()),
        entropy: Arc::clone(&entropy),
    };
    let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
    let identity = Identity::new(ports, settings).unwrap();
    let engine = Engine::new(ephor_engine::Parts {
        store,
        clock: Arc::new(clock.clone()),
        entropy,
        targets: Vec::new(),
        mfa: None,
        notifier: None,
        signer: None,
        node: Uuid::nil(),
    });
    let place = PasskeyPlace::of(&Url::parse(ORIGIN).unwrap());
    let parts = Parts { engine: engine.clone(), sealer: Sealer::new(&[7; 32]), seal, place, first_by_password: false };
    let factors = SecondFactors::new(parts).unwrap();
    Desk { engine, identity, factors, clock, jen, _folder: folder }
}

impl Desk {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, seconds: i64) {
        self.clock.set(self.now() + SignedDuration::from_secs(seconds));
    }

    async fn caller(&self, proofs: impl IntoIterator<Item = Method>) -> Caller {
        let proofs = proofs.into_iter().fold(Proofs::default(), |proofs, method| proofs.and(method, self.now()));
        self.identity.begin_session(self.jen.clone(), proofs, Basis::default(), address(1), None).await.unwrap().caller
    }

    fn attempt(&self, purpose: Use) -> Attempt {
        Attempt { principal: self.jen.id, purpose, address: address(1) }
    }

    async fn prove(&self, code: &str) -> Result<Method, Unproved> {
        self.factors.prove_code(self.attempt(Use::StepUp), &code.into()).await
    }

    /// An authenticator app, enrolled by link; its secret.
    async fn app(&self) -> Vec<u8> {
        let caller = self.caller([Method::Link]).await;
        let begun = self.factors.begin_totp(&caller, "phone").await.unwrap();
        let secret = secret_of(&begun);
        let code = totp::code_at(&secret, self.now()).unwrap();
        self.factors.finish_totp(&caller, &begun.secret, &code.into()).await.unwrap();
        secret
    }

    fn code(&self, secret: &[u8]) -> String {
        totp::code_at(secret, self.now()).unwrap()
    }

    /// A passkey, made with a fresh proof.
    async fn key(&self, caller: &Caller, device: &mut SoftPasskey) -> Result<(), ChangeError> {
        let begun = self.factors.begin_passkey(caller, "laptop").await?;
        let options = serde_json::from_str(&begun.options).unwrap();
        let made = device.perform_register(origin(), options, 1000).unwrap();
        self.factors.finish_passkey(caller, &begun.secret, &serde_json::to_string(&made).unwrap()).await
    }

    /// Challenge and answer for a purpose.
    async fn signed(&self, device: &mut SoftPasskey, purpose: Use) -> (SecretString, String) {
        let put = self.factors.challenge(self.jen.id, purpose).await.unwrap();
        let options = serde_json::from_str(&put.options).unwrap();
        let answer = device.perform_auth(origin(), options, 1000).unwrap();
        (put.secret, serde_json::to_string(&answer).unwrap())
    }

    async fn step_up(&self, device: &mut SoftPasskey) -> Result<Method, Unproved> {
        let (secret, answer) = self.signed(device, Use::StepUp).await;
        self.factors.prove_passkey(self.attempt(Use::StepUp), &secret, &answer).await
    }

    /// Numbers of all records.
    async fn records(&self) -> Vec<u16> {
        let leaves = self.engine.store().read(|tx| Box::pin(tx.leaves(0, 1000))).await.unwrap();
        let event = |bytes: &[u8], erasable: Option<&str>| leaf::open(bytes, erasable).unwrap().record.event;
        leaves.iter().map(|stored| event(stored.leaf.as_deref().unwrap(), stored.erasable.as_deref())).collect()
    }
}

fn origin() -> Url {
    ORIGIN.parse().unwrap()
}

fn secret_of(begun: &TotpEnrolment) -> Vec<u8> {
    let key = begun.key.expose_secret();
    let mut bits = String::new();
    for letter in key.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[tokio::test]
async fn f18_a_code_works_once_and_the_one_that_enrolled_counts() {
    let desk = desk().await;
    let secret = desk.app().await;
    assert_eq!(desk.prove(&desk.code(&secret)).await, Err(Unproved::Replayed), "it enrolled the app");
    desk.advance(30);
    let code = desk.code(&secret);
    assert_eq!(desk.prove(&format!("{} {}", &code[..3], &code[3..])).await, Ok(Method::Totp));
    assert_eq!(desk.prove(&code).await, Err(Unproved::Replayed));
    desk.advance(30);
    assert_eq!(desk.prove(&code).await, Err(Unproved::Replayed), "still within the window, and used");
    let ahead = totp::code_at(&secret, desk.now() + SignedDuration::from_secs(30)).unwrap();
    assert_eq!(desk.prove(&ahead).await, Ok(Method::Totp));
    assert_eq!(
        desk.prove(&desk.code(&secret)).await,
        Err(Unproved::Replayed),
        "an earlier step than one that was used"
    );
    assert_eq!(desk.records().await, [9102, 9120, 9110, 9110, 9110, 9110]);
}

#[tokio::test]
async fn f18_guesses_are_limited_for_the_account_wherever_they_come_from() {
    let desk = desk().await;
    let secret = desk.app().await;
    for last in 0..5 {
        let attempt = Attempt { address: address(last), ..desk.attempt(Use::SignIn) };
        assert_eq!(desk.factors.prove_code(attempt, &"000000".into()).await, Err(Unproved::Wrong));
    }
    desk.advance(30);
    let wait = SignedDuration::from_secs(270);
    assert_eq!(
        desk.prove(&desk.code(&secret)).await,
        Err(Unproved::TooMany { retry_after: wait }),
        "not even a right one"
    );
    desk.advance(270);
    assert_eq!(desk.prove(&desk.code(&secret)).await, Ok(Method::Totp));
    desk.advance(30);
    for _ in 0..5 {
        assert_eq!(desk.prove("000000").await, Err(Unproved::Wrong), "a right code makes the budget whole");
    }
    assert!(matches!(desk.prove("000000").await, Err(Unproved::TooMany { .. })));
}

#[tokio::test]
async fn recovery_codes_stand_in_once_and_end_with_their_successors() {
    let desk = desk().await;
    let caller = desk.caller([Method::Link]).await;
    let none = desk.factors.new_recovery_codes(&caller).await.map(drop);
    assert_eq!(none, Err(ChangeError::Unproved(Unproved::NotEnrolled)), "nothing to recover");
    desk.app().await;
    let caller = desk.caller([Method::Password, Method::Totp]).await;
    let codes = desk.factors.new_recovery_codes(&caller).await.unwrap();
    assert_eq!(codes.len(), 10);
    let first = codes[0].expose_secret();
    assert_eq!((first.len(), first.matches('-').count()), (19, 3));
    assert_eq!(desk.prove(&first.to_lowercase().replace('-', " ")).await, Ok(Method::RecoveryCode));
    assert_eq!(desk.prove(first).await, Err(Unproved::Wrong));
    assert_eq!(desk.factors.enrolled(desk.jen.id).await.unwrap().recovery_codes, 9);
    desk.factors.new_recovery_codes(&caller).await.unwrap();
    assert_eq!(desk.prove(codes[1].expose_secret()).await, Err(Unproved::Wrong));
    let rows = format!("{:?}", desk.records().await);
    assert_eq!(rows, "[9102, 9102, 9120, 9102, 9128, 9129, 9109, 9128, 9109]");
}

#[tokio::test]
async fn enrolling_and_removing_take_a_fresh_proof_and_a_factor_that_is_there() {
    let desk = desk().await;
    let password = desk.caller([Method::Password]).await;
    let missing = |why| Err(ChangeError::Missing(why));
    assert_eq!(desk.factors.may_change(&password).await, missing(Missing::Link));
    let secret = desk.app().await;
    let password = desk.caller([Method::Password]).await;
    assert_eq!(desk.factors.may_change(&password).await, missing(Missing::SecondFactor));
    assert_eq!(desk.factors.begin_totp(&password, "x").await.map(drop), missing(Missing::SecondFactor));
    let link = desk.caller([Method::Link]).await;
    assert_eq!(
        desk.factors.may_change(&link).await,
        missing(Missing::SecondFactor),
        "a link does not get round a factor"
    );

    let both = desk.caller([Method::Password, Method::Totp]).await;
    let begun = desk.factors.begin_totp(&both, "tablet").await.unwrap();
    let code = totp::code_at(&secret_of(&begun), desk.now()).unwrap();
    let of_another = desk.factors.finish_totp(&password, &begun.secret, &code.as_str().into()).await;
    assert_eq!(of_another, missing(Missing::SecondFactor));
    let wrong = desk.factors.finish_totp(&both, &begun.secret, &desk.code(&secret).into()).await;
    assert_eq!(wrong, Err(ChangeError::Unproved(Unproved::Wrong)));
    desk.factors.finish_totp(&both, &begun.secret, &code.as_str().into()).await.unwrap();
    let again = desk.factors.finish_totp(&both, &begun.secret, &code.as_str().into()).await;
    assert_eq!(again, Err(ChangeError::Unproved(Unproved::Over)));

    let listed = desk.factors.list(desk.jen.id).await.unwrap();
    assert_eq!(listed.iter().map(|factor| factor.label.as_str()).collect::<Vec<_>>(), ["phone", "tablet"]);
    desk.advance(601);
    assert_eq!(desk.factors.remove(&both, listed[0].id).await, missing(Missing::SignIn));
    let both = desk.caller([Method::Password, Method::Totp]).await;
    assert_eq!(desk.factors.remove(&both, Uuid::from_u128(99)).await, Err(ChangeError::NotFound));
    desk.factors.remove(&both, listed[0].id).await.unwrap();
    assert_eq!(desk.prove(&desk.code(&secret)).await, Err(Unproved::Wrong));
}

#[tokio::test]
async fn an_api_token_and_a_bare_password_change_nothing() {
    let desk = desk().await;
    let caller = desk.caller([Method::Link]).await;
    let token = ephor_identity::Via::ApiToken {
        id: ephor_domain::id::ApiTokenId::new(Uuid::from_u128(1)),
        scopes: std::collections::BTreeSet::new(),
        created: desk.now(),
    };
    for via in [token, ephor_identity::Via::Basic] {
        let caller = Caller { via, ..caller.clone() };
        assert_eq!(desk.factors.begin_totp(&caller, "x").await.map(drop), Err(ChangeError::NotByToken));
        assert_eq!(desk.factors.remove(&caller, Uuid::nil()).await, Err(ChangeError::NotByToken));
    }
}

#[tokio::test]
async fn secrets_of_apps_are_sealed_in_the_store() {
    let desk = desk().await;
    let secret = desk.app().await;
    let jen = desk.jen.id;
    let rows = desk.engine.store().read(move |tx| Box::pin(tx.factors(jen))).await.unwrap();
    assert!(!rows[0].secret.windows(secret.len()).any(|window| window == secret));
    assert!(rows[0].secret.len() > secret.len());
}

#[tokio::test]
async fn a_passkey_proves_one_thing_once() {
    let desk = desk().await;
    let mut device = SoftPasskey::new(true);
    let caller = desk.caller([Method::Link]).await;
    desk.key(&caller, &mut device).await.unwrap();
    assert_eq!(desk.step_up(&mut device).await, Ok(Method::Passkey));

    let (secret, answer) = desk.signed(&mut device, Use::StepUp).await;
    let attempt = desk.attempt(Use::StepUp);
    assert_eq!(desk.factors.prove_passkey(attempt, &secret, &answer).await, Ok(Method::Passkey));
    assert_eq!(desk.factors.prove_passkey(attempt, &secret, &answer).await, Err(Unproved::Over), "replayed");

    let request = Use::Request(RequestId::new(Uuid::from_u128(77)));
    let (secret, answer) = desk.signed(&mut device, Use::StepUp).await;
    let elsewhere = desk.factors.prove_passkey(desk.attempt(request), &secret, &answer).await;
    assert_eq!(elsewhere, Err(Unproved::Over), "put for a session, not for a request");

    let (secret, answer) = desk.signed(&mut device, request).await;
    desk.advance(300);
    assert_eq!(desk.factors.prove_passkey(desk.attempt(request), &secret, &answer).await, Err(Unproved::Over));

    let (old, _) = desk.signed(&mut device, request).await;
    let (_, answer) = desk.signed(&mut device, request).await;
    let crossed = desk.factors.prove_passkey(desk.attempt(request), &old, &answer).await;
    assert_eq!(crossed, Err(Unproved::Wrong), "the answer to another challenge");
}

#[tokio::test]
async fn a_key_that_does_not_verify_its_user_is_neither_made_nor_believed() {
    let desk = desk().await;
    let caller = desk.caller([Method::Link]).await;
    // A page that asks the device for less than the server asked for.
    let lax = |options: &str| options.replace("\"required\"", "\"discouraged\"");
    let mut device = SoftPasskey::new(false);
    let begun = desk.factors.begin_passkey(&caller, "laptop").await.unwrap();
    assert!(begun.options.contains("\"userVerification\":\"required\""), "{}", begun.options);
    let options = serde_json::from_str(&lax(&begun.options)).unwrap();
    let made = serde_json::to_string(&device.perform_register(origin(), options, 1000).unwrap()).unwrap();
    let refused = desk.factors.finish_passkey(&caller, &begun.secret, &made).await;
    assert_eq!(refused, Err(ChangeError::Unproved(Unproved::NotVerified)));
    assert!(!desk.factors.enrolled(desk.jen.id).await.unwrap().any());

    let mut device = SoftPasskey::new(true);
    desk.key(&caller, &mut device).await.unwrap();
    let put = desk.factors.challenge(desk.jen.id, Use::StepUp).await.unwrap();
    let options = serde_json::from_str(&lax(&put.options)).unwrap();
    let answer = serde_json::to_string(&device.perform_auth(origin(), options, 1000).unwrap()).unwrap();
    let unverified = desk.factors.prove_passkey(desk.attempt(Use::StepUp), &put.secret, &answer).await;
    assert_eq!(unverified, Err(Unproved::NotVerified));
}

#[tokio::test]
async fn f18_a_key_whose_counter_goes_back_is_switched_off_and_alarmed() {
    let desk = desk().await;
    let mut device = SoftPasskey::new(true);
    let caller = desk.caller([Method::Link]).await;
    desk.key(&caller, &mut device).await.unwrap();
    assert_eq!(desk.step_up(&mut device).await, Ok(Method::Passkey));
    // A copy has signed more often meanwhile.
    let jen = desk.jen.id;
    let advanced = desk.engine.store().transact(move |tx| {
        Box::pin(async move {
            let key = tx.factors(jen).await?.remove(0);
            let mut form: serde_json::Value = serde_json::from_slice(&key.secret).unwrap();
            form["cred"]["counter"] = 50.into();
            tx.use_key(key.id, 50, Timestamp::from_second(START).unwrap(), form.to_string().as_bytes()).await
        })
    });
    assert_eq!(advanced.await, Ok(true));
    assert_eq!(desk.step_up(&mut device).await, Err(Unproved::Copied));
    let challenge = desk.factors.challenge(jen, Use::StepUp).await.map(drop);
    assert_eq!(challenge, Err(Unproved::NotEnrolled), "the key opens nothing any more");
    assert!(desk.factors.list(jen).await.unwrap()[0].disabled.is_some());
    let link = desk.caller([Method::Link]).await;
    let refused = desk.factors.may_change(&link).await;
    assert_eq!(refused, Err(ChangeError::Missing(Missing::SecondFactor)), "no way back to a password alone");
    assert!(desk.records().await.contains(&9111));
    let (now, later) = (desk.now(), desk.now() + SignedDuration::from_secs(60));
    let alarms = desk.engine.store().transact(move |tx| Box::pin(tx.claim_outbox(now, later, 10)));
    let alarms = alarms.await.unwrap();
    assert!(alarms.iter().any(|row| row.payload.contains("factor.copied")), "{alarms:?}");
}

#[tokio::test]
async fn f18_the_first_factor_ends_what_was_opened_without_one() {
    let desk = desk().await;
    let other = desk.caller([Method::Password]).await;
    let program =
        desk.identity.make_token(&other, "script", [Scope::Admin].into(), SignedDuration::from_hours(24)).await;
    let headers = crate::fixture::bearer(program.unwrap().secret.expose_secret());
    let presented = crate::fixture::presented(&headers);
    assert!(desk.identity.caller(&presented, Accepted::API).await.is_ok());
    desk.app().await;
    let ended = desk.identity.caller(&presented, Accepted::API).await;
    assert_eq!(ended, Err(Denied::NotSignedIn(Reason::Ended)));
    // Nor does the session live that had not shown it; the one that enrolled does.
    let caller = desk.caller([Method::Password, Method::Totp]).await;
    let left = desk.identity.sessions(&caller).await.unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    // A further factor ends nothing.
    let begun = desk.factors.begin_totp(&caller, "tablet").await.unwrap();
    let code = totp::code_at(&secret_of(&begun), desk.now()).unwrap();
    desk.factors.finish_totp(&caller, &begun.secret, &code.into()).await.unwrap();
    assert_eq!(desk.identity.sessions(&caller).await.unwrap().len(), 2);
}

#[tokio::test]
async fn s4_rules_of_activation_see_the_factor_of_a_session_and_none_of_an_api_token() {
    let desk = desk().await;
    let password = desk.caller([Method::Password]).await;
    assert_eq!(desk.identity.presence(&password), Presence::default());
    let shown = desk.now();
    let both = desk.caller([Method::Password, Method::Totp]).await;
    desk.advance(600);
    let presence = desk.identity.presence(&both);
    assert_eq!((presence.application, presence.mfa_at), (false, Some(shown)), "as old as it is, however late the call");
    // A token that was made in that session proves nothing of it.
    let scopes = [Scope::GraphUse].into();
    let program = desk.identity.make_token(&both, "script", scopes, SignedDuration::from_hours(24)).await.unwrap();
    let headers = crate::fixture::bearer(program.secret.expose_secret());
    let caller = desk.identity.caller(&crate::fixture::presented(&headers), Accepted::GRAPH).await.unwrap();
    assert_eq!(desk.identity.presence(&caller), Presence::default());
    assert!(caller.has_scope(Scope::GraphUse) && !caller.has_scope(Scope::ArmUse) && !caller.has_scope(Scope::PamUse));
}
