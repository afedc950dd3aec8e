//! Approvals: who sees them, who decides, what comes of it, and what ends them otherwise.

use http::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, Reply, group, path, who},
    story::{CONTRIBUTOR, V, active, at, eligible, list, order},
};

const A: &str = "api-version=2021-01-01-preview";
const INSTANCES: &str = "roleAssignmentScheduleInstances";
const REQUESTS: &str = "roleAssignmentScheduleRequests";

/// Approval by these is asked for at S, where bob is eligible.
async fn asking(approvers: Value) -> App {
    let app = App::start().await;
    eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await.with(201);
    ask(&app, json!([{"primaryApprovers": approvers}]), "SingleStage").await;
    app
}

async fn ask(app: &App, stages: Value, mode: &str) {
    let filter = format!("roleDefinitionId eq '{CONTRIBUTOR}'");
    let policy = list(app, "alice", "~S", "roleManagementPolicies", &filter).await.remove(0);
    let setting = json!({"isApprovalRequired": true, "approvalMode": mode, "approvalStages": stages});
    let patch = json!({"properties": {"rules": [{"id": "Approval_EndUser_Assignment", "setting": setting}]}});
    let target = format!("{}?{V}", policy["id"].as_str().unwrap());
    app.send("alice", Method::PATCH, &target, patch.to_string()).await.with(200);
}

fn user(key: &str) -> Value {
    json!({"id": who(key), "userType": "User"})
}

/// bob asks for his role at a scope; answers the id of the approval.
async fn asked(app: &App, name: u128, scope: &str) -> String {
    let order = order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"));
    let made = active(app, "bob", name, scope, order).await.with(201);
    assert_eq!(made["properties"]["status"], "PendingApproval");
    let id = made["properties"]["approvalId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("/providers/Microsoft.Authorization/roleAssignmentApprovals/"), "{id}");
    id
}

async fn status(app: &App, name: u128, scope: &str) -> String {
    let target = at(scope, &format!("{REQUESTS}/{}?{V}", uuid::Uuid::from_u128(name)));
    app.get(&target).await.with(200)["properties"]["status"].as_str().unwrap().to_owned()
}

/// The only stage, as somebody sees it.
async fn stage(app: &App, who: &str, approval: &str) -> Value {
    let shown = app.asked(who, &format!("{approval}?{A}")).await.with(200);
    assert_eq!(shown["properties"]["stages"].as_array().unwrap().len(), 1);
    shown["properties"]["stages"][0].clone()
}

async fn decide(app: &App, who: &str, method: Method, stage: &str, body: Value) -> Reply {
    app.send(who, method, &format!("{stage}?{A}"), body.to_string()).await
}

fn approve() -> Value {
    json!({"reviewResult": "Approve", "justification": "fine"})
}

fn deny() -> Value {
    json!({"properties": {"reviewResult": "Deny", "justification": "not now"}})
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn arm_121_an_approver_sees_what_waits_and_others_do_not() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    assert!(list(&app, "bob", "/", INSTANCES, "asTarget()").await.is_empty());
    let waiting = list(&app, "carol", "~S", REQUESTS, "asApprover()").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["properties"]["approvalId"], approval);
    let all = at("/", "roleAssignmentApprovals");
    let shown = app.asked("carol", &format!("{all}?{A}&$filter=asApprover()")).await;
    assert_eq!(shown.each("/id"), std::slice::from_ref(&approval));
    let row = shown.json()["value"][0].clone();
    let first = &row["properties"]["stages"][0];
    let name = approval.rsplit('/').next().unwrap();
    assert_eq!(
        row,
        json!({
            "id": approval, "name": name, "type": "Microsoft.Authorization/roleAssignmentApprovals",
            "properties": {"stages": [{
                "id": format!("{approval}/stages/{}", first["name"].as_str().unwrap()),
                "name": first["name"],
                "type": "Microsoft.Authorization/roleAssignmentApprovals/stages",
                "properties": {
                    "displayName": first["properties"]["displayName"], "status": "InProgress", "assignedToMe": true,
                    "reviewedBy": null, "reviewedDateTime": null, "reviewResult": "NotReviewed", "justification": "",
                },
            }]},
        })
    );
    assert_eq!(app.asked("carol", &format!("{approval}?{A}")).await.with(200), row);
    // The one who asked sees it as his, with nothing for him to decide.
    assert_eq!(stage(&app, "bob", &approval).await["properties"]["assignedToMe"], false);
    for (key, filter, count) in [
        ("carol", "", 1),
        ("carol", "asTarget()", 0),
        ("carol", "asCreatedBy()", 0),
        ("bob", "", 1),
        ("bob", "asTarget()", 1),
        ("bob", "asCreatedBy()", 1),
        ("bob", "asApprover()", 0),
        ("dave", "", 0),
        ("dave", "asApprover()", 0),
        ("dave", "asTarget()", 0),
    ] {
        let found = app.asked(key, &format!("{all}?{A}&$filter={filter}")).await.each("/id");
        assert_eq!(found.len(), count, "{key} {filter}");
    }
    assert!(list(&app, "dave", "~S", REQUESTS, "asApprover()").await.is_empty());
    let unknown = app.asked("dave", &format!("{approval}?{A}")).await;
    assert_eq!(unknown.error(), (404, "RoleAssignmentApprovalNotFound".to_owned()));
    let refused = app.asked("carol", &format!("{all}?{A}&$filter=asNobody()")).await;
    assert_eq!(refused.error(), (400, "UnsupportedFilter".to_owned()));
    // Whoever administers the scope sees it without being asked to decide.
    assert_eq!(stage(&app, "alice", &approval).await["properties"]["assignedToMe"], false);
    assert_eq!(app.asked("alice", &format!("{all}?{A}")).await.each("/id"), [approval]);
}

