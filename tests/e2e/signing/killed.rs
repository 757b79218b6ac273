//! Cosigners that die while they sign.

use std::time::{Duration, Instant};

use super::arena::arena;

const DEADLINE: Duration = Duration::from_secs(60);

/// The cosigner dies at `point` while it signs; what it was signing lands all the same, once.
async fn must_land_once(index: u8, point: &str) {
    let mut arena = arena().await;
    let wallet = arena.must_create_wallet().await;
    arena.arm(index, point).await;
    let deadline = Instant::now() + DEADLINE;
    // Not every quorum has it as a member: it is soon asked, if not at once.
    let mut sent = 0;
    while arena.cosigner(index).process().is_running() {
        assert!(Instant::now() < deadline, "cosigner {index} did not reach {point}");
        sent += 1;
        let id = format!("while {index} dies at {point}, {sent}");
        arena.must_send(&wallet, &id).await;
        arena.must_land(&id).await;
        assert_eq!(arena.landed(&wallet).await, sent, "{point}");
    }
    let log = arena.cosigner(index).process().log().unwrap();
    assert!(log.contains(point), "it died of something else: {log}");

    // It comes back, serves again, and nobody was taken for a cheat.
    arena.mend(index).await;
    for index in 1..=3 {
        let bans = arena.cosigner(index).operator(&["bans"]).unwrap();
        assert!(bans.is_empty(), "cosigner {index}: {bans}");
    }
    let id = format!("after {index} died at {point}");
    arena.must_send(&wallet, &id).await;
    arena.must_land(&id).await;
    assert_eq!(arena.landed(&wallet).await, sent + 1, "{point}");
}

#[tokio::test]
async fn a_cosigner_that_dies_before_its_decision_is_written_costs_nothing() {
    must_land_once(1, "before-journal-commit").await;
}

#[tokio::test]
async fn a_cosigner_that_dies_after_its_decision_is_written_costs_nothing() {
    must_land_once(2, "after-journal-commit").await;
}

#[tokio::test]
async fn a_cosigner_that_dies_in_the_first_round_costs_nothing() {
    must_land_once(3, "round-1-sent").await;
}

#[tokio::test]
async fn a_cosigner_that_dies_in_the_second_round_costs_nothing() {
    must_land_once(1, "round-2-sent").await;
}

#[tokio::test]
async fn a_cosigner_that_dies_in_the_last_round_costs_nothing() {
    must_land_once(2, "round-3-sent").await;
}
