//! `GRAPH 9.2`: finished requests stay for 45 days, those behind a schedule for as long as that.

use jiff::SignedDuration;
use serde_json::json;

use crate::{
    app::{App, each, on_both},
    schedule::{activate, created, eligible, lasting, order},
};

const ROLES: &str = "/v1.0/roleManagement/directory";

async fn days(app: &App, count: i64) {
    let to = app.now() + SignedDuration::from_hours(24 * count);
    Box::pin(app.engine.advance(&app.clock, to)).await.unwrap();
    app.engine.purge().await.unwrap();
}

#[tokio::test]
async fn finished_requests_stay_for_45_days() {
    on_both(async |app| {
        let lives = eligible(app, "alice", lasting("P300D")).await["id"].as_str().unwrap().to_owned();
        let over = created(activate(app, "alice", lasting("PT1H")).await)["id"].as_str().unwrap().to_owned();
        let ended = eligible(app, "bob", lasting("P1D")).await["id"].as_str().unwrap().to_owned();
        let status = async |set: &str, id: &str| app.get("gr", &format!("{ROLES}/{set}/{id}")).await.status.as_u16();
        let (eligibilities, assignments) = ("roleEligibilityScheduleRequests", "roleAssignmentScheduleRequests");
        days(app, 44).await;
        assert_eq!((status(assignments, &over).await, status(eligibilities, &ended).await), (200, 200));
        // The activation ended after an hour, the eligibility of bob after a day.
        days(app, 1).await;
        assert_eq!((status(assignments, &over).await, status(eligibilities, &ended).await), (200, 200));
        days(app, 1).await;
        assert_eq!((status(assignments, &over).await, status(eligibilities, &ended).await), (404, 200));
        days(app, 1).await;
        assert_eq!(status(eligibilities, &ended).await, 404);
        let left = app.get("gr", &format!("{ROLES}/{eligibilities}")).await.ok();
        assert_eq!(each(&left, "id"), [&lives], "a schedule that lives is read with its request");
        // Who had something may still ask to have it again.
        let again = order("selfRenew", "bob", lasting("P1D"));
        let asked = created(app.post("bob", &format!("{ROLES}/{eligibilities}"), again).await);
        assert_eq!(asked["status"], "PendingAdminDecision");

        app.engine.keep_orders(500);
        created(app.post("pra", &format!("{ROLES}/{eligibilities}"), order("adminRemove", "alice", json!({}))).await);
        days(app, 300).await;
        assert_eq!(status(eligibilities, &lives).await, 200);
        app.engine.keep_orders(299);
        days(app, 0).await;
        assert_eq!(status(eligibilities, &lives).await, 404);
    })
    .await;
}
