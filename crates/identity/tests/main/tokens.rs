use std::collections::BTreeSet;

use ephor_domain::principal::Proof;
use ephor_identity::{
    Denied, EventKind, Reason, Via,
    event::FailureReason,
    token::{MOST, NewToken, Scope, TokenError, parse_scopes},
};
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use crate::fixture::{App, JEN, app, bearer, id};

async fn make(app: &App) -> NewToken {
    let caller = app.jen().await;
    app.identity.make_token(&caller, " ci ", [Scope::PamUse].into(), hours(90 * 24)).await.unwrap()
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

#[tokio::test]
async fn a_token_stands_for_its_person_within_its_scopes() {
    let app = app();
    let new = make(&app).await;
    assert!(new.secret.expose_secret().starts_with("eph_"));
    assert_eq!(new.view.label, "ci");
    let caller = app.ask(&bearer(new.secret.expose_secret())).await.unwrap();
    assert_eq!((caller.principal.id, caller.ambient), (id(JEN), false));
    assert!(caller.has_scope(Scope::PamUse) && !caller.has_scope(Scope::Admin));
    assert!(app.jen().await.has_scope(Scope::Admin));
    let scopes: BTreeSet<Scope> = [Scope::PamUse].into();
    assert_eq!(caller.via, Via::ApiToken { id: new.view.id, scopes, created: new.view.created });
    let stored = app.memory.0.lock().tokens[0].clone();
    assert_eq!(stored.hash.len(), 32);
    assert_eq!(stored.scopes, ["Pam.Use"]);
}

#[tokio::test]
async fn a_token_is_fresh_for_twelve_hours() {
    let app = app();
    let new = make(&app).await;
    let proof = async |app: &App| app.ask(&bearer(new.secret.expose_secret())).await.unwrap().actor.proof;
    assert_eq!(proof(&app).await, Proof::FreshApiToken);
    app.advance(hours(12) - SignedDuration::from_secs(1));
    assert_eq!(proof(&app).await, Proof::FreshApiToken);
    app.advance(SignedDuration::from_secs(1));
    assert_eq!(proof(&app).await, Proof::AgedApiToken);
}

#[tokio::test]
async fn a_token_ends() {
    let app = app();
    let new = make(&app).await;
    let headers = bearer(new.secret.expose_secret());
    app.advance(hours(90 * 24) - SignedDuration::from_secs(1));
    assert!(app.ask(&headers).await.is_ok());
    app.advance(SignedDuration::from_secs(1));
    app.events();
    assert_eq!(app.ask(&headers).await, Err(Denied::NotSignedIn(Reason::Ended)));
    assert_eq!(app.events()[0].kind, EventKind::SignInFailed { reason: FailureReason::EndedToken });
}

#[tokio::test]
async fn a_token_is_taken_back_by_its_person() {
    let app = app();
    let new = make(&app).await;
    let caller = app.jen().await;
    assert!(app.identity.revoke_token(&caller, new.view.id).await.unwrap());
    assert!(!app.identity.revoke_token(&caller, new.view.id).await.unwrap());
    let answer = app.ask(&bearer(new.secret.expose_secret())).await;
    assert_eq!(answer, Err(Denied::NotSignedIn(Reason::Ended)));
    assert!(app.identity.tokens(&caller).await.unwrap()[0].revoked.is_some());
}

#[tokio::test]
async fn unknown_tokens_are_recorded_without_their_text() {
    let app = app();
    assert_eq!(app.ask(&bearer("eph_unknown")).await, Err(Denied::NotSignedIn(Reason::Wrong)));
    let events = app.events();
    assert_eq!(events[0].kind, EventKind::SignInFailed { reason: FailureReason::UnknownToken });
    assert_eq!(events[0].principal, None);
}

#[tokio::test]
async fn what_a_token_may_not_be() {
    let app = app();
    let jen = app.jen().await;
    let one: BTreeSet<Scope> = [Scope::Check].into();
    let refused = async |label: &str, scopes: BTreeSet<Scope>, life: SignedDuration| {
        app.identity.make_token(&jen, label, scopes, life).await.unwrap_err()
    };
    assert_eq!(refused("x", BTreeSet::new(), hours(1)).await, TokenError::NoScope);
    assert_eq!(refused(" ", one.clone(), hours(1)).await, TokenError::Label);
    assert_eq!(refused("x", one.clone(), hours(90 * 24 + 1)).await, TokenError::Life { days: 90 });
    assert_eq!(refused("x", one.clone(), SignedDuration::ZERO).await, TokenError::Life { days: 90 });
    let by_token = app.ask(&bearer(make(&app).await.secret.expose_secret())).await.unwrap();
    let answer = app.identity.make_token(&by_token, "x", one.clone(), hours(1)).await;
    assert_eq!(answer.unwrap_err(), TokenError::NotByToken);
    for _ in 1..MOST {
        app.identity.make_token(&jen, "x", one.clone(), hours(1)).await.unwrap();
    }
    assert_eq!(refused("x", one, hours(1)).await, TokenError::TooMany);
}

#[test]
fn scopes_are_read_from_their_words() {
    assert_eq!(parse_scopes(["Pam.Use", "Ephor.Check"]), Ok([Scope::PamUse, Scope::Check].into()));
    assert_eq!(parse_scopes(["Pam.Use", "pam.use"]), Err("pam.use".to_owned()));
}
