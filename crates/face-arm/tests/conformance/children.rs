//! Where somebody can go on from a scope.

use serde_json::json;

use crate::{
    app::{App, group, path, who},
    story::{CONTRIBUTOR, READER, V, at, eligible, order},
};

#[tokio::test]
async fn arm_140_the_way_to_what_one_is_eligible_for() {
    let app = App::start().await;
    for (name, scope, role, principal) in [
        (1, "~G1", READER, group("devs")),
        (2, "~X", READER, who("carol").to_string()),
        (3, "~S", CONTRIBUTOR, who("dave").to_string()),
    ] {
        eligible(&app, name, scope, order("AdminAssign", role, principal, Some("P30D"))).await.with(201);
    }
    let children = async |who: &str, scope: &str, more: &str, of: &[&str]| {
        let found = app.asked(who, &at(scope, &format!("eligibleChildResources?{V}{more}"))).await.each("/id");
        let of: Vec<String> = of.iter().map(|scope| path(scope)).collect();
        assert_eq!(found, of, "{who} {scope} {more}");
    };
    let all = "&$getAllChildren=true";
    // bob through his group: down to the group, and what is in it.
    children("bob", "/", "", &["~M"]).await;
    children("bob", "~M", "", &["~S"]).await;
    children("bob", "~S", "", &["~G1"]).await;
    children("bob", "~G1", "", &["~X"]).await;
    children("bob", "~X", "", &[]).await;
    children("bob", "~G2", "", &[]).await;
    children("bob", "~M", all, &["~S", "~G1"]).await;
    children("bob", "~S", all, &["~G1"]).await;
    // carol down to the resource.
    children("carol", "~M", "", &["~S"]).await;
    children("carol", "~S", "", &["~G1"]).await;
    children("carol", "~G1", "", &["~X"]).await;
    // dave has everything below S.
    children("dave", "~S", "", &["~G1", "~G2"]).await;
    children("dave", "~M", all, &["~S", "~G1", "~G2"]).await;
    children("dave", "~S2", "", &[]).await;
    // What is in force counts like what one is eligible for; who has nothing goes nowhere, and is let in.
    children("alice", "~S", "", &["~G1", "~G2"]).await;
    children("gr", "~S", "", &[]).await;
    children("gr", "/", all, &[]).await;

    let groups = "resourceType eq 'resourcegroup'";
    children("dave", "~M", &format!("{all}&$filter={groups}"), &["~G1", "~G2"]).await;
    children("dave", "~M", &format!("{all}&$filter=resourceType+eq+'RESOURCEGROUP'"), &["~G1", "~G2"]).await;
    children("dave", "~M", &format!("{all}&$filter=resourceType%2Beq%2B'resourcegroup'"), &["~G1", "~G2"]).await;
    children("dave", "~M", &format!("{all}&$filter=resourceType eq 'subscription'"), &["~S"]).await;
    children("dave", "~M", &format!("{all}&$filter=resourceType eq 'subscription' or {groups}"), &["~S", "~G1", "~G2"])
        .await;
    children("dave", "~M", &format!("&$filter={groups}"), &[]).await;
    for filter in ["asTarget()", "type eq 'x'", "resourceType ne 'x'"] {
        let refused = app.asked("bob", &at("~S", &format!("eligibleChildResources?{V}&$filter={filter}"))).await;
        assert_eq!(refused.error(), (400, "UnsupportedFilter".to_owned()), "{filter}");
    }
    let rows = app.asked("bob", &at("~M", &format!("eligibleChildResources?{V}"))).await.with(200);
    assert_eq!(rows, json!({"value": [{"id": path("~S"), "name": "Demo subscription", "type": "subscription"}]}));
    let rows = app.asked("bob", &at("~G1", &format!("eligibleChildResources?{V}"))).await.with(200);
    let kind = "microsoft.storage/storageaccounts";
    assert_eq!(rows, json!({"value": [{"id": path("~X"), "name": "salaries", "type": kind}]}));
    let unknown = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
    let refused = app.asked("bob", &at(unknown, &format!("eligibleChildResources?{V}"))).await;
    assert_eq!(refused.error(), (404, "SubscriptionNotFound".to_owned()));
}
