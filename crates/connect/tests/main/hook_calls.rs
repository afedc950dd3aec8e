//! The MFA hook and the webhook on real sockets: what they send, and what they refuse (F21).

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ephor_connect::{
    HttpMfaHook, MfaHookConfig, OutgoingConfig, OutgoingConfigError, Webhook,
    outgoing::{Call, CallFault, Endpoint, Limits},
};
use ephor_domain::id::RequestId;
use ephor_engine::port::{
    Clock, SimulatedClock,
    mfa::{Challenge, ChallengeStatus, MfaFault, MfaProvider as _},
    notify::{Notification, Notifier as _},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::listener::Listener;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SimulatedClock::new(Timestamp::from_second(1_700_000_000).unwrap()))
}

fn request() -> RequestId {
    RequestId::new(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef))
}

fn outgoing(url: &str, more: &str) -> OutgoingConfig {
    toml::from_str(&format!("url = '{url}'\n{more}")).unwrap()
}

fn hook(url: &str, more: &str) -> HttpMfaHook {
    let endpoint = outgoing(url, &format!("allow_private = true\n{more}"));
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    HttpMfaHook::with_limits(&MfaHookConfig { endpoint, needs_phone_number: true }, &[], clock(), limits).unwrap()
}

fn challenge() -> Challenge {
    Challenge {
        request: request(),
        phone_number: Some("+1 555 0100".to_owned()),
        attributes: BTreeMap::from([("role".to_owned(), "Allow AD Access".to_owned())]),
    }
}

