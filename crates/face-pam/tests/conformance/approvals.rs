//! PAM-100 to PAM-108: approvals.

use ephor_audit::events;
use serde_json::Value;

use crate::app::{members, minutes, on_both, text};

const PROPERTIES: [&str; 9] = [
    "RoleName",
    "Requestor",
    "Justification",
    "RequestedTTL",
    "RequestedTime",
    "CreationTime",
    "FIMRequestID",
    "RequestorID",
    "ApprovalObjectID",
];

#[tokio::test]
async fn pam_100_101_what_waits_for_a_decision() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let first =
            jen.create_with("R1", "RequestedTTL=7200&Justification=please&RequestedTime=2030-06-03T14:00:00Z").await;
        app.advance(minutes(1)).await;
        let second = jen.create("R1", 600).await;
        jen.create("R0", 600).await;
        let reply = pat.get("pamrequeststoapprove").await;
        let items = reply.items();
        let ids: Vec<&Value> = items.iter().map(|item| &item["FIMRequestID"]["Value"]).collect();
        assert_eq!(ids, [&first["RequestId"], &second["RequestId"]], "oldest first, R1 only");
        let start = reply.text().split_once("\"value\":[").unwrap().1;
        let end = start.find("}},{").unwrap() + 2;
        assert_eq!(members(&start[..end]), PROPERTIES);
        let item = &items[0];
        assert_eq!(text(&item["RoleName"]), "ApprovalRole");
        assert_eq!(text(&item["Requestor"]), "PRIV.Jen");
        assert_eq!(text(&item["Justification"]), "please");
        assert_eq!(text(&item["RequestedTTL"]), "7200");
        assert_eq!(text(&item["RequestedTime"]), "2030-06-03T14:00:00Z");
        assert_eq!(text(&item["CreationTime"]), "2030-06-03T12:00:00Z");
        for id in ["FIMRequestID", "RequestorID", "ApprovalObjectID"] {
            assert_eq!(members(&item[id].to_string()), ["Value"], "{id}");
        }
        assert_ne!(item["ApprovalObjectID"], item["FIMRequestID"]);
        assert_eq!(item["RequestorID"]["Value"], first["CreatorID"]);
        assert!(items[1]["Justification"].is_null());
    })
    .await;
}

#[tokio::test]
async fn pam_102_nobody_sees_his_own_request() {
    on_both(async |app| {
        let (jen, pat, sam) = (app.caller("jen"), app.caller("pat"), app.caller("sam"));
        jen.create("R1", 600).await;
        sam.create("R1", 600).await;
        assert_eq!(jen.list("pamrequeststoapprove").await, Vec::<Value>::new());
        assert_eq!(app.caller("ada").list("pamrequeststoapprove").await, Vec::<Value>::new());
        assert_eq!(pat.list("pamrequeststoapprove").await.len(), 2);
        let of_sam = sam.list("pamrequeststoapprove").await;
        assert_eq!(of_sam.len(), 1);
        assert_eq!(text(&of_sam[0]["Requestor"]), "PRIV.Jen");
    })
    .await;
}

#[tokio::test]
async fn pam_103_104_a_decision_is_made_once_and_seen_at_once() {
    on_both(async |app| {
        let (jen, pat, sam) = (app.caller("jen"), app.caller("pat"), app.caller("sam"));
        for (word, status) in [("Approve", "Active"), ("Reject", "Rejected")] {
            let made = jen.create("R1", 600).await;
            let approval = pat.approval_of(&made).await;
            pat.decide(&approval, word).await.done();
            assert_eq!(pat.list("pamrequeststoapprove").await, Vec::<Value>::new());
            assert_eq!(sam.list("pamrequeststoapprove").await, Vec::<Value>::new());
            for (again, other) in [(&pat, word), (&sam, "Approve"), (&sam, "Reject")] {
                again.decide(&approval, other).await.refused(403, "ApprovalNotAvailable");
            }
            assert_eq!(jen.status(&made).await, status);
        }
    })
    .await;
}

#[tokio::test]
async fn pam_105_106_who_may_not_decide() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 600).await;
        let approval = pat.approval_of(&made).await;
        app.caller("ada").decide(&approval, "Approve").await.refused(403, "ApprovalNotAvailable");
        app.caller("eve").decide(&approval, "Approve").await.refused(403, "NotAuthorized");
        jen.decide(&approval, "Approve").await.refused(403, "SelfApprovalDenied");
        jen.decide(&approval, "Reject").await.refused(403, "SelfApprovalDenied");
        let foreign = app.caller("ada").decide(&approval, "Reject").await;
        let unknown =
            app.caller("ada").post("pamrequeststoapprove(guid'00000000-0000-4000-8000-000000000000')/Reject").await;
        assert_eq!((unknown.status, unknown.text()), (foreign.status, foreign.text()));
        let request = text(&made["RequestId"]);
        let by_request_id = pat.post(&format!("pamrequeststoapprove(guid'{request}')/Approve")).await;
        by_request_id.refused(403, "ApprovalNotAvailable");
        assert_eq!(jen.status(&made).await, "PendingApproval");
        let sams = app.caller("sam").create("R1", 600).await;
        let approval = pat.approval_of(&sams).await;
        app.caller("sam").decide(&approval, "Approve").await.refused(403, "SelfApprovalDenied");
        assert_eq!(app.count(events::SELF_APPROVAL_REFUSED).await, 3);
    })
    .await;
}

#[tokio::test]
async fn pam_107_an_approver_need_not_be_a_candidate() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        assert_eq!(pat.list("pamroles").await, Vec::<Value>::new());
        let made = jen.create("R1", 600).await;
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        assert_eq!(jen.status(&made).await, "Active");
    })
    .await;
}

#[tokio::test]
async fn pam_108_an_owner_is_exempted_only_by_policy() {
    on_both(async |app| {
        let (pat, sam) = (app.caller("pat"), app.caller("sam"));
        let made = sam.create("R1", 600).await;
        assert_eq!(text(&made["RequestStatus"]), "PendingApproval");
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        assert_eq!(sam.status(&made).await, "Active");
        assert_eq!(app.count(events::APPROVAL_NOT_NEEDED).await, 0);
        sam.close(&made).await.done();

        app.set_role("R1", |role| role.owner_needs_approval = Some(false)).await;
        let made = sam.create("R1", 600).await;
        assert_eq!(text(&made["RequestStatus"]), "Active");
        assert_eq!(pat.list("pamrequeststoapprove").await, Vec::<Value>::new());
        let records = app.records().await;
        let exempted: Vec<_> = records.iter().filter(|record| record.event == events::APPROVAL_NOT_NEEDED.id).collect();
        assert_eq!(exempted.len(), 1);
        assert_eq!(exempted[0].reason.as_deref(), Some("owner_exempted_by_policy"));
        let jens = app.caller("jen").create("R1", 600).await;
        assert_eq!(text(&jens["RequestStatus"]), "PendingApproval", "only owners are exempted");
    })
    .await;
}
