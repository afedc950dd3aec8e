//! F9: the store's disk is full, turns read-only or loses what it is told to keep, or the database turns read-only. What cannot be recorded does not happen, readers are still
//! served, nothing is damaged, and work goes on by itself once there is room again.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_testkit::{
    WorkDir, available_or_skip,
    postgres::Postgres,
    program::{Program, Running},
};

use crate::ephor::{Answer, Demo, PATIENCE, call, run};

/// A small file system in memory, over a folder.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` after one plain line where this account may not mount.
    #[expect(clippy::print_stderr, reason = "speaks to the test runner")]
    fn over(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "ephor-test"]).arg(&folder).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            refused => {
                eprintln!("skipped: no file system can be mounted here: {refused:?}");
                None
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [65_536, 4096, 512, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also when the server still has files open there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}

/// jen at the PAM API.
struct Jen<'d> {
    demo: &'d Demo,
    credentials: String,
    role: &'d str,
}

impl<'d> Jen<'d> {
    fn at(demo: &'d Demo) -> Self {
        let password = demo.facts["users"]["jen"]["password"].as_str().unwrap();
        let credentials = format!("Basic {}", STANDARD.encode(format!("jen:{password}")));
        Self { demo, credentials, role: demo.facts["pam"]["roles"]["R0"].as_str().unwrap() }
    }

    fn call(&self, method: &str, path: &str) -> Answer {
        let path = format!("/api/pamresources/{path}");
        call(self.demo.url(), method, &path, &[("Authorization", &self.credentials)], "")
    }

    fn ask(&self) -> Answer {
        self.call("POST", &format!("pamrequests?RoleId={}&RequestedTTL=3600", self.role))
    }

    /// The ids of all her requests.
    fn listed(&self) -> Vec<String> {
        let answer = self.call("GET", "pamrequests");
        assert_eq!(answer.status, 200, "{answer:?}");
        let listed = answer.json();
        let mut ids: Vec<String> = listed["value"].as_array().unwrap().iter().map(id).collect();
        ids.sort();
        ids
    }

    fn readiness(&self) -> Answer {
        call(self.demo.url(), "GET", "/readyz", &[], "")
    }
}

fn id(request: &serde_json::Value) -> String {
    request["RequestId"].as_str().unwrap().to_owned()
}

/// Asks until the store refuses to write; answers what was acknowledged before.
fn ask_until_refused(jen: &Jen<'_>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for _ in 0..200 {
        let answer = jen.ask();
        if answer.status == 201 {
            acknowledged.push(id(&answer.json()));
            continue;
        }
        refused(&answer);
        return acknowledged;
    }
    panic!("the disk has room for {} requests and more", acknowledged.len());
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.json()["odata.error"]["code"], "ServiceUnavailable", "{answer:?}");
    assert!(answer.head.contains("\r\nretry-after: "), "{answer:?}");
}

/// Everything while the store cannot write, and after `repair`.
fn out_of_order(demo: &Demo, mut acknowledged: Vec<String>, repair: impl FnOnce()) {
    let jen = Jen::at(demo);
    acknowledged.extend(ask_until_refused(&jen));
    acknowledged.sort();
    for _ in 0..5 {
        refused(&jen.ask());
    }
    let ready = jen.readiness();
    assert_eq!(ready.status, 503, "{ready:?}");
    assert_ne!(ready.json()["store"], "ok");
    assert_eq!(call(demo.url(), "GET", "/healthz", &[], "").status, 200);
    assert_eq!(jen.call("GET", "pamroles").status, 200, "reading needs no room");
    assert_eq!(jen.listed(), acknowledged, "what was refused did not happen");

    repair();
    let began = Instant::now();
    let mut answer = jen.ask();
    while answer.status == 503 && began.elapsed() < PATIENCE {
        std::thread::yield_now();
        answer = jen.ask();
    }
    assert_eq!(answer.status, 201, "{answer:?}");
    acknowledged.push(id(&answer.json()));
    acknowledged.sort();
    assert_eq!(jen.readiness().status, 200);
    assert_eq!(jen.listed(), acknowledged);
}

/// `ephor audit verify` over the store of a demo that was stopped.
fn verified(folder: &Path, data: &Path, store: &str) {
    let file = folder.join("ephor.toml");
    let text = format!(
        "data_dir = '{}'\nstore.url = '{store}'\naudit.origin = 'demo.ephor/audit'\nhttp.listen = '127.0.0.1:0'\n",
        data.display()
    );
    std::fs::write(&file, text).unwrap();
    let report = run(&["audit", "verify", "--json", "--config", &file.display().to_string()], &[], "").json();
    assert_eq!(report["assurance"], "consistent_with_itself", "{report}");
}

