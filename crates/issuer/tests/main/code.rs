//! Codes: where they may go, who may redeem them, and how often (F18).

use ephor_audit::events;
use ephor_engine::port::Clock as _;
use http::StatusCode;
use serde_json::json;

use crate::app::{App, BACK, SECRET, az, claims, client, order, pkce, who};

const AUTHORIZE: &str = "oauth2/v2.0/authorize";

/// A code that jen gave the web application.
async fn code(app: &App) -> String {
    let (web, (_, challenge)) = (client("web"), pkce());
    let jen = app.browser("jen").await;
    let reply = app.get(AUTHORIZE, &order(&web, BACK, &challenge), Some(&jen)).await;
    assert!(reply.location().starts_with("https://app.example/back?code="), "{}", reply.location());
    assert_eq!(reply.parameter("state").as_deref(), Some("s t"));
    reply.parameter("code").unwrap()
}

async fn redeem(app: &App, more: &[(&str, &str)]) -> crate::app::Reply {
    let (web, (verifier, _)) = (client("web"), pkce());
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", web.as_str()),
        ("client_secret", SECRET),
        ("redirect_uri", BACK),
        ("code_verifier", verifier.as_str()),
    ];
    for (name, value) in more {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    app.token(&form).await
}

#[tokio::test]
async fn a_code_becomes_tokens_once_and_the_second_time_ends_what_came_of_it() {
    let app = App::start().await;
    let code = code(&app).await;
    let body = redeem(&app, &[("code", &code)]).await.json();
    let access = claims(&body["access_token"]);
    assert_eq!((&access["oid"], &access["scp"]), (&json!(who("jen")), &json!("Pam.Use User.Read user_impersonation")));
    let id = claims(&body["id_token"]);
    assert_eq!((&id["aud"], &id["nonce"], &id["oid"]), (&json!(client("web")), &json!("n"), &json!(who("jen"))));
    let family = access["sid"].as_str().unwrap().to_owned();

    assert_eq!(redeem(&app, &[("code", &code)]).await.error(), (400, "invalid_grant".to_owned(), 54_005));
    let refresh = body["refresh_token"].as_str().unwrap();
    let (web, id) = (client("web"), family.parse().unwrap());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", web.as_str()),
        ("client_secret", SECRET),
        ("refresh_token", refresh),
    ];
    assert_eq!(app.token(&form).await.error().1, "invalid_grant");
    let stored = app.store.read(move |tx| Box::pin(tx.token_family(id))).await.unwrap().unwrap();
    assert_eq!(stored.revoked, Some(app.clock.now()));
    assert_eq!(app.count(events::REFRESH_TOKEN_REPLAYED).await, 1);
}

#[tokio::test]
async fn a_code_is_for_its_client_address_verifier_and_time() {
    let app = App::start().await;
    let code = code(&app).await;
    let (other, tool) = (client("other"), client("tool"));
    for (more, number) in [
        // Somebody else's code, by a client that proves itself rightly.
        (vec![("client_id", other.as_str()), ("client_secret", "ephs_other")], 70_008),
        (vec![("client_id", tool.as_str()), ("client_secret", "")], 70_008),
        (vec![("redirect_uri", "https://app.example/back/")], 50_011),
        (vec![("code_verifier", "")], 50_148),
        (vec![("code_verifier", "another-verifier-that-is-long-enough-0123456789")], 50_148),
        (vec![("code", "ephc_unknown")], 70_008),
    ] {
        let mut all = vec![("code", code.as_str())];
        all.extend(&more);
        assert_eq!(redeem(&app, &all).await.error(), (400, "invalid_grant".to_owned(), number), "{more:?}");
    }
    assert_eq!(redeem(&app, &[("code", &code), ("client_secret", "wrong")]).await.status, StatusCode::UNAUTHORIZED);
    // None of that used it up.
    assert_eq!(redeem(&app, &[("code", &code)]).await.status, StatusCode::OK);

    let late = self::code(&app).await;
    app.advance(300);
    assert_eq!(redeem(&app, &[("code", &late)]).await.error().2, 70_008);
}

