//! The audit log, carried out of the server and proved.

use ephor_testkit::WorkDir;

use crate::ephor::{configure, run};

#[test]
fn the_log_is_verified_exported_and_proved() {
    let folder = WorkDir::new("audit").unwrap();
    let file = configure(folder.path(), "");
    let audit = |arguments: &[&str]| run(&[&["audit"], arguments, &["--config", &file]].concat(), &[], "");
    let path = |name: &str| folder.join(name).display().to_string();
    let complaint = audit(&["verify"]).complaint(1);
    assert!(complaint.contains("there is no store at"), "{complaint}");
    run(&["admin", "init", "--user", "root", "--config", &file], &[], "").good();

    let checkpoint = audit(&["checkpoint"]).good();
    assert!(checkpoint.starts_with("127.0.0.1:0\n"), "{checkpoint}");
    std::fs::write(path("kept"), &checkpoint).unwrap();
    let alone = audit(&["verify", "--json"]).json();
    assert_eq!(alone["assurance"], "consistent_with_itself");
    let against = audit(&["verify", "--against", &path("kept"), "--json"]).json();
    assert_eq!(against["assurance"], "continues_checkpoint");

    // Anybody with the public key can do it without the server.
    let bundle = path("log.bundle");
    audit(&["export", &bundle]).good();
    let key = folder.join("data/audit.pub").display().to_string();
    let offline = ["audit", "verify", "--bundle", &bundle, "--key", &key, "--against", &path("kept"), "--json"];
    let offline: serde_json::Value = run(&offline, &[], "").json();
    assert_eq!(offline["records"], alone["records"]);
    assert_eq!(offline["keys_from_log"], false);
    let proof = audit(&["prove", "--record", "0"]).good();
    std::fs::write(path("proof"), &proof).unwrap();
    let holds = run(&["audit", "check", &path("proof"), "--key", &key], &[], "").good();
    assert!(holds.starts_with("the proof holds: record 0 is among the "), "{holds}");
    std::fs::write(path("forged"), proof.replacen("\"index\": 0", "\"index\": 1", 1)).unwrap();
    run(&["audit", "check", &path("forged"), "--key", &key], &[], "").complaint(2);

    // Half a bundle, and a log whose end was cut off.
    let text = std::fs::read_to_string(&bundle).unwrap();
    std::fs::write(path("half"), text.split_at(text.len() / 2).0).unwrap();
    assert_eq!(run(&["audit", "verify", "--bundle", &path("half"), "--key", &key], &[], "").code, 2);
    assert!(audit(&["export", &bundle]).complaint(1).contains("cannot make"), "a bundle is never overwritten");
}
