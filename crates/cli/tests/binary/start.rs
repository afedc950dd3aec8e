//! What a server says when it cannot start: one clear sentence and an exit code.

use std::net::TcpListener;

use ephor_testkit::{WorkDir, program::Running};

use crate::ephor::{Demo, PATIENCE, call, configure, program, run};

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = run(&["demo", "--http", &address, "--https", "127.0.0.1:0"], &[], "").complaint(3);
    assert_eq!(
        complaint,
        format!("error: {address} is already in use: stop the program that listens there, or choose another port\n")
    );
}

#[test]
fn the_demo_serves_this_machine_alone() {
    let complaint = run(&["demo", "--http", "0.0.0.0:0"], &[], "").complaint(1);
    assert!(complaint.contains("0.0.0.0:0 is no loopback address"), "{complaint}");
}

#[test]
fn a_broken_configuration_is_explained_line_by_line() {
    let folder = WorkDir::new("broken").unwrap();
    let file = configure(folder.path(), "colour = 'blue'\n[log]\nformat = 'xml'\n");
    for command in [&["serve"][..], &["migrate"], &["audit", "verify"]] {
        let complaint = run(&[command, &["--config", &file]].concat(), &[], "").complaint(1);
        assert!(complaint.contains(":3:10: colour: "), "{complaint}");
        assert!(complaint.contains("log.format: "), "{complaint}");
    }
    let told = run(&["doctor", "--config", &file], &[], "");
    assert_eq!((told.code, told.out.lines().filter(|line| line.starts_with("WRONG")).count()), (1, 2), "{told:?}");
    let missing = run(&["serve", "--config", "/nowhere/ephor.toml"], &[], "").complaint(1);
    assert!(missing.starts_with("error: cannot read /nowhere/ephor.toml"), "{missing}");
}

#[test]
fn a_store_from_the_future_is_left_alone() {
    let folder = WorkDir::new("future").unwrap();
    let file = configure(folder.path(), "");
    run(&["migrate", "--config", &file], &[], "").good();
    let database = rusqlite::Connection::open(folder.join("data/ephor.db")).unwrap();
    database.execute("INSERT INTO migration (number, name, sha256) VALUES (9999, 'later', '00')", ()).unwrap();
    drop(database);
    let complaint = run(&["serve", "--config", &file], &[], "").complaint(3);
    assert!(
        complaint.contains("the store has schema 9999") && complaint.contains("use the newer program"),
        "{complaint}"
    );
}

#[test]
fn a_store_of_the_demo_is_never_served() {
    let folder = WorkDir::new("demo-store").unwrap();
    let data = folder.join("data").display().to_string();
    Demo::start(&["--data", &data]).stop();
    let file = configure(folder.path(), "");
    let complaint = run(&["serve", "--config", &file], &[], "").complaint(1);
    assert!(complaint.contains("was made by `ephor demo`"), "{complaint}");
}

#[test]
fn a_store_that_is_open_elsewhere_is_not_opened_twice() {
    let folder = WorkDir::new("twice").unwrap();
    let data = folder.join("data").display().to_string();
    let demo = Demo::start(&["--data", &data]);
    let second = ["demo", "--data", &data, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    let complaint = run(&second, &[], "").complaint(3);
    assert!(complaint.contains("another process has the store open"), "{complaint}");
    demo.stop();
}

#[test]
fn a_database_that_does_not_answer_is_named() {
    let folder = WorkDir::new("unreachable").unwrap();
    let closed = unused_port();
    let file = configure(folder.path(), &format!("store.url = 'postgresql://ephor@127.0.0.1:{closed}/ephor'\n"));
    let complaint = run(&["serve", "--config", &file], &[], "").complaint(3);
    assert!(complaint.starts_with(&format!("error: postgres://127.0.0.1:{closed}/ephor: ")), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}

#[test]
fn a_directory_that_does_not_answer_is_named_and_stops_nothing_else() {
    let url = format!("ldap://127.0.0.1:{}", unused_port());
    let directory = ["--ldap", &url, "--ldap-bind", "cn=ephor", "--ldap-base", "dc=test", "--ldap-password", "x"];
    let ports = ["demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    let complaint = run(&[&ports[..], &directory].concat(), &[], "");
    assert_ne!(complaint.code, 0, "{complaint:?}");
    assert!(complaint.err.starts_with("error: ") && complaint.err.contains(&url), "{complaint:?}");
    assert!(!complaint.err.contains("panicked"), "{complaint:?}");

    // A server serves without it: everything else goes on. Readiness tells.
    let folder = WorkDir::new("no-directory").unwrap();
    std::fs::write(folder.join("password"), "secret").unwrap();
    let http = unused_port();
    let target = format!(
        "[targets.corp.ldap]\nurl = '{url}'\nallow_plain = true\nbind_dn = 'cn=ephor,dc=test'\npassword_file = '{}'\n\
         base_dn = 'dc=test'\n",
        folder.join("password").display()
    );
    let text = format!("data_dir = '{}'\nhttp.listen = '127.0.0.1:{http}'\n{target}", folder.join("data").display());
    let file = folder.join("ephor.toml");
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let init = ["admin", "init", "--user", "root", "--password-stdin", "--config", &file];
    run(&init, &[], "correct horse battery\n").good();
    let told = run(&["doctor", "--config", &file], &[], "");
    assert!(told.code != 0 && told.out.contains("target corp"), "{told:?}");
    let mut running = program().args(["serve", "--config", &file]).start().unwrap();
    until_serving(&mut running);
    let address = format!("http://127.0.0.1:{http}");
    let deadline = std::time::Instant::now() + PATIENCE;
    let state = || {
        let ready = call(&address, "GET", "/readyz", &[], "");
        assert_eq!(ready.status, 200, "{ready:?}");
        let ready = ready.json();
        let targets = ready["targets"].as_array().unwrap();
        targets.iter().find(|target| target["name"] == "corp").unwrap()["state"].as_str().unwrap().to_owned()
    };
    while state() != "not answering" {
        assert!(std::time::Instant::now() < deadline, "{}", state());
        std::thread::yield_now();
    }
    assert!(running.terminate(PATIENCE).unwrap().success(), "{}", running.stderr());
}

/// A port that nobody listens on.
fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn until_serving(running: &mut Running) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !running.stderr().contains("\"serving\"") {
        assert!(running.ended().unwrap().is_none(), "{}", running.stderr());
        assert!(std::time::Instant::now() < deadline, "{}", running.stderr());
        std::thread::yield_now();
    }
}

#[test]
fn an_order_to_stop_is_obeyed() {
    let folder = WorkDir::new("stop").unwrap();
    let file = configure(folder.path(), "");
    let mut running = program().args(["serve", "--config", &file]).start().unwrap();
    until_serving(&mut running);
    let status = running.terminate(PATIENCE).unwrap();
    assert!(status.success(), "{status} {}", running.stderr());
    assert!(running.stderr().contains("stopped"), "{}", running.stderr());
}
