//! The audit log over HTTP: records, proofs, verification (A2), and that every order leaves its record (`PAM-130`).

use ephor_audit::{
    events,
    key::{KeyRing, VerifyingKey},
    proof::{ProofDocument, Proven},
};
use serde_json::{Value, json};

use crate::app::on_both;

fn keys(head: &Value) -> KeyRing {
    let key: VerifyingKey = head["key"].as_str().unwrap().parse().unwrap();
    KeyRing::new([key])
}

#[tokio::test]
async fn anybody_can_check_a_proof_with_the_public_key_alone() {
    on_both(async |app| {
        let aud = app.caller("aud");
        app.ask("jen", "R0", 600).await;
        app.number().await;
        let first = aud.post("audit/checkpoints", Value::Null).await.ok(200);
        let head = aud.get("audit/head").await.ok(200);
        assert_eq!(head["checkpoint"], first["checkpoint"]);
        let size = head["size"].as_u64().unwrap();
        for index in [0, size / 2, size - 1] {
            let proof = aud.get(&format!("audit/records/{index}/proof")).await.ok(200);
            let proven = ProofDocument::parse(&proof.to_string()).unwrap().check("ephor.test", &keys(&head)).unwrap();
            assert!(matches!(proven, Proven::Record { index: shown, .. } if shown == index));
        }
        assert_eq!(aud.get(&format!("audit/records/{size}/proof")).await.problem().0, 404);

        app.ask("jen", "R0", 600).await;
        app.number().await;
        aud.post("audit/checkpoints", Value::Null).await.ok(200);
        let proof = aud.get(&format!("audit/consistency?from={size}")).await.ok(200);
        let proven = ProofDocument::parse(&proof.to_string()).unwrap().check("ephor.test", &keys(&head)).unwrap();
        assert!(matches!(proven, Proven::Continues { .. }));
        let report = aud.post("audit/verify", first).await.ok(200);
        assert_eq!(report["assurance"], "continues_checkpoint", "{report}");
        assert_eq!(report["fault_count"], 0);
    })
    .await;
}

#[tokio::test]
async fn a_log_that_is_not_the_one_of_the_checkpoint_is_found_out() {
    on_both(async |app| {
        let aud = app.caller("aud");
        app.number().await;
        let alone = aud.post("audit/verify", json!({})).await.ok(200);
        assert_eq!(alone["assurance"], "consistent_with_itself", "{alone}");
        let size = aud.get("audit/head").await.ok(200)["size"].as_u64().unwrap();
        let claimed =
            aud.post("audit/checkpoints", Value::Null).await.ok(200)["checkpoint"].as_str().unwrap().to_owned();
        let longer = claimed.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 5), 1);
        assert_ne!(longer, claimed);
        let report = aud.post("audit/verify", json!({"checkpoint": longer})).await.ok(200);
        assert_eq!(report["assurance"], "faulty", "{report}");
    })
    .await;
}

#[tokio::test]
async fn records_are_filtered_and_paged_newest_first() {
    on_both(async |app| {
        let aud = app.caller("aud");
        let asked = app.ask("jen", "R0", 600).await;
        app.number().await;
        let of_request = aud.list(&format!("audit/records?requestId={}", asked.request.id)).await;
        let events: Vec<_> = of_request.iter().map(|entry| entry["record"]["event"].as_u64().unwrap()).collect();
        assert_eq!(events, [u64::from(events::REQUEST_ACTIVE.id), u64::from(events::REQUEST_ACCEPTED.id)]);
        assert_eq!(of_request[0]["title"], events::REQUEST_ACTIVE.title);
        assert_eq!(of_request[0]["severity"], "information");
        let by_jen = aud.list(&format!("audit/records?actorId={}", app.id("jen"))).await;
        assert_eq!(by_jen.len(), 2);
        let made = aud.list(&format!("audit/records?event={}", events::ROLE_CREATED.id)).await;
        assert_eq!(made.len(), 2);

        let mut indexes = Vec::new();
        let mut path = "audit/records?limit=7".to_owned();
        loop {
            let page = aud.get(&path).await.ok(200);
            indexes.extend(page["items"].as_array().unwrap().iter().map(|item| item["index"].as_u64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("audit/records?limit=7&cursor={next}");
        }
        let size = aud.get("audit/head").await.ok(200)["size"].as_u64().unwrap();
        assert_eq!(indexes, (0..size).rev().collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn pam_130_each_order_and_each_refusal_leaves_one_record_that_names_who_and_what() {
    on_both(async |app| {
        let before = app.records().await.len();
        let path = format!("roles/{}", app.id("R0"));
        app.caller("padm").patch(&path, json!({"ttl": 900})).await.ok(200);
        app.caller("aud").patch(&path, json!({"ttl": 900})).await.problem();
        app.caller("eve").get("users").await.problem();
        app.caller("padm").patch(&path, json!({"ttl": 1})).await.problem();
        let records = app.records().await;
        let [changed, refused, blind, invalid] = &records[before..] else { panic!("{:?}", &records[before..]) };
        let facts = |record: &ephor_audit::Record| (record.event, record.entitlement_id, record.reason.clone());
        let role = Some(app.id("R0"));
        assert_eq!(facts(changed), (events::ROLE_CHANGED.id, role, None));
        assert_eq!(changed.details["ttl.old"], 3600_u64.into());
        assert_eq!(changed.details["ttl.new"], 900_u64.into());
        assert_eq!(facts(refused), (events::ACCESS_REFUSED.id, role, Some("not_administrator".into())));
        assert_eq!(facts(blind), (events::ACCESS_REFUSED.id, None, Some("not_administrator".into())));
        assert_eq!(facts(invalid), (events::ADMIN_CHANGE_REFUSED.id, role, Some("invalid".into())));
        for (record, who) in [(changed, "padm"), (refused, "aud"), (blind, "eve"), (invalid, "padm")] {
            assert_eq!(record.actor, ephor_audit::Actor::principal(app.id(who)));
            assert_eq!(record.actor_address, Some(crate::app::ADDRESS));
            assert_eq!(record.at, app.now());
        }
    })
    .await;
}
