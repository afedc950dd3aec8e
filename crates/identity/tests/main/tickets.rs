use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    authentication::{Method, Proofs},
    principal::Proof,
};
use ephor_identity::{
    Accepted, Denied, Event, EventKind, Reason, SignIn, Via,
    event::FailureReason,
    negotiate::{Negotiated, NegotiationFault, Negotiator, Realms},
};
use ephor_store::tx::credential::Credential;
use http::HeaderMap;
use jiff::SignedDuration;

use crate::fixture::{App, JEN, OFF, address, app, basic, header, id, presented};

/// Takes what follows the mechanism in a bare ticket for the name of its holder.
#[derive(Default)]
struct Judge {
    asked: AtomicUsize,
}

/// A bare Kerberos token of `name`.
fn token(name: &str) -> Vec<u8> {
    let inner = [b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", name.as_bytes()].concat();
    [&[0x60, u8::try_from(inner.len()).unwrap()], &inner[..]].concat()
}

impl Negotiator for Judge {
    fn accept(&self, token: &[u8]) -> Result<Negotiated, NegotiationFault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match std::str::from_utf8(&token[13..]).unwrap() {
            "forged" => Err(NegotiationFault::Refused { cause: "wrong key".to_owned() }),
            "slow" => Err(NegotiationFault::Incomplete),
            "broken" => Err(NegotiationFault::Unavailable { cause: "no key tab".to_owned() }),
            "panic" => panic!("a library panics"),
            name => Ok(Negotiated { client: name.to_owned(), answer: Some(b"proof".to_vec()) }),
        }
    }
}

fn with_tickets() -> (App, Arc<Judge>) {
    let judge = Arc::new(Judge::default());
    let app = app();
    let realms: Realms = [("DEMO.TEST".to_owned(), "DEMO".to_owned())].into_iter().collect();
    let identity = app.identity.with_negotiator(Arc::clone(&judge) as Arc<dyn Negotiator>, realms);
    (App { identity, ..app }, judge)
}

fn ticket(name: &str) -> HeaderMap {
    header("authorization", &format!("Negotiate {}", STANDARD.encode(token(name))))
}

fn reason(events: &[Event]) -> Vec<(Option<u128>, FailureReason)> {
    let of = |event: &Event| {
        let EventKind::SignInFailed { reason } = event.kind else { panic!("{event:?}") };
        (event.principal.map(|id| id.uuid().as_u128()), reason)
    };
    events.iter().map(of).collect()
}

#[tokio::test]
async fn a_ticket_is_a_caller_who_learns_who_answers() {
    let (app, _) = with_tickets();
    for name in ["jen@DEMO.TEST", "JEN@DEMO.TEST"] {
        let caller = app.ask(&ticket(name)).await.unwrap();
        assert_eq!((caller.principal.username(), caller.actor.proof), ("DEMO\\jen".to_owned(), Proof::Password));
        assert!(caller.ambient, "the forgery rule holds");
        assert_eq!(caller.proofs(app.now()), Proofs::of(Method::Kerberos, app.now()));
        assert_eq!(caller.answer().unwrap(), "Negotiate cHJvb2Y=");
    }
    assert_eq!(app.events(), []);
    let challenges = app.identity.challenges(Accepted::PAM);
    assert_eq!(challenges[0], "Negotiate");
    assert_eq!(challenges.len(), 3);
    assert_eq!(app.identity.challenges(Accepted::API).len(), 1);
}

#[tokio::test]
async fn f18_a_ticket_opens_no_account_that_is_held_back() {
    let (app, _) = with_tickets();
    app.memory.0.lock().credentials.retain(|credential| credential.principal != id(JEN));
    assert!(app.ask(&ticket("jen@DEMO.TEST")).await.is_ok());
    let held = Credential::held(id(JEN), app.now());
    app.memory.0.lock().credentials.push(held);
    assert_eq!(app.ask(&ticket("jen@DEMO.TEST")).await, Err(Denied::NotSignedIn(Reason::Wrong)));
}

#[tokio::test]
async fn f12_f13_who_has_no_account_here_or_a_disabled_one_is_refused() {
    let (app, _) = with_tickets();
    for (name, principal, why) in [
        ("nobody@DEMO.TEST", None, FailureReason::UnknownAccount),
        ("robot@DEMO.TEST", None, FailureReason::UnknownAccount),
        ("jen@EVIL.TEST", None, FailureReason::ForeignTicket),
        ("jen@demo.test", None, FailureReason::ForeignTicket),
        ("jen/admin@DEMO.TEST", None, FailureReason::ForeignTicket),
        ("DEMO\\\\jen@DEMO.TEST", None, FailureReason::ForeignTicket),
        ("jen\\@demo.test@DEMO.TEST", None, FailureReason::ForeignTicket),
        ("forged", None, FailureReason::BadTicket),
        ("slow", None, FailureReason::BadTicket),
    ] {
        assert_eq!(app.ask(&ticket(name)).await, Err(Denied::NotSignedIn(Reason::Wrong)), "{name}");
        assert_eq!(reason(&app.events()), [(principal, why)], "{name}");
    }
    assert!(matches!(app.ask(&ticket("off@DEMO.TEST")).await, Err(Denied::Disabled(_))));
    assert_eq!(reason(&app.events()), [(Some(OFF), FailureReason::Disabled)]);
}

