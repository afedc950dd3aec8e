//! What a server says when it cannot start: one clear sentence and an exit code.

use std::net::TcpListener;

use ephor_testkit::WorkDir;

use crate::ephor::{Demo, PATIENCE, configure, program, run};

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
fn an_order_to_stop_is_obeyed() {
    let folder = WorkDir::new("stop").unwrap();
    let file = configure(folder.path(), "");
    let mut running = program().args(["serve", "--config", &file]).start().unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while !running.stderr().contains("\"serving\"") {
        assert!(running.ended().unwrap().is_none(), "{}", running.stderr());
        assert!(std::time::Instant::now() < deadline, "{}", running.stderr());
        std::thread::yield_now();
    }
    let status = running.terminate(PATIENCE).unwrap();
    assert!(status.success(), "{status} {}", running.stderr());
    assert!(running.stderr().contains("stopped"), "{}", running.stderr());
}
