//! What an outside issuer says of when and how it asked a person, and what that is worth here (F18). The issuer is a stub:
//! it says what the test wants.

use std::sync::Arc;

use ephor_domain::{
    authentication::{Method, Proofs, Strength},
    id::PrincipalId,
    policy::context::ContextClass,
    principal::Proof,
};
use ephor_engine::port::{
    Clock,
    fetch::{Fetch, Fetched},
};
use ephor_identity::{
    Basis, Denied, Reason, SignIn, TokenFault,
    jose::{self, Algorithm},
    keys::PrivateKey,
    landing::{Landing, NotLanded},
    outside::{Client, Mapping, OutsideSettings},
    relying_party::RelyingError,
};
use ephor_store::tx::{credential::Credential, factor::Factor};
use futures_util::future::ready;
use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    bearer::JEN,
    fixture::address,
    outside::{Brought, Outside, link, outside_by},
};

const ISSUER: &str = "https://issuer.example";

struct Stub {
    key: PrivateKey,
    /// The claims of its next id token.
    next: Mutex<Value>,
}

impl Stub {
    fn sign(&self, claims: &Value) -> String {
        let kid = self.key.public().unwrap().kid;
        let header = json!({"alg": "EdDSA", "kid": kid});
        jose::write(&header, claims.to_string().as_bytes(), |message| self.key.sign(message)).unwrap()
    }
}

impl Fetch for Stub {
    fn get<'a>(&'a self, url: &'a str) -> Fetched<'a> {
        let answer = if url.ends_with("/keys") {
            json!({"keys": [self.key.public().unwrap()]})
        } else {
            json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys"), "token_endpoint": format!("{ISSUER}/token"),
                "authorization_endpoint": format!("{ISSUER}/auth")})
        };
        Box::pin(ready(Ok(answer.to_string().into_bytes())))
    }

    fn post_form<'a>(
        &'a self,
        _: &'a str,
        _: Vec<(&'static str, String)>,
        _: Option<(&'a str, &'a SecretString)>,
    ) -> Fetched<'a> {
        let token = self.sign(&self.next.lock());
        Box::pin(ready(Ok(json!({"id_token": token}).to_string().into_bytes())))
    }
}

struct Scene {
    outside: Outside,
    stub: Arc<Stub>,
}

/// An issuer whose `mfa` counts, and whose `api` opens PAM; jen is linked to it.
async fn scene() -> Scene {
    let key = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let stub = Arc::new(Stub { key, next: Mutex::new(Value::Null) });
    let settings = OutsideSettings {
        issuer: ISSUER.to_owned(),
        audiences: vec!["api://ephor".to_owned()],
        client: Some(Client { id: "ephor".to_owned(), secret: None, scopes: Vec::new() }),
        mapping: Mapping {
            mfa_methods: ["mfa".to_owned()].into(),
            contexts: [("c1".to_owned(), "c1".to_owned())].into(),
            scopes: [("api".to_owned(), vec!["Pam.Use".to_owned(), "Ephor.Admin".to_owned()])].into(),
            ..Mapping::default()
        },
        authoritative_for: Vec::new(),
    };
    let outside = outside_by(settings, Arc::<Stub>::clone(&stub)).await;
    link(&outside.world.store, ISSUER, "jen", JEN).await;
    Scene { outside, stub }
}

impl Scene {
    fn now(&self) -> Timestamp {
        self.outside.world.clock.now()
    }

    /// The seconds of now, and so many later.
    fn second(&self, later: i64) -> i64 {
        self.now().as_second() + later
    }

    fn claims(&self, changes: &Value) -> Value {
        let mut claims = json!({"iss": ISSUER, "sub": "jen", "iat": self.second(0), "exp": self.second(600)});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    }

