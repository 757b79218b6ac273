//! Children die with their guard and with their parent.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use countersign_devnet::{LogDir, Process, ProcessOptions, free_port};

/// Set in the copy of this test binary that plays the parent which gets killed.
const PARENT_ENV: &str = "COUNTERSIGN_DEVNET_TEST_PARENT";

fn sleeper(logs: &LogDir) -> Process {
    Process::start(ProcessOptions::new("sleeper", "/bin/sleep").arg("600"), logs).unwrap()
}

fn must_be_gone(id: u32) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_alive(id) {
        assert!(Instant::now() < deadline, "process {id} still runs");
        std::thread::yield_now();
    }
}

fn is_alive(id: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{id}/stat")) else { return false };
    !stat.contains(") Z ")
}

/// The program that runs, by the kernel's short name.
fn name(id: u32) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim_end().to_owned())
}

#[test]
fn a_dropped_guard_kills_its_process() {
    let logs = LogDir::temporary().unwrap();
    let process = sleeper(&logs);
    let id = process.id();
    assert!(is_alive(id));

    drop(process);

    must_be_gone(id);
}

#[test]
fn a_child_outlives_the_thread_that_started_it() {
    let logs = LogDir::temporary().unwrap();

    let mut process = std::thread::scope(|scope| scope.spawn(|| sleeper(&logs)).join()).unwrap();

    assert!(process.is_running());
}

#[test]
fn a_killed_parent_takes_its_children_along() {
    if let Some(report) = std::env::var_os(PARENT_ENV) {
        be_the_parent(Path::new(&report));
        return;
    }
    let logs = LogDir::temporary().unwrap();
    let report = logs.path().join("child-id");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "guard::a_killed_parent_takes_its_children_along"])
        .env(PARENT_ENV, &report)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let child: u32 = loop {
        let text = std::fs::read_to_string(&report).unwrap_or_default();
        if let Ok(id) = text.parse() {
            break id;
        }
        assert!(Instant::now() < deadline, "the parent started no child");
        std::thread::yield_now();
    };
    // Before it becomes what was started, the child may not have asked to die with its parent yet.
    while name(child).as_deref() != Some("sleep") {
        assert!(Instant::now() < deadline, "the child did not become what was started");
        std::thread::yield_now();
    }
    assert!(is_alive(child));

    parent.kill().unwrap();
    parent.wait().unwrap();

    must_be_gone(child);
}

fn be_the_parent(report: &Path) {
    let logs = LogDir::temporary().unwrap();
    let mut process = sleeper(&logs);
    let draft = report.with_extension("draft");
    std::fs::write(&draft, process.id().to_string()).unwrap();
    std::fs::rename(draft, report).unwrap();
    while process.is_running() {
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[tokio::test]
async fn a_process_that_ends_early_is_reported_with_its_log() {
    let logs = LogDir::temporary().unwrap();
    let options =
        ProcessOptions::new("broken", "/bin/sh").args(["-c", "echo the disk is full; exit 3"]);
    let mut process = Process::start(options, &logs).unwrap();

    let error = process
        .ready(Duration::from_secs(5), || async { None::<()> })
        .await
        .unwrap_err()
        .to_string();

    assert!(error.contains("broken ended before it was ready"), "{error}");
    assert!(error.contains("the disk is full"), "{error}");
}

#[test]
fn no_two_calls_give_the_same_port() {
    let mut ports: Vec<u16> = (0..50).map(|_| free_port().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 50);
}