#[tokio::test]
async fn arm_122_what_is_approved_is_in_force() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    app.advance(3600);
    let target = id_of(&stage(&app, "carol", &approval).await);
    let decided = decide(&app, "carol", Method::PATCH, &target, approve()).await.with(200);
    let at_decision = decided["properties"]["reviewedDateTime"].clone();
    assert_eq!(
        decided["properties"],
        json!({
            "displayName": decided["properties"]["displayName"], "status": "Completed", "assignedToMe": false,
            "reviewedBy": {
                "principalId": who("carol"), "principalType": "user", "principalName": "Carol O'Brien",
                "userPrincipalName": "carol@demo.test",
            },
            "reviewedDateTime": at_decision, "reviewResult": "Approve", "justification": "fine",
        })
    );
    assert_eq!(status(&app, 2, "~S").await, "Provisioned");
    let instance = list(&app, "bob", "~S", INSTANCES, "asTarget()").await.remove(0);
    // An hour from the decision on, not from the order.
    assert_eq!(instance["properties"]["startDateTime"], at_decision);
    let instant = |name: &str| instance["properties"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(instant("endDateTime").duration_since(instant("startDateTime")).as_secs(), 3600);
    assert_eq!(stage(&app, "carol", &approval).await, decided);
    assert!(list(&app, "carol", "~S", REQUESTS, "asApprover()").await.is_empty(), "nothing waits any more");
}

#[tokio::test]
async fn arm_123_what_is_denied_ends() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    let target = id_of(&stage(&app, "carol", &approval).await);
    let decided = app.send("carol", Method::PUT, &format!("{target}/?{A}"), deny().to_string()).await.with(200);
    assert_eq!(
        (&decided["properties"]["status"], &decided["properties"]["reviewResult"]),
        (&json!("Completed"), &json!("Deny"))
    );
    assert_eq!(decided["properties"]["justification"], "not now");
    assert_eq!(status(&app, 2, "~S").await, "Denied");
    assert!(list(&app, "bob", "/", INSTANCES, "asTarget()").await.is_empty());
    // Denied is over: bob may ask again.
    asked(&app, 3, "~S").await;
    let requests = list(&app, "bob", "/", REQUESTS, "asTarget()").await;
    let words: Vec<&Value> = requests.iter().map(|row| &row["properties"]["status"]).collect();
    assert_eq!(words, ["PendingApproval", "Denied"]);
}

#[tokio::test]
async fn arm_124_nobody_decides_on_his_own_request() {
    let app = asking(json!([{"id": group("devs"), "userType": "Group"}])).await;
    let approval = asked(&app, 2, "~S").await;
    let own = stage(&app, "bob", &approval).await;
    assert_eq!(own["properties"]["assignedToMe"], false, "bob is in the group");
    for body in [approve(), deny()] {
        let refused = decide(&app, "bob", Method::PATCH, &id_of(&own), body).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    }
    assert!(list(&app, "bob", "~S", REQUESTS, "asApprover()").await.is_empty());
    assert_eq!(status(&app, 2, "~S").await, "PendingApproval");
}

