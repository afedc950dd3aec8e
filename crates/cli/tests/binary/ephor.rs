//! Runs `ephor`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use ephor_testkit::{
    WorkDir,
    program::{Program, Running},
};
use serde_json::Value;

/// Longest time for anything to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, without the environment of whoever runs the tests.
pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_ephor")).ready_limit(PATIENCE)
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Its output, when it went well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Its output as JSON, when it went well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.good()).unwrap()
    }

    /// Its complaint, when it ended with `code`.
    #[track_caller]
    pub(crate) fn complaint(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ended {
    let home = WorkDir::new("home").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ephor"));
    command.args(arguments).env_clear().env("HOME", home.path()).envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A running demo.
pub(crate) struct Demo {
    pub(crate) running: Running,
    pub(crate) facts: Value,
}

impl Demo {
    /// A demo on free ports.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = program().args(["demo", "--json", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]);
        let (running, facts) = program.args(arguments).start_until_json().unwrap();
        Self { running, facts }
    }

    pub(crate) fn url(&self) -> &str {
        self.facts["http"].as_str().unwrap()
    }

    /// Runs a client command as one of the people.
    pub(crate) fn by(&self, who: &str, arguments: &[&str]) -> Ended {
        self.piped(who, arguments, "")
    }

    /// The same, with something on standard input.
    pub(crate) fn piped(&self, who: &str, arguments: &[&str], input: &str) -> Ended {
        let password = self.facts["users"][who]["password"].as_str().unwrap();
        let environment = [("EPHOR_SERVER", self.url()), ("EPHOR_USER", who), ("EPHOR_PASSWORD", password)];
        run(arguments, &environment, input)
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        let status = self.running.terminate(PATIENCE).unwrap();
        assert!(status.success(), "{status} {}", self.running.stderr());
    }
}

/// Status and body of one HTTP call.
pub(crate) fn http(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let answer = call(url, method, path, headers, body);
    (answer.status, answer.body)
}

/// What one HTTP call was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and header fields, in small letters.
    pub(crate) head: String,
    /// The same as they came.
    lines: String,
    pub(crate) body: String,
}

impl Answer {
    /// The first value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next()
    }

    /// All values of a header field.
    pub(crate) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |line: &str| line.split_once(": ").is_some_and(|(of, _)| of.eq_ignore_ascii_case(name));
        self.lines.lines().filter(move |line| named(line)).filter_map(|line| Some(line.split_once(": ")?.1))
    }

    /// The value that a cookie was set to; empty when it was taken away.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let mut pairs = self.fields("set-cookie").filter_map(|line| line.split(';').next()?.split_once('='));
        pairs.find_map(|(of, value)| (of == name).then_some(value))
    }

    /// The body, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// One HTTP call.
pub(crate) fn call(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    let mut named = false;
    for (name, value) in headers {
        named |= *name == "Host";
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !named {
        head.push_str(&format!("Host: {host}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Answer {
        status: status.unwrap_or_else(|| panic!("no HTTP: {answer:?}")),
        head: head.to_lowercase(),
        lines: head.to_owned(),
        body: body.to_owned(),
    }
}

/// Writes a configuration for a server of its own in `folder`; answers its path.
pub(crate) fn configure(folder: &Path, more: &str) -> String {
    let text = format!("data_dir = '{}'\nhttp.listen = '127.0.0.1:0'\n{more}", folder.join("data").display());
    let path = folder.join("ephor.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
