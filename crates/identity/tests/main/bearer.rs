//! Signed tokens over a real store: whom they let in, and every forgery we could think of.

use std::{collections::BTreeSet, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_domain::{
    authentication::{Method, Proofs},
    id::{ClientId, PersonId, PrincipalId, TokenFamilyId},
    principal::{Principal, PrincipalKind, Proof},
};
use ephor_engine::port::{Clock, Entropy, SeededEntropy, SimulatedClock};
use ephor_identity::{
    Accepted, Basis, Bearers, Caller, Denied, Identity, KeyPorts, KeyRing, KeySettings, Ports, Reason, Sealer,
    Settings, StoreJournal, StoreVault, TokenFault, TokenRules,
    jose::{self, Algorithm},
    keys::PrivateKey,
    password::Cost,
    record::sealer,
    token::Scope,
};
use ephor_store::{Location, Store, tx::family::TokenFamily};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{START, bearer, presented};

const URL: &str = "https://ephor.example";
const TENANT: Uuid = Uuid::from_u128(0x7e);
pub(crate) const JEN: Uuid = Uuid::from_u128(1);
pub(crate) const APP: Uuid = Uuid::from_u128(2);
const FAMILY: Uuid = Uuid::from_u128(3);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) vault: Arc<StoreVault>,
    pub(crate) clock: SimulatedClock,
    keys: Arc<KeyRing>,
    _folder: tempfile::TempDir,
}

fn principal(id: Uuid, kind: PrincipalKind, account: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id),
        kind,
        person: PersonId::new(id),
        domain: "DEMO".to_owned(),
        account: account.to_owned(),
        display_name: account.to_owned(),
        upn: None,
        enabled: true,
    }
}

async fn world(algorithm: Algorithm) -> World {
    made(algorithm, Timestamp::from_second(START).unwrap()).await
}

/// A world that begins at this instant.
pub(crate) async fn world_at(start: Timestamp) -> World {
    made(Algorithm::EdDsa, start).await
}

async fn made(algorithm: Algorithm, start: Timestamp) -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("ephor.db"))).await.unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    store
        .transact(move |tx| {
            Box::pin(async move {
                tx.insert_principal(&principal(JEN, PrincipalKind::User, "jen")).await?;
                tx.insert_principal(&principal(APP, PrincipalKind::Service, "app")).await?;
                tx.insert_token_family(&TokenFamily {
                    id: TokenFamilyId::new(FAMILY),
                    client: ClientId::new(APP),
                    principal: PrincipalId::new(JEN),
                    facts: "{}".to_owned(),
                    created: start,
                    expires: start + SignedDuration::from_hours(24),
                    revoked: None,
                })
                .await
            })
        })
        .await
        .unwrap();
    let seal = sealer(Arc::clone(&entropy));
    let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
    tokio::spawn(work);
    let clock = SimulatedClock::new(start);
    let vault = Arc::new(StoreVault::new(store.clone(), seal));
    let keys = KeyPorts {
        vault: vault.clone(),
        sealer: Sealer::new(&[1; 32]),
        clock: Arc::new(clock.clone()),
        entropy: Arc::clone(&entropy),
    };
    let keys = KeyRing::open(keys, KeySettings { algorithm, ..KeySettings::default() }).await.unwrap();
    let keys = Arc::new(keys);
    let rules = TokenRules::new(URL, TENANT, ["https://graph.example".to_owned()]);
    let bearers = Bearers::new(Arc::clone(&keys), rules, vault.clone());
    let ports = Ports { vault: vault.clone(), journal: Arc::new(journal), clock: Arc::new(clock.clone()), entropy };
    let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
    let identity = Identity::new(ports, settings).unwrap().with_bearers(bearers);
    World { store, identity, vault, clock, keys, _folder: folder }
}

