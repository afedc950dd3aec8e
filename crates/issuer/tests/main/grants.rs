//! Client credentials, password, discovery, forms.

use axum::body::Body;
use ephor_audit::events;
use http::{Request, header};
use serde_json::json;

use crate::app::{App, SECRET, URL, az, claims, client, tenant, who};

const DEFAULT: &str = "https://ephor.example//.default";

#[tokio::test]
async fn an_application_gets_its_app_roles_and_nothing_of_anybody_else() {
    let app = App::start().await;
    let id = client("web");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", SECRET),
        ("scope", DEFAULT),
        ("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#),
    ];
    let reply = app.token(&form).await;
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(body["ext_expires_in"], 3600);
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none());
    let claims = claims(&body["access_token"]);
    assert_eq!(claims["aud"], "https://ephor.example/");
    assert_eq!(claims["iss"], format!("{URL}/{}/v2.0", tenant()));
    assert_eq!((&claims["roles"], &claims["idtyp"]), (&json!(["Ephor.Admin"]), &json!("app")));
    assert_eq!((&claims["oid"], &claims["appid"]), (&json!(who("web")), &json!(id)));
    assert_eq!(claims["xms_cc"], json!(["cp1"]));
    assert!(claims.get("scp").is_none() && claims.get("amr").is_none());
    assert_eq!(app.count(events::SIGNED_IN).await, 1);
    // The token can be taken back: it is of a family of the application's own.
    let family = claims["sid"].as_str().unwrap().parse().unwrap();
    let family = app.store.read(move |tx| Box::pin(tx.token_family(family))).await.unwrap().unwrap();
    assert_eq!((family.principal, family.revoked), (who("web"), None));
}

#[tokio::test]
async fn a_client_proves_itself_in_one_way_and_rightly() {
    let app = App::start().await;
    let (web, tool) = (client("web"), client("tool"));
    let ask = async |more: &[(&str, &str)]| {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", DEFAULT)];
        form.extend(more);
        app.token(&form).await.error()
    };
    let no = |status: u16, word: &str, number: u64| (status, word.to_owned(), number);
    let (w, t) = (web.as_str(), tool.as_str());
    assert_eq!(ask(&[("client_id", w), ("client_secret", "wrong")]).await, no(401, "invalid_client", 7_000_215));
    assert_eq!(ask(&[("client_id", w), ("client_secret", "ephs_other")]).await, no(401, "invalid_client", 7_000_215));
    assert_eq!(ask(&[("client_id", w)]).await, no(401, "invalid_client", 7_000_218));
    assert_eq!(ask(&[("client_id", t)]).await, no(400, "unauthorized_client", 7_000_218));
    assert_eq!(ask(&[("client_id", &az())]).await, no(400, "unauthorized_client", 7_000_218));
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert_eq!(ask(&[("client_id", nobody)]).await, no(400, "unauthorized_client", 700_016));
    assert_eq!(ask(&[("client_id", "x")]).await, no(400, "unauthorized_client", 700_016));
    assert_eq!(ask(&[]).await, no(400, "invalid_request", 900_144));
    // A secret that has ended.
    app.advance(240 * 3600);
    assert_eq!(ask(&[("client_id", w), ("client_secret", SECRET)]).await, no(401, "invalid_client", 7_000_222));
    // HTTP Basic is answered as HTTP Basic, and names one client.
    let basic = "Basic d2ViOnh4";
    let form = [("grant_type", "client_credentials"), ("client_id", w), ("scope", DEFAULT)];
    let reply = app.post("oauth2/v2.0/token", &form, &[("authorization", basic)]).await;
    assert_eq!(reply.error(), no(401, "invalid_client", 7_000_215));
}

#[tokio::test]
async fn failures_and_secrets_in_the_record() {
    let app = App::start().await;
    let web = client("web");
    for _ in 0..3 {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", web.as_str()),
            ("client_secret", "wrong-secret-of-somebody"),
            ("scope", DEFAULT),
        ];
        app.token(&form).await.error();
    }
    // The journal writes beside the calls.
    for _ in 0..200 {
        if app.count(events::SIGN_IN_FAILED).await == 3 {
            break;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(app.count(events::SIGN_IN_FAILED).await, 3);
    for record in app.records().await {
        let text = format!("{record:?}");
        assert!(!text.contains("wrong-secret") && !text.contains(SECRET), "{text}");
    }
}

#[tokio::test]
async fn an_application_asks_for_default_of_a_resource_of_ours() {
    let app = App::start().await;
    let web = client("web");
    for (scope, word) in [
        ("https://evil.example/.default", "invalid_resource"),
        ("User.Read", "invalid_scope"),
        ("openid", "invalid_scope"),
        ("https://ephor.example/.default https://alias.example/.default", "invalid_scope"),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", web.as_str()),
            ("client_secret", SECRET),
            ("scope", scope),
        ];
        assert_eq!(app.token(&form).await.error().1, word, "{scope}");
    }
    // The older spelling.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", web.as_str()),
        ("client_secret", SECRET),
        ("resource", "https://ephor.example/"),
    ];
    let body = app.post("oauth2/token", &form, &[]).await.json();
    assert_eq!(body["resource"], "https://ephor.example/");
    assert!(body["expires_on"].is_string());
}