#[test]
fn f9_pam_132_on_a_full_disk_nothing_happens_unrecorded_and_work_goes_on_when_there_is_room() {
    let folder = WorkDir::new("disk-full").unwrap();
    let Some(disk) = SmallDisk::over(folder.join("data")) else { return };
    let data = disk.folder.display().to_string();
    let demo = Demo::start(&["--data", &data, "--log", "error"]);
    let first = Jen::at(&demo).ask();
    assert_eq!(first.status, 201, "{first:?}");
    disk.fill();
    out_of_order(&demo, vec![id(&first.json())], || disk.empty());
    // Once more: the writer that came back is as good as the first.
    let known = Jen::at(&demo).listed();
    disk.fill();
    out_of_order(&demo, known.clone(), || disk.empty());
    demo.stop();

    // Killed on a full disk, it starts again with all it had acknowledged.
    let mut demo = Demo::start(&["--data", &data, "--log", "error"]);
    disk.fill();
    let mut known = Jen::at(&demo).listed();
    known.extend(ask_until_refused(&Jen::at(&demo)));
    known.sort();
    demo.running.kill();
    drop(demo);
    disk.empty();
    let demo = Demo::start(&["--data", &data, "--log", "error"]);
    assert_eq!(Jen::at(&demo).listed(), known);
    demo.stop();
    verified(folder.path(), &disk.folder, &format!("sqlite:{}", disk.folder.join("ephor.db").display()));
}

/// System calls of the server that fail, as long as this lives.
struct Failing(Running);

impl Failing {
    /// Every call of `calls` in the process answers `error`. `None` after one plain line where processes may not be traced.
    #[expect(clippy::print_stderr, reason = "speaks to the test runner")]
    fn calls(process: u32, calls: &str, error: &str) -> Option<Self> {
        let (traced, injected) = (format!("trace={calls}"), format!("inject={calls}:error={error}"));
        let process = process.to_string();
        let mut strace = Program::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &traced, "-e", &injected, "-p", &process])
            .start()
            .unwrap();
        let began = Instant::now();
        while !is_traced(&process) {
            if began.elapsed() > PATIENCE || strace.ended().unwrap().is_some() {
                eprintln!("skipped: no process can be traced here: {}", strace.stderr());
                return None;
            }
            std::thread::yield_now();
        }
        Some(Self(strace))
    }

    fn end(mut self) {
        self.0.terminate(PATIENCE).unwrap();
    }
}

/// True when every thread of the process has a tracer.
fn is_traced(process: &str) -> bool {
    std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten().all(|thread| {
        std::fs::read_to_string(thread.path().join("status"))
            .is_ok_and(|status| !status.lines().any(|line| line == "TracerPid:\t0"))
    })
}

#[test]
fn f9_pam_132_where_the_disk_turns_read_only_or_keeps_nothing_nothing_happens_unrecorded() {
    let folder = WorkDir::new("bad-disk").unwrap();
    let data = folder.join("data");
    let demo = Demo::start(&["--data", &data.display().to_string(), "--log", "error"]);
    let first = Jen::at(&demo).ask();
    assert_eq!(first.status, 201, "{first:?}");
    for (calls, error) in [("pwrite64", "EROFS"), ("fdatasync,fsync", "EIO")] {
        let known = Jen::at(&demo).listed();
        let Some(failing) = Failing::calls(demo.running.id(), calls, error) else { return };
        out_of_order(&demo, known, || failing.end());
    }
    demo.stop();
    verified(folder.path(), &data, &format!("sqlite:{}", data.join("ephor.db").display()));
}

#[test]
fn f9_pam_132_on_a_read_only_database_nothing_happens_unrecorded_and_work_goes_on_when_it_is_writable() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let folder = WorkDir::new("read-only").unwrap();
    let data = folder.join("data");
    let demo = Demo::start(&["--data", &data.display().to_string(), "--store", database.url(), "--log", "error"]);
    let first = Jen::at(&demo).ask();
    assert_eq!(first.status, 201, "{first:?}");
    // Of new sessions only, so the present ones are ended: what a fail-over to a standby looks like.
    let read_only = |on: &str| {
        let name = database.name();
        let statements = format!(
            "SET default_transaction_read_only = off; ALTER DATABASE {name} SET default_transaction_read_only = {on}; \
             SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        database.sql(&statements).unwrap();
    };
    read_only("on");
    out_of_order(&demo, vec![id(&first.json())], || read_only("off"));
    demo.stop();
    verified(folder.path(), &data, database.url());
}
