//! PAM-002 to PAM-016: transport and envelope.

use axum::body::Body;
use http::{Method, header};
use serde_json::Value;

use crate::app::{BASE, encode, members, on_both, text};

const SETS: [&str; 4] = ["pamroles", "pamrequests", "pamrequeststoapprove", "sessioninfo"];

#[tokio::test]
async fn pam_002_003_004_collections_have_metadata_then_value() {
    on_both(async |app| {
        for set in SETS {
            let reply = app.caller("jen").get(set).await;
            assert_eq!(reply.status, 200, "{set}");
            assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
            assert_eq!(reply.header("content-length"), reply.body.len().to_string());
            assert_eq!(members(reply.text()), ["odata.metadata", "value"]);
            let body = reply.json();
            assert_eq!(text(&body["odata.metadata"]), format!("{BASE}/%24metadata#{set}"));
            assert!(body["value"].is_array());
        }
        let elsewhere = app.caller("jen").with("host", "PAM.other.test").get("pamroles").await;
        assert_eq!(
            text(&elsewhere.json()["odata.metadata"]),
            "http://PAM.other.test/api/pamresources/%24metadata#pamroles",
            "the host is named as it was sent"
        );
    })
    .await;
}

#[tokio::test]
async fn pam_005_the_created_entity_names_its_element() {
    on_both(async |app| {
        let made = app.caller("jen").create("R0", 3600).await;
        assert_eq!(text(&made["odata.metadata"]), format!("{BASE}/%24metadata#pamrequests/@Element"));
    })
    .await;
}

#[tokio::test]
async fn pam_006_008_slashes_and_letter_case_of_paths_do_not_matter() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for set in SETS {
            let plain = jen.get(set).await;
            for path in [
                format!("/api/pamresources/{set}/"),
                format!("/API/PamResources/{}", set.to_uppercase()),
                format!("//api//pamresources/{set}"),
            ] {
                let reply = jen.call(Method::GET, &path, Body::empty()).await;
                assert_eq!((reply.status, reply.json()), (plain.status, plain.json()), "{path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pam_007_keys_arrive_raw_or_encoded() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for key in ["(guid'K')", "(guid%27K%27)", "%28guid%27K%27%29", "(GUID'K')", "(K)"] {
            for upper in [false, true] {
                let made = jen.create("R1", 60).await;
                let id = text(&made["RequestId"]);
                let key = key.replace('K', &if upper { id.to_uppercase() } else { id.to_owned() });
                jen.post(&format!("pamrequests{key}/Close")).await.done();
                assert_eq!(jen.status(&made).await, "Closed", "{key}");
            }
        }
        jen.post("pamrequests(guid'x')/Close").await.refused(400, "InvalidParameter");
    })
    .await;
}

#[tokio::test]
async fn pam_009_unknown_paths_and_methods() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for path in ["pamrole", "pamroles/x", "pamrequests(guid'00000000-0000-0000-0000-000000000000')", "x/y/z"] {
            jen.get(path).await.refused(404, "NotFound");
        }
        for (method, path, allow) in [
            (Method::POST, "pamroles", "GET, HEAD, OPTIONS"),
            (Method::DELETE, "pamrequests", "GET, HEAD, POST, OPTIONS"),
            (Method::PUT, "sessioninfo", "GET, HEAD, OPTIONS"),
            (Method::GET, "pamrequests(guid'00000000-0000-0000-0000-000000000000')/Close", "POST, OPTIONS"),
        ] {
            let reply = jen.call(method, &format!("/api/pamresources/{path}"), Body::empty()).await;
            reply.refused(405, "MethodNotAllowed");
            assert_eq!(reply.header("allow"), allow);
        }
    })
    .await;
}

