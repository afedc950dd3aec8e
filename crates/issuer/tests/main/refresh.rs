//! Refresh tokens: rotation, and what a second use ends (F18).

use ephor_audit::events;
use http::StatusCode;
use serde_json::Value;

use crate::app::{App, Reply, az, claims, client, who};

async fn sign_in(app: &App) -> Value {
    let az = az();
    let form = [
        ("grant_type", "password"),
        ("client_id", az.as_str()),
        ("username", "jen"),
        ("password", "correct horse battery"),
        ("scope", "openid offline_access https://ephor.example/.default"),
    ];
    app.token(&form).await.json()
}

async fn refresh(app: &App, token: &Value, more: &[(&str, &str)]) -> Reply {
    let az = az();
    let mut form =
        vec![("grant_type", "refresh_token"), ("client_id", az.as_str()), ("refresh_token", token.as_str().unwrap())];
    for (name, value) in more {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    app.token(&form).await
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_the_second_time_ends_all() {
    let app = App::start().await;
    let first = sign_in(&app).await;
    app.advance(3600);
    let second = refresh(&app, &first["refresh_token"], &[]).await.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(claims(&first["access_token"])["sid"], claims(&second["access_token"])["sid"]);
    // What was proved does not grow younger.
    assert_eq!(claims(&first["access_token"])["auth_time"], claims(&second["access_token"])["auth_time"]);

    let again = refresh(&app, &first["refresh_token"], &[]).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned(), 70_000));
    assert_eq!(again.json()["suberror"], "bad_token");
    assert_eq!(refresh(&app, &second["refresh_token"], &[]).await.error().1, "invalid_grant");
    assert_eq!(app.count(events::REFRESH_TOKEN_REPLAYED).await, 1);
}

#[tokio::test]
async fn a_refresh_token_is_its_clients() {
    let app = App::start().await;
    let tokens = sign_in(&app).await;
    let tool = client("tool");
    let stolen = refresh(&app, &tokens["refresh_token"], &[("client_id", &tool)]).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".to_owned(), 700_082));
    assert_eq!(refresh(&app, &tokens["refresh_token"], &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_token_ends_idle_with_its_family_and_with_its_person() {
    let app = App::start().await;
    let tokens = sign_in(&app).await;
    app.advance(14 * 86_400);
    assert_eq!(refresh(&app, &tokens["refresh_token"], &[]).await.error().2, 700_082);

    let mut tokens = sign_in(&app).await;
    for _ in 0..8 {
        app.advance(10 * 86_400);
        tokens = refresh(&app, &tokens["refresh_token"], &[]).await.json();
    }
    app.advance(10 * 86_400);
    assert_eq!(refresh(&app, &tokens["refresh_token"], &[]).await.error().2, 700_082, "after 90 days");

    let tokens = sign_in(&app).await;
    app.change(|tx| {
        Box::pin(async move {
            let jen = tx.principal(who("jen")).await?.unwrap();
            tx.update_principal(&ephor_domain::principal::Principal { enabled: false, ..jen }).await.map(drop)
        })
    })
    .await;
    assert_eq!(refresh(&app, &tokens["refresh_token"], &[]).await.error().2, 50_057);
}

#[tokio::test]
async fn a_refresh_widens_nothing() {
    let app = App::start().await;
    let tokens = sign_in(&app).await;
    let narrow = refresh(&app, &tokens["refresh_token"], &[("scope", "https://ephor.example/User.Read")]).await.json();
    assert_eq!(claims(&narrow["access_token"])["scp"], "User.Read");
    assert_eq!(narrow["scope"], "https://ephor.example/User.Read");
    let wide = refresh(&app, &narrow["refresh_token"], &[("scope", "https://ephor.example/Ephor.Admin")]).await;
    assert_eq!(wide.error(), (400, "invalid_grant".to_owned(), 65_001));
    let demand = ("claims", r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
    assert_eq!(refresh(&app, &narrow["refresh_token"], &[demand]).await.error().1, "interaction_required");
    // A refusal used nothing up.
    assert_eq!(refresh(&app, &narrow["refresh_token"], &[]).await.status, StatusCode::OK);
}
