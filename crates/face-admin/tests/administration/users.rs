//! Users (`PAM 11.1`, `PAM-117` to `PAM-119`) and what they sign in with.

use ephor_audit::events;
use ephor_domain::{Refusal, pam::PamStatus, principal::Proof};
use ephor_engine::Denied;
use ephor_identity::{
    password::verify_password,
    secret::{Purpose, SecretHash},
};
use ephor_store::tx::factor::Factor;
use jiff::SignedDuration;
use serde_json::{Value, json};

use uuid::Uuid;

use crate::app::{App, on_both};

fn corp(account: &str) -> Value {
    json!({"sourceDomain": "CORP", "sourceAccountName": account})
}

#[tokio::test]
async fn pam_117_a_generated_name_has_the_prefix_of_its_time_and_fits_a_directory() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let jen = ada.post("users", corp("Jen")).await.ok(201);
        assert_eq!(jen["privAccountName"], "PRIV.Jen");
        assert_eq!(jen["username"], "PRIV\\PRIV.Jen");
        assert_eq!(jen["privOnly"], false);
        assert_eq!(app.target.password_length("PRIV.Jen"), Some(32));

        ada.patch("configuration", json!({"privUserPrefix": "adm-", "userAdminPasswordLength": 20})).await.ok(200);
        let pat = ada.post("users", corp("Pat")).await.ok(201);
        assert_eq!(pat["privAccountName"], "adm-Pat");
        assert_eq!(app.target.password_length("adm-Pat"), Some(20));
        let jen = ada.get(&format!("users/{}", jen["userId"].as_str().unwrap())).await.ok(200);
        assert_eq!(jen["privAccountName"], "PRIV.Jen");
        assert_eq!(jen["accounts"][0]["nativeName"], "uid=PRIV.Jen");

        let long = ada.post("users", corp("seventeen-letters")).await;
        assert_eq!(long.problem(), (400, "invalid".to_owned()));
        assert_eq!(long.json()["field"], "privAccountName");
        assert_eq!(app.target.password_length("adm-seventeen-letters"), None, "a refused order reaches no directory");
        let named = json!({"sourceDomain": "CORP", "sourceAccountName": "seventeen-letters", "privAccountName": "s17"});
        assert_eq!(ada.post("users", named).await.ok(201)["privAccountName"], "s17");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_made_twice_and_priv_only_users_are_of_the_priv_domain() {
    on_both(async |app| {
        let ada = app.caller("ada");
        ada.post("users", corp("Kim")).await.ok(201);
        assert_eq!(ada.post("users", corp("kim")).await.problem(), (409, "conflict".to_owned()));
        let other = json!({"sourceDomain": "CORP", "sourceAccountName": "Other", "privAccountName": "priv.kim"});
        assert_eq!(ada.post("users", other).await.problem(), (409, "conflict".to_owned()));
        let known = json!({"sourceDomain": "PRIV", "sourceAccountName": "jen", "privOnly": true});
        assert_eq!(ada.post("users", known).await.problem(), (409, "conflict".to_owned()));
        for (domain, priv_only) in [("CORP", true), ("PRIV", false)] {
            let new = json!({"sourceDomain": domain, "sourceAccountName": "x", "privOnly": priv_only});
            let refused = ada.post("users", new).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()), "{domain}");
            assert_eq!(refused.json()["field"], "sourceDomain");
        }
        // eve has an account, and becomes a user under it.
        let eve = json!({"sourceDomain": "PRIV", "sourceAccountName": "eve", "privOnly": true,
            "targetId": app.id("built-in")});
        assert_eq!(ada.post("users", eve).await.ok(201)["userId"], json!(app.id("eve")));
        // A PRIV-only account must be known to the directory that is to hold it.
        let nobody = json!({"sourceDomain": "PRIV", "sourceAccountName": "nobody", "privOnly": true});
        assert_eq!(ada.post("users", nobody).await.json()["field"], "sourceAccountName");
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_is_down_leaves_no_user_behind() {
    on_both(async |app| {
        let ada = app.caller("ada");
        app.target.be_down(true);
        assert_eq!(ada.post("users", corp("Kim")).await.problem(), (503, "target_unwritable".to_owned()));
        assert_eq!(ada.list("users?sourceAccountName=kim").await, [] as [Value; 0]);
        app.target.be_down(false);
        ada.post("users", corp("Kim")).await.ok(201);
    })
    .await;
}

#[tokio::test]
async fn pam_118_a_candidate_is_not_removed_and_the_answer_says_why() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let path = format!("users/{}", app.id("jen"));
        let refused = ada.delete(&path).await;
        assert_eq!(refused.problem(), (409, "in_use".to_owned()));
        let detail = "The user is still in use: a role of which the user is a candidate.";
        assert_eq!(refused.json()["detail"], detail);
        for role in ["R0", "R1"] {
            ada.delete(&format!("roles/{}/candidates/{}", app.id(role), app.id("jen"))).await.ok(204);
        }
        ada.delete(&path).await.ok(204);
        assert_eq!(ada.get(&path).await.problem(), (404, "not_found".to_owned()));
        assert_eq!(app.caller("jen").get("me").await.problem().0, 401);
        // pat approves for others: he goes as long as somebody is left.
        ada.delete(&format!("users/{}", app.id("pat"))).await.ok(204);
        assert_eq!(ada.list(&format!("roles/{}/approvers", app.id("R1"))).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn pam_119_a_disabled_user_loses_what_he_holds_and_is_not_served() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let active = app.ask("jen", "R0", 3600).await;
        let waiting = app.ask("jen", "R1", 3600).await;
        let path = format!("users/{}", app.id("jen"));
        let disabled = ada.patch(&path, json!({"privAccountActive": false})).await.ok(200);
        assert_eq!(disabled["privAccountActive"], false);
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert_eq!(app.status(&waiting).await, PamStatus::Closed);
        assert!(!app.is_member("jen", "g0").await);
        let actor = app.actor("jen").await;
        let refused = app.engine.pam_roles(&actor).await.unwrap_err();
        assert!(matches!(refused, Denied::Refused(Refusal::AccountDisabled)), "{refused}");
        assert_eq!(app.caller("jen").get("me").await.problem().0, 401);

        // Back again: nothing that ended comes back, and his tokens stay dead.
        ada.patch(&path, json!({"privAccountActive": true})).await.ok(200);
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert_eq!(app.caller("jen").get("me").await.problem().0, 401);
        assert_eq!(app.ask("jen", "R0", 60).await.view.status, PamStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn the_directory_is_told_of_a_disabled_account() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let kim = ada.post("users", corp("Kim")).await.ok(201);
        let path = format!("users/{}", kim["userId"].as_str().unwrap());
        ada.patch(&path, json!({"privAccountActive": false})).await.ok(200);
        assert!(app.target.is_disabled("PRIV.Kim"));
        ada.patch(&path, json!({"privAccountActive": true})).await.ok(200);
        assert!(!app.target.is_disabled("PRIV.Kim"));
    })
    .await;
}