    /// A whole trip of a browser; the id token says `changes` besides.
    async fn trip(&self, fresh: bool, changes: &Value) -> Result<Landing, NotLanded> {
        let departure = self.outside.party().begin("corp", "/portal/", fresh).await.unwrap();
        let url = url::Url::parse(&departure.url).unwrap();
        let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let (oldest, prompt) = if fresh { ("0", Some("login")) } else { ("43200", None) };
        assert_eq!((asked("max_age").as_deref(), asked("prompt").as_deref()), (Some(oldest), prompt));
        let mut claims = self.claims(changes);
        claims["aud"] = json!("ephor");
        claims["nonce"] = json!(asked("nonce"));
        *self.stub.next.lock() = claims;
        let query = [("state".to_owned(), asked("state").unwrap()), ("code".to_owned(), "c".to_owned())];
        self.outside.land(&Brought { cookie: departure.cookie, query: query.into() }).await
    }

    /// What is proved when the trip is over.
    async fn proved(&self, fresh: bool, changes: &Value) -> Proofs {
        let Ok(Landing::Account { sign_in, .. }) = self.trip(fresh, changes).await else { panic!("nobody landed") };
        match *sign_in {
            SignIn::SecondFactor(_, proofs, _) => proofs,
            SignIn::Done(session) => session.caller.proofs(self.now()),
        }
    }

    async fn enrol(&self) {
        let factor = Factor {
            id: uuid::Uuid::from_u128(0xfac),
            principal: PrincipalId::new(JEN),
            kind: "totp".to_owned(),
            label: "phone".to_owned(),
            secret: Vec::new(),
            counter: 0,
            created: self.now(),
            used: None,
            disabled: None,
        };
        let insert = self.outside.world.store.transact(move |tx| {
            let factor = factor.clone();
            Box::pin(async move { tx.insert_factor(&factor).await })
        });
        insert.await.unwrap();
    }
}

#[tokio::test]
async fn f18_an_outside_token_is_a_second_factor_by_mapping_and_by_date_alone() {
    let scene = scene().await;
    let proof = async |changes: Value| {
        let mut claims = scene.claims(&changes);
        claims["aud"] = json!("api://ephor");
        claims["scope"] = json!("api");
        scene.outside.ask(&scene.stub.sign(&claims)).await.unwrap().actor
    };
    let now = scene.second(0);
    for (changes, expected, methods) in [
        (json!({"amr": ["pwd"], "auth_time": now}), Proof::Identified, "federated"),
        (json!({"amr": ["pwd"]}), Proof::Remembered, "federated"),
        (json!({"amr": ["pwd", "mfa"], "auth_time": now}), Proof::Person, "federated federated-mfa"),
        (json!({"amr": ["pwd", "mfa"]}), Proof::Remembered, "federated"),
        (json!({"amr": ["mfa"], "auth_time": now - 43_200}), Proof::Remembered, "federated federated-mfa"),
        (json!({"amr": ["mfa"], "auth_time": now + 3_600}), Proof::Remembered, "federated federated-mfa"),
    ] {
        let actor = proof(changes.clone()).await;
        assert_eq!((actor.proof, actor.methods.to_string().as_str()), (expected, methods), "{changes}");
        let enough = actor.methods.iter().any(|method| method == Method::FederatedMfa);
        assert_eq!(actor.shows_enough(true), enough, "{changes}");
    }
}

#[tokio::test]
async fn f18_an_outside_word_on_presence_counts_from_the_asking_alone() {
    let scene = scene().await;
    let presence = async |changes: Value| {
        let mut claims = scene.claims(&changes);
        claims["aud"] = json!("api://ephor");
        claims["scope"] = json!("api");
        scene.outside.ask(&scene.stub.sign(&claims)).await.unwrap().token().unwrap().presence()
    };
    let (now, context) = (scene.second(0), ContextClass::new(1).unwrap());
    for (changes, mfa_at, expected) in [
        (json!({"auth_time": now - 30}), Some(now - 30), true),
        (json!({"auth_time": now - 3_601}), Some(now - 3_601), false),
        // Made anew without anybody being asked, at an instant of the future, and a clock that goes a little fast.
        (json!({}), None, false),
        (json!({"auth_time": now + 61}), None, false),
        (json!({"auth_time": now + 60}), Some(now), true),
    ] {
        let mut claims = changes.clone();
        claims["amr"] = json!(["pwd", "mfa"]);
        claims["acrs"] = json!(["c1"]);
        let found = presence(claims).await;
        assert_eq!(found.mfa_at.map(Timestamp::as_second), mfa_at, "{changes}");
        assert_eq!(found.meets_mfa(scene.now()), expected, "{changes}");
        assert_eq!(found.meets_context(context, scene.now()), expected, "{changes}");
    }
}