#[tokio::test]
async fn arm_125_others_do_not_decide_and_nobody_decides_twice() {
    let app = asking(json!([user("carol"), user("alice2")])).await;
    let approval = asked(&app, 2, "~S").await;
    let target = id_of(&stage(&app, "carol", &approval).await);
    for (other, body) in [("dave", approve()), ("dave", deny()), ("alice", approve()), ("app1", approve())] {
        let refused = decide(&app, other, Method::PATCH, &target, body).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()), "{other}");
    }
    for (body, code) in [
        (json!({"reviewResult": "Approve", "justification": " "}), "InvalidApprovalDecision"),
        (json!({"reviewResult": "Approve"}), "InvalidApprovalDecision"),
        (json!({"reviewResult": "Maybe", "justification": "x"}), "InvalidApprovalDecision"),
        (json!({"justification": "x"}), "InvalidApprovalDecision"),
    ] {
        assert_eq!(decide(&app, "carol", Method::PATCH, &target, body).await.error(), (400, code.to_owned()));
    }
    assert_eq!(status(&app, 2, "~S").await, "PendingApproval");
    let first = decide(&app, "carol", Method::PATCH, &target, approve()).await.with(200);
    assert_eq!(decide(&app, "carol", Method::PUT, &target, approve()).await.with(200), first, "the same again");
    let over = (409, "ApprovalAlreadyCompleted".to_owned());
    assert_eq!(decide(&app, "carol", Method::PATCH, &target, deny()).await.error(), over);
    assert_eq!(decide(&app, "alice2", Method::PATCH, &target, approve()).await.error(), over);
    assert_eq!(status(&app, 2, "~S").await, "Provisioned");
    for unknown in [
        format!("{approval}/stages/{}", uuid::Uuid::from_u128(7)),
        format!("{approval}/stages/x"),
        at("/", &format!("roleAssignmentApprovals/{0}/stages/{0}", uuid::Uuid::from_u128(7))),
    ] {
        let refused = decide(&app, "carol", Method::PATCH, &unknown, approve()).await;
        assert_eq!(refused.error(), (404, "RoleAssignmentApprovalNotFound".to_owned()), "{unknown}");
    }
}

#[tokio::test]
async fn arm_126_a_cancelled_request_is_decided_by_nobody() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    let target = id_of(&stage(&app, "carol", &approval).await);
    let cancel = at("~S", &format!("{REQUESTS}/{}/cancel?{V}", uuid::Uuid::from_u128(2)));
    let cancelled = app.send("bob", Method::POST, &cancel, "").await.with(200);
    assert_eq!(cancelled["properties"]["status"], "Canceled");
    assert_eq!(stage(&app, "carol", &approval).await["properties"]["status"], "Expired");
    let late = decide(&app, "carol", Method::PATCH, &target, approve()).await;
    assert_eq!(late.error(), (409, "ApprovalAlreadyCompleted".to_owned()));
    assert_eq!(status(&app, 2, "~S").await, "Canceled");
    assert!(list(&app, "bob", "/", INSTANCES, "asTarget()").await.is_empty());
    assert!(list(&app, "carol", "/", REQUESTS, "asApprover()").await.is_empty());
}

#[tokio::test]
async fn arm_127_a_request_that_nobody_decides_times_out() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    let target = id_of(&stage(&app, "carol", &approval).await);
    let day = 24 * 3600;
    app.advance(day - 1);
    assert_eq!(status(&app, 2, "~S").await, "PendingApproval");
    assert_eq!(stage(&app, "carol", &approval).await["properties"]["status"], "InProgress");
    app.advance(1);
    // By the clock alone, whether or not the scheduler has been there.
    for _ in 0..2 {
        assert_eq!(status(&app, 2, "~S").await, "TimedOut");
        let expired = stage(&app, "carol", &approval).await;
        assert_eq!(
            (&expired["properties"]["status"], &expired["properties"]["assignedToMe"]),
            (&json!("Expired"), &json!(false))
        );
        let late = decide(&app, "carol", Method::PATCH, &target, approve()).await;
        assert_eq!(late.error(), (409, "ApprovalAlreadyCompleted".to_owned()));
        assert!(list(&app, "carol", "/", REQUESTS, "asApprover()").await.is_empty());
        app.engine.drain().await.unwrap();
    }
    // The time of the stage is the policy's.
    ask(&app, json!([{"primaryApprovers": [user("carol")], "approvalStageTimeOutInDays": 3}]), "SingleStage").await;
    asked(&app, 3, "~S").await;
    app.advance(3 * day - 1);
    assert_eq!(status(&app, 3, "~S").await, "PendingApproval");
    app.advance(1);
    assert_eq!(status(&app, 3, "~S").await, "TimedOut");
}

