//! The journal as operators handle it: exported while the daemon runs, lost, imported, waived.

use std::process::Output;

use countersign_protocol::SignReply;
use serde_json::Value;

use crate::process::{must_become, must_succeed};
use crate::signing::Committee;

fn said(output: &Output) -> Value {
    must_succeed(output);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Takes the database of a cosigner that does not run away.
fn lose(committee: &Committee, at: usize) {
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        // A clean end leaves no log.
        let _ = std::fs::remove_file(committee.processes.data(at, name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_is_healed_by_the_history_that_was_exported_from_the_running_daemon() {
    let mut committee = Committee::start().await;
    committee.must_sign(&committee.call(&[1, 2], 1, 1)).await;
    committee.must_sign(&committee.call(&[2, 3], 2, 1)).await;
    let file = committee.processes.data(1, "history.jsonl").display().to_string();
    said(&committee.processes.command(1, &["journal", "export", &file, "--json"]));
    let held = complaint(&committee.processes.command(1, &["journal", "import", &file]));
    assert!(held.contains("stop the daemon first"), "{held}");
    // when its database is gone
    committee.processes.kill(1);
    lose(&committee, 1);
    let lost = complaint(&committee.processes.command(1, &["run"]));
    assert!(lost.contains("cosigner journal import"), "{lost}");
    // then the history brings it back, for its peers too
    let imported = said(&committee.processes.command(1, &["journal", "import", &file, "--json"]));
    assert_eq!((&imported["slots"], &imported["era"]), (&Value::from(2), &Value::from(1)));
    committee.processes.start(1, None);
    committee.must_sign(&committee.call(&[1, 2], 3, 1)).await;
    committee.must_sign(&committee.call(&[2, 3], 4, 1)).await;
    let other = committee.ask(&committee.call(&[2, 3], 1, 7)).await;
    assert!(matches!(&other[0], Some(SignReply::Refused { rule, .. }) if rule == "journal"));
    must_succeed(&committee.processes.command(1, &["audit", "verify"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_lost_for_good_signs_only_after_its_operator_answers_for_it() {
    let mut committee = Committee::start().await;
    committee.must_sign(&committee.call(&[1, 2], 1, 1)).await;
    committee.must_sign(&committee.call(&[2, 3], 2, 1)).await;
    let waive = ["journal", "waive", "--reason", "disk lost", "--json"];
    let refused = complaint(&committee.processes.command(1, &waive));
    assert!(refused.contains("nothing to waive"), "{refused}");
    committee.processes.kill(1);
    lose(&committee, 1);
    // The first word lets it start. Then it hears what its peers know, and signs nothing.
    said(&committee.processes.command(1, &waive));
    committee.processes.start(1, None);
    must_become(|| {
        let heads = said(&committee.processes.command(1, &["journal", "heads", "--json"]));
        heads["missing"].as_array().unwrap().len() == 2
    });
    let cut = complaint(&committee.processes.command(1, &["audit", "verify"]));
    assert!(cut.contains("knows") && cut.contains("not here"), "{cut}");
    let replies = committee.ask(&committee.call(&[1, 2], 3, 1)).await;
    assert!(matches!(&replies[1], Some(SignReply::Refused { rule, .. }) if rule == "rollback"));
    // The second one answers for just that.
    assert_eq!(said(&committee.processes.command(1, &waive))["era"], 1);
    committee.must_sign(&committee.call(&[1, 2], 3, 1)).await;
    committee.must_sign(&committee.call(&[2, 3], 4, 1)).await;
    let told = committee.processes.command(1, &["audit", "show"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.matches("journal-waived").count(), 2, "{told}");
    must_succeed(&committee.processes.command(1, &["audit", "verify"]));
}
