//! PAM-119, PAM-120, PAM-134 and PAM-135: what administrators and the monitor do, as requesters see it.

use ephor_audit::events;
use ephor_domain::pam::PamStatus;
use ephor_engine::admin::{
    monitor::{Finding, Observation},
    request::{CancelAll, CancelRequest, ListRequests},
    role::{Member, RemoveMember, RemoveRole},
    user::SetUser,
};
use serde_json::Value;

use crate::{
    app::{App, SENTINEL, Setup, hours, on_both, on_both_with, text},
    requests::one_of_each,
};

/// Everything of jen that was open has ended: what was active in `Closed` with an instant, the rest without.
async fn everything_ended(app: &App, before: &[Value], after: &[Value]) {
    for old in before {
        let new = after.iter().find(|new| new["RequestId"] == old["RequestId"]).unwrap();
        let expected = match text(&old["RequestStatus"]) {
            "Active" => ("Closed", app.now().to_string()),
            "PendingApproval" | "PendingMFA" | "Scheduled" => ("Closed", SENTINEL.to_owned()),
            other => (other, text(&old["ExpirationTime"]).to_owned()),
        };
        assert_eq!((text(&new["RequestStatus"]), text(&new["ExpirationTime"]).to_owned()), expected);
    }
    assert!(!app.holds("jen", "R0").await);
    assert_eq!(app.caller("pat").list("pamrequeststoapprove").await, Vec::<Value>::new());
}

#[tokio::test]
async fn pam_119_a_deactivated_user_loses_everything_and_the_api() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let before = jen.list("pamrequests").await;
        let deactivate = SetUser { enabled: Some(false), ..SetUser::default() };
        app.engine().set_user(&app.actor("ada"), app.user_id("jen"), deactivate).await.unwrap();
        jen.get("pamroles").await.refused(403, "AccountDisabled");
        jen.ask("R0", "RequestedTTL=60").await.refused(403, "AccountDisabled");
        jen.close(&before[0]).await.refused(403, "AccountDisabled");
        let activate = SetUser { enabled: Some(true), ..SetUser::default() };
        app.engine().set_user(&app.actor("ada"), app.user_id("jen"), activate).await.unwrap();
        everything_ended(app, &before, &jen.list("pamrequests").await).await;
    })
    .await;
}

#[tokio::test]
async fn pam_120_an_administrator_lists_and_cancels() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let sam = app.caller("sam");
        let foreign = sam.create("R1", 600).await;
        let of = |user: Option<&str>, statuses: Vec<PamStatus>| ListRequests {
            user: user.map(|user| app.user_id(user)),
            role: None,
            statuses,
            created_from: None,
            after: None,
            limit: 100,
        };
        let ada = app.actor("ada");
        let count = async |query: ListRequests| app.engine().consult(&ada, query).await.unwrap().rows.len();
        assert_eq!(count(of(Some("jen"), vec![])).await, 9);
        assert_eq!(count(of(Some("jen"), vec![PamStatus::Active])).await, 2);
        assert_eq!(count(of(None, vec![PamStatus::PendingApproval])).await, 2);
        let since = ListRequests { created_from: Some(app.now()), ..of(Some("jen"), vec![]) };
        assert_eq!(count(since).await, 2);

        let before = jen.list("pamrequests").await;
        let active = before.iter().find(|request| request["RequestStatus"] == "Active").unwrap();
        app.administer(CancelRequest { request: text(&active["RequestId"]).parse().unwrap() }).await;
        assert_eq!(jen.status(active).await, "Closed");
        assert!(app.holds("jen", "R0").await, "the other one is still active");
        let r1 = app.role_id("R1");
        assert_eq!(app.administer(CancelAll { user: Some(app.user_id("jen")), role: Some(r1) }).await, 1);
        assert_eq!(sam.status(&foreign).await, "PendingApproval");
        assert_eq!(app.administer(CancelAll { user: None, role: None }).await, 4);
        everything_ended(app, &before, &jen.list("pamrequests").await).await;
        assert_eq!(sam.status(&foreign).await, "Closed");
    })
    .await;
}

#[tokio::test]
async fn lost_candidacy_and_lost_roles_end_what_rests_on_them() {
    on_both_with(Setup { outside: true, ..Setup::default() }, async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let active = jen.create("R0", 600).await;
        let pending = jen.create("R1", 600).await;
        let approval = pat.approval_of(&pending).await;
        for role in ["R0", "R1"] {
            let member = Member::Candidate(app.user_id("jen"));
            app.administer(RemoveMember { role: app.role_id(role), member }).await;
        }
        app.drain().await;
        assert_eq!(jen.status(&active).await, "Closed");
        assert_eq!(jen.status(&pending).await, "Closed");
        assert!(!app.holds("jen", "R0").await);
        pat.decide(&approval, "Approve").await.refused(403, "ApprovalNotAvailable");
        jen.ask("R0", "RequestedTTL=60").await.refused(403, "RoleNotAvailable");
        jen.ask("R0", "RequestedTTL=0").await.refused(403, "RoleNotAvailable");
        let active = jen.create("R4", 600).await;
        app.administer(RemoveRole { role: app.role_id("R4") }).await;
        app.drain().await;
        assert_eq!(jen.status(&active).await, "Closed");
        assert_eq!(jen.list("pamroles").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn pam_134_finished_requests_go_after_their_retention() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let finished = [jen.create("R0", 600).await, jen.create("R0", 0).await];
        app.advance(hours(1)).await;
        let scheduled = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2031-01-01T00:00:00Z").await;
        app.sleep(hours(24 * 30 - 2));
        app.engine().purge().await.unwrap();
        assert_eq!(jen.list("pamrequests").await.len(), 3, "kept for thirty days");
        app.sleep(hours(2));
        app.engine().purge().await.unwrap();
        assert_eq!(jen.list("pamrequests").await, [jen.request(&scheduled).await]);
        app.sleep(hours(24 * 90));
        app.engine().purge().await.unwrap();
        assert_eq!(jen.status(&scheduled).await, "Scheduled", "what is not finished stays");
        jen.close(&finished[0]).await.refused(403, "RequestNotAvailable");
        assert_eq!(app.count(events::REQUEST_PURGED).await, 2);
    })
    .await;
}

#[tokio::test]
async fn pam_135_the_monitor_follows_the_source() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let before = jen.list("pamrequests").await;
        let seen = |seen: Observation| Finding { user: app.user_id("jen"), seen };
        let phone = || seen(Observation::Phone(Some("+1 555 0199".to_owned())));
        assert!(app.engine().monitor_source(phone()).await.unwrap());
        assert!(!app.engine().monitor_source(phone()).await.unwrap(), "told once");
        assert_eq!(app.count(events::PHONE_NUMBER_CHANGED).await, 1);
        assert!(app.engine().monitor_source(seen(Observation::Disabled)).await.unwrap());
        assert_eq!(app.count(events::SOURCE_ACCOUNT_DISABLED).await, 1);
        jen.get("pamrequests").await.refused(403, "AccountDisabled");
        let activate = SetUser { enabled: Some(true), ..SetUser::default() };
        app.engine().set_user(&app.actor("ada"), app.user_id("jen"), activate).await.unwrap();
        everything_ended(app, &before, &jen.list("pamrequests").await).await;
    })
    .await;
}
