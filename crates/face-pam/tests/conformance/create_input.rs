//! PAM-039 to PAM-058: what O2 takes.

use serde_json::{Value, json};

use crate::app::{App, Caller, Reply, Setup, at, encode, on_both, on_both_with, seconds, text};

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON: &str = "application/json";

async fn nothing_stored(app: &App) {
    assert_eq!(app.caller("jen").list("pamrequests").await, Vec::<Value>::new());
}

#[track_caller]
fn created(reply: &Reply) -> Value {
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn pam_039_040_041_042_parameters_come_from_query_json_or_form() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1").to_string());
        let time = "2030-06-03T13:00:00Z";
        let query = format!("Justification=a+reason&RoleId={role}&RequestedTTL=600&RequestedTime={}", encode(time));
        let json = |ttl: Value| {
            json!({"Justification": "a reason", "RoleId": role, "RequestedTTL": ttl, "RequestedTime": time}).to_string()
        };
        let replies = [
            jen.post(&format!("pamrequests?{query}")).await,
            jen.post(&format!("pamrequests/?{query}&v=1")).await,
            jen.send("pamrequests", JSON, json("600".into())).await,
            jen.send("pamrequests", JSON, json(600.into())).await,
            jen.send("pamrequests", "Application/JSON; odata=verbose", json(600.0.into())).await,
            jen.send("pamrequests", FORM, query.clone()).await,
            jen.send(
                &format!("pamrequests?RoleId={role}&Justification=a%20reason"),
                JSON,
                json!({"RequestedTTL": 600, "RequestedTime": time}).to_string(),
            )
            .await,
            jen.send(
                &format!("pamrequests?RequestedTTL=600&RequestedTime={time}"),
                FORM,
                format!("RoleId={role}&Justification=a+reason"),
            )
            .await,
        ];
        for reply in &replies {
            let made = created(reply);
            assert_eq!(text(&made["Justification"]), "a reason");
            assert_eq!(text(&made["RoleId"]), role);
            assert_eq!(text(&made["RequestedTTL"]), "600");
            assert_eq!(text(&made["RequestedTime"]), time);
        }
    })
    .await;
}

#[tokio::test]
async fn pam_043_the_same_parameter_twice_must_agree() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        let path = format!("pamrequests?RoleId={role}&RequestedTTL=600&Justification=x");
        jen.send(&path, JSON, r#"{"RequestedTTL":601}"#).await.refused(400, "ConflictingParameters");
        jen.send(&path, FORM, "Justification=y").await.refused(400, "ConflictingParameters");
        jen.post(&format!("{path}&roleid={role}")).await.refused(400, "ConflictingParameters");
        jen.send(&path, JSON, r#"{"Justification":"x","justification":"x"}"#)
            .await
            .refused(400, "ConflictingParameters");
        nothing_stored(app).await;
        created(&jen.send(&path, JSON, r#"{"RequestedTTL":600,"Justification":" x "}"#).await);
        created(&jen.send(&path, FORM, "RequestedTTL=600&Justification=").await);
        created(&jen.send(&path, JSON, r#"{"Justification":null}"#).await);
    })
    .await;
}

#[tokio::test]
async fn pam_044_names_in_any_letter_case() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        created(&jen.post(&format!("pamrequests?ROLEID={role}&requestedttl=60&unknown=1")).await);
        let body = format!(r#"{{"roleid":"{role}","REQUESTEDTTL":60,"Unknown":{{"RoleId":1}}}}"#);
        created(&jen.send("pamrequests", JSON, body).await);
    })
    .await;
}

#[tokio::test]
async fn pam_045_required_parameters() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        for path in [
            "pamrequests".to_owned(),
            "pamrequests?RequestedTTL=60".to_owned(),
            "pamrequests?RequestedTTL=60&RoleId=".to_owned(),
            format!("pamrequests?RoleId={role}"),
            format!("pamrequests?RoleId={role}&RequestedTTL="),
        ] {
            jen.post(&path).await.refused(400, "MissingParameter");
        }
        jen.send("pamrequests", JSON, r#"{"RoleId":null,"RequestedTTL":60}"#).await.refused(400, "MissingParameter");
        nothing_stored(app).await;
    })
    .await;
}

