//! What the demo listens on, and its going on in a folder.

use serde_json::Value;

use crate::ephor::{Demo, http};

#[test]
fn pam_001_the_demo_serves_on_the_ports_it_tells() {
    let demo = Demo::start(&[]);
    let url = demo.url();
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"), "{url}");
    let https = demo.facts["https"].as_str().unwrap();
    assert!(https.starts_with("https://localhost:") && !https.ends_with(":0"), "{https}");
    assert!(std::fs::read_to_string(demo.facts["ca"].as_str().unwrap()).unwrap().starts_with("-----BEGIN CERT"));

    assert_eq!(http(url, "GET", "/healthz", &[], ""), (200, "ok\n".to_owned()));
    let (status, ready) = http(url, "GET", "/readyz", &[], "");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["ready"], &ready["store"]), (200, &Value::Bool(true), &Value::from("ok")));
    assert_eq!(http(url, "GET", "/api/pamresources/pamroles", &[], "").0, 401);
    assert_eq!(http(url, "GET", "/api/admin/v1/roles", &[], "").0, 401);
    assert_eq!(http(url, "POST", "/healthz", &[], "").0, 405);
    let (status, metrics) = http(url, "GET", "/metrics", &[], "");
    assert_eq!(status, 200);
    for line in [
        "ephor_http_requests_total{face=\"pam\",status=\"401\"} 1",
        "ephor_target_writable{target=\"built-in\"} 1",
        "ephor_oldest_overdue_removal_seconds 0.0",
        "ephor_audit_records ",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    demo.stop();
}

#[test]
fn a_demo_goes_on_where_it_was() {
    let folder = ephor_testkit::WorkDir::new("demo").unwrap();
    let data = folder.join("data").display().to_string();
    let first = Demo::start(&["--data", &data]);
    first.by("jen", &["pam", "request", "Production Database"]).good();
    let (jen, ca) = (first.facts["users"]["jen"].clone(), std::fs::read(folder.join("data/ca.pem")).unwrap());
    first.stop();

    let second = Demo::start(&["--data", &data]);
    assert_eq!(second.facts["users"]["jen"], jen);
    assert_eq!(std::fs::read(folder.join("data/ca.pem")).unwrap(), ca);
    assert_eq!(second.by("jen", &["pam", "requests", "--pending", "-q"]).good().lines().count(), 1);
    second.stop();
}