/// A delegated token of jen.
fn claims() -> Value {
    json!({
        "iss": format!("{URL}/{TENANT}/v2.0"), "aud": URL, "tid": TENANT, "oid": JEN, "sub": "s", "sid": FAMILY,
        "iat": START, "nbf": START, "exp": START + 3600, "auth_time": START - 30, "idtyp": "user",
        "scp": "Pam.Use user_impersonation", "appid": "04b0", "amr": ["pwd", "mfa"], "acrs": ["c1"],
        "xms_cc": ["CP1"], "uti": "u", "wids": ["62e90394-69f5-4237-9190-012177145e10"], "groups": ["x"],
    })
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        if value.is_null() {
            members.remove(*name);
        } else {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    claims
}

fn app_only() -> Value {
    let roles = json!(["Ephor.Admin", "RoleManagement.Read.All"]);
    with(&[("oid", json!(APP)), ("sid", Value::Null), ("scp", Value::Null), ("roles", roles), ("idtyp", json!("app"))])
}

impl World {
    async fn sign(&self, claims: &Value) -> String {
        let expires = self.clock.now() + SignedDuration::from_hours(1);
        self.keys.sign(claims, "JWT", expires).await.unwrap()
    }

    async fn ask(&self, token: &str) -> Result<Caller, Denied> {
        self.identity.caller(&presented(&bearer(token)), Accepted::ARM).await
    }

    async fn refused(&self, token: &str, fault: TokenFault) {
        assert_eq!(self.ask(token).await, Err(Denied::NotSignedIn(Reason::Token(fault))), "{token}");
    }

    pub(crate) fn replace_bearers(&mut self, change: impl FnOnce(Bearers) -> Bearers) {
        let rules = TokenRules::new(URL, TENANT, []);
        let bearers = change(Bearers::new(Arc::clone(&self.keys), rules, self.vault.clone()));
        let journal = StoreJournal::new(self.store.clone(), sealer(Arc::new(SeededEntropy::new(6)))).0;
        let ports = Ports {
            vault: self.vault.clone(),
            journal: Arc::new(journal),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(6)),
        };
        let settings = Settings { password_cost: Cost::LEAST, ..Settings::default() };
        self.identity = Identity::new(ports, settings).unwrap().with_bearers(bearers);
    }

    pub(crate) async fn token_of_jen(&self) -> String {
        let now = self.clock.now().as_second();
        let times = [("iat", json!(now)), ("nbf", json!(now)), ("exp", json!(now + 3600)), ("sid", Value::Null)];
        self.sign(&with(&times)).await
    }

    pub(crate) async fn principal(&self, id: Uuid) -> Principal {
        self.store.read(move |tx| Box::pin(tx.principal(PrincipalId::new(id)))).await.unwrap().unwrap()
    }

    pub(crate) async fn update(&self, principal: Principal) {
        self.store
            .transact(move |tx| {
                let principal = principal.clone();
                Box::pin(async move { tx.update_principal(&principal).await })
            })
            .await
            .unwrap();
    }

    pub(crate) async fn another_person(&self) -> Uuid {
        let id = Uuid::from_u128(0x5a);
        self.store
            .transact(move |tx| {
                Box::pin(async move { tx.insert_principal(&principal(id, PrincipalKind::User, "sam")).await })
            })
            .await
            .unwrap();
        id
    }

    /// Somebody who has just signed in to the portal.
    pub(crate) async fn session_of(&self, id: Uuid) -> Caller {
        let proofs = Proofs::of(Method::Password, self.clock.now());
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        let principal = self.principal(id).await;
        self.identity.begin_session(principal, proofs, Basis::default(), address, None).await.unwrap().caller
    }

    async fn disable(&self, id: Uuid, kind: PrincipalKind) {
        let gone = Principal { enabled: false, ..principal(id, kind, &format!("gone {id}")) };
        self.store
            .transact(move |tx| {
                let gone = gone.clone();
                Box::pin(async move { tx.update_principal(&gone).await })
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_delegated_token_opens_what_it_names_for_its_person() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        let world = world(algorithm).await;
        let caller = world.ask(&world.sign(&claims()).await).await.unwrap();
        assert_eq!((caller.principal.id.uuid(), caller.actor.proof, caller.ambient), (JEN, Proof::Person, false));
        assert!(caller.has_scope(Scope::PamUse) && !caller.has_scope(Scope::Admin));
        let facts = caller.token().unwrap();
        assert_eq!(facts.client.as_deref(), Some("04b0"));
        assert!(facts.has_scope("user_impersonation") && facts.roles.is_empty() && facts.follows_challenges);
        let asked = Timestamp::from_second(START - 30).ok();
        assert_eq!((facts.second_factor_at(), facts.context_at("c1"), facts.context_at("c2")), (asked, asked, None));
        assert_eq!(facts.expires.as_second(), START + 3600);
    }
}

#[tokio::test]
async fn f18_a_token_is_worth_what_its_sign_in_showed_and_when() {
    let world = world(Algorithm::Es256).await;
    let proof =
        async |changes: &[(&str, Value)]| world.ask(&world.sign(&with(changes)).await).await.unwrap().actor.proof;
    assert_eq!(proof(&[]).await, Proof::Person);
    assert_eq!(proof(&[("amr", json!(["pwd"]))]).await, Proof::Identified);
    let twelve_hours = START - 12 * 3600;
    assert_eq!(proof(&[("auth_time", json!(twelve_hours + 1))]).await, Proof::Person);
    for auth_time in [json!(twelve_hours), json!(-1), Value::Null] {
        assert_eq!(proof(&[("auth_time", auth_time)]).await, Proof::Remembered);
    }
    // What is still to come is not lately, beyond what the clocks of two nodes differ by.
    assert_eq!(proof(&[("auth_time", json!(START + 5))]).await, Proof::Person);
    for seconds in [6, 3600, 10 * 365 * 86_400] {
        assert_eq!(proof(&[("auth_time", json!(START + seconds))]).await, Proof::Remembered, "{seconds}");
    }
}

#[tokio::test]
async fn an_application_acts_by_its_roles_and_never_on_pam() {
    let world = world(Algorithm::Es256).await;
    let caller = world.ask(&world.sign(&app_only()).await).await.unwrap();
    assert_eq!((caller.principal.id.uuid(), caller.actor.proof), (APP, Proof::Application));
    assert!(caller.has_scope(Scope::Admin) && !caller.has_scope(Scope::PamUse));
    // A scope in an application's own token, and a role in a person's, mean nothing.
    let mut both = app_only();
    both["roles"] = json!(["Pam.Use"]);
    assert!(!world.ask(&world.sign(&both).await).await.unwrap().has_scope(Scope::PamUse));
    let person = with(&[("roles", json!(["Ephor.Admin"]))]);
    assert!(!world.ask(&world.sign(&person).await).await.unwrap().has_scope(Scope::Admin));
    // Nor does a person's token count for an application, or the other way round.
    world
        .refused(&world.sign(&with(&[("oid", json!(APP)), ("sid", Value::Null)])).await, TokenFault::UnknownObject)
        .await;
    let mut mixed = app_only();
    mixed["oid"] = json!(JEN);
    world.refused(&world.sign(&mixed).await, TokenFault::UnknownObject).await;
}

#[tokio::test]
async fn each_face_takes_what_its_table_says() {
    let world = world(Algorithm::Es256).await;
    let token = world.sign(&claims()).await;
    for (accepted, expected) in [
        (Accepted::PAM, true),
        (Accepted::API, true),
        (Accepted::GRAPH, true),
        (Accepted::ARM, true),
        (Accepted::PORTAL, false),
    ] {
        let answer = world.identity.caller(&presented(&bearer(&token)), accepted).await;
        assert_eq!(answer.is_ok(), expected, "{accepted:?}");
    }
    let nothing = world.identity.caller(&presented(&bearer("")), Accepted::ARM).await;
    assert_eq!(nothing, Err(Denied::NotSignedIn(Reason::Nothing)));
    // Neither an API token nor a session that there is.
    for unknown in ["eph_abc", "abc"] {
        assert_eq!(world.ask(unknown).await, Err(Denied::NotSignedIn(Reason::Wrong)));
    }
    world.refused("a.b", TokenFault::Malformed).await;
}

#[tokio::test]
async fn f12_claims_that_do_not_hold_are_refused_each_by_its_name() {
    let world = world(Algorithm::Es256).await;
    let other = Uuid::from_u128(9);
    for (changes, fault) in [
        (vec![("aud", json!("https://other.example"))], TokenFault::Audience),
        (vec![("tid", json!(other))], TokenFault::Tenant),
        (vec![("oid", Value::Null)], TokenFault::NoObject),
        (vec![("oid", json!("jen"))], TokenFault::Malformed),
        (vec![("oid", json!(other)), ("sid", Value::Null)], TokenFault::UnknownObject),
        (vec![("exp", json!(START - 5))], TokenFault::Expired),
        (vec![("nbf", json!(START + 6))], TokenFault::NotYetValid),
        (vec![("exp", Value::Null)], TokenFault::Malformed),
        (vec![("exp", json!("never"))], TokenFault::Malformed),
        (vec![("iss", json!("https://evil.example"))], TokenFault::Issuer),
        (vec![("iss", json!("https://evil.example")), ("tid", json!(other))], TokenFault::Tenant),
        (vec![("sid", json!(other))], TokenFault::Revoked),
        (vec![("sid", json!("x"))], TokenFault::Malformed),
        (vec![("scp", json!(7))], TokenFault::Malformed),
    ] {
        let token = world.sign(&with(&changes)).await;
        assert_eq!(world.ask(&token).await, Err(Denied::NotSignedIn(Reason::Token(fault))), "{changes:?}");
    }
}

/// A token with this header and these claims, and a signature of ours to choose.
fn forged(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    jose::write::<()>(header, claims.to_string().as_bytes(), |message| Ok(sign(message))).unwrap()
}

#[tokio::test]
async fn f18_forged_signatures() {
    let world = world(Algorithm::Rs256).await;
    let jwk = world.keys.jwks().keys.remove(0);
    let kid = jwk.kid.clone().unwrap();
    let good = world.sign(&claims()).await;
    let (signed, signature) = good.rsplit_once('.').unwrap();

    // No signature, under every spelling.
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = json!({"alg": alg, "kid": kid});
        world.refused(&forged(&header, &claims(), |_| Vec::new()), TokenFault::Malformed).await;
    }
    world.refused(&format!("{signed}."), TokenFault::Signature).await;
    // The public key as a shared secret, in every form somebody might have fed to a library.
    let modulus = URL_SAFE_NO_PAD.decode(jwk.n.as_ref().unwrap()).unwrap();
    for secret in [modulus, serde_json::to_vec(&jwk).unwrap(), kid.clone().into_bytes(), Vec::new()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let header = json!({"alg": "HS256", "kid": kid});
        let token = forged(&header, &claims(), |message| hmac::sign(&key, message).as_ref().to_vec());
        world.refused(&token, TokenFault::Malformed).await;
    }
    // Another key: under our key's name, under its own, under none, brought along.
    let evil = PrivateKey::generate(Algorithm::Rs256).unwrap();
    let public = evil.public().unwrap();
    for header in [
        json!({"alg": "RS256", "kid": kid}),
        json!({"alg": "RS256", "kid": public.kid}),
        json!({"alg": "RS256"}),
        json!({"alg": "RS256", "kid": "../../etc/passwd"}),
        json!({"alg": "RS256", "kid": kid, "jwk": public}),
        json!({"alg": "RS256", "jwk": public}),
        json!({"alg": "RS256", "kid": kid, "jku": "https://evil.example/keys"}),
    ] {
        let token = forged(&header, &claims(), |message| evil.sign(message).unwrap());
        world.refused(&token, TokenFault::Signature).await;
    }
    // Our key, but with an algorithm it is not for: the same numbers in the other padding.
    let header = json!({"alg": "PS256", "kid": kid});
    world
        .refused(&forged(&header, &claims(), |_| URL_SAFE_NO_PAD.decode(signature).unwrap()), TokenFault::Signature)
        .await;
    // Other claims under a good signature; a longer text after it; a cut one.
    let body = URL_SAFE_NO_PAD.encode(with(&[("oid", json!(APP))]).to_string());
    let head = signed.split_once('.').unwrap().0;
    world.refused(&format!("{head}.{body}.{signature}"), TokenFault::Signature).await;
    world.refused(&format!("{good}.{signature}"), TokenFault::Malformed).await;
    world.refused(&format!("{good}="), TokenFault::Malformed).await;
    world.refused(good.get(..good.len() - 2).unwrap(), TokenFault::Signature).await;
    // Too much of it.
    world.refused(&format!("{}.e.e", "e".repeat(jose::LONGEST + 1)), TokenFault::Malformed).await;
    let large = with(&[("x", json!("x".repeat(jose::LONGEST)))]);
    world.refused(&world.sign(&large).await, TokenFault::Malformed).await;
    // A claim twice: nobody can say which one counts.
    let twice = claims().to_string().replacen('{', &format!("{{\"oid\":\"{APP}\","), 1);
    let key = &world.keys;
    let expires = Timestamp::from_second(START + 60).unwrap();
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&twice).unwrap();
    world.refused(&key.sign(&raw, "JWT", expires).await.unwrap(), TokenFault::Malformed).await;
}

