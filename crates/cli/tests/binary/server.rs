//! A server of its own, as an operator sets it up: with an administrator, people of the domain PRIV, and a role.

use std::time::Instant;

use ephor_testkit::{WorkDir, ports::Port, program::Running};

use crate::ephor::{Ended, PATIENCE, program, run};

/// The administrator's password.
pub(crate) const ROOT: &str = "correct horse battery";

/// A server that runs.
pub(crate) struct Served {
    running: Running,
    port: Port,
    file: String,
    _folder: WorkDir,
}

impl Served {
    /// Configures and starts one; `more` goes into its configuration.
    pub(crate) fn start(more: &str) -> Self {
        let folder = WorkDir::new("served").unwrap();
        let port = Port::reserve().unwrap();
        let text = format!(
            "data_dir = '{}'\nhttp.listen = '127.0.0.1:{}'\n{more}",
            folder.join("data").display(),
            port.number()
        );
        let file = folder.join("ephor.toml");
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        let init = ["admin", "init", "--user", "root", "--password-stdin", "--config", &file];
        run(&init, &[], &format!("{ROOT}\n")).good();
        let mut running = program().args(["serve", "--config", &file]).start().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !running.stderr().contains("\"serving\"") {
            assert!(running.ended().unwrap().is_none(), "{}", running.stderr());
            assert!(Instant::now() < deadline, "{}", running.stderr());
            std::thread::yield_now();
        }
        Self { running, port, file, _folder: folder }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// What the process has logged.
    pub(crate) fn log(&self) -> String {
        self.running.stderr()
    }

    /// `localhost`, for which there are keys.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port.number())
    }

    /// Runs a client command as the administrator.
    pub(crate) fn root(&self, arguments: &[&str]) -> Ended {
        let server = format!("http://127.0.0.1:{}", self.port.number());
        run(arguments, &[("EPHOR_SERVER", &server), ("EPHOR_USER", "root"), ("EPHOR_PASSWORD", ROOT)], "")
    }

    /// Makes accounts of the domain PRIV without a password, who may ask for the role `Ops`.
    pub(crate) fn people(&self, names: &[&str]) {
        self.root(&["admin", "group", "new", "ops", "PRIV", "--priv-only"]).good();
        for name in names {
            self.root(&["admin", "user", "new", "PRIV", name, "--priv-only", "--priv-account-active"]).good();
        }
        let candidates = names.iter().map(|name| format!("PRIV\\{name}")).collect::<Vec<_>>().join(",");
        let role = ["admin", "role", "new", "Ops", "--ttl", "3600", "--candidates", &candidates, "--privileges", "ops"];
        self.root(&role).good();
    }

    /// The audit log as it stands.
    pub(crate) fn records(&self) -> String {
        self.root(&["admin", "log", "list", "--limit", "500", "--json"]).good()
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        let status = self.running.terminate(PATIENCE).unwrap();
        assert!(status.success(), "{status} {}", self.running.stderr());
    }
}