#[tokio::test]
async fn pam_010_whatever_is_accepted_json_comes() {
    on_both(async |app| {
        for accept in ["application/atom+xml", "application/json;odata=verbose", "text/html", "*/*", ""] {
            let reply = app.caller("jen").with("accept", accept).get("pamroles").await;
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
            assert_eq!(members(reply.text()), ["odata.metadata", "value"], "always the light form");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_011_every_error_has_the_envelope() {
    on_both(async |app| {
        let jen = app.caller("jen");
        app.stranger().get("pamroles").await.refused(401, "AuthenticationRequired");
        app.caller("eve").get("pamroles").await.refused(403, "NotAuthorized");
        jen.get("nothing").await.refused(404, "NotFound");
        jen.post("pamroles").await.refused(405, "MethodNotAllowed");
        jen.get("pamroles?$filter=x").await.refused(400, "InvalidFilter");
        jen.send("pamrequests", "text/plain", "x").await.refused(415, "UnsupportedMediaType");
        app.caller("panic").get("pamroles").await.refused(500, "InternalError");
        app.caller("down").get("pamroles").await.refused(503, "ServiceUnavailable");
        app.caller("slow").get("pamroles").await.refused(408, "Timeout");
        let long = format!("/api/pamresources/pamroles?x={}", "x".repeat(20_000));
        jen.call(Method::GET, &long, Body::empty()).await.refused(414, "InvalidRequest");
        jen.call(Method::GET, "/api/pamresources/../x", Body::empty()).await.refused(400, "InvalidRequest");
    })
    .await;
}

#[tokio::test]
async fn pam_012_errors_repeat_nothing_of_the_call() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let evil = encode("<b>x</b>");
        let role = app.role_id("R0");
        let mut replies = vec![
            jen.get(&format!("pamroles?$filter={evil}")).await,
            jen.get(&format!("pamroles?v={evil}")).await,
            jen.get(&evil).await,
            jen.post(&format!("pamrequests(guid'{evil}')/Close")).await,
            jen.post(&format!("{evil}(guid'{evil}')/{evil}")).await,
            jen.send("pamrequests", "<b>x</b>", "<b>x</b>").await,
            jen.send("pamrequests", "application/json", "<b>x</b>").await,
            jen.with("origin", "http://<b>x</b>").post("pamrequests").await,
        ];
        for query in [
            format!("RoleId={evil}&RequestedTTL=60"),
            format!("RoleId={role}&RequestedTTL={evil}"),
            format!("RoleId={role}&RequestedTTL=60&RequestedTime={evil}"),
            format!("RoleId={role}&RequestedTTL=60&Justification={evil}%00"),
        ] {
            replies.push(jen.post(&format!("pamrequests?{query}")).await);
        }
        for reply in replies {
            assert!(reply.status.is_client_error(), "{}", reply.text());
            let body = reply.json();
            let value = text(&body["odata.error"]["message"]["value"]);
            assert!(!value.contains(['<', '>', '&']) && !value.contains("b>x"), "{value}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_013_service_document_and_metadata() {
    on_both(async |app| {
        for caller in [app.caller("jen"), app.caller("eve")] {
            for path in ["/api/pamresources", "/api/pamresources/"] {
                let reply = caller.call(Method::GET, path, Body::empty()).await;
                assert_eq!(reply.status, 200);
                let body = reply.json();
                assert_eq!(text(&body["odata.metadata"]), format!("{BASE}/%24metadata"));
                let names: Vec<&Value> = body["value"].as_array().unwrap().iter().map(|set| &set["url"]).collect();
                assert_eq!(names, SETS.map(Value::from).iter().collect::<Vec<_>>());
            }
            for path in ["$metadata", "%24metadata"] {
                let reply = caller.get(path).await;
                assert_eq!(reply.status, 200);
                assert_eq!(reply.header("content-type"), "application/xml; charset=utf-8");
                assert!(reply.text().contains("<EntitySet Name=\"pamroles\""));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pam_014_nothing_may_be_stored_by_caches() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R1", 60).await;
        for reply in [
            jen.get("pamroles").await,
            jen.get("$metadata").await,
            jen.ask("R0", "RequestedTTL=60").await,
            jen.close(&made).await,
            jen.get("nothing").await,
            app.stranger().get("pamroles").await,
            app.caller("panic").get("pamroles").await,
            jen.call(Method::OPTIONS, "/api/pamresources/pamroles", Body::empty()).await,
        ] {
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(reply.header("dataserviceversion"), "3.0");
        }
    })
    .await;
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let get = jen.get("pamroles").await;
        let head = jen.call(Method::HEAD, "/api/pamresources/pamroles", Body::empty()).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0));
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert!(!jen.call(Method::HEAD, "/api/pamresources/x", Body::empty()).await.status.is_success());
    })
    .await;
}

#[tokio::test]
async fn pam_016_five_hundred_requests_come_in_one_answer() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for _ in 0..500 {
            jen.create("R0", 0).await;
        }
        let reply = jen.get("pamrequests").await;
        assert!(!reply.text().contains("nextLink"));
        let items = reply.items();
        assert_eq!(items.len(), 500);
        let mut ids: Vec<&str> = items.iter().map(|item| text(&item["RequestId"])).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 500, "each once");
        assert!(!reply.has(header::CONTENT_LENGTH), "a long list is streamed");
        assert_eq!(jen.filtered("pamrequests", "RequestedTTL gt 0").await, Vec::<Value>::new());
    })
    .await;
}
