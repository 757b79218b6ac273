//! Three daemons, and journals that went backwards.

use alloy::primitives::B256;
use countersign_protocol::{Request, SignReply};

use super::*;
use crate::world::{World, party};

/// The answers of the quorum to an operation of this nonce.
async fn ask(world: &World, quorum: &[u8], nonce: u64) -> Vec<SignReply> {
    let call = world.call(quorum, Request::UserOperation(world.operation(nonce)));
    world.ask_all(&call).await
}

async fn must_sign(world: &World, quorum: &[u8], nonce: u64) {
    for reply in ask(world, quorum, nonce).await {
        assert!(matches!(reply, SignReply::Signed(_)), "{reply:?}");
    }
}

fn message(reply: &SignReply) -> &str {
    match reply {
        SignReply::Failed { message, .. } | SignReply::Refused { message, .. } => message,
        SignReply::Signed(_) => panic!("signed"),
    }
}

/// Every event of this kind in a daemon's audit.
async fn events(world: &World, index: u8, kind: &str) -> Vec<String> {
    let lines = world.daemons[&index].store.audit_lines(0, 1_000).await.unwrap();
    lines.into_iter().filter(|line| line.contains(&format!("{kind:?}:{{"))).collect()
}

/// A world whose third daemon lost what it signed after a copy of its database was made.
async fn rolled_back() -> World {
    let mut world = World::start().await;
    must_sign(&world, &[1, 3], 1).await;
    let copy = world.copy(3).await;
    must_sign(&world, &[1, 3], 2).await;
    must_sign(&world, &[2, 3], 3).await;
    world.roll_back(3, &copy).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosigner_whose_journal_was_rolled_back_signs_nothing_and_says_why() {
    let world = rolled_back().await;
    let replies = ask(&world, &[1, 3], 4).await;
    assert!(message(&replies[1]).contains("refused by the rule rollback"), "{replies:?}");
    assert!(message(&replies[1]).contains("party 1 knows"), "{replies:?}");
    // From now on it refuses by that rule whoever the quorum is, and the refusals are on record.
    let call = world.call(&[2, 3], Request::UserOperation(world.operation(5)));
    let SignReply::Refused { rule, .. } = world.ask(3, &call).await else { panic!("signed") };
    assert_eq!(rule, "rollback");
    assert_eq!(events(&world, 3, "rolled-back").await.len(), 1);
    must_sign(&world, &[1, 2], 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_refuse_a_journal_that_went_backwards_and_tell_its_owner() {
    let world = rolled_back().await;
    world.forget_heads(true);
    let replies = ask(&world, &[1, 3], 4).await;
    let refused = "party 3 is refused by the rule rollback: its journal began with 1 records";
    assert!(message(&replies[0]).contains(refused), "{replies:?}");
    assert!(message(&replies[1]).contains(refused), "it is told: {replies:?}");
    let SignReply::Failed { culprits, .. } = &replies[0] else { panic!("{replies:?}") };
    assert_eq!(culprits, &[3]);
    assert_eq!(events(&world, 1, "peer-rolled-back").await.len(), 1);
    must_sign(&world, &[1, 2], 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_remember_heads_over_a_restart_of_their_own() {
    let mut world = rolled_back().await;
    world.forget_heads(true);
    world.restart(1).await;
    let replies = ask(&world, &[1, 3], 4).await;
    assert!(message(&replies[0]).contains("refused by the rule rollback"), "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_journal_that_has_grown_since_is_still_another() {
    let mut world = rolled_back().await;
    // given refusals that make its chain longer than the peers know, and a restart
    for nonce in 10..16 {
        let call = world.call(&[2, 3], Request::UserOperation(world.operation(nonce)));
        let stranger = world.daemons[&3].signer.sign("stranger", call).await;
        assert!(matches!(stranger, SignReply::Refused { .. }));
    }
    world.restart(3).await;
    let replies = ask(&world, &[1, 3], 4).await;
    assert!(message(&replies[1]).contains("refused by the rule rollback"), "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_waiver_lets_it_sign_and_is_on_record_everywhere() {
    let world = rolled_back().await;
    let heads = &world.daemons[&3].heads;
    assert!(matches!(heads.waive("no need yet").await, Err(WaiveError::Nothing)));
    ask(&world, &[1, 3], 4).await;
    ask(&world, &[2, 3], 5).await;
    assert!(matches!(heads.waive("  ").await, Err(WaiveError::Reason)));
    heads.waive("the disk died, history is lost").await.unwrap();

    // The second peer was not asked before; its head is another that is not here.
    let replies = ask(&world, &[2, 3], 6).await;
    assert!(message(&replies[1]).contains("party 2 knows 3 records"), "{replies:?}");
    heads.waive("the same disk").await.unwrap();
    must_sign(&world, &[2, 3], 7).await;
    must_sign(&world, &[1, 3], 8).await;
    let waived = events(&world, 3, "journal-waived").await;
    assert!(waived[0].contains("the disk died"), "{waived:?}");
    for peer in [1, 2] {
        assert!(!events(&world, peer, "peer-era").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waived_journal_survives_restarts_and_its_older_self_does_not_come_back() {
    let mut world = rolled_back().await;
    let before = world.copy(3).await;
    ask(&world, &[1, 3], 4).await;
    world.daemons[&3].heads.waive("the disk died").await.unwrap();
    must_sign(&world, &[1, 3], 5).await;
    world.restart(3).await;
    must_sign(&world, &[1, 3], 6).await;
    world.roll_back(3, &before).await;
    world.forget_heads(true);
    let replies = ask(&world, &[1, 3], 7).await;
    assert!(
        message(&replies[0]).contains("its journal is of era 0, era 1 is known"),
        "{replies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_sessions_at_once_and_restarts_between_them_trip_nothing() {
    let deadlines = crate::config::Deadlines {
        round_ms: 60_000,
        session_ms: 120_000,
        ..crate::config::Deadlines::default()
    };
    let mut world = World::start_with(deadlines, 3, 2).await;
    for turn in 0..2_u64 {
        let quorums = [[1, 2], [1, 3], [2, 3]];
        let calls: Vec<_> = (0..50_u64)
            .map(|at| {
                let mut call = world.call(
                    &quorums[usize::try_from(at).unwrap() % 3],
                    Request::UserOperation(world.operation(turn * 50 + at)),
                );
                call.deadline = std::time::Duration::from_secs(120);
                call
            })
            .collect();
        // openings overtake each other on every wire
        let all = futures::future::join_all(calls.iter().map(|call| world.ask_all(call))).await;
        for reply in all.iter().flatten() {
            assert!(matches!(reply, SignReply::Signed(_)), "{reply:?}");
        }
        world.restart(1).await;
    }
    for index in [1, 2, 3] {
        assert!(events(&world, index, "peer-rolled-back").await.is_empty());
        assert!(events(&world, index, "rolled-back").await.is_empty());
    }
}

#[tokio::test]
async fn a_head_holds_under_its_owners_signature_only() {
    let world = World::start().await;
    let heads = &world.daemons[&1].heads;
    let at = AuditHead { count: 5, hash: B256::repeat_byte(1) };
    let theirs = world.daemons[&2].heads.ours(at);
    heads.hear(party(2), &theirs).unwrap();
    assert_eq!(heads.hear(party(3), &theirs), Err(Backwards::Unsigned));
    let mut bytes = theirs.encode();
    bytes[20] ^= 1;
    let changed = SignedHead::decode(&bytes).unwrap();
    assert_eq!(heads.hear(party(2), &changed), Err(Backwards::Unsigned));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_we_did_not_sign_stops_nobody() {
    let world = World::start().await;
    let heads = &world.daemons[&1].heads;
    let at = AuditHead { count: 99, hash: B256::repeat_byte(1) };
    let forged = world.daemons[&2].heads.ours(at).encode();
    heads.consider(party(2), Some(forged)).await.unwrap();
    heads.consider(party(3), Some(vec![1, 2, 3])).await.unwrap();
    assert!(heads.refusal().is_none());
    must_sign(&world, &[1, 2], 1).await;
}
