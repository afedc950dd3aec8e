//! PAM-136: the request and response pairs printed in the public documents, played against a fixture that reproduces
//! their data. They are read from `EPHOR_SPEC_DIR` and are no part of this repository.

use std::path::PathBuf;

use axum::body::Body;
use http::Method;
use jiff::Timestamp;

use crate::app::{App, Caller, Json, Reply, SENTINEL, Setup, at, on_both_with, seconds, text};

/// One pair.
struct Example {
    method: Method,
    /// Path and query, as printed but for the blanks and quotes that no request line can hold.
    target: String,
    status: u16,
    response: Json,
}

/// The pairs of a file, with the ids of the documents replaced by those of the fixture; nothing without the folder.
fn examples(file: &str, app: &App) -> Option<Vec<Example>> {
    let folder = PathBuf::from(std::env::var_os("EPHOR_SPEC_DIR")?);
    let json = std::fs::read_to_string(folder.join("mim").join(file)).unwrap();
    let ids = [
        ("8f5cec1a-ecba-42ec-b76d-e6e0e4bf4c62", app.role_id("R0").to_string()),
        ("c28eab4a-95cf-4c08-a153-d5e8a9e660cd", app.role_id("R1").to_string()),
        ("73257e5e-00b3-4309-a330-f1e607ff113a", app.user_id("jen").to_string()),
        ("FIMCITONEBOXAD\\Jen", "PRIV\\PRIV.Jen".to_owned()),
    ];
    let here = |text: &str| ids.iter().fold(text.to_owned(), |text, (there, here)| text.replace(there, here));
    let Json::Array(examples) = Json::parse(&json).get("examples").map_text(&here) else { panic!("{file}") };
    let read = |example: &Json| {
        let plain = |name: &str| match example.get(name) {
            Json::Text(text) => text.clone(),
            other => panic!("{name}: {other:?}"),
        };
        let url = plain("url").replace(' ', "%20");
        let Json::Number(status) = example.get("status") else { panic!("a status") };
        let response = match example {
            Json::Object(members) if members.iter().any(|(name, _)| name == "response") => example.get("response"),
            _ => &Json::Null,
        };
        Example {
            method: plain("method").parse().unwrap(),
            target: url.strip_prefix("http://localhost:8086").unwrap_or(&url).to_owned(),
            status: format!("{status}").parse().unwrap(),
            response: response.clone(),
        }
    };
    Some(examples.iter().map(read).collect())
}

#[expect(clippy::print_stderr, reason = "speaks to the test runner")]
fn skipped() {
    eprintln!("skipped: EPHOR_SPEC_DIR does not name the folder of the documented examples");
}

async fn replay(caller: &Caller, example: &Example) -> Reply {
    let caller = caller.with("host", "localhost:8086");
    let reply = caller.call(example.method.clone(), &example.target, Body::empty()).await;
    assert_eq!(reply.status.as_u16(), example.status, "{} {}: {}", example.method, example.target, reply.text());
    reply
}

/// Same member names in the same order, same types, same constants; identifiers that the fixture does not fix, and
/// instants unless `exact`, need only be of the same sort.
#[track_caller]
fn same(expected: &Json, got: &Json, exact: bool) {
    match (expected, got) {
        (Json::Object(expected), Json::Object(got)) => {
            let names = |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert_eq!(names(expected), names(got));
            for ((name, expected), (_, got)) in expected.iter().zip(got) {
                // C11: an empty justification is `null` here, `null` or empty in the documents.
                if !(name == "Justification" && *expected == Json::Text(String::new()) && *got == Json::Null) {
                    same(expected, got, exact);
                }
            }
        }
        (Json::Array(expected), Json::Array(got)) => {
            assert_eq!(expected.len(), got.len());
            for (expected, got) in expected.iter().zip(got) {
                same(expected, got, exact);
            }
        }
        (Json::Text(expected), Json::Text(got)) if expected != got => {
            let guid = |text: &str| uuid::Uuid::try_parse(text).is_ok();
            match (expected.parse::<Timestamp>(), got.parse::<Timestamp>()) {
                (Ok(expected), Ok(got)) => {
                    assert!(!exact || expected.as_millisecond() == got.as_millisecond(), "{expected} {got}");
                }
                _ => assert!(guid(expected) && guid(got), "{expected:?} {got:?}"),
            }
        }
        (expected, got) => assert_eq!(expected, got),
    }
}

fn documented(start: &str) -> Setup {
    Setup { start: at(start), zone: "America/Los_Angeles", outside: true, ..Setup::default() }
}

#[tokio::test]
async fn pam_136_roles_and_session() {
    on_both_with(documented("2015-07-12T04:49:32Z"), async |app| {
        let Some(roles) = examples("get-roles.json", app) else { return skipped() };
        let jen = app.caller("jen");
        let reply = replay(&jen, &roles[0]).await;
        let Json::Array(expected) = roles[0].response.get("value") else { panic!("a list") };
        let Json::Array(got) = Json::parse(reply.text()).get("value").clone() else { panic!("a list") };
        same(&Json::Array(expected.clone()), &Json::Array(got[..expected.len()].to_vec()), true);
        same(roles[0].response.get("odata.metadata"), Json::parse(reply.text()).get("odata.metadata"), true);
        for example in examples("get-session-info.json", app).unwrap() {
            let reply = replay(&jen, &example).await;
            same(&example.response, &Json::parse(reply.text()), true);
        }
    })
    .await;
}

