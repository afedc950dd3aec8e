//! PAM-064 and PAM-065: the list of requests.

use serde_json::Value;

use crate::{
    app::{App, Caller, SENTINEL, at, hours, members, minutes, on_both, text},
    create_output::PROPERTIES,
};
use ephor_engine::port::mfa::ChallengeStatus;

/// One request of jen in each of the states that last, oldest first.
pub(crate) async fn one_of_each(app: &mut App) -> Caller {
    let (jen, pat) = (app.caller("jen"), app.caller("pat"));
    jen.create("R0", 60).await;
    app.advance(minutes(1)).await;
    let closed = jen.create("R0", 3600).await;
    app.advance(minutes(1)).await;
    jen.close(&closed).await.done();
    let rejected = jen.create("R1", 600).await;
    pat.decide(&pat.approval_of(&rejected).await, "Reject").await.done();
    app.advance(minutes(1)).await;
    let withdrawn = jen.create("R1", 600).await;
    jen.close(&withdrawn).await.done();
    app.advance(minutes(1)).await;
    jen.create("R1", 600).await;
    jen.create("R3", 600).await;
    jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T18:00:00Z").await;
    app.advance(minutes(1)).await;
    jen.create("R0", 1200).await;
    jen.create("R0", 3600).await;
    jen
}

#[tokio::test]
async fn pam_064_own_requests_in_every_state() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        app.caller("sam").create("R1", 60).await;
        let items = jen.list("pamrequests").await;
        let mut statuses: Vec<&str> = items.iter().map(|item| text(&item["RequestStatus"])).collect();
        statuses.sort_unstable();
        assert_eq!(
            statuses,
            [
                "Active",
                "Active",
                "Closed",
                "Closed",
                "Expired",
                "PendingApproval",
                "PendingMFA",
                "Rejected",
                "Scheduled"
            ]
        );
        for item in &items {
            assert_eq!(item.as_object().unwrap().len(), PROPERTIES.len());
            assert_eq!(text(&item["CreatorID"]), app.user_id("jen").to_string());
        }
        let reply = jen.get("pamrequests").await;
        let first = reply.text().split_once("\"value\":[").unwrap().1.split_once('}').unwrap().0;
        assert_eq!(members(&format!("{first}}}")), PROPERTIES);
        let sam = app.caller("sam").list("pamrequests").await;
        assert_eq!(sam.len(), 1);
        assert!(app.caller("pat").list("pamrequests").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn pam_065_real_expirations_first_then_by_creation() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let items = jen.list("pamrequests").await;
        let real: Vec<&Value> = items.iter().take_while(|item| text(&item["ExpirationTime"]) != SENTINEL).collect();
        let rest = &items[real.len()..];
        assert_eq!((real.len(), rest.len()), (4, 5));
        assert!(rest.iter().all(|item| text(&item["ExpirationTime"]) == SENTINEL));
        assert!(real.is_sorted_by_key(|item| at(text(&item["ExpirationTime"]))));
        assert!(rest.is_sorted_by_key(|item| at(text(&item["CreationTime"]))));
        let future: Vec<&&Value> = real.iter().filter(|item| at(text(&item["ExpirationTime"])) > app.now()).collect();
        let latest = future.iter().map(|item| at(text(&item["ExpirationTime"]))).max().unwrap();
        assert_eq!(
            at(text(&future.last().unwrap()["ExpirationTime"])),
            latest,
            "what clients take for the role's expiry"
        );
        assert_eq!(latest, app.now().checked_add(hours(1)).unwrap());
    })
    .await;
}

#[tokio::test]
async fn pam_093_no_other_status_ever_appears() {
    const NINE: [&str; 9] = [
        "Processing",
        "PendingMFA",
        "PendingApproval",
        "Scheduled",
        "Active",
        "Closing",
        "Closed",
        "Expired",
        "Rejected",
    ];
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let mut seen = Vec::new();
        for round in 0..4 {
            for item in jen.list("pamrequests").await {
                let status = text(&item["RequestStatus"]).to_owned();
                assert!(NINE.contains(&status.as_str()), "{status}");
                seen.push(status);
                if round == 0 && item["RequestStatus"] == "PendingMFA" {
                    app.mfa.answer(text(&item["RequestId"]), ChallengeStatus::Failed);
                }
            }
            app.advance(hours(2)).await;
        }
        assert!(
            ["Active", "Expired", "Closed", "Rejected", "Scheduled"].iter().all(|s| seen.iter().any(|seen| seen == s))
        );
    })
    .await;
}
