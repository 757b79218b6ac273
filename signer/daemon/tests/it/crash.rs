//! Cosigners that die at the worst moments of a keygen: the key is live at all or at none.

use std::process::Output;

use crate::process::{Processes, must_become, must_succeed};

/// Runs a keygen in which the third cosigner dies at `fault`, and starts it again.
fn must_survive(fault: &str) -> (Processes, Result<serde_json::Value, String>) {
    let mut processes = Processes::set_up();
    processes.start(0, None);
    processes.start(1, None);
    processes.start(2, Some(fault));
    processes.await_links();
    let outcome = processes.keygen();
    processes.must_die(2);
    processes.start(2, None);
    (processes, outcome)
}

fn must_agree(processes: &Processes) {
    for at in 0..3 {
        processes.await_state(at, Some("live"));
        assert_eq!(processes.address(at), processes.address(0));
    }
}

#[test]
fn a_cosigner_that_dies_before_it_stored_its_share_leaves_no_key_anywhere() {
    let (processes, outcome) = must_survive("keygen-before-store");
    let error = outcome.unwrap_err();
    assert!(error.contains("party 3"), "{error}");
    for at in 0..3 {
        processes.await_state(at, None);
    }
    processes.await_links();
    processes.keygen().unwrap();
    must_agree(&processes);
}

#[test]
fn a_cosigner_that_dies_after_it_stored_its_share_finds_the_key_live_at_last() {
    let (processes, outcome) = must_survive("keygen-stored");
    let error = outcome.unwrap_err();
    assert!(error.contains("unusable until every party acknowledged"), "{error}");
    must_agree(&processes);
}

#[test]
fn a_cosigner_that_dies_with_all_acknowledgements_in_hand_catches_up() {
    let (processes, outcome) = must_survive("keygen-acknowledged");
    // Its own acknowledgement may have died with it, on the way to the socket.
    if let Err(error) = outcome {
        assert!(error.contains("unusable until every party acknowledged"), "{error}");
    }
    must_agree(&processes);
}

#[test]
fn a_wrong_passphrase_a_second_daemon_and_an_absent_daemon_are_said_plainly() {
    let mut processes = Processes::set_up();
    let stderr = |output: std::process::Output| {
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(stderr(processes.command(0, &["status"])).contains("is `cosigner run` running?"));
    assert!(stderr(processes.command(0, &["init"])).contains("already"));
    processes.start(0, None);
    must_succeed(&processes.command(0, &["bans"]));
    must_succeed(&processes.command(0, &["ceremonies"]));
    assert!(stderr(processes.command(0, &["run"])).contains("another process holds"));
    std::fs::write(processes.passphrase(1), "wrong\n").unwrap();
    assert!(stderr(processes.command(1, &["run"])).contains("the passphrase is wrong"));
}

/// A keygen whose third cosigner stored its share, died before it said so, and stays away. The second
/// will die at `fault`.
fn must_wait_for_the_third(fault: Option<&str>) -> Processes {
    let mut processes = Processes::set_up();
    processes.start(0, None);
    processes.start(1, fault);
    processes.start(2, Some("keygen-stored"));
    processes.await_links();
    processes.keygen().unwrap_err();
    processes.must_die(2);
    processes
}

/// The word of an operator that the key shall not come about.
fn reject(processes: &Processes, at: usize) -> Output {
    let mut listed = String::new();
    must_become(|| {
        listed = String::from_utf8(processes.command(at, &["ceremonies"]).stdout).unwrap();
        listed.contains("acknowledged") || listed.contains("rejecting")
    });
    processes.command(at, &["reject", &listed[..8], "--json"])
}

fn counts(output: &Output) -> (u64, u64) {
    must_succeed(output);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (said["have"].as_u64().unwrap(), said["need"].as_u64().unwrap())
}

#[test]
fn two_operators_free_the_name_of_a_key_whose_third_party_is_away() {
    let mut processes = must_wait_for_the_third(None);
    assert_eq!(counts(&reject(&processes, 0)), (1, 2));
    processes.await_state(0, Some("rejecting"));
    assert_eq!(counts(&reject(&processes, 1)), (2, 2));
    processes.await_state(0, None);
    processes.await_state(1, None);
    processes.start(2, None);
    processes.await_state(2, None);
    processes.await_links();
    processes.keygen().unwrap();
    must_agree(&processes);
}

#[test]
fn a_cosigner_that_dies_after_it_wrote_its_rejection_stands_by_it() {
    let mut processes = must_wait_for_the_third(Some("reject-written"));
    assert!(!reject(&processes, 1).status.success());
    processes.must_die(1);
    processes.start(1, None);
    processes.await_state(1, Some("rejecting"));
    assert_eq!(counts(&reject(&processes, 0)), (2, 2));
    processes.await_state(0, None);
    processes.await_state(1, None);
}

#[test]
fn a_cosigner_that_dies_before_it_erased_a_rejected_share_erases_it_when_it_returns() {
    let mut processes = must_wait_for_the_third(Some("rc-written"));
    assert_eq!(counts(&reject(&processes, 0)), (1, 2));
    assert!(!reject(&processes, 1).status.success());
    processes.must_die(1);
    assert_eq!(processes.shares(1), 1, "noted, but not erased");
    processes.start(1, None);
    processes.await_state(1, None);
    assert_eq!(processes.shares(1), 0);
    processes.await_state(0, None);
}