#[tokio::test]
async fn pam_136_create() {
    on_both_with(documented("2015-07-12T06:38:09.036Z"), async |app| {
        let Some(creates) = examples("create-request.json", app) else { return skipped() };
        let jen = app.caller("jen");
        let first = Json::parse(replay(&jen, &creates[0]).await.text());
        same(&creates[0].response, &first, true);
        let second = Json::parse(replay(&jen, &creates[1]).await.text());
        same(&creates[1].response, &second, false);
        assert_eq!(second.get("RequestedTime"), second.get("CreationTime"), "no start asked: the receipt time");
    })
    .await;
}

/// The history behind the documented list: each request, decision, activation and end at its documented instant.
async fn live_through_the_documented_history(app: &App, jen: &Caller, pat: &Caller) {
    let create = async |role: &str, created: &str, query: &str| {
        app.advance_to(at(created)).await;
        jen.create_with(role, query).await
    };
    // The directory confirmed a fraction of a second after the request was made.
    let activate = async |instant: &str| {
        app.target.refuse_additions(false);
        app.advance_to(at(instant)).await;
    };
    app.target.refuse_additions(true);
    create("R0", "2015-06-23T11:34:38.58Z", "RequestedTTL=3600&RequestedTime=2015-06-23T11:34:36.417Z").await;
    app.sleep(at("2015-06-23T11:34:38.847Z").duration_since(app.now()));
    activate("2015-06-23T11:34:38.847Z").await;
    let rejected =
        create("R1", "2015-06-30T07:01:13.147Z", "RequestedTTL=3600&RequestedTime=2015-06-30T07:01:13.119Z").await;
    pat.decide(&pat.approval_of(&rejected).await, "Reject").await.done();
    let closed = create(
        "R0",
        "2015-07-12T04:35:14.433Z",
        "RequestedTTL=12960000&Justification=Reason+for+Request&RequestedTime=2015-07-12T04:35:00Z",
    )
    .await;
    app.advance_to(at("2015-07-12T04:43:51.95Z")).await;
    jen.close(&closed).await.done();
    app.drain().await;
    app.target.refuse_additions(true);
    create("R0", "2015-07-12T04:48:17.46Z", "RequestedTTL=3600&RequestedTime=2015-07-12T04:48:14.057Z").await;
    app.sleep(at("2015-07-12T04:48:17.853Z").duration_since(app.now()));
    activate("2015-07-12T04:48:17.853Z").await;
    create(
        "R1",
        "2015-07-12T04:49:09.963Z",
        "RequestedTTL=12960000&Justification=Example+Reason&RequestedTime=2015-07-12T04:50:00Z",
    )
    .await;
    app.advance_to(at("2015-07-12T04:49:32Z")).await;
}

#[tokio::test]
async fn pam_136_requests() {
    on_both_with(documented("2015-06-23T11:34:00Z"), async |app| {
        let Some(lists) = examples("get-requests.json", app) else { return skipped() };
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        live_through_the_documented_history(app, &jen, &pat).await;
        for example in &lists {
            let reply = replay(&jen, example).await;
            same(&example.response, &Json::parse(reply.text()), true);
        }
        for example in examples("filter-expressions.json", app).unwrap() {
            replay(&jen, &example).await;
        }
        assert!(jen.list("pamrequests").await.iter().any(|item| text(&item["ExpirationTime"]) == SENTINEL));
    })
    .await;
}

#[tokio::test]
async fn pam_136_approvals_and_close() {
    on_both_with(documented("2015-07-11T22:24:52.51Z"), async |app| {
        let Some(pending) = examples("get-pending-requests.json", app) else { return skipped() };
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let query = "RequestedTTL=3600&Justification=Justification+Reason&RequestedTime=2015-07-11T22:25:00Z";
        let made = jen.create_with("R1", query).await;
        let reply = replay(&pat, &pending[0]).await;
        same(&pending[0].response, &Json::parse(reply.text()), true);
        for (file, caller) in [
            ("approve-pending-request.json", &pat),
            ("reject-pending-request.json", &pat),
            ("close-request.json", &jen),
        ] {
            let made = if file.starts_with("close") { made.clone() } else { jen.create_with("R1", query).await };
            let id = match file.starts_with("close") {
                true => text(&made["RequestId"]).to_owned(),
                false => text(&pat.approval_of(&made).await["ApprovalObjectID"]["Value"]).to_owned(),
            };
            for example in examples(file, app).unwrap() {
                let (head, rest) = example.target.split_once("guid'").unwrap();
                let (_, tail) = rest.split_once('\'').unwrap();
                let target = format!("{head}guid'{id}'{tail}");
                let reply = replay(caller, &Example { target, ..example }).await;
                reply.done();
            }
        }
        app.advance(seconds(1)).await;
        jen.close(&made).await.done();
    })
    .await;
}

#[tokio::test]
async fn pam_136_versions_and_errors() {
    on_both_with(documented("2015-07-12T04:49:32Z"), async |app| {
        let Some(versions) = examples("versioning.json", app) else { return skipped() };
        for example in &versions {
            replay(&app.caller("jen"), example).await;
        }
        let expected = &examples("error-envelope.json", app).unwrap()[0].response;
        let reply = app.caller("eve").get("pamroles").await;
        let got = Json::parse(reply.text());
        let shape = |json: &Json| json.map_text(&|_| "text".to_owned());
        same(&shape(expected), &shape(&got), false);
        let language = |json: &Json| json.get("odata.error").get("message").get("lang").clone();
        assert_eq!(language(expected), language(&got));
    })
    .await;
}
