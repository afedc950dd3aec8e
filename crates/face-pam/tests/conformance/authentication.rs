//! PAM-020 to PAM-022 and PAM-028: who may call at all.

use ephor_identity::token::Scope;
use http::header;
use secrecy::SecretString;

use crate::app::{App, Reply, members, on_both, text};

const NOBODY: &str = "(guid'00000000-0000-0000-0000-000000000000')";

/// O1 to O7 by one caller.
async fn everything(app: &App, caller: &crate::app::Caller) -> Vec<Reply> {
    let role = app.role_id("R0");
    vec![
        caller.get("pamroles").await,
        caller.post(&format!("pamrequests?RoleId={role}&RequestedTTL=60")).await,
        caller.get("pamrequests").await,
        caller.post(&format!("pamrequests{NOBODY}/Close")).await,
        caller.get("pamrequeststoapprove").await,
        caller.post(&format!("pamrequeststoapprove{NOBODY}/Approve")).await,
        caller.post(&format!("pamrequeststoapprove{NOBODY}/Reject")).await,
    ]
}

#[tokio::test]
async fn pam_020_without_credentials_everything_is_401() {
    on_both(async |app| {
        let stranger = app.stranger();
        let wrong = app.stranger().with("authorization", "Basic amVuOndyb25n");
        for caller in [stranger, wrong] {
            let mut replies = everything(app, &caller).await;
            replies.push(caller.get("sessioninfo").await);
            replies.push(caller.get("nothing").await);
            for reply in replies {
                reply.refused(401, "AuthenticationRequired");
                assert!(reply.header("www-authenticate").starts_with("Basic realm="));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pam_021_who_is_no_pam_user_gets_only_his_own_name() {
    on_both(async |app| {
        let eve = app.caller("eve");
        for reply in everything(app, &eve).await {
            reply.refused(403, "NotAuthorized");
        }
        let items = eve.list("sessioninfo").await;
        assert_eq!(text(&items[0]["Username"]), "PRIV\\Eve");
    })
    .await;
}

#[tokio::test]
async fn pam_022_a_disabled_account_gets_nothing() {
    on_both(async |app| {
        for reply in everything(app, &app.caller("off")).await {
            reply.refused(403, "AccountDisabled");
        }
        assert_eq!(app.memberships("off", "R0").await.0, 0);
    })
    .await;
}

#[tokio::test]
async fn pam_028_the_session_cookie_is_out_of_reach_of_scripts() {
    let secret = SecretString::from("secret");
    for (secure, expected) in [(true, true), (false, false)] {
        let line = ephor_identity::cookie::set(&secret, secure, 60);
        let line = line.to_str().unwrap();
        assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Lax") && line.contains("; Path=/"), "{line}");
        assert_eq!(line.contains("; Secure"), expected, "{line}");
    }
    on_both(async |app| {
        let jen = app.session_of("jen").await;
        assert_eq!(jen.list("pamroles").await.len(), 5, "the cookie signs in");
        assert!(!jen.get("pamroles").await.has(header::SET_COOKIE));
    })
    .await;
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for() {
    on_both(async |app| {
        let jen = app.token_of("jen", Scope::PamUse).await;
        assert_eq!(jen.list("pamroles").await.len(), 5);
        let admin = app.token_of("jen", Scope::Admin).await;
        admin.get("pamroles").await.refused(403, "NotAuthorized");
        admin.get("sessioninfo").await.refused(403, "NotAuthorized");
    })
    .await;
}

#[tokio::test]
async fn pam_029_030_the_session_names_the_account_one_way() {
    on_both(async |app| {
        let spellings = ["jen@priv.test", "PRIV\\PRIV.Jen", "priv\\priv.jen", "PRIV.Jen", "JEN@PRIV.TEST"];
        for spelling in spellings {
            let reply = app.stranger().signing_in_as(spelling).get("sessioninfo/").await;
            assert_eq!(reply.status, 200, "{spelling}");
            assert!(reply.text().ends_with(r#""value":[{"Username":"PRIV\\PRIV.Jen"}]}"#), "{}", reply.text());
            let items = reply.items();
            assert_eq!(items.len(), 1);
            assert_eq!(members(&items[0].to_string()), ["Username"]);
        }
    })
    .await;
}
