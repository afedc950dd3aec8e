use ephor_domain::principal::Proof;
use ephor_identity::{Accepted, Denied, Event, EventKind, Reason, Settings, Via, event::FailureReason, password::Cost};
use ephor_store::Fault;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::fixture::{JEN, OFF, START, address, app, app_with, basic, header, id, presented};

fn wrong() -> Denied {
    Denied::NotSignedIn(Reason::Wrong)
}

fn failure(principal: Option<u128>, reason: FailureReason) -> Event {
    Event {
        at: Timestamp::from_second(START).unwrap(),
        by: None,
        principal: principal.map(id),
        address: Some(address(1)),
        kind: EventKind::SignInFailed { reason },
    }
}

#[tokio::test]
async fn every_spelling_is_one_caller() {
    let app = app();
    for name in ["DEMO\\jen", "demo\\JEN", "jen", "Jen@Demo.Test", " jen "] {
        let caller = app.ask(&basic(name, "jen's password")).await.unwrap();
        assert_eq!(caller.principal.username(), "DEMO\\jen", "{name}");
        assert_eq!(caller.actor.principal, id(JEN));
        assert_eq!(caller.actor.person, caller.principal.person);
        assert_eq!(caller.actor.address.as_deref(), Some("192.0.2.1"));
        assert_eq!(caller.actor.proof, Proof::Password);
        assert_eq!(caller.via, Via::Basic);
        assert!(caller.ambient);
    }
    assert_eq!(app.events(), []);
}

