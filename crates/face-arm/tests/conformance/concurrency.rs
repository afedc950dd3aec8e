//! Many at once, on both stores: one wins, and the others are told so.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    app::{App, Reply, on_both, who},
    story::{
        ASSIGNED, CONTRIBUTOR, ELIGIBLE, RBAC, READER, active, at, eligible, list, make_eligible, name, order, refusal,
        request, roles_of, rows,
    },
};

const MANY: u128 = 20;

/// How often each status and code was answered.
fn count(replies: &[Reply]) -> BTreeMap<(u16, String), usize> {
    let mut counted = BTreeMap::new();
    for reply in replies {
        let code = if reply.status == 201 { String::new() } else { reply.error().1 };
        *counted.entry((reply.status.as_u16(), code)).or_insert(0) += 1;
    }
    counted
}

/// As clients do: what was said to be too busy is tried again (`ARM 18.3`).
async fn patient(call: impl AsyncFn() -> Reply) -> Reply {
    for _ in 0..50 {
        let reply = call().await;
        if reply.status != 503 {
            return reply;
        }
        assert!(reply.headers.contains_key("retry-after"), "{reply:?}");
    }
    panic!("busy for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arm_076_of_many_activations_at_once_one_is_made() {
    on_both(async |app: &App| {
        for round in 0..3_u128 {
            make_eligible(app, 1000 * round + 1, "~S", CONTRIBUTOR, who("bob")).await;
            let body = &order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"));
            let numbers = (0..MANY).map(|at| 1000 * round + 10 + at);
            let calls =
                numbers.map(|number| patient(async move || active(app, "bob", number, "~S", body.clone()).await));
            let replies = join_all(calls).await;
            let expected = BTreeMap::from([((201, String::new()), 1), ((400, "RoleAssignmentExists".to_owned()), 19)]);
            assert_eq!(count(&replies), expected, "round {round}");
            for reply in &replies {
                assert!(reply.status == 201 || reply.says() == refusal("RoleAssignmentExists"));
            }
            let filter = format!("principalId eq '{}'", who("bob"));
            let list_of = |collection: &'static str| list(app, "alice", "~S", collection, &filter);
            assert_eq!(list_of("roleAssignmentScheduleInstances").await.len(), 1);
            assert_eq!(list_of("roleAssignmentSchedules").await.len(), 1);
            let held = app.get(&at("~S", &format!("roleAssignments?{RBAC}&$filter={filter}"))).await;
            assert_eq!(held.each("/name").len(), 1);
            assert_eq!(roles_of(app, "bob", "~S").await, 1);
            // Names of those that lost are free.
            let requests = rows(app, ASSIGNED).await;
            assert_eq!(requests.len() as u128, round + 1);
            eligible(app, 1000 * round + 2, "~S", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
            assert_eq!(roles_of(app, "bob", "~S").await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arm_077_of_many_requests_of_one_name_one_is_made() {
    on_both(async |app: &App| {
        let taken = BTreeMap::from([((201, String::new()), 1), ((409, "RoleAssignmentRequestExists".to_owned()), 19)]);
        // The same order again and again, as after a lost answer.
        let body = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"));
        let replies = join_all((0..MANY).map(|_| patient(async || eligible(app, 1, "~S", body.clone()).await))).await;
        assert_eq!(count(&replies), taken);
        let body = order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"));
        let replies =
            join_all((0..MANY).map(|_| patient(async || active(app, "bob", 2, "~G1", body.clone()).await))).await;
        assert_eq!(count(&replies), taken);
        assert_eq!(roles_of(app, "bob", "~G1").await, 1);
        // Different orders of one name, that meet nowhere but in it: of different people, roles, scopes, collections.
        let people = ["jen", "pat", "sam", "ada", "eve", "pra", "ga", "gr", "carol", "dave"];
        let calls = (0..MANY).map(|at| {
            let index = usize::try_from(at).unwrap();
            let role = if at % 2 == 0 { READER } else { CONTRIBUTOR };
            let collection = if at % 3 == 0 { ASSIGNED } else { ELIGIBLE };
            let scope = ["~S", "~G1", "~G2", "~X"][index % 4];
            let body = order("AdminAssign", role, who(people[index % people.len()]), Some("P1D"));
            let target = request(scope, collection, 3);
            patient(async move || app.put("alice", &target, body.clone()).await)
        });
        let replies = join_all(calls).await;
        assert_eq!(count(&replies), taken);
        for lost in replies.iter().filter(|reply| reply.status == 409) {
            let message = format!("A role assignment request with Id: {} already exists", name(3));
            assert_eq!(lost.json(), json!({"error": {"code": "RoleAssignmentRequestExists", "message": message}}));
        }
        let found: usize = rows(app, ELIGIBLE).await.len() + rows(app, ASSIGNED).await.len();
        assert_eq!(found, 3);
    })
    .await;
}