#[tokio::test]
async fn a_revoked_family_and_a_disabled_account_end_at_once() {
    let world = world(Algorithm::Es256).await;
    let token = world.sign(&claims()).await;
    assert!(world.ask(&token).await.is_ok());
    let now = world.clock.now();
    world.store.transact(move |tx| Box::pin(tx.revoke_token_family(TokenFamilyId::new(FAMILY), now))).await.unwrap();
    world.refused(&token, TokenFault::Revoked).await;

    let other = world.sign(&with(&[("sid", Value::Null)])).await;
    assert!(world.ask(&other).await.is_ok());
    world.disable(JEN, PrincipalKind::User).await;
    assert!(matches!(world.ask(&other).await, Err(Denied::Disabled(_))));
    let app = world.sign(&app_only()).await;
    assert!(world.ask(&app).await.is_ok());
    world.disable(APP, PrincipalKind::Service).await;
    assert!(matches!(world.ask(&app).await, Err(Denied::Disabled(_))));
}

#[tokio::test]
async fn a_token_ends_by_our_clock() {
    let world = world(Algorithm::Es256).await;
    let token = world.sign(&claims()).await;
    world.clock.set(Timestamp::from_second(START + 3604).unwrap());
    assert!(world.ask(&token).await.is_ok());
    world.clock.set(Timestamp::from_second(START + 3605).unwrap());
    world.refused(&token, TokenFault::Expired).await;
    // A clock set back: the token was not made yet.
    world.clock.set(Timestamp::from_second(START - 10).unwrap());
    world.refused(&token, TokenFault::NotYetValid).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is changed in a good token, it does not count any more.
    #[test]
    fn no_changed_token_counts(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (world, token) = runtime.block_on(async {
            let world = world(Algorithm::EdDsa).await;
            let token = world.sign(&claims()).await;
            (world, token)
        });
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        let answer = runtime.block_on(world.ask(&changed));
        prop_assert!(changed == token || answer.is_err(), "{changed}");
    }

    /// No text is a token, and none makes us stumble.
    #[test]
    fn no_text_counts(parts in proptest::collection::vec("[ -~]{0,40}", 0..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world(Algorithm::EdDsa).await;
            let text = parts.join(".");
            let verified = world.identity.bearers().unwrap().verify(&text, world.clock.now()).await;
            assert!(verified.is_err(), "{text}");
        });
    }
}

#[test]
fn audiences_are_told_to_those_who_ask_for_the_wrong_one() {
    let rules = TokenRules::new(URL, TENANT, ["https://graph.example/".to_owned()]);
    let told: BTreeSet<&str> = rules.audiences().collect();
    assert_eq!(told, [URL, "https://graph.example"].into());
}
