//! Signed assertions of clients: once, in time, for us, by a registered key (F18).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::{App, Reply, add_key, client};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN: &str = "https://ephor.example/common/oauth2/v2.0/token";

fn signed(pair: &rcgen::KeyPair, header: &Value, claims: &Value) -> String {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.serialize_der()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn good(app: &App, id: &str) -> Value {
    let now = app.clock_now();
    json!({"iss": client("web"), "sub": client("web"), "aud": TOKEN, "jti": id, "nbf": now, "exp": now + 600})
}

impl App {
    fn clock_now(&self) -> i64 {
        use ephor_engine::port::Clock as _;
        self.clock.now().as_second()
    }
}

async fn ask(app: &App, assertion: &str) -> Reply {
    let web = client("web");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", web.as_str()),
        ("scope", "https://ephor.example/.default"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    app.token(&form).await
}

#[tokio::test]
async fn an_assertion_counts_once() {
    let app = App::start().await;
    let pair = add_key(&app).await;
    let header = json!({"alg": "ES256", "typ": "JWT", "x5t": "whatever"});
    let assertion = signed(&pair, &header, &good(&app, "one"));
    assert_eq!(ask(&app, &assertion).await.status, StatusCode::OK);
    assert_eq!(ask(&app, &assertion).await.error(), (401, "invalid_client".to_owned(), 700_027));
    // Nor does another one of the same name.
    app.advance(1);
    assert_eq!(ask(&app, &signed(&pair, &header, &good(&app, "one"))).await.error().2, 700_027);
    assert_eq!(ask(&app, &signed(&pair, &header, &good(&app, "two"))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn claims_and_algorithms_are_held_to_the_letter() {
    let app = App::start().await;
    let pair = add_key(&app).await;
    let header = json!({"alg": "ES256"});
    let now = app.clock_now();
    let mut number = 0;
    let mut changed = |name: &str, value: Value| {
        number += 1;
        let mut claims = good(&app, &format!("id {number}"));
        claims[name] = value;
        claims
    };
    let bad = [
        changed("aud", json!("https://evil.example/token")),
        changed("aud", json!([TOKEN, "https://evil.example"])),
        changed("iss", json!(client("other"))),
        changed("sub", json!(client("other"))),
        changed("exp", json!(now - 61)),
        changed("exp", json!(now + 4000)),
        changed("exp", Value::Null),
        changed("nbf", json!(now + 120)),
        changed("jti", Value::Null),
        changed("jti", json!("")),
    ];
    for claims in bad {
        assert_eq!(ask(&app, &signed(&pair, &header, &claims)).await.error().2, 700_027, "{claims}");
    }
    for alg in ["none", "HS256", "RS256", "ES384"] {
        let assertion = signed(&pair, &json!({"alg": alg}), &good(&app, alg));
        assert_eq!(ask(&app, &assertion).await.error().2, 700_027, "{alg}");
    }
    let stranger = rcgen::KeyPair::generate().unwrap();
    assert_eq!(ask(&app, &signed(&stranger, &header, &good(&app, "s"))).await.error().2, 700_027);
    let unsigned = signed(&pair, &header, &good(&app, "u"));
    let cut = unsigned.rsplit_once('.').unwrap().0;
    assert_eq!(ask(&app, &format!("{cut}.")).await.error().2, 700_027);
    // A key that has ended.
    let last = signed(&pair, &header, &good(&app, "last"));
    assert_eq!(ask(&app, &last).await.status, StatusCode::OK);
    app.advance(24 * 3600);
    assert_eq!(ask(&app, &signed(&pair, &header, &good(&app, "late"))).await.error().2, 700_027);
}
