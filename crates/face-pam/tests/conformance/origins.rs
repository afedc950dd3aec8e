//! PAM-023 to PAM-027: CORS and cross-site forgery.

use axum::body::Body;
use ephor_audit::events;
use ephor_identity::token::Scope;
use http::{Method, header};

use crate::app::{App, Caller, PORTAL, Reply, on_both, text};

const EVIL: &str = "http://evil.test";
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

/// One answer of each status, as a page of `origin` gets them.
async fn answers(app: &App, origin: &str) -> Vec<(u16, Reply)> {
    let as_page = |caller: Caller| caller.with("origin", origin);
    vec![
        (200, as_page(app.caller("jen")).get("pamroles").await),
        (401, as_page(app.stranger()).get("pamroles").await),
        (403, as_page(app.caller("eve")).get("pamroles").await),
        (404, as_page(app.caller("jen")).get("nothing").await),
        (500, as_page(app.caller("panic")).get("pamroles").await),
        (503, as_page(app.caller("down")).get("pamroles").await),
    ]
}

#[tokio::test]
async fn pam_023_a_listed_origin_is_named_on_every_answer() {
    on_both(async |app| {
        for (status, reply) in answers(app, PORTAL).await {
            assert_eq!(reply.status, status);
            assert_eq!(reply.header("access-control-allow-origin"), PORTAL, "{status}");
            assert_eq!(reply.header("access-control-allow-credentials"), "true", "{status}");
            assert_eq!(reply.header("vary"), "Origin", "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_024_other_origins_are_not_named() {
    on_both(async |app| {
        for origin in [EVIL, "null", "*", "http://portal.test", "http://pam.test:8086"] {
            for (status, reply) in answers(app, origin).await {
                assert_eq!(reply.status, status, "{origin}");
                assert!(!reply.has(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin} {status}");
                assert!(!reply.has(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{origin} {status}");
            }
        }
        assert!(!app.caller("jen").get("pamroles").await.has(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    })
    .await;
}

#[tokio::test]
async fn pam_025_a_preflight_needs_no_credentials() {
    on_both(async |app| {
        let preflight = app
            .stranger()
            .with("origin", PORTAL)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "content-type");
        for path in ["/api/pamresources/pamrequests", "/api/pamresources/pamroles/", "/api/pamresources/nothing"] {
            let reply = preflight.call(Method::OPTIONS, path, Body::empty()).await;
            assert_eq!(reply.status, 204);
            assert!(reply.body.is_empty() && !reply.has(header::CONTENT_TYPE));
            assert_eq!(reply.header("access-control-allow-origin"), PORTAL);
            assert_eq!(reply.header("access-control-allow-credentials"), "true");
            assert_eq!(reply.header("access-control-allow-methods"), "GET, POST, OPTIONS");
            assert_eq!(reply.header("access-control-allow-headers"), "content-type, authorization");
        }
        let foreign = preflight.with("origin", EVIL);
        let reply = foreign.call(Method::OPTIONS, "/api/pamresources/pamrequests", Body::empty()).await;
        assert_eq!(reply.status, 204);
        assert!(!reply.has(header::ACCESS_CONTROL_ALLOW_ORIGIN) && !reply.has(header::ACCESS_CONTROL_ALLOW_METHODS));
        let plain = app.stranger().call(Method::OPTIONS, "/api/pamresources/pamrequests", Body::empty()).await;
        assert_eq!((plain.status.as_u16(), plain.header("allow")), (204, "GET, HEAD, POST, OPTIONS"));
    })
    .await;
}

/// The five forged calls of the checklist, by pages of one origin that found jen and pat signed in.
async fn forged(app: &App, jen: &Caller, pat: &Caller, disguise: impl Fn(&Caller) -> Caller) -> Vec<Reply> {
    let role = app.role_id("R0");
    let honest = app.caller("jen");
    let made = honest.create("R1", 60).await;
    let request = text(&made["RequestId"]).to_owned();
    let approval = app.caller("pat").approval_of(&made).await;
    let approval = text(&approval["ApprovalObjectID"]["Value"]).to_owned();
    let (jen, pat) = (disguise(jen), disguise(pat));
    vec![
        jen.post(&format!("pamrequests?RoleId={role}&RequestedTTL=60")).await,
        jen.send("pamrequests", FORM, format!("RoleId={role}&RequestedTTL=60")).await,
        pat.post(&format!("pamrequeststoapprove(guid'{approval}')/Approve")).await,
        pat.post(&format!("pamrequeststoapprove(guid'{approval}')/Reject")).await,
        jen.post(&format!("pamrequests(guid'{request}')/Close")).await,
    ]
}

#[tokio::test]
async fn pam_026_a_forged_call_changes_nothing() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let (jen_by_cookie, pat_by_cookie) = (app.session_of("jen").await, app.session_of("pat").await);
        let disguises: [&dyn Fn(&Caller) -> Caller; 3] =
            [&|caller| caller.with("origin", EVIL), &|caller| caller.with("origin", "null"), &|caller| {
                caller.with("sec-fetch-site", "cross-site")
            }];
        let mut made = 0;
        for (jen, pat) in [(&jen, &pat), (&jen_by_cookie, &pat_by_cookie)] {
            for disguise in disguises {
                for reply in forged(app, jen, pat, disguise).await {
                    reply.refused(403, "OriginNotAllowed");
                }
                made += 1;
            }
        }
        let requests = jen.list("pamrequests").await;
        assert_eq!(requests.len(), made, "only the honest ones");
        assert!(requests.iter().all(|request| request["RequestStatus"] == "PendingApproval"));
        assert_eq!(app.count(events::FOREIGN_ORIGIN_REFUSED).await, made * 5);
    })
    .await;
}

#[tokio::test]
async fn pam_027_own_and_listed_origins_and_other_programs_may_call() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let disguises: [&dyn Fn(&Caller) -> Caller; 5] = [
            &Caller::clone,
            &|caller| caller.with("origin", PORTAL).with("sec-fetch-site", "same-site"),
            &|caller| caller.with("origin", "http://pam.test:8086").with("sec-fetch-site", "same-origin"),
            &|caller| caller.with("origin", "https://pam.example"),
            &|caller| caller.with("sec-fetch-site", "same-origin"),
        ];
        for disguise in disguises {
            let replies = forged(app, &jen, &pat, disguise).await;
            let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
            assert_eq!(statuses, [201, 201, 200, 403, 200]);
            replies[3].refused(403, "ApprovalNotAvailable");
        }
        let token = app.token_of("jen", Scope::PamUse).await.with("origin", EVIL);
        let role = app.role_id("R0");
        let reply = token.post(&format!("pamrequests?RoleId={role}&RequestedTTL=60")).await;
        assert_eq!(reply.status, 201, "no page sends a token that it was not given");
    })
    .await;
}
