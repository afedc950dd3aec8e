//! The demo's clock.

use serde_json::Value;

use crate::ephor::{Demo, http};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn time_stands_still_until_it_is_moved() {
    let demo = Demo::start(&["--simulated-clock"]);
    let url = demo.url().to_owned();
    let move_clock = |body: &str| {
        let (status, body) = http(&url, "POST", "/demo/clock", &[JSON], body);
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let made = demo.by("jen", &["pam", "request", "Allow AD Access", "--json"]).json();
    assert_eq!(made["RequestStatus"], "Active");
    let id = made["RequestId"].as_str().unwrap().to_owned();

    let (status, almost) = move_clock("{\"advance\":\"PT59M59S\"}");
    assert_eq!(status, 200, "{almost}");
    assert_eq!(demo.by("jen", &["pam", "requests", "--active", "-q"]).good(), format!("{id}\n"));
    let (_, over) = move_clock("{\"advance\":\"PT1S\"}");
    assert_eq!(over["now"], made["ExpirationTime"]);
    let listed = demo.by("jen", &["pam", "requests", "--expired", "--json"]).json();
    assert_eq!(listed[0]["RequestId"], id.as_str());
    assert_eq!(listed[0]["ExpirationTime"], made["ExpirationTime"]);

    assert_eq!(move_clock("{\"set\":\"2040-01-01T00:00:00Z\"}").1["now"], "2040-01-01T00:00:00Z");
    for wrong in ["{}", "{\"advance\":\"-PT1H\"}", "{\"advance\":\"PT1H\",\"set\":\"2040-01-01T00:00:00Z\"}", "x"] {
        assert_eq!(move_clock(wrong).0, 400, "{wrong}");
    }
    demo.stop();
}

#[test]
fn only_this_machine_and_no_web_page_moves_the_clock() {
    let demo = Demo::start(&["--simulated-clock"]);
    let order = |headers: &[(&str, &str)]| http(demo.url(), "POST", "/demo/clock", headers, "{\"advance\":\"PT1S\"}").0;
    assert_eq!(order(&[JSON]), 200);
    assert_eq!(order(&[JSON, ("Origin", demo.url())]), 403);
    assert_eq!(order(&[JSON, ("Host", "evil.example")]), 403);
    assert_eq!(order(&[("Content-Type", "text/plain")]), 415);
    assert_eq!(order(&[]), 415);
    demo.stop();

    let demo = Demo::start(&[]);
    assert_eq!(http(demo.url(), "POST", "/demo/clock", &[JSON], "{\"advance\":\"PT1S\"}").0, 409);
    demo.stop();
}