#[tokio::test]
async fn pam_046_a_time_to_live_is_a_number_of_seconds() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for ttl in ["abc", "-1", "NaN", "Infinity", "1e", "0x10", "1,5", "1:00:00", "PT1H", "9223372036854775808"] {
            jen.ask("R1", &format!("RequestedTTL={}", encode(ttl))).await.refused(400, "InvalidParameter");
        }
        jen.ask("R1", "RequestedTTL=").await.refused(400, "MissingParameter");
        let role = app.role_id("R1");
        for ttl in ["true", "[60]", "{}", "\"x\"", "-1"] {
            let body = format!(r#"{{"RoleId":"{role}","RequestedTTL":{ttl}}}"#);
            jen.send("pamrequests", JSON, body).await.refused(400, "InvalidParameter");
        }
        nothing_stored(app).await;
    })
    .await;
}

#[tokio::test]
async fn pam_047_048_fractions_are_rounded_and_large_values_echoed() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        for (asked, echoed) in [
            ("1008.0000000000001", "1008"),
            ("1007.9999999999999", "1008"),
            ("0.5", "1"),
            ("7200", "7200"),
            ("12960000", "12960000"),
            ("9223372036854775807", "9223372036854775807"),
        ] {
            assert_eq!(text(&jen.create_with("R1", &format!("RequestedTTL={asked}")).await["RequestedTTL"]), echoed);
            let body = format!(r#"{{"RoleId":"{role}","RequestedTTL":{asked}}}"#);
            let made = created(&jen.send("pamrequests", JSON, body).await);
            assert_eq!(text(&made["RequestedTTL"]), echoed, "{asked}");
        }
        let long = jen.create("R0", 12_960_000).await;
        assert_eq!(text(&long["ExpirationTime"]), "2030-06-03T13:00:00Z", "granted is the role's hour");
    })
    .await;
}

async fn justified(jen: &Caller, query: &str) -> Value {
    let made = jen.create_with("R1", &format!("RequestedTTL=60&{query}")).await;
    let listed = jen.request(&made).await;
    assert_eq!(made["Justification"], listed["Justification"]);
    listed["Justification"].clone()
}

#[tokio::test]
async fn pam_049_050_justifications() {
    on_both(async |app| {
        let jen = app.caller("jen");
        assert_eq!(justified(&jen, "").await, Value::Null);
        assert_eq!(justified(&jen, "Justification=").await, Value::Null);
        assert_eq!(justified(&jen, "Justification=+").await, Value::Null);
        assert_eq!(justified(&jen, "Justification=Sample+Reason").await, "Sample Reason");
        let odd = "1+1=2, 100%, A&B, <b>\"q\"</b>, é ü 漢字 🙂\ttab\nline";
        assert_eq!(justified(&jen, &format!("Justification={}", encode(odd))).await, odd);
        let longest = "é".repeat(400);
        assert_eq!(justified(&jen, &format!("Justification={}", encode(&longest))).await, longest.as_str());
        let role = app.role_id("R1");
        let longest = "é".repeat(4000);
        let body = json!({"RoleId": role, "RequestedTTL": 60, "Justification": longest}).to_string();
        assert_eq!(created(&jen.send("pamrequests", JSON, body).await)["Justification"], longest.as_str());
        let before = jen.list("pamrequests").await.len();
        let too_long = json!({"RoleId": role, "RequestedTTL": 60, "Justification": "x".repeat(4001)}).to_string();
        jen.send("pamrequests", JSON, too_long).await.refused(400, "InvalidParameter");
        jen.ask("R1", "RequestedTTL=60&Justification=a%07").await.refused(400, "InvalidParameter");
        assert_eq!(jen.list("pamrequests").await.len(), before);
    })
    .await;
}

async fn echoed(jen: &Caller, time: &str) -> String {
    let made = jen.create_with("R1", &format!("RequestedTTL=60&RequestedTime={time}")).await;
    let listed = jen.request(&made).await;
    assert_eq!(made["RequestedTime"], listed["RequestedTime"]);
    text(&made["RequestedTime"]).to_owned()
}