#[tokio::test]
async fn users_change_and_what_is_personal_can_be_erased_from_the_record() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let kim = ada.post("users", corp("Kim")).await.ok(201);
        let path = format!("users/{}", kim["userId"].as_str().unwrap());
        let before = app.records().await.len();
        let change = json!({"sourcePhoneNumber": "+49 1", "privDisplayName": "Kim (admin)", "privPinCode": "4711",
            "sourceAccountName": "Kimberly", "privAccountName": "kimberly"});
        let changed = ada.patch(&path, change).await.ok(200);
        assert_eq!(changed["sourcePhoneNumber"], "+49 1");
        assert_eq!(changed["privDisplayName"], "Kim (admin)");
        assert_eq!(changed["username"], "PRIV\\kimberly");
        assert_eq!(changed["hasPin"], true);
        let records = app.records().await;
        let [facts, pin] = &records[before..] else { panic!("two records: {:?}", &records[before..]) };
        assert_eq!(facts.event, events::PRINCIPAL_CHANGED.id);
        assert_eq!(facts.erasable["sourcePhoneNumber.new"], "+49 1");
        assert!(!format!("{:?}", facts.details).contains("+49"));
        assert!(!format!("{pin:?}").contains("4711"));
        assert!(!changed.to_string().contains("4711"));
        let cleared = ada.patch(&path, json!({"sourcePhoneNumber": null, "privPinCode": null})).await.ok(200);
        assert_eq!((&cleared["sourcePhoneNumber"], &cleared["hasPin"]), (&Value::Null, &json!(false)));
        let short = ada.patch(&path, json!({"privPinCode": "1"})).await;
        assert_eq!(short.json()["field"], "privPinCode");
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_their_fields_and_paged() {
    on_both(async |app| {
        let ada = app.caller("ada");
        for name in ["Kim", "Kit", "Ken"] {
            ada.post("users", corp(name)).await.ok(201);
        }
        assert_eq!(ada.list("users?sourceAccountName=ki&sourceDomain=corp").await.len(), 2);
        assert_eq!(ada.list("users?privDisplayName=priv.k").await.len(), 3);
        assert_eq!(ada.list("users?privAccountName=jen").await[0]["userId"], json!(app.id("jen")));
        let first = ada.get("users?sourceDomain=CORP&limit=2").await.ok(200);
        assert_eq!(first["items"].as_array().unwrap().len(), 2);
        let next = first["next"].as_str().unwrap();
        let second = ada.get(&format!("users?sourceDomain=CORP&limit=2&cursor={next}")).await.ok(200);
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        assert_eq!(second["next"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_password_is_stored_as_a_hash_and_recorded_without_itself() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let path = format!("users/{}/password", app.id("jen"));
        assert_eq!(ada.put(&path, json!({"password": "short"})).await.json()["field"], "password");
        let password = "correct horse battery staple";
        ada.put(&path, json!({"password": password})).await.ok(204);
        let jen = app.typed("jen");
        let stored = app.read(move |tx| Box::pin(async move { tx.credential(jen).await })).await.unwrap();
        assert!(verify_password(&password.into(), &stored.hash));
        let last = app.records().await.pop().unwrap();
        assert_eq!(last.event, events::PASSWORD_CHANGED.id);
        assert!(!format!("{last:?}").contains("horse"));
    })
    .await;
}

#[tokio::test]
async fn links_leave_once_and_tokens_are_made_by_their_own_person_alone() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let link = ada.post(&format!("users/{}/enrolment", app.id("jen")), json!({})).await.ok(201);
        assert_eq!(link["secret"].as_str().unwrap().len(), 64);
        assert_eq!(link["expires"], "2030-06-03T12:15:00Z");
        let hash = SecretHash::of(Purpose::Enrolment, &link["secret"].as_str().unwrap().into());
        let now = app.now();
        let stored = app.read(move |tx| {
            let hash = hash.clone();
            Box::pin(async move { tx.enrolment(hash.as_bytes(), now).await })
        });
        assert_eq!(stored.await.unwrap().principal, app.typed("jen"));
        let long = json!({"lifetime": 86_401});
        assert_eq!(ada.post(&format!("users/{}/enrolment", app.id("jen")), long).await.json()["field"], "expires");

        let new = json!({"label": "robot", "scopes": ["Ephor.Admin"], "lifetime": 3600});
        let others = ada.post(&format!("users/{}/tokens", app.id("jen")), new.clone()).await;
        assert_eq!(others.problem(), (403, "not_administrator".to_owned()));
        // An API token makes no tokens.
        let own = ada.post(&format!("users/{}/tokens", app.id("ada")), new).await;
        assert_eq!(own.problem(), (403, "person_required".to_owned()));

        let tokens = format!("users/{}/tokens", app.id("jen"));
        let listed = ada.list(&tokens).await;
        assert_eq!(listed.len(), 1);
        assert!(!listed[0].to_string().contains("eph_"));
        let token = listed[0]["tokenId"].as_str().unwrap();
        app.caller("jen").get("me").await.ok(200);
        assert_eq!(app.caller("pat").delete(&format!("{tokens}/{token}")).await.problem().0, 403);
        ada.delete(&format!("{tokens}/{token}")).await.ok(204);
        assert_eq!(app.caller("jen").get("me").await.problem().0, 401);
        assert_eq!(ada.delete(&format!("{tokens}/{token}")).await.problem().0, 404);
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_with_the_next_one_a_new_password_an_appointment_and_the_account() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let jen = format!("users/{}", app.id("jen"));
        let issue = async || ada.post(&format!("{jen}/enrolment"), json!({})).await.ok(201)["secret"].clone();
        let redeem = async |secret: &Value| {
            let body = json!({"secret": secret, "password": "correct horse battery staple"});
            app.stranger().post("enrolment", body).await.status.as_u16()
        };

        let (first, second) = (issue().await, issue().await);
        assert_eq!(redeem(&first).await, 404, "another one was issued since");
        assert_eq!(redeem(&second).await, 200);

        let link = issue().await;
        let password = json!({"password": "battery staple correct horse"});
        ada.put(&format!("{jen}/password"), password).await.ok(204);
        assert_eq!(redeem(&link).await, 404, "the password was set since");

        let link = issue().await;
        ada.patch(&jen, json!({"privAccountActive": false})).await.ok(200);
        ada.patch(&jen, json!({"privAccountActive": true})).await.ok(200);
        assert_eq!(redeem(&link).await, 404, "the account was disabled since");

        // A PAM administrator must not become a global one by a link kept from before.
        let link = app.caller("padm").post(&format!("{jen}/enrolment"), json!({})).await.ok(201)["secret"].clone();
        ada.put(&format!("administrators/global-administrator/{}", app.id("jen")), Value::Null).await.ok(204);
        assert_eq!(redeem(&link).await, 404, "jen administers since");
    })
    .await;
}

