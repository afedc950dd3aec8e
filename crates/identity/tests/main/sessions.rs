use ephor_domain::{
    authentication::{Method, Proofs, Requirement},
    policy::context::ContextClass,
    principal::Proof,
};
use ephor_identity::{
    Accepted, Denied, EventKind, Reason, Settings, SignIn, Via, cookie, password::Cost, session::NewSession,
};
use http::HeaderMap;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use crate::fixture::{App, JEN, app, app_with, basic, header, id, presented};

async fn sign_in(app: &App, cookies: &HeaderMap) -> NewSession {
    app.identity.sign_in("jen", "jen's password".into(), &presented(cookies)).await.unwrap().done().unwrap()
}

fn cookies(secret: &SecretString) -> HeaderMap {
    header("cookie", &format!("{}={}", cookie::name(true), secret.expose_secret()))
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn gone() -> Result<ephor_identity::Caller, Denied> {
    Err(Denied::NotSignedIn(Reason::Wrong))
}

#[tokio::test]
async fn a_session_is_a_caller_with_ambient_credentials() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    assert_eq!(new.max_age, 12 * 3600);
    let caller = app.ask(&cookies(&new.secret)).await.unwrap();
    assert_eq!(caller, new.caller);
    assert_eq!((caller.principal.id, caller.actor.proof, caller.ambient), (id(JEN), Proof::Identified, true));
    assert!(matches!(caller.via, Via::Session { .. }));
    let Via::Session { key, .. } = &caller.via else { unreachable!() };
    let events = app.events();
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].kind,
        EventKind::SignedIn { session: key.handle(), methods: [Method::Password].into_iter().collect() }
    );

    let answer = app.identity.caller(&presented(&cookies(&new.secret)), Accepted::API).await;
    assert_eq!(answer, Err(Denied::NotSignedIn(Reason::Nothing)), "cookies count on PAM and portal only");
}

#[tokio::test]
async fn a_program_carries_its_session_as_bearer_token_and_only_where_that_counts() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    let carried = header("authorization", &format!("Bearer {}", new.secret.expose_secret()));
    let caller = app.identity.caller(&presented(&carried), Accepted::API).await.unwrap();
    assert_eq!((caller.actor.proof, caller.ambient), (Proof::Identified, false));
    for face in [Accepted::PAM, Accepted::GRAPH, Accepted::ARM] {
        let caller = app.identity.caller(&presented(&carried), face).await.unwrap();
        assert_eq!((caller.actor.proof, caller.ambient), (Proof::Identified, false), "{face:?}");
    }
    let answer = app.identity.caller(&presented(&carried), Accepted::PORTAL).await;
    assert_eq!(answer, Err(Denied::NotSignedIn(Reason::NotAccepted)));

    app.identity.sign_out(&caller).await.unwrap();
    assert_eq!(app.identity.caller(&presented(&carried), Accepted::API).await, gone());
}

#[tokio::test]
async fn wrong_credentials_are_not_saved_by_a_cookie() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    let mut headers = cookies(&new.secret);
    headers.extend(basic("jen", "guess"));
    assert_eq!(app.ask(&headers).await, gone());
}

#[tokio::test]
async fn a_sign_in_ends_the_session_before_it() {
    let app = app();
    let first = sign_in(&app, &HeaderMap::new()).await;
    let second = sign_in(&app, &cookies(&first.secret)).await;
    assert_ne!(first.secret.expose_secret(), second.secret.expose_secret());
    assert_eq!(app.ask(&cookies(&first.secret)).await, gone());
    assert!(app.ask(&cookies(&second.secret)).await.is_ok());
}

#[tokio::test]
async fn idleness_ends_a_session() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    for _ in 0..5 {
        app.advance(minutes(29));
        assert!(app.ask(&cookies(&new.secret)).await.is_ok());
    }
    app.advance(minutes(30));
    assert_eq!(app.ask(&cookies(&new.secret)).await, Err(Denied::NotSignedIn(Reason::Ended)));
}

#[tokio::test]
async fn age_ends_a_session_however_busy() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    for _ in 0..71 {
        app.advance(minutes(10));
        assert!(app.ask(&cookies(&new.secret)).await.is_ok());
    }
    app.advance(minutes(10));
    assert_eq!(app.ask(&cookies(&new.secret)).await, Err(Denied::NotSignedIn(Reason::Ended)));
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    let writes = |app: &App| app.memory.0.lock().writes;
    let before = writes(&app);
    for _ in 0..10 {
        app.advance(SignedDuration::from_secs(30));
        app.ask(&cookies(&new.secret)).await.unwrap();
    }
    assert_eq!(writes(&app) - before, 5);
}

#[tokio::test]
async fn rotation_keeps_the_end_and_kills_the_old_secret() {
    let app = app();
    let first = sign_in(&app, &HeaderMap::new()).await;
    app.advance(minutes(20));
    let caller = app.ask(&cookies(&first.secret)).await.unwrap();
    let second = app.identity.strengthen_session(&caller, [Method::Totp]).await.unwrap().unwrap();
    assert_eq!(second.max_age, 12 * 3600 - 20 * 60);
    assert_eq!(app.ask(&cookies(&first.secret)).await, gone());
    assert_eq!(app.ask(&cookies(&second.secret)).await.unwrap(), second.caller);
    assert_eq!(
        app.identity.strengthen_session(&caller, [Method::Totp]).await.unwrap_err(),
        Denied::NotSignedIn(Reason::Ended),
        "an ended session is not brought back"
    );
    assert!(app.identity.strengthen_session(&app.jen().await, []).await.unwrap().is_none());
}

