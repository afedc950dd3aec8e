//! Requests that wait for a second factor, answered on the command line; sessions of programs of those who have one.

use ephor_identity::factor::totp;
use serde_json::{Value, json};

use crate::ephor::{Demo, call, http};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The code of the next step: each works once.
pub(crate) fn code(demo: &Demo, who: &str) -> String {
    let (status, now) = http(demo.url(), "POST", "/demo/clock", &[JSON], "{\"advance\":\"PT30S\"}");
    assert_eq!(status, 200, "{now}");
    let now: Value = serde_json::from_str(&now).unwrap();
    let secret = bytes(demo.facts["users"][who]["totp"].as_str().unwrap());
    totp::code_at(&secret, now["now"].as_str().unwrap().parse().unwrap()).unwrap()
}

/// Base 32, read.
fn bytes(text: &str) -> Vec<u8> {
    let bits: String = text
        .chars()
        .map(|letter| format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap()))
        .collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[test]
fn f18_a_request_is_confirmed_by_its_requesters_code_once() {
    let demo = Demo::start(&["--simulated-clock"]);
    let ask = || demo.by("jen", &["pam", "request", "Server Maintenance", "--json"]).json();
    let made = ask();
    assert_eq!(made["RequestStatus"], "PendingMFA");
    let id = made["RequestId"].as_str().unwrap();
    let waiting = demo.by("jen", &["mfa", "list", "--json"]).json();
    assert_eq!((waiting[0]["requestId"].as_str(), waiting[0]["role"].as_str()), (Some(id), Some("Server Maintenance")));

    let wrong = demo.by("jen", &["mfa", "answer", id, "--code", "000000"]).complaint(2);
    assert!(wrong.contains("mfa_failed"), "{wrong}");
    let foreign = demo.by("pat", &["mfa", "answer", id, "--code", &code(&demo, "pat")]).complaint(2);
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(demo.by("pat", &["mfa", "answer", unknown, "--code", "123456"]).complaint(2), foreign);

    let good = code(&demo, "jen");
    let done = demo.by("jen", &["mfa", "answer", "--code", &good, "--json"]).json();
    assert_eq!(done, json!({"requestId": id, "status": "Active"}));
    let log = demo.by("ada", &["admin", "log", "list", "--request", id, "--json"]).good();
    assert!(log.contains("\"methods\":\"totp\"") || log.contains("\"methods\": \"totp\""), "{log}");
    let second = ask();
    let id = second["RequestId"].as_str().unwrap();
    let replayed = demo.by("jen", &["mfa", "answer", id, "--code", &good]).complaint(2);
    assert!(replayed.contains("mfa_replayed"), "{replayed}");
    assert_eq!(demo.by("jen", &["mfa", "list", "--json"]).json()[0]["requestId"], id);
    demo.stop();
}

#[test]
fn f18_guessing_is_slowed_for_the_account_and_says_for_how_long() {
    let demo = Demo::start(&["--simulated-clock"]);
    let made = demo.by("jen", &["pam", "request", "Server Maintenance", "--json"]).json();
    let path = format!("/api/mfa/v1/challenges/{}", made["RequestId"].as_str().unwrap());
    let basic = ("Authorization", "Basic amVuOmRlbW8tcGFzc3dvcmQtb2YtamVu");
    for _ in 0..5 {
        assert_eq!(call(demo.url(), "POST", &path, &[JSON, basic], "{\"code\":\"000000\"}").status, 403);
    }
    let slowed = call(demo.url(), "POST", &path, &[JSON, basic], "{\"code\":\"000000\"}");
    assert_eq!(slowed.status, 429);
    assert!(slowed.head.to_lowercase().contains("retry-after: 300"), "{}", slowed.head);
    demo.stop();
}

#[test]
fn a_program_gets_no_session_by_a_password_alone_where_there_is_a_second_factor() {
    let demo = Demo::start(&["--simulated-clock"]);
    let begin = |body: Value| {
        let (status, body) = http(demo.url(), "POST", "/api/admin/v1/session", &[JSON], &body.to_string());
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let pair = |code: Option<String>| json!({"username": "jen", "password": "demo-password-of-jen", "code": code});
    let (status, body) = begin(pair(None));
    assert_eq!((status, body["code"].as_str()), (401, Some("mfa_required")));
    let (status, body) = begin(pair(Some("000000".to_owned())));
    assert_eq!((status, body["code"].as_str()), (403, Some("mfa_failed")));
    let (status, body) = begin(pair(Some(code(&demo, "jen"))));
    assert_eq!((status, body["account"]["username"].as_str()), (201, Some("DEMO\\jen")));
    demo.stop();
}