#[tokio::test]
async fn unknown_and_wrong_get_one_answer() {
    let app = app();
    for (name, principal, reason) in [
        ("jen", Some(JEN), FailureReason::WrongPassword),
        ("nobody", None, FailureReason::UnknownAccount),
        ("nopass", None, FailureReason::UnknownAccount),
        ("robot", None, FailureReason::UnknownAccount),
    ] {
        let password = if name == "robot" { "robot's password" } else { "guess" };
        assert_eq!(app.ask(&basic(name, password)).await, Err(wrong()), "{name}");
        assert_eq!(app.events(), [failure(principal, reason)], "{name}");
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_read() {
    let app = app();
    let mut two = basic("jen", "jen's password");
    two.append("authorization", two["authorization"].clone());
    for (headers, reason) in [
        (HeaderMap::new(), Reason::Nothing),
        (two, Reason::Malformed),
        (header("authorization", "Basic !!!"), Reason::Malformed),
        (header("authorization", "Basic"), Reason::Malformed),
        (header("authorization", "Negotiate abc"), Reason::NotAccepted),
        (header("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."), Reason::Wrong),
    ] {
        assert_eq!(app.ask(&headers).await, Err(Denied::NotSignedIn(reason)), "{headers:?}");
    }
    let pair = basic("jen", "jen's password");
    let answer = app.identity.caller(&presented(&pair), Accepted::API).await;
    assert_eq!(answer, Err(Denied::NotSignedIn(Reason::NotAccepted)));
}

#[tokio::test]
async fn a_disabled_account_is_told_only_to_who_knows_its_password() {
    let app = app();
    assert_eq!(app.ask(&basic("off", "guess")).await, Err(wrong()));
    app.events();
    let Err(Denied::Disabled(caller)) = app.ask(&basic("off", "off's password")).await else {
        panic!("a disabled account")
    };
    assert_eq!(caller.principal.id, id(OFF));
    assert_eq!(app.events(), [failure(Some(OFF), FailureReason::Disabled)]);
}

#[tokio::test]
async fn a_remembered_pair_ends_with_the_password_and_with_the_account() {
    let app = app();
    app.jen().await;
    // From now on only memory can say yes.
    app.memory.0.lock().credentials[0].hash = "unreadable".to_owned();
    app.jen().await;
    app.advance(SignedDuration::from_secs(59));
    app.jen().await;
    app.memory.0.lock().principals[0].enabled = false;
    assert!(matches!(app.ask(&basic("jen", "jen's password")).await, Err(Denied::Disabled(_))));
    app.memory.0.lock().principals[0].enabled = true;
    assert_eq!(app.ask(&basic("jen", "jen's password")).await, Err(wrong()), "disabling dropped it");
}

#[tokio::test]
async fn a_remembered_pair_ends_after_a_minute() {
    let app = app();
    app.jen().await;
    app.memory.0.lock().credentials[0].hash = "unreadable".to_owned();
    app.advance(SignedDuration::from_secs(60));
    assert_eq!(app.ask(&basic("jen", "jen's password")).await, Err(wrong()));
}

#[tokio::test]
async fn a_new_password_counts_at_once() {
    let app = app();
    let caller = app.jen().await;
    app.advance(SignedDuration::from_secs(1));
    app.identity.set_password(&caller, &caller.principal, "a better passphrase".into()).await.unwrap();
    assert_eq!(app.ask(&basic("jen", "jen's password")).await, Err(wrong()));
    assert!(app.ask(&basic("jen", "a better passphrase")).await.is_ok());
    let refused = app.identity.set_password(&caller, &caller.principal, "short".into()).await.unwrap_err();
    assert_eq!(refused.to_string(), "a password has at least 12 characters");
}

#[tokio::test]
async fn guessing_is_slowed_and_the_person_is_not_locked_out() {
    let app = app();
    app.jen().await;
    let guess = basic("jen", "guess");
    let mut throttled = 0;
    for n in 0..40 {
        let presented = ephor_identity::Presented { headers: &guess, address: address(10 + n), secure: true };
        match app.identity.caller(&presented, Accepted::PAM).await {
            Err(Denied::TooMany { retry_after }) => {
                assert_eq!(retry_after, SignedDuration::from_secs(60));
                throttled += 1;
            }
            other => assert_eq!(other, Err(wrong())),
        }
    }
    assert_eq!(throttled, 10);
    app.advance(SignedDuration::from_secs(61));
    app.jen().await;
}

#[tokio::test]
async fn failures_beyond_ten_a_minute_become_one_event() {
    let app = app();
    for _ in 0..25 {
        assert!(app.ask(&basic("nobody", "guess")).await.is_err());
    }
    assert_eq!(app.events().len(), 10);
    assert_eq!(app.identity.due(), Some(Timestamp::from_second(START + 60).unwrap()));
    app.advance(SignedDuration::from_secs(60));
    app.identity.settle().await;
    let now = Timestamp::from_second(START + 60).unwrap();
    let began = Timestamp::from_second(START).unwrap();
    assert_eq!(
        app.events(),
        [Event {
            at: now,
            by: None,
            principal: None,
            address: Some(address(1)),
            kind: EventKind::SignInsFailed { count: 15, from: began, to: began },
        }]
    );
}

#[tokio::test]
async fn a_store_that_is_down_is_no_wrong_password() {
    let app = app();
    app.memory.0.lock().down = true;
    let answer = app.ask(&basic("jen", "jen's password")).await;
    assert_eq!(answer, Err(Denied::Unavailable(Fault::Unavailable { cause: "down".to_owned() })));
    assert_eq!(app.events(), []);
}

#[tokio::test]
async fn nothing_shown_or_recorded_holds_a_secret_or_a_strangers_text() {
    let app = app_with(Settings { password_cost: Cost::LEAST, ..Settings::default() });
    let typed = "hunter22-in-the-wrong-field";
    let mut shown = String::new();
    for headers in [basic(typed, "x"), basic("jen", typed), basic("off", "off's password")] {
        shown += &format!("{:?}", app.ask(&headers).await);
    }
    let caller = app.jen().await;
    let session = app.identity.sign_in("jen", "jen's password".into(), &presented(&HeaderMap::new())).await;
    let token = app
        .identity
        .make_token(&caller, "ci", [ephor_identity::token::Scope::PamUse].into(), SignedDuration::from_hours(1))
        .await;
    shown += &format!("{caller:?} {session:?} {token:?} {:?}", app.identity);
    shown += &serde_json::to_string(&app.events()).unwrap();
    for secret in [
        typed,
        "jen's password",
        "off's password",
        session.unwrap().done().unwrap().secret.expose_secret(),
        token.unwrap().secret.expose_secret(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn challenges() {
    let lines = |accepted: Accepted| {
        accepted.challenges().iter().map(|line| line.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(Accepted::PAM), ["Basic realm=\"Ephor\", charset=\"UTF-8\"", "Bearer realm=\"Ephor\""]);
    assert_eq!(lines(Accepted::PORTAL), Vec::<String>::new());
    assert_eq!(lines(Accepted::API), ["Bearer realm=\"Ephor\""]);
}