#[tokio::test]
async fn a_step_up_shows_in_the_words_of_tokens_and_ages() {
    let class = ContextClass::new(1).unwrap();
    let contexts = [(class, Requirement::DEFAULT)].into_iter().collect();
    let app = app_with(Settings { password_cost: Cost::LEAST, contexts, ..Settings::default() });
    let first = sign_in(&app, &HeaderMap::new()).await;
    let start = first.caller.proofs(app.now()).auth_time();
    let strengths = app.identity.strengths(&first.caller);
    assert_eq!((strengths.amr, strengths.auth_time, strengths.contexts), (vec!["pwd"], start, vec![]));

    app.advance(minutes(20));
    let caller = app.ask(&cookies(&first.secret)).await.unwrap();
    let second = app.identity.strengthen_session(&caller, [Method::Totp]).await.unwrap().unwrap();
    let (now, until) = (app.now(), app.now() + minutes(10));
    let caller = app.ask(&cookies(&second.secret)).await.unwrap();
    let strengths = app.identity.strengths(&caller);
    assert_eq!(strengths.amr, ["mfa", "otp", "pwd"]);
    assert_eq!((strengths.auth_time, strengths.contexts), (Some(now), vec![(class, until)]));

    app.advance(minutes(11));
    let caller = app.ask(&cookies(&second.secret)).await.unwrap();
    let strengths = app.identity.strengths(&caller);
    assert_eq!((strengths.auth_time, strengths.contexts), (Some(now), vec![]));
    assert_eq!(app.identity.strengths(&app.jen().await).amr, ["pwd"], "Basic proves a password and no more");
}

#[tokio::test]
async fn a_password_alone_opens_no_session_of_an_account_with_second_factors() {
    let app = app();
    app.memory.0.lock().enrolled.push(id(JEN));
    let half = app.identity.sign_in("jen", "jen's password".into(), &presented(&HeaderMap::new())).await.unwrap();
    let SignIn::SecondFactor(caller, proofs, _) = half else { panic!("{half:?}") };
    assert_eq!((caller.principal.id, proofs), (id(JEN), Proofs::of(Method::Password, app.now())));
    assert!(app.memory.0.lock().sessions.is_empty());
    assert_eq!(app.events(), [], "nobody has signed in yet");
    let wrong = app.identity.sign_in("jen", "guess".into(), &presented(&HeaderMap::new())).await.map(drop);
    assert_eq!(wrong, Err(Denied::NotSignedIn(Reason::Wrong)));
}

#[tokio::test]
async fn sign_out() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    let caller = app.ask(&cookies(&new.secret)).await.unwrap();
    app.events();
    app.identity.sign_out(&caller).await.unwrap();
    assert_eq!(app.ask(&cookies(&new.secret)).await, gone());
    assert!(matches!(app.events()[0].kind, EventKind::SignedOut { .. }));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = app();
    let first = sign_in(&app, &HeaderMap::new()).await;
    app.advance(minutes(1));
    let second = sign_in(&app, &HeaderMap::new()).await;
    let listed = app.identity.sessions(&second.caller).await.unwrap();
    assert_eq!(listed.iter().map(|session| session.current).collect::<Vec<_>>(), [true, false]);
    assert_eq!(listed[1].address.unwrap().to_string(), "192.0.2.1");
    assert!(app.identity.end_session(&second.caller, &listed[1].handle).await.unwrap());
    assert!(!app.identity.end_session(&second.caller, &listed[1].handle).await.unwrap());
    assert_eq!(app.ask(&cookies(&first.secret)).await, gone());
    assert!(app.ask(&cookies(&second.secret)).await.is_ok());
    app.advance(minutes(60));
    assert_eq!(app.identity.sessions(&second.caller).await.unwrap(), [], "what is over is not listed");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = app();
    let other = sign_in(&app, &HeaderMap::new()).await;
    let own = sign_in(&app, &HeaderMap::new()).await;
    app.identity.set_password(&own.caller, &own.caller.principal, "a better passphrase".into()).await.unwrap();
    assert_eq!(app.ask(&cookies(&other.secret)).await, gone());
    assert!(app.ask(&cookies(&own.secret)).await.is_ok());
    app.identity.end_all_sessions(&own.caller, id(JEN)).await.unwrap();
    assert_eq!(app.ask(&cookies(&own.secret)).await, gone());
}

#[tokio::test]
async fn a_session_of_a_disabled_account_is_worth_nothing() {
    let app = app();
    let new = sign_in(&app, &HeaderMap::new()).await;
    app.memory.0.lock().principals[0].enabled = false;
    assert!(matches!(app.ask(&cookies(&new.secret)).await, Err(Denied::Disabled(_))));
}

#[tokio::test]
async fn sign_in_refuses_as_basic_does() {
    let app = app();
    let nothing = HeaderMap::new();
    for name in ["jen", "nobody"] {
        let answer = app.identity.sign_in(name, "guess".into(), &presented(&nothing)).await.map(drop);
        assert_eq!(answer.unwrap_err(), Denied::NotSignedIn(Reason::Wrong));
    }
    let answer = app.identity.sign_in("off", "off's password".into(), &presented(&nothing)).await.map(drop);
    assert!(matches!(answer.unwrap_err(), Denied::Disabled(_)));
    assert!(app.memory.0.lock().sessions.is_empty());
}
