//! Device codes: who may allow them, how often one may guess, and what is theirs once.

use http::StatusCode;
use serde_json::Value;

use crate::app::{App, Reply, az, claims, client, who};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(app: &App) -> Value {
    let az = az();
    let form = [("client_id", az.as_str()), ("scope", "openid offline_access https://ephor.example/.default")];
    app.post("oauth2/v2.0/devicecode", &form, &[]).await.json()
}

async fn poll(app: &App, device: &Value, client: &str) -> Reply {
    let form = [("grant_type", GRANT), ("client_id", client), ("device_code", device["device_code"].as_str().unwrap())];
    app.token(&form).await
}

async fn answer(app: &App, browser: &str, code: &str, decision: Option<&str>) -> Reply {
    let mut form = vec![("code", code)];
    form.extend(decision.map(|decision| ("decision", decision)));
    let headers = [("cookie", browser), ("origin", "https://ephor.example")];
    app.post("oauth2/deviceauth", &form, &headers).await
}

#[tokio::test]
async fn a_person_allows_a_program_and_it_gets_tokens_once() {
    let app = App::start().await;
    let device = begin(&app).await;
    assert_eq!((device["interval"].as_i64(), device["expires_in"].as_i64()), (Some(5), Some(900)));
    assert_eq!(device["verification_uri"], "https://ephor.example/common/oauth2/deviceauth");
    let az = az();
    assert_eq!(poll(&app, &device, &az).await.error().1, "authorization_pending");
    assert_eq!(poll(&app, &device, &az).await.error().1, "slow_down");
    app.advance(5);
    assert_eq!(poll(&app, &device, &az).await.error().1, "authorization_pending");

    let jen = app.browser("jen").await;
    let page = app.get("oauth2/deviceauth", &[], Some(&jen)).await;
    // Else browsers send its form with `Origin: null`, which is refused.
    assert_eq!(page.headers["referrer-policy"], "same-origin");
    let code = device["user_code"].as_str().unwrap();
    let question = answer(&app, &jen, &code.to_lowercase(), None).await;
    assert!(question.text.contains("Azure CLI") && question.text.contains("jen@demo.test"), "{}", question.text);
    assert_eq!(answer(&app, &jen, code, Some("allow")).await.status, StatusCode::OK);
    app.advance(5);
    // Another client's hands.
    assert_eq!(poll(&app, &device, &client("tool")).await.error().1, "invalid_grant");
    let tokens = poll(&app, &device, &az).await.json();
    assert_eq!(claims(&tokens["access_token"])["oid"], who("jen").to_string());
    assert!(tokens["refresh_token"].is_string());
    // A second time ends what came of it.
    app.advance(5);
    assert_eq!(poll(&app, &device, &az).await.error().1, "invalid_grant");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", az.as_str()),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(app.token(&form).await.error().1, "invalid_grant");
}

#[tokio::test]
async fn a_refusal_and_the_end_are_told() {
    let app = App::start().await;
    let (jen, az) = (app.browser("jen").await, az());
    let device = begin(&app).await;
    let code = device["user_code"].as_str().unwrap();
    answer(&app, &jen, code, Some("deny")).await;
    assert_eq!(poll(&app, &device, &az).await.error().1, "authorization_declined");
    // No is no.
    assert_eq!(answer(&app, &jen, code, Some("allow")).await.status, StatusCode::BAD_REQUEST);

    let device = begin(&app).await;
    app.advance(900);
    assert_eq!(poll(&app, &device, &az).await.error().1, "expired_token");
    assert_eq!(
        answer(&app, &jen, device["user_code"].as_str().unwrap(), Some("allow")).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn guesses_are_few_and_only_for_those_who_are_signed_in() {
    let app = App::start().await;
    let device = begin(&app).await;
    let code = device["user_code"].as_str().unwrap();
    let stranger = answer(&app, "x=y", code, Some("allow")).await;
    assert_eq!(stranger.location(), "/common/oauth2/deviceauth");
    let page = app.get("oauth2/deviceauth", &[("code", code)], None).await;
    assert!(page.location().starts_with("/portal/sign-in?then=%2Fcommon%2Foauth2%2Fdeviceauth"), "{}", page.location());

    let eve = app.browser("ada").await;
    for _ in 0..10 {
        assert_eq!(answer(&app, &eve, "BBBB-BBBB", Some("allow")).await.status, StatusCode::BAD_REQUEST);
    }
    // Not even the right one is looked at any more.
    assert_eq!(answer(&app, &eve, code, Some("allow")).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(poll(&app, &device, &az()).await.error().1, "authorization_pending");
    // Others are not held up by her.
    let jen = app.browser("jen").await;
    assert_eq!(answer(&app, &jen, code, Some("allow")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_site_cannot_allow_for_a_person() {
    let app = App::start().await;
    let (jen, device) = (app.browser("jen").await, begin(&app).await);
    let form = [("code", device["user_code"].as_str().unwrap()), ("decision", "allow")];
    for headers in [vec![("cookie", jen.as_str()), ("origin", "https://evil.example")], vec![("cookie", jen.as_str())]]
    {
        assert_eq!(app.post("oauth2/deviceauth", &form, &headers).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(poll(&app, &device, &az()).await.error().1, "authorization_pending");
}

#[tokio::test]
async fn device_codes_are_rationed_by_address() {
    let app = App::start().await;
    for _ in 0..10 {
        begin(&app).await;
    }
    let az = az();
    let form = [("client_id", az.as_str()), ("scope", "openid")];
    let reply = app.post("oauth2/v2.0/devicecode", &form, &[]).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(reply.headers["retry-after"], "30");
}
