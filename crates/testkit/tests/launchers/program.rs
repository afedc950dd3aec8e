use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use ephor_testkit::LaunchError;
use ephor_testkit::program::Program;

const LIMIT: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

#[test]
fn the_first_json_object_says_that_it_is_ready() {
    let script = r#"echo starting; echo "{\"url\":\"http://x\",\"name\":\"$NAME\"}"; echo more; echo warning >&2; exec cat /dev/fd/3 3<&2"#;
    let (mut running, ready) = shell(script).env("NAME", "n").start_until_json().unwrap();
    assert_eq!(ready["url"], "http://x");
    assert_eq!(ready["name"], "n");
    running.wait(LIMIT).unwrap();
    assert!(running.stderr().starts_with("warning\n"));
}

#[test]
fn sigterm_asks_and_kill_does_not() {
    let script = r#"trap 'echo bye; exit 7' TERM; echo '{}'; while :; do read -r line < "$FIFO"; done"#;
    let directory = ephor_testkit::WorkDir::new("fifo").unwrap();
    let fifo = directory.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (mut asked, _) = shell(script).env("FIFO", &fifo).start_until_json().unwrap();
    assert_eq!(asked.terminate(LIMIT).unwrap().code(), Some(7));
    let (mut killed, _) = shell(script).env("FIFO", &fifo).start_until_json().unwrap();
    killed.kill();
    assert_eq!(killed.ended().unwrap().unwrap().signal(), Some(9));
}

#[test]
fn an_early_end_is_reported_with_its_words() {
    let Err(error) = shell("echo no such setting >&2; exit 2").start_until_json() else { panic!("it was ready") };
    assert!(matches!(error, LaunchError::Failed { .. }), "{error:?}");
    assert_eq!(error.to_string(), "sh failed: ended early\nno such setting");
}

#[test]
fn silence_has_a_limit() {
    let quiet = Program::new("/bin/sh").args(["-c", "kill -STOP $$"]).ready_limit(Duration::from_millis(20));
    assert!(matches!(quiet.start_until_json(), Err(LaunchError::NotReady { .. })));
}

#[test]
fn a_finished_run_has_all_it_said() {
    let finished = shell("pwd; echo out; echo err >&2; exit 3").current_dir("/").run(LIMIT).unwrap();
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("/\nout", "err\n"));
}