/// Makes `name` a PAM user under the account that is there.
async fn register(app: &App, name: &str) {
    let new = json!({"sourceDomain": "PRIV", "sourceAccountName": name, "privOnly": true,
        "targetId": app.id("built-in")});
    app.caller("ada").post("users", new).await.ok(201);
}

#[tokio::test]
async fn who_is_no_global_administrator_cannot_become_one_through_the_account_of_one() {
    on_both(async |app| {
        let padm = app.caller("padm");
        for account in ["ada", "aud"] {
            let id = app.id(account);
            let password = json!({"password": "correct horse battery staple"});
            let refused = (403, "not_administrator".to_owned());
            assert_eq!(padm.put(&format!("users/{id}/password"), password).await.problem(), refused, "{account}");
            assert_eq!(padm.post(&format!("users/{id}/enrolment"), json!({})).await.problem(), refused);
            let new = json!({"sourceDomain": "PRIV", "sourceAccountName": account, "privOnly": true,
                "targetId": app.id("built-in")});
            assert_eq!(padm.post("users", new).await.problem(), refused);
        }
        register(app, "aud").await;
        let path = format!("users/{}", app.id("aud"));
        assert_eq!(padm.patch(&path, json!({"privAccountActive": false})).await.problem().0, 403);
        assert_eq!(padm.delete(&path).await.problem().0, 403);
        let role = format!("administrators/global-administrator/{}", app.id("padm"));
        assert_eq!(padm.put(&role, Value::Null).await.problem().0, 403);
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_stays() {
    on_both(async |app| {
        let ada = app.caller("ada");
        register(app, "ada").await;
        let path = format!("users/{}", app.id("ada"));
        let kept = (409, "last_administrator".to_owned());
        assert_eq!(ada.patch(&path, json!({"privAccountActive": false})).await.problem(), kept);
        assert_eq!(ada.delete(&path).await.problem(), kept);
        let own = format!("administrators/global-administrator/{}", app.id("ada"));
        assert_eq!(ada.delete(&own).await.problem(), kept);
        assert_eq!(app.records().await.pop().unwrap().event, events::LAST_ADMINISTRATOR_KEPT.id);

        // With a second one she may go.
        ada.put(&format!("administrators/global-administrator/{}", app.id("padm")), Value::Null).await.ok(204);
        ada.delete(&own).await.ok(204);
        assert_eq!(ada.get("roles").await.problem(), (403, "not_administrator".to_owned()));
        assert_eq!(ada.get("me").await.ok(200)["administers"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn the_first_administrator_is_made_once_unless_in_an_emergency() {
    on_both(async |app| {
        let again = app.engine.init_administrator("mallory", false).await.unwrap_err();
        assert!(matches!(again, Denied::Refused(Refusal::Conflict { .. })), "{again}");
        assert!(app.read(|tx| Box::pin(async move { tx.principal_named("mallory").await })).await.is_none());
        let before = app.records().await.len();
        let made = app.engine.init_administrator("zoe", true).await.unwrap();
        assert_eq!(made.principal.username(), "PRIV\\zoe");
        let events = app.events_since(before).await;
        assert_eq!(events[0], events::EMERGENCY_ADMINISTRATOR.id);
        assert!(app.engine.has_administrator().await.unwrap());
        let first = app.records().await.into_iter().find(|record| record.event == events::FIRST_ADMINISTRATOR.id);
        assert_eq!(first.unwrap().subject, Some(app.id("ada")));
        let mut zoe = app.actor("ada").await;
        (zoe.principal, zoe.person, zoe.proof) = (made.principal.id, made.principal.person, Proof::Host);
        assert_eq!(app.engine.administers(&zoe).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_who_lost_every_factor_is_let_in_on_the_host_when_nobody_else_can() {
    on_both(async |app| {
        let recover = async |name: &str, emergency: bool| app.engine.recover_administrator(name, emergency).await;
        let refused = async |name: &str, emergency: bool| match recover(name, emergency).await {
            Err(Denied::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
        let before = app.records().await.len();
        assert_eq!(refused("nobody", true).await, Refusal::NotFound { what: "Global Administrator" });
        assert_eq!(refused("jen", true).await, Refusal::NotFound { what: "Global Administrator" });
        assert!(matches!(refused("ada", false).await, Refusal::Invalid { field: "user", .. }), "nothing is lost");
        assert_eq!(app.records().await.len(), before + 3, "what is refused is recorded");

        let factor = |name: &str| Factor {
            id: Uuid::from_u128(app.id(name).as_u128() ^ 1),
            principal: app.typed(name),
            kind: "totp".to_owned(),
            label: "phone".to_owned(),
            secret: Vec::new(),
            counter: 0,
            created: app.now(),
            used: None,
            disabled: None,
        };
        let enrol = async |name: &str| {
            let factor = factor(name);
            let insert = app.engine.store().transact(move |tx| {
                let factor = factor.clone();
                Box::pin(async move { tx.insert_factor(&factor).await })
            });
            insert.await.unwrap();
        };
        enrol("ada").await;
        let before = app.records().await.len();
        let let_in = recover("ada", false).await.unwrap();
        assert_eq!(let_in.principal.id.uuid(), app.id("ada"));
        assert_eq!(let_in.expires, app.now().checked_add(SignedDuration::from_mins(15)).unwrap());
        let records = app.records().await.split_off(before);
        let numbers: Vec<_> = records.iter().map(|record| record.event).collect();
        assert_eq!(numbers, [events::EMERGENCY_RECOVERY.id, events::ENROLMENT_LINK_ISSUED.id]);
        let ada = app.typed("ada");
        assert!(app.read(move |tx| Box::pin(tx.factors(ada))).await.is_empty());
        assert_eq!(app.engine.enrolment_account(&let_in.secret).await.unwrap().id.uuid(), app.id("ada"));

        // Somebody else can do it now.
        app.engine.init_administrator("zoe", true).await.unwrap();
        enrol("ada").await;
        assert!(matches!(refused("ada", false).await, Refusal::Conflict { .. }));
        recover("ada", true).await.unwrap();
    })
    .await;
}