#[tokio::test]
async fn arm_128_any_member_of_a_group_decides_and_the_first_one_counts() {
    let app = App::start().await;
    let rg = group("RG");
    let members = ["carol", "dave", "pra", "gr", "alice2"].map(who);
    let of: uuid::Uuid = rg.parse().unwrap();
    let long_ago: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let in_group = app.engine.store().transact(move |tx| {
        Box::pin(async move {
            for member in members {
                tx.add_standing_member(ephor_domain::id::Id::new(of), member, None, long_ago).await?;
            }
            Ok(())
        })
    });
    in_group.await.unwrap();
    eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await.with(201);
    ask(&app, json!([{"primaryApprovers": [{"id": rg, "userType": "Group"}]}]), "SingleStage").await;
    let approval = asked(&app, 2, "~S").await;
    let target = id_of(&stage(&app, "carol", &approval).await);
    for member in ["carol", "dave", "pra", "gr", "alice2"] {
        assert_eq!(stage(&app, member, &approval).await["properties"]["assignedToMe"], true, "{member}");
    }
    let one = |key: &'static str, body: Value| decide(&app, key, Method::PATCH, &target, body);
    let (a, b, c, d, e) = tokio::join!(
        one("carol", approve()),
        one("dave", deny()),
        one("pra", approve()),
        one("gr", deny()),
        one("alice2", approve()),
    );
    let replies = [a, b, c, d, e];
    let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(won.len(), 1, "{replies:?}");
    for lost in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(lost.error(), (409, "ApprovalAlreadyCompleted".to_owned()));
    }
    let word = won[0].json()["properties"]["reviewResult"].clone();
    let instances = list(&app, "bob", "/", INSTANCES, "asTarget()").await.len();
    let expected = if word == "Approve" { ("Provisioned", 1) } else { ("Denied", 0) };
    assert_eq!((status(&app, 2, "~S").await.as_str(), instances), expected);
}

#[tokio::test]
async fn arm_129_routes_with_and_without_scope_agree() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~G1").await;
    let name = approval.rsplit('/').next().unwrap();
    let shown = app.asked("carol", &format!("{approval}?{A}")).await.with(200);
    let stages = shown["properties"]["stages"].clone();
    let stage_name = stages[0]["name"].as_str().unwrap();
    for scope in ["/", "~M", "~S", "~G1"] {
        let one = at(scope, &format!("roleAssignmentApprovals/{name}"));
        assert_eq!(app.asked("carol", &format!("{one}?{A}")).await.with(200), shown, "{scope}");
        for word in ["stages", "steps", "STAGES"] {
            let listed = app.asked("carol", &format!("{one}/{word}?{A}")).await.with(200);
            assert_eq!(listed, json!({"value": stages}), "{scope} {word}");
            let found = app.asked("carol", &format!("{one}/{word}/{stage_name}/?{A}")).await.with(200);
            assert_eq!(found, stages[0], "{scope} {word}");
        }
        let all = at(scope, &format!("roleAssignmentApprovals?{A}&$filter=asApprover()"));
        assert_eq!(app.asked("carol", &all).await.each("/id"), std::slice::from_ref(&approval), "{scope}");
    }
    for elsewhere in ["~G2", "~X", "~S2"] {
        let one = at(elsewhere, &format!("roleAssignmentApprovals/{name}?{A}"));
        let unknown = app.asked("carol", &one).await;
        assert_eq!(unknown.error(), (404, "RoleAssignmentApprovalNotFound".to_owned()), "{elsewhere}");
        let all = at(elsewhere, &format!("roleAssignmentApprovals?{A}"));
        assert!(app.asked("carol", &all).await.each("/id").is_empty(), "{elsewhere}");
        let late = at(elsewhere, &format!("roleAssignmentApprovals/{name}/stages/{stage_name}?{A}"));
        let refused = app.send("carol", Method::PATCH, &late, approve().to_string()).await;
        assert_eq!(refused.error(), (404, "RoleAssignmentApprovalNotFound".to_owned()), "{elsewhere}");
    }
    let step = at("~M", &format!("roleAssignmentApprovals/{name}/steps/{stage_name}"));
    let decided = decide(&app, "carol", Method::PUT, &step, approve()).await.with(200);
    assert_eq!(decided["properties"]["status"], "Completed");
    assert_eq!(decided["id"], format!("{approval}/stages/{stage_name}"));
    assert_eq!(path("~G1"), list(&app, "bob", "/", INSTANCES, "asTarget()").await[0]["properties"]["scope"]);
}

