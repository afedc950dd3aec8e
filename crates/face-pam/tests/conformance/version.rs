//! PAM-017 to PAM-019: the version selector.

use serde_json::Value;

use crate::app::{Caller, encode, on_both};

/// Every operation of the API, each at a path of its own. O4, O6 and O7 get ids that do not exist.
const NOBODY: &str = "(guid'00000000-0000-0000-0000-000000000000')";

fn operations() -> Vec<(&'static str, String)> {
    vec![
        ("GET", "pamroles".to_owned()),
        ("POST", "pamrequests".to_owned()),
        ("GET", "pamrequests".to_owned()),
        ("POST", format!("pamrequests{NOBODY}/Close")),
        ("GET", "pamrequeststoapprove".to_owned()),
        ("POST", format!("pamrequeststoapprove{NOBODY}/Approve")),
        ("POST", format!("pamrequeststoapprove{NOBODY}/Reject")),
        ("GET", "sessioninfo".to_owned()),
    ]
}

async fn call(caller: &Caller, method: &str, path: &str) -> crate::app::Reply {
    if method == "GET" { caller.get(path).await } else { caller.post(path).await }
}

#[tokio::test]
async fn pam_017_one_empty_and_no_version_are_the_same() {
    on_both(async |app| {
        let jen = app.caller("jen");
        jen.create("R1", 60).await;
        for (method, path) in operations() {
            let plain = call(&jen, method, &path).await;
            for v in ["v=1", "v=", "V=1"] {
                let reply = call(&jen, method, &format!("{path}?{v}")).await;
                assert_eq!((reply.status, reply.text()), (plain.status, plain.text()), "{method} {path} {v}");
            }
        }
        let made: Vec<Value> = [
            jen.create_with("R1", "RequestedTTL=60").await,
            jen.create_with("R1", "RequestedTTL=60&v=1").await,
            jen.create_with("R1", "RequestedTTL=60&v=").await,
        ]
        .into();
        assert!(made.iter().all(|made| made["RequestStatus"] == "PendingApproval"));
    })
    .await;
}

#[tokio::test]
async fn pam_018_other_versions_are_refused_without_effect() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 60).await;
        let approval = pat.approval_of(&made).await;
        let approval = approval["ApprovalObjectID"]["Value"].as_str().unwrap();
        let before = jen.list("pamrequests").await;
        for v in ["2", "x", "1.0", &encode("<b>x</b>")] {
            for (method, path) in operations() {
                let text = call(&jen, method, &format!("{path}?v={v}")).await.refused(400, "UnsupportedApiVersion");
                assert!(text.contains("Supported versions: 1"));
            }
            jen.ask("R0", &format!("RequestedTTL=60&v={v}")).await.refused(400, "UnsupportedApiVersion");
            let request = made["RequestId"].as_str().unwrap();
            let close = format!("pamrequests(guid'{request}')/Close?v={v}");
            jen.post(&close).await.refused(400, "UnsupportedApiVersion");
            for word in ["Approve", "Reject"] {
                let decide = format!("pamrequeststoapprove(guid'{approval}')/{word}?v={v}");
                pat.post(&decide).await.refused(400, "UnsupportedApiVersion");
            }
            app.stranger().get(&format!("pamroles?v={v}")).await.refused(401, "AuthenticationRequired");
        }
        assert_eq!(jen.list("pamrequests").await, before);
    })
    .await;
}

#[tokio::test]
async fn pam_019_a_version_in_a_body_has_no_effect() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        let form = format!("RoleId={role}&RequestedTTL=60&v=2");
        assert_eq!(jen.send("pamrequests", "application/x-www-form-urlencoded", form).await.status, 201);
        let json = format!(r#"{{"RoleId":"{role}","RequestedTTL":60,"v":"2"}}"#);
        assert_eq!(jen.send("pamrequests", "application/json", json).await.status, 201);
    })
    .await;
}