#[tokio::test]
async fn a_code_without_a_challenge_is_not_to_be_had() {
    let app = App::start().await;
    let jen = app.browser("jen").await;
    let (web, (verifier, challenge)) = (client("web"), pkce());
    for (name, value) in [
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
        ("code_challenge", verifier.as_str()),
    ] {
        let mut order = order(&web, BACK, &challenge);
        order.retain(|(known, _)| *known != name);
        order.push((name, value));
        let reply = app.get(AUTHORIZE, &order, Some(&jen)).await;
        assert_eq!(reply.parameter("error").as_deref(), Some("invalid_request"), "{name}={value}");
        assert_eq!(reply.parameter("code"), None);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let app = App::start().await;
    let jen = app.browser("jen").await;
    let (web, (_, challenge)) = (client("web"), pkce());
    for redirect in [
        "https://evil.example/back",
        "https://app.example/back/../evil",
        "https://app.example/back?x=1",
        "https://app.example/back#x",
        "https://app.example@evil.example/back",
        "https://APP.example/back",
        "http://app.example/back",
        "https://app.example.evil.example/back",
        "javascript:alert(1)",
        "//evil.example",
        "",
    ] {
        for cookie in [Some(jen.as_str()), None] {
            let reply = app.get(AUTHORIZE, &order(&web, redirect, &challenge), cookie).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{redirect}");
            assert!(reply.headers.get("location").is_none());
            assert!(!reply.text.contains("evil"), "{}", reply.text);
        }
    }
    // Nor to another client's.
    let other = client("other");
    assert_eq!(app.get(AUTHORIZE, &order(&other, BACK, &challenge), Some(&jen)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn whoever_is_not_signed_in_goes_to_the_sign_in_and_comes_back_here() {
    let app = App::start().await;
    let (web, (_, challenge)) = (client("web"), pkce());
    let mut order = order(&web, BACK, &challenge);
    let reply = app.get(AUTHORIZE, &order, None).await;
    assert!(reply.location().starts_with("/portal/sign-in?then="), "{}", reply.location());
    let then = reply.parameter("then").unwrap();
    assert!(then.starts_with("/common/oauth2/v2.0/authorize?"), "{then}");

    order.push(("prompt", "none"));
    let silent = app.get(AUTHORIZE, &order, None).await;
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"));
    // `prompt=login` asks once, and not again after a sign-in that came later.
    order.pop();
    order.push(("prompt", "login"));
    let jen = app.browser("jen").await;
    let reply = app.get(AUTHORIZE, &order, Some(&jen)).await;
    let then = reply.parameter("then").unwrap();
    app.advance(10);
    let query = then.split_once('?').unwrap().1.to_owned();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let fresh = app.browser("jen").await;
    assert!(app.get(AUTHORIZE, &pairs, Some(&fresh)).await.parameter("code").is_some());
}

#[tokio::test]
async fn a_program_on_the_machine_gets_nothing_that_nobody_was_asked_about() {
    let app = App::start().await;
    let jen = app.browser("jen").await;
    let (az, (verifier, challenge)) = (az(), pkce());
    let redirect = "http://localhost:8400";
    let order = order(&az, redirect, &challenge);
    let asked = app.get(AUTHORIZE, &order, Some(&jen)).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("Azure CLI") && asked.text.contains("jen@demo.test"));
    let policy = asked.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://localhost:8400") && policy.contains("frame-ancestors 'none'"));

    let mut decision = order.clone();
    decision.push(("decision", "allow"));
    let place = "oauth2/v2.0/authorize/decision";
    // A page elsewhere, and a call that no browser makes, cannot answer for her.
    for headers in [
        vec![("cookie", jen.as_str()), ("origin", "https://evil.example")],
        vec![("cookie", jen.as_str()), ("origin", "null")],
        vec![("cookie", jen.as_str())],
    ] {
        assert_eq!(app.post(place, &decision, &headers).await.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let own = [("cookie", jen.as_str()), ("origin", "https://ephor.example")];
    let code = app.post(place, &decision, &own).await.parameter("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", az.as_str()),
        ("redirect_uri", redirect),
        ("code", code.as_str()),
        ("code_verifier", verifier.as_str()),
    ];
    assert_eq!(app.token(&form).await.status, StatusCode::OK);
    decision.pop();
    decision.push(("decision", "deny"));
    assert_eq!(app.post(place, &decision, &own).await.parameter("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_step_up_is_asked_of_the_person_and_said_of_the_token() {
    let app = App::start().await;
    let jen = app.browser("jen").await;
    let (web, (_, challenge)) = (client("web"), pkce());
    let mut order = order(&web, BACK, &challenge);
    order.push(("claims", r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#));
    let reply = app.get(AUTHORIZE, &order, Some(&jen)).await;
    assert!(reply.location().starts_with("/portal/step-up?then="), "{}", reply.location());
    assert_eq!(reply.parameter("acrs").as_deref(), Some("c1"));
    // At the token endpoint nobody can be asked.
    let code = code(&app).await;
    let demand = ("claims", r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
    let refused = redeem(&app, &[("code", &code), demand]).await;
    assert_eq!(refused.error().1, "interaction_required");
    assert!(refused.json()["claims"].as_str().unwrap().contains("c1"));
}

#[tokio::test]
async fn answers_travel_as_the_client_asks() {
    let app = App::start().await;
    let jen = app.browser("jen").await;
    let (web, (_, challenge)) = (client("web"), pkce());
    let mut order = order(&web, BACK, &challenge);
    order.push(("response_mode", "fragment"));
    assert!(app.get(AUTHORIZE, &order, Some(&jen)).await.location().starts_with("https://app.example/back#code="));
    order.pop();
    order.push(("response_mode", "form_post"));
    let page = app.get(AUTHORIZE, &order, Some(&jen)).await;
    assert!(page.text.contains(r#"action="https://app.example/back""#) && page.text.contains(r#"name="code""#));
    order.pop();
    order.push(("response_type", "token"));
    order.remove(2);
    assert_eq!(
        app.get(AUTHORIZE, &order, Some(&jen)).await.parameter("error").as_deref(),
        Some("unsupported_response_type")
    );
}