#[tokio::test]
async fn arm_130_a_restart_keeps_what_waits() {
    let app = asking(json!([user("carol")])).await;
    let approval = asked(&app, 2, "~S").await;
    eligible(&app, 3, "~G2", order("AdminAssign", CONTRIBUTOR, who("dave"), Some("P1D"))).await.with(201);
    let later = json!({"properties": {
        "principalId": who("carol"), "roleDefinitionId": CONTRIBUTOR, "requestType": "AdminAssign",
        "justification": "from tonight", "scheduleInfo": {
            "startDateTime": app.later(7200), "expiration": {"type": "AfterDuration", "duration": "PT5H"},
        },
    }});
    let made = active(&app, "alice", 4, "~G2", later).await.with(201);
    assert_eq!(made["properties"]["status"], "Granted");
    let before = app.asked("carol", &format!("{approval}?{A}")).await.with(200);
    let schedules = list(&app, "alice", "~S", "roleAssignmentSchedules", "").await;

    let app = app.restart().await;
    assert_eq!(app.asked("carol", &format!("{approval}?{A}")).await.with(200), before);
    assert_eq!(list(&app, "alice", "~S", "roleAssignmentSchedules", "").await, schedules);
    assert_eq!(list(&app, "carol", "/", REQUESTS, "asApprover()").await.len(), 1);
    let target = id_of(&stage(&app, "carol", &approval).await);
    decide(&app, "carol", Method::PATCH, &target, approve()).await.with(200);
    assert_eq!(list(&app, "bob", "/", INSTANCES, "asTarget()").await.len(), 1);
    // Timers go on: bob's hour ends, carol's schedule begins and ends, dave's eligibility ends.
    let held = async |who: &str| list(&app, who, "/", INSTANCES, "asTarget()").await.len();
    app.pass(3600).await;
    assert_eq!((held("bob").await, held("carol").await), (0, 0));
    app.pass(3600).await;
    assert_eq!(held("carol").await, 1);
    assert_eq!(status(&app, 4, "~G2").await, "Provisioned");
    let app = app.restart().await;
    assert_eq!(list(&app, "carol", "/", INSTANCES, "asTarget()").await.len(), 1);
    app.pass(5 * 3600).await;
    assert!(list(&app, "carol", "/", INSTANCES, "asTarget()").await.is_empty());
    assert_eq!(list(&app, "dave", "/", "roleEligibilitySchedules", "asTarget()").await.len(), 1);
    app.pass(24 * 3600).await;
    assert!(list(&app, "dave", "/", "roleEligibilitySchedules", "asTarget()").await.is_empty());
    // What waited over a restart times out as well.
    asked(&app, 5, "~S").await;
    let app = app.restart().await;
    app.pass(24 * 3600).await;
    assert_eq!(status(&app, 5, "~S").await, "TimedOut");
}

#[tokio::test]
async fn stages_follow_each_other() {
    let app = asking(json!([user("carol")])).await;
    ask(&app, json!([{"primaryApprovers": [user("carol")]}, {"primaryApprovers": [user("dave")]}]), "Serial").await;
    let approval = asked(&app, 2, "~S").await;
    let shown = app.asked("carol", &format!("{approval}?{A}")).await.with(200);
    let stages = shown["properties"]["stages"].clone();
    let words: Vec<&Value> = stages.as_array().unwrap().iter().map(|stage| &stage["properties"]["status"]).collect();
    assert_eq!(words, ["InProgress", "Initializing"]);
    let (first, second) = (id_of(&stages[0]), id_of(&stages[1]));
    let early = decide(&app, "dave", Method::PATCH, &second, approve()).await;
    assert_eq!(early.error(), (409, "ApprovalAlreadyCompleted".to_owned()));
    let waiting = async |who: &str| list(&app, who, "/", REQUESTS, "asApprover()").await.len();
    assert_eq!((waiting("carol").await, waiting("dave").await), (1, 0));
    decide(&app, "carol", Method::PATCH, &first, approve()).await.with(200);
    assert_eq!(status(&app, 2, "~S").await, "PendingApproval");
    assert_eq!((waiting("carol").await, waiting("dave").await), (0, 1));
    decide(&app, "dave", Method::PATCH, &second, approve()).await.with(200);
    assert_eq!(status(&app, 2, "~S").await, "Provisioned");
}
