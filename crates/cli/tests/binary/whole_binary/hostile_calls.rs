//! F12, S6: schemathesis over the admin API, with an administrator's token. No 5xx, and nothing that the document does not
//! describe. Over the Graph face, by a document made of the metadata that it serves: no 5xx.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ephor_testkit::{LaunchError, Unavailable, WorkDir, available_or_skip};
use serde_json::Value;

use crate::ephor::{Demo, call};

/// `cargo xtask test` installs it and says where.
const PROGRAM: &str = "EPHOR_SCHEMATHESIS";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

fn schemathesis() -> Option<PathBuf> {
    let missing = Unavailable { program: "schemathesis", package: "none: `cargo xtask setup` brings it" };
    let found = std::env::var_os(PROGRAM).map(PathBuf::from).filter(|path| path.is_file());
    available_or_skip(found.ok_or(LaunchError::Unavailable(missing)))
}

struct Attack<'d> {
    program: PathBuf,
    demo: &'d Demo,
    /// What is called, as a file or by its address.
    document: String,
    checks: &'static str,
    examples: &'static str,
    authorization: String,
    folder: WorkDir,
}

impl Attack<'_> {
    /// Calls every operation in every phase that is named; `ids` take the place of invented path parameters.
    fn run(&self, phases: &str, ids: &[(&str, &str)]) {
        let mut config = String::from("[parameters]\n");
        for (name, id) in ids {
            config.push_str(&format!("\"path.{name}\" = \"{id}\"\n"));
        }
        let file = self.folder.join("schemathesis.toml");
        std::fs::write(&file, config).unwrap();
        let output = Command::new(&self.program)
            .current_dir(self.folder.path())
            .arg("--config-file")
            .arg(&file)
            .args(["run", &self.document, "--header", &format!("Authorization: {}", self.authorization)])
            .args(["--url", self.demo.url()])
            .args(["--checks", self.checks, "--phases", phases, "--max-examples", self.examples, "--seed", "20260302"])
            .args(["--generation-database", "none", "--suppress-health-check", "all"])
            // A machine that does much else may hold a call up; one that never ends is still found.
            .args(["--request-timeout", "60", "--continue-on-failure", "--no-color", "--warnings", "off"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(told.contains("generated"), "it called nothing: {told}");
    }
}

#[test]
fn f12_the_admin_api_answers_anything_as_its_document_says() {
    let Some(program) = schemathesis() else { return };
    let demo = Demo::start(&["--log", "error"]);
    let token = demo.by("ada", &["admin", "token", "new", "test", "--scopes", "Ephor.Admin", "--json"]).json();
    let authorization = format!("Bearer {}", token["token"].as_str().unwrap_or_else(|| panic!("{token}")));
    demo.by("jen", &["pam", "request", "Production Database"]).good();
    let get = |path: &str| {
        let answer = call(demo.url(), "GET", path, &[("Authorization", &authorization)], "");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let first = |path: &str, name: &str| get(path)["items"][0][name].as_str().unwrap().to_owned();
    let request = first("/api/admin/v1/requests", "requestId");
    let target = first("/api/admin/v1/targets", "targetId");
    let fact = |value: &Value| value.as_str().unwrap().to_owned();
    let sam = fact(&demo.facts["users"]["sam"]["id"]);
    let role = fact(&demo.facts["pam"]["roles"]["R1"]);
    let group = fact(&demo.facts["pam"]["groups"]["R0"][0]);
    let folder = WorkDir::new("schemathesis").unwrap();
    let attack = Attack {
        program,
        demo: &demo,
        document: format!("{}/api/admin/v1/openapi.json", demo.url()),
        checks: CHECKS,
        examples: "4",
        authorization: authorization.clone(),
        folder,
    };

    // Things that are there, until they are deleted under way; then whatever the tool can make itself.
    attack.run(
        "coverage,fuzzing",
        &[
            ("userId", &sam),
            ("principalId", &sam),
            ("roleId", &role),
            ("groupId", &group),
            ("targetId", &target),
            ("requestId", &request),
        ],
    );
    attack.run("fuzzing,stateful", &[]);

    let as_json = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let verified = call(demo.url(), "POST", "/api/admin/v1/audit/verify", &as_json, "{}");
    assert_eq!(verified.status, 200, "{verified:?}");
    assert_ne!(verified.json()["assurance"], "faulty", "{verified:?}");
    let records = get("/api/admin/v1/audit/head")["size"].as_u64();
    assert!(records.is_some_and(|records| records > 100), "the calls left {records:?} records");
    demo.stop();
}

/// A document of the Graph face, made of the metadata that the demo serves.
fn graph_document(program: &Path, demo: &Demo) -> Vec<u8> {
    let python = program.with_file_name("python");
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "clients", "graph_openapi.py"].iter().collect();
    let mut made = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    made.stdin.take().unwrap().write_all(demo.facts.to_string().as_bytes()).unwrap();
    let output = made.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn f12_the_graph_face_answers_anything_without_a_fault() {
    let Some(program) = schemathesis() else { return };
    let demo = Demo::start(&["--log", "error"]);
    let wanted = serde_json::json!({"user": "ga", "lifetime": 86_400}).to_string();
    let token = call(demo.url(), "POST", "/demo/token", &[("Content-Type", "application/json")], &wanted).json();
    let authorization = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let folder = WorkDir::new("schemathesis").unwrap();
    let document = folder.join("graph.json");
    std::fs::write(&document, graph_document(&program, &demo)).unwrap();
    let fact = |path: &str| demo.facts.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    let (bob, carol) = (fact("/users/bob/id"), fact("/users/carol/id"));
    let (group, role) = (fact("/graph/groups/devs"), fact("/graph/roles/HD"));
    let (unit, held) = (fact("/graph/administrativeUnits/au1"), fact("/graph/roles/UA"));
    let attack = Attack {
        program,
        demo: &demo,
        document: document.display().to_string(),
        checks: "not_a_server_error",
        examples: "2",
        authorization: authorization.clone(),
        folder,
    };
    // Every combination of odd values takes many minutes.
    let phases =
        if std::env::var_os("EPHOR_LONG").is_some() { "examples,coverage,fuzzing" } else { "examples,fuzzing" };
    attack.run(
        phases,
        &[
            ("usersId", &bob),
            ("directoryObjectsId", &bob),
            ("membersId", &carol),
            ("ownersId", &carol),
            ("groupsId", &group),
            ("roleDefinitionsId", &role),
            ("directoryRolesId", &held),
            ("administrativeUnitsId", &unit),
        ],
    );
    let me = call(demo.url(), "GET", "/v1.0/me", &[("Authorization", &authorization)], "");
    assert_eq!(me.status, 200, "{me:?}");
    demo.stop();
}
