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

/// Runs a keygen in which the third cosigner dies before it stored its share, and the second at `fault`,
/// while it rejects what the third never acknowledged.
fn must_give_up(fault: &str) -> Processes {
    let mut processes = Processes::set_up();
    processes.start(0, None);
    processes.start(1, Some(fault));
    processes.start(2, Some("keygen-before-store"));
    processes.await_links();
    processes.keygen().unwrap_err();
    processes.must_die(2);
    processes.start(2, None);
    processes.must_die(1);
    processes.start(1, None);
    for at in 0..3 {
        processes.await_state(at, None);
    }
    processes
}

#[test]
fn a_cosigner_that_dies_after_it_wrote_its_rejection_gives_the_key_up_with_the_others() {
    let processes = must_give_up("reject-written");
    processes.await_links();
    processes.keygen().unwrap();
    must_agree(&processes);
}

#[test]
fn a_cosigner_that_dies_before_it_erased_a_rejected_share_erases_it_when_it_returns() {
    must_give_up("rc-written");
}

#[test]
fn two_operators_free_the_name_of_a_key_whose_third_party_is_gone() {
    let mut processes = Processes::set_up();
    processes.start(0, None);
    processes.start(1, None);
    processes.start(2, Some("keygen-stored"));
    processes.await_links();
    processes.keygen().unwrap_err();
    processes.must_die(2);
    let id = |at: usize| {
        let listed = String::from_utf8(processes.command(at, &["ceremonies"]).stdout).unwrap();
        assert!(listed.contains("acknowledged"), "{listed}");
        listed[..8].to_owned()
    };
    let first = processes.command(0, &["reject", &id(0), "--json"]);
    must_succeed(&first);
    let first = String::from_utf8(first.stdout).unwrap();
    assert!(first.contains(r#""have":1"#) && first.contains(r#""need":2"#), "{first}");
    let second = processes.command(1, &["reject", &id(1)]);
    must_succeed(&second);
    let second = String::from_utf8(second.stdout).unwrap();
    assert!(second.contains("given up"), "{second}");
    for at in 0..2 {
        processes.await_state(at, None);
    }
    processes.start(2, None);
    processes.await_state(2, None);
}