#[tokio::test]
async fn the_password_grant_is_for_demos_and_never_for_administrators() {
    let form = |name: &'static str, password: &'static str, az: &str| {
        vec![
            ("grant_type".to_owned(), "password".to_owned()),
            ("client_id".to_owned(), az.to_owned()),
            ("username".to_owned(), name.to_owned()),
            ("password".to_owned(), password.to_owned()),
            ("scope".to_owned(), "openid offline_access https://ephor.example/.default".to_owned()),
        ]
    };
    let ask = async |app: &App, name: &'static str, password: &'static str| {
        let form = form(name, password, &az());
        let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        app.token(&pairs).await
    };
    let closed = App::with(|settings| settings).await;
    assert_eq!(ask(&closed, "jen", "correct horse battery").await.error().1, "unauthorized_client");

    let app = App::start().await;
    let body = ask(&app, "jen@demo.test", "correct horse battery").await.json();
    let claims = claims(&body["access_token"]);
    assert_eq!((&claims["amr"], &claims["oid"]), (&json!(["pwd"]), &json!(who("jen"))));
    assert!(body["refresh_token"].is_string() && body["client_info"].is_string());
    // Unknown, disabled and wrong look the same.
    let wrong = ask(&app, "jen", "wrong").await.error();
    assert_eq!(wrong, (400, "invalid_grant".to_owned(), 50_126));
    assert_eq!(ask(&app, "nobody", "wrong").await.error(), wrong);
    assert_eq!(ask(&app, "off", "correct horse battery").await.error(), wrong);
    assert_eq!(ask(&app, "ada", "correct horse battery").await.error().1, "interaction_required");
}

#[tokio::test]
async fn discovery_is_the_same_for_everybody() {
    let app = App::start().await;
    let body = app.get("v2.0/.well-known/openid-configuration", &[], None).await.json();
    assert_eq!(body["issuer"], format!("{URL}/{}/v2.0", tenant()));
    assert_eq!(body["token_endpoint"], format!("{URL}/common/oauth2/v2.0/token"));
    assert_eq!(body["code_challenge_methods_supported"], json!(["S256"]));
    let keys = app.get("discovery/v2.0/keys", &[], None).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert!(keys["keys"][0].get("d").is_none());
    let instance =
        [("api-version", "1.1"), ("authorization_endpoint", "https://ephor.example/common/oauth2/authorize")];
    assert_eq!(
        app.get("discovery/instance", &instance, None).await.json()["metadata"][0]["aliases"],
        json!(["ephor.example"])
    );
    let foreign = [("authorization_endpoint", "https://ephor.example.evil/common/oauth2/authorize")];
    assert_eq!(app.get("discovery/instance", &foreign, None).await.status, 400);
    for name in ["jen@demo.test", "nobody@demo.test"] {
        let body = app.get(&format!("userrealm/{name}"), &[("api-version", "1.0")], None).await.json();
        assert_eq!(body["account_type"], "Managed");
    }
}

#[tokio::test]
async fn pages_of_other_origins_read_what_is_meant_for_them() {
    let app = App::start().await;
    let allowed = async |path: &str, method: &str, origin: &str| {
        let request = Request::builder().method(method).uri(format!("/common/{path}")).header("origin", origin);
        let reply = app.call(request.body(Body::empty()).unwrap()).await;
        reply.headers.get("access-control-allow-origin").map(|line| line.to_str().unwrap().to_owned())
    };
    let discovery = "v2.0/.well-known/openid-configuration";
    assert_eq!(allowed(discovery, "GET", "https://any.example").await.as_deref(), Some("*"));
    let page = "https://page.example";
    assert_eq!(allowed("oauth2/v2.0/token", "OPTIONS", page).await.as_deref(), Some(page));
    for origin in ["https://evil.example", "null", "https://page.example.evil", "https://app.example"] {
        assert_eq!(allowed("oauth2/v2.0/token", "OPTIONS", origin).await, None, "{origin}");
    }
    assert_eq!(allowed("oauth2/v2.0/authorize", "GET", page).await, None);
}

#[tokio::test]
async fn what_is_no_form_is_refused_in_the_words_of_oauth() {
    let app = App::start().await;
    let request = Request::post("/common/oauth2/v2.0/token").header(header::CONTENT_TYPE, "application/json");
    let reply = app.call(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(reply.error().1, "invalid_request");
    let form = [("grant_type", "refresh_token"), ("grant_type", "password")];
    assert_eq!(app.token(&form).await.error().1, "invalid_request");
    assert_eq!(app.token(&[("grant_type", "implicit")]).await.error().1, "unsupported_grant_type");
    let reply = app.get("oauth2/v2.0/token", &[], None).await;
    assert_eq!((reply.status.as_u16(), reply.headers[header::ALLOW].to_str().unwrap()), (405, "POST"));
    assert_eq!(app.get("oauth2/nothing", &[], None).await.error().0, 404);
}
