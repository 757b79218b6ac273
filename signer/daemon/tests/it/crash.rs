//! Cosigners that die at the worst moments of a keygen: the key is live at all or at none.

use crate::process::{Processes, must_succeed};

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