#[tokio::test]
async fn the_three_calls_are_made_as_documented() {
    let id = "01234567-89ab-cdef-0123-456789abcdef";
    let listener = Listener::http("200 OK", "", r#"{"status":"pending","more":1}"#).await;
    let provider = hook(&format!("{}/mfa/?key=k", listener.url()), "");
    assert!(provider.needs_phone_number());
    assert_eq!(provider.initiate(&challenge()).await, Ok(ChallengeStatus::Pending));
    assert_eq!(provider.status(request()).await, Ok(ChallengeStatus::Pending));
    assert!(matches!(provider.failure_message(request()).await, Err(MfaFault::Failed(_))));
    let requests = listener.requests();
    assert!(requests[0].starts_with("POST /mfa/initiate?key=k HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(
        requests[0].ends_with(&format!(
            "\r\n\r\n{{\"request\":\"{id}\",\"phoneNumber\":\"+1 555 0100\",\"attributes\":{{\"role\":\"Allow AD Access\"}}}}"
        )),
        "{}",
        requests[0]
    );
    assert!(requests[1].starts_with(&format!("GET /mfa/status/{id}?key=k HTTP/1.1\r\n")), "{}", requests[1]);
    assert!(requests[2].starts_with(&format!("GET /mfa/failure-message/{id}?key=k ")), "{}", requests[2]);
    assert!(!requests[0].contains("webhook-signature"));

    let listener = Listener::http("200 OK", "", "{\"message\":\"hung\\nup\"}").await;
    assert_eq!(hook(&listener.url(), "").failure_message(request()).await, Ok("hungup".to_owned()));
    for (word, status) in [("success", ChallengeStatus::Success), ("failed", ChallengeStatus::Failed)] {
        let listener = Listener::http("200 OK", "", &format!(r#"{{"status":"{word}"}}"#)).await;
        assert_eq!(hook(&listener.url(), "").status(request()).await, Ok(status));
    }
}

#[tokio::test]
async fn signed_calls_cannot_be_used_for_each_other() {
    let listener = Listener::http("200 OK", "", r#"{"status":"pending"}"#).await;
    let provider = hook(&listener.url(), "secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'");
    provider.initiate(&challenge()).await.unwrap();
    provider.status(request()).await.unwrap();
    let requests = listener.requests();
    assert!(requests[0].contains("webhook-id: initiate-01234567-89ab-cdef-0123-456789abcdef\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("webhook-timestamp: 1700000000\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("webhook-signature: v1,"), "{}", requests[0]);
    assert!(requests[1].contains("webhook-id: status-01234567-89ab-cdef-0123-456789abcdef\r\n"), "{}", requests[1]);
}

#[tokio::test]
async fn an_answer_that_is_none_is_never_success() {
    for (status, headers, body, words) in [
        ("500 Internal Server Error", "", r#"{"status":"success"}"#, "HTTP status 500"),
        ("302 Found", "location: http://127.0.0.1:1/\r\n", r#"{"status":"success"}"#, "HTTP status 302"),
        ("307 Temporary Redirect", "location: http://169.254.169.254/\r\n", "", "HTTP status 307"),
        ("200 OK", "", r#"{"status":"granted"}"#, "the answer to status is not what was asked for"),
        ("200 OK", "", "success", "the answer to status is not what was asked for"),
        ("200 OK", "", "", "the answer to status is not what was asked for"),
        ("204 No Content", "", "", "the answer to status is not what was asked for"),
    ] {
        let listener = Listener::http(status, headers, body).await;
        let answer = hook(&listener.url(), "").status(request()).await;
        assert_eq!(answer, Err(MfaFault::Failed(words.to_owned())), "{status} {body}");
    }
}

#[tokio::test]
async fn slow_and_endless_answers_are_cut_off() {
    // Says nothing at all; begins and never ends; pours without end.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let start = Instant::now();
    assert_eq!(hook(&silent_url, "").status(request()).await, Err(MfaFault::Timeout));
    let stalled = Listener::start(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec()).await;
    assert_eq!(hook(&stalled.url(), "").status(request()).await, Err(MfaFault::Timeout));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());

    let body = " ".repeat(64 * 1024) + r#"{"status":"success"}"#;
    let endless = Listener::http("200 OK", "", &body).await;
    let answer = hook(&endless.url(), "").status(request()).await;
    assert_eq!(answer, Err(MfaFault::Failed("the answer is too large".to_owned())));
    let body = " ".repeat(64 * 1024 - 20) + r#"{"status":"success"}"#;
    let just_right = Listener::http("200 OK", "", &body).await;
    assert_eq!(hook(&just_right.url(), "").status(request()).await, Ok(ChallengeStatus::Success));
}

#[tokio::test]
async fn a_dead_provider_is_told_without_its_url() {
    let listener = Listener::http("200 OK", "", "").await;
    let url = format!("{}/token-in-path", listener.url());
    drop(listener);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let url = url.replace(url.split(':').nth(2).unwrap().split('/').next().unwrap(), &port.to_string());
    let Err(MfaFault::Failed(words)) = hook(&url, "").status(request()).await else { panic!("an answer from nobody") };
    assert!(!words.contains("token-in-path") && !words.is_empty(), "{words}");
}

#[tokio::test]
async fn addresses_inside_are_refused_by_number_and_by_name() {
    for url in
        ["https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "https://0x7f.1/", "https://10.0.0.1/"]
    {
        let refused = Webhook::new(&outgoing(url, ""), &[], clock());
        assert!(matches!(refused, Err(OutgoingConfigError::Inside)), "{url}");
    }
    for url in ["http://directory.example/", "ftp://directory.example/", "nonsense"] {
        let refused = Webhook::new(&outgoing(url, ""), &[], clock());
        assert!(matches!(refused, Err(OutgoingConfigError::Url(_))), "{url}");
    }
    let own = [std::net::SocketAddr::from(([198, 52, 100, 7], 8443))];
    let refused = Webhook::new(&outgoing("https://198.52.100.7:8443/", ""), &own, clock());
    assert!(matches!(refused, Err(OutgoingConfigError::Inside)));
    assert!(Webhook::new(&outgoing("https://198.52.100.7:9443/", ""), &own, clock()).is_ok());

    let by_name = Endpoint::new(&outgoing("https://localhost:1/", ""), &[], clock(), Limits::default()).unwrap();
    let call = Call { path: &[], id: "x", body: None };
    assert_eq!(by_name.call(call).await, Err(CallFault::Inside));
}

#[tokio::test]
async fn a_notification_is_posted_and_signed_with_an_id_that_stays() {
    let listener = Listener::http("200 OK", "", "thanks").await;
    let config = outgoing(&listener.url(), "allow_private = true\nsecret = 'a shared secret'");
    let webhook = Webhook::new(&config, &[], clock()).unwrap();
    let notification = Notification {
        event: "request.pending-approval".to_owned(),
        at: Timestamp::from_second(1_700_000_000).unwrap(),
        recipient: None,
        request: Some(request()),
        facts: BTreeMap::new(),
    };
    assert_eq!(webhook.deliver(&notification).await, Ok(()));
    assert_eq!(webhook.deliver(&notification).await, Ok(()));
    let other = Notification { event: "request.approved".to_owned(), ..notification.clone() };
    assert_eq!(webhook.deliver(&other).await, Ok(()));
    let requests = listener.requests();
    let id = |request: &str| request.lines().find_map(|line| line.strip_prefix("webhook-id: ").map(str::to_owned));
    assert!(id(&requests[0]).unwrap().starts_with("msg_"));
    assert_eq!(id(&requests[0]), id(&requests[1]));
    assert_ne!(id(&requests[0]), id(&requests[2]));
    assert!(requests[0].starts_with("POST / HTTP/1.1\r\n"), "{}", requests[0]);
    let (_, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<Notification>(body).unwrap(), notification);

    let listener = Listener::http("503 Service Unavailable", "", "").await;
    let config = outgoing(&listener.url(), "allow_private = true");
    let webhook = Webhook::new(&config, &[], clock()).unwrap();
    assert_eq!(webhook.deliver(&notification).await, Err("HTTP status 503".to_owned()));
}