#[tokio::test]
async fn pam_051_052_start_times_are_read_in_the_servers_zone() {
    let setup = Setup { zone: "America/Los_Angeles", start: at("2015-07-12T06:38:09Z"), ..Setup::default() };
    on_both_with(setup, async |app| {
        let jen = app.caller("jen");
        for (time, shown) in [
            ("2015%2F07%2F11+23%3A40", "2015-07-12T06:40:00Z"),
            ("2015/07/11%2023:40:05", "2015-07-12T06:40:05Z"),
            ("2015-07-11+23%3A40", "2015-07-12T06:40:00Z"),
            ("2015-07-11T23:40", "2015-07-12T06:40:00Z"),
            ("2015-07-12T06:40:00Z", "2015-07-12T06:40:00Z"),
            ("2015-07-12T08:40:00%2B02:00", "2015-07-12T06:40:00Z"),
            ("2015-07-11T23:40:00.1234567-07:00", "2015-07-12T06:40:00.123Z"),
            ("2015-07-12T06:40:00.5000000Z", "2015-07-12T06:40:00.5Z"),
        ] {
            assert_eq!(echoed(&jen, time).await, shown, "{time}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_053_054_no_start_and_a_past_one_are_now() {
    on_both(async |app| {
        let jen = app.caller("jen");
        app.advance(seconds(1)).await;
        for time in ["", "0001-01-01T00:00:00", "+"] {
            assert_eq!(echoed(&jen, time).await, "2030-06-03T12:00:01Z", "{time}");
        }
        let absent = jen.create("R1", 60).await;
        assert_eq!(text(&absent["RequestedTime"]), "2030-06-03T12:00:01Z");
        let past = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T11:00:00Z").await;
        assert_eq!(text(&past["RequestedTime"]), "2030-06-03T11:00:00Z", "echoed as given");
        assert_eq!(text(&past["RequestStatus"]), "Active");
        assert_eq!(text(&past["ExpirationTime"]), "2030-06-03T12:10:01Z", "counted from activation");
    })
    .await;
}

#[tokio::test]
async fn pam_055_start_times_that_are_none() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for time in [
            "tomorrow",
            "2030",
            "2030-06-03",
            "03.06.2030+12:00",
            "2030-13-03T12:00:00Z",
            "2030-02-30T12:00:00Z",
            "2030-06-03T25:00:00Z",
            "1969-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
            "2030-06-03T12:00:00.12345678Z",
        ] {
            jen.ask("R1", &format!("RequestedTTL=60&RequestedTime={time}")).await.refused(400, "InvalidParameter");
        }
        nothing_stored(app).await;
    })
    .await;
}

#[tokio::test]
async fn pam_056_clock_changes() {
    let setup = Setup { zone: "America/Los_Angeles", start: at("2015-03-01T12:00:00Z"), ..Setup::default() };
    on_both_with(setup, async |app| {
        let jen = app.caller("jen");
        assert_eq!(echoed(&jen, "2015/03/08+02:30").await, "2015-03-08T10:00:00Z", "skipped: the next valid time");
        assert_eq!(echoed(&jen, "2015/11/01+01:30").await, "2015-11-01T08:30:00Z", "twice: the earlier one");
    })
    .await;
}

#[tokio::test]
async fn pam_057_bodies_that_are_not_taken() {
    on_both(async |app| {
        let (jen, role) = (app.caller("jen"), app.role_id("R1"));
        let path = format!("pamrequests?RoleId={role}&RequestedTTL=60");
        jen.send(&path, "text/plain", "x").await.refused(415, "UnsupportedMediaType");
        jen.send(&path, "text/json", "{}").await.refused(415, "UnsupportedMediaType");
        jen.with("content-type", "")
            .send(&path, "multipart/form-data; boundary=x", "--x--")
            .await
            .refused(415, "UnsupportedMediaType");
        let big = format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000));
        jen.send(&path, JSON, big.clone()).await.refused(413, "PayloadTooLarge");
        jen.with("content-length", "70009").send(&path, JSON, big).await.refused(413, "PayloadTooLarge");
        for body in ["{", "[]", "null", "\"x\"", "{\"RoleId\":}", "{} {}"] {
            jen.send(&path, JSON, body).await.refused(400, "InvalidParameter");
        }
        jen.send(&path, FORM, "Justification=%zz").await.refused(400, "InvalidParameter");
        nothing_stored(app).await;
        created(&jen.send(&path, "text/plain", "").await);
    })
    .await;
}

#[tokio::test]
async fn pam_058_unknown_and_foreign_roles_look_the_same() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let foreign = jen.ask("R9", "RequestedTTL=60").await;
        foreign.refused(403, "RoleNotAvailable");
        let unknown = "00000000-0000-4000-8000-000000000000";
        let unknown = jen.post(&format!("pamrequests?RoleId={unknown}&RequestedTTL=60")).await;
        assert_eq!((unknown.status, unknown.text()), (foreign.status, foreign.text()));
        let given_up = jen.ask("R9", "RequestedTTL=0").await;
        assert_eq!((given_up.status, given_up.text()), (foreign.status, foreign.text()));
        app.caller("pat").ask("R1", "RequestedTTL=60").await.refused(403, "RoleNotAvailable");
        for role in ["x", "{00000000-0000-4000-8000-000000000000}", "00000000000040008000000000000000", "guid'x'"] {
            let path = format!("pamrequests?RoleId={}&RequestedTTL=60", encode(role));
            jen.post(&path).await.refused(400, "InvalidParameter");
        }
        nothing_stored(app).await;
    })
    .await;
}