#[tokio::test]
async fn what_is_no_ticket_never_reaches_the_library() {
    let (app, judge) = with_tickets();
    let negotiate = |text: &str| header("authorization", &format!("Negotiate {text}"));
    let ntlm = STANDARD.encode(b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2");
    assert_eq!(app.ask(&negotiate(&ntlm)).await, Err(Denied::NotSignedIn(Reason::NotAccepted)));
    assert_eq!(reason(&app.events()), [(None, FailureReason::Ntlm)]);
    for (text, why) in [("", Reason::Nothing), ("!!!", Reason::Malformed), ("AAAA", Reason::Malformed)] {
        assert_eq!(app.ask(&negotiate(text)).await, Err(Denied::NotSignedIn(why)), "{text}");
    }
    let long = "A".repeat(200_000);
    assert_eq!(app.ask(&negotiate(&long)).await, Err(Denied::NotSignedIn(Reason::Malformed)));
    assert_eq!(app.events(), []);
    assert_eq!(judge.asked.load(Ordering::Relaxed), 0);
    // Where tickets do not count at all, they are not looked at.
    let without = crate::fixture::app();
    assert_eq!(without.ask(&ticket("jen@DEMO.TEST")).await, Err(Denied::NotSignedIn(Reason::NotAccepted)));
    let headers = ticket("jen@DEMO.TEST");
    let elsewhere = app.identity.caller(&presented(&headers), Accepted::API).await;
    assert_eq!(elsewhere, Err(Denied::NotSignedIn(Reason::NotAccepted)));
}

#[tokio::test]
async fn a_library_that_fails_is_no_wrong_ticket() {
    let (app, _) = with_tickets();
    for name in ["broken", "panic"] {
        assert_eq!(app.ask(&ticket(name)).await, Err(Denied::Unanswered), "{name}");
    }
    assert_eq!(app.events(), []);
}

#[tokio::test]
async fn bad_tickets_hold_back_their_address_and_nobody_else() {
    let (app, judge) = with_tickets();
    for _ in 0..60 {
        assert_eq!(app.ask(&ticket("forged")).await, Err(Denied::NotSignedIn(Reason::Wrong)));
    }
    let wait = SignedDuration::from_secs(6);
    assert_eq!(app.ask(&ticket("jen@DEMO.TEST")).await, Err(Denied::TooMany { retry_after: wait }));
    assert_eq!(judge.asked.load(Ordering::Relaxed), 60);
    let headers = ticket("jen@DEMO.TEST");
    let elsewhere = ephor_identity::Presented { address: address(2), ..presented(&headers) };
    assert!(app.identity.caller(&elsewhere, Accepted::PAM).await.is_ok());
    app.advance(wait);
    assert!(app.ask(&ticket("jen@DEMO.TEST")).await.is_ok());
}

#[tokio::test]
async fn a_session_by_ticket_takes_the_second_factor_first() {
    let (app, _) = with_tickets();
    let headers = ticket("jen@DEMO.TEST");
    let (done, proof) = app.identity.sign_in_by_ticket(&presented(&headers)).await.unwrap();
    assert_eq!(proof.unwrap(), "Negotiate cHJvb2Y=");
    let session = done.done().unwrap();
    assert!(matches!(session.caller.via, Via::Session { .. }));
    assert_eq!(session.caller.proofs(app.now()), Proofs::of(Method::Kerberos, app.now()));

    app.memory.0.lock().enrolled.push(id(JEN));
    let (half, _) = app.identity.sign_in_by_ticket(&presented(&headers)).await.unwrap();
    let SignIn::SecondFactor(caller, proofs, _) = half else { panic!("{half:?}") };
    assert_eq!((caller.principal.id, proofs), (id(JEN), Proofs::of(Method::Kerberos, app.now())));

    // A password is no ticket, and nothing at all asks for one.
    let empty = HeaderMap::new();
    let asked = app.identity.sign_in_by_ticket(&presented(&empty)).await;
    assert!(matches!(asked, Err(Denied::NotSignedIn(Reason::Nothing))));
    let password = basic("jen", "jen's password");
    let asked = app.identity.sign_in_by_ticket(&presented(&password)).await;
    assert!(matches!(asked, Err(Denied::NotSignedIn(Reason::NotAccepted))));
}