#[tokio::test]
async fn f18_an_outside_sign_in_without_its_instant_is_never_fresh_and_spares_no_factor() {
    let scene = scene().await;
    let undated = scene.proved(false, &json!({"amr": ["pwd", "mfa"]})).await;
    assert_eq!((undated.identified(), undated.proved(Strength::Mfa), undated.auth_time()), (None, None, None));
    let dated = scene.proved(false, &json!({"amr": ["pwd", "mfa"], "auth_time": scene.second(-30)})).await;
    assert_eq!(dated.proved(Strength::Mfa).unwrap().as_second(), scene.second(-30));

    scene.enrol().await;
    let landed = scene.trip(false, &json!({"amr": ["mfa"]})).await.unwrap();
    let Landing::Account { sign_in, .. } = landed else { panic!("{landed:?}") };
    assert!(matches!(*sign_in, SignIn::SecondFactor(..)), "its own factor is still to come");
    let landed = scene.trip(false, &json!({"amr": ["mfa"], "auth_time": scene.second(-30)})).await.unwrap();
    let Landing::Account { sign_in, .. } = landed else { panic!("{landed:?}") };
    assert!(matches!(*sign_in, SignIn::Done(_)));
}

#[tokio::test]
async fn f18_an_answer_that_is_older_than_what_was_asked_for_signs_nobody_in() {
    let scene = scene().await;
    for (fresh, auth_time, good) in [
        (false, Some(-43_200), true),
        (false, Some(-43_261), false),
        (true, Some(0), true),
        (true, Some(-59), true),
        (true, Some(-61), false),
        (true, Some(61), false),
        (true, None, false),
    ] {
        let changes = auth_time.map_or_else(|| json!({}), |later| json!({"auth_time": scene.second(later)}));
        let landed = scene.trip(fresh, &changes).await;
        match (good, &landed) {
            (true, Ok(Landing::Account { .. })) | (false, Err(NotLanded::Relying(RelyingError::NotFresh))) => {}
            _ => panic!("{fresh} {auth_time:?}: {landed:?}"),
        }
    }
}

#[tokio::test]
async fn f18_an_outside_identity_opens_no_account_that_is_held_back_and_no_session_after_its_link() {
    let scene = scene().await;
    let mut claims = scene.claims(&json!({"auth_time": scene.second(0), "scope": "api"}));
    claims["aud"] = json!("api://ephor");
    let token = scene.stub.sign(&claims);
    assert!(scene.outside.ask(&token).await.is_ok());

    // The link ends between the issuer's word and the session.
    let basis = Basis::of_identity(ISSUER, "jen");
    let jen = PrincipalId::new(JEN);
    let proofs = Proofs::of(Method::Federated, scene.now());
    let identity = &scene.outside.world.identity;
    let begin =
        async || identity.begin_session_of(jen, proofs.clone(), basis.clone(), address(1), None).await.map(drop);
    assert_eq!(begin().await, Ok(()));
    let at = scene.now();
    let end = scene
        .outside
        .world
        .store
        .transact(move |tx| Box::pin(async move { tx.end_identity_link(ISSUER, "jen", jen, at).await }));
    end.await.unwrap();
    assert_eq!(begin().await, Err(Denied::NotSignedIn(Reason::Ended)));

    link(&scene.outside.world.store, ISSUER, "jen", JEN).await;
    assert!(scene.outside.ask(&token).await.is_ok());
    let held = Credential::held(jen, scene.now());
    let put = scene.outside.world.store.transact(move |tx| {
        let held = held.clone();
        Box::pin(async move { tx.put_credential(&held).await })
    });
    put.await.unwrap();
    let refused = scene.outside.ask(&token).await;
    assert_eq!(refused, Err(Denied::NotSignedIn(Reason::Token(TokenFault::NotLinked))));
    let landed = scene.trip(false, &json!({"auth_time": scene.second(0)})).await;
    assert!(matches!(&landed, Ok(Landing::NotLinked(_))), "{landed:?}");
}
