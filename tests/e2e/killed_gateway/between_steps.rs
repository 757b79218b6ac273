//! Killed between every two steps, and between the outside world's answer and our writing it down.

use alloy::primitives::U256;
use countersign_userop::EntryPointVersion;
use serde_json::Value;

use super::POINTS;
use crate::breakable::{breakable, has_step};
use crate::shared::must_settle;

#[tokio::test]
async fn a_gateway_killed_once_at_any_point_lands_every_intent_once() {
    let mut held = breakable().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    for point in POINTS {
        let id = format!("killed-at-{point}");
        let batch = held.sponsored_mint(&wallet, &id);
        held.must_kill_once(point, &batch).await;
        // A client that got no answer asks again under the same id.
        held.must_send(batch).await;
        let status = must_settle(&held.rpc(), &id).await;
        assert_eq!(status["status"], 200, "after {point}: {status:#}");
    }
    let ledger = held.ledger();
    ledger.must_have_landed_once_each(&wallet, POINTS.len()).await;
    let minted = ledger.must_count_tokens(held.world.deployments().token, wallet.address).await;
    assert_eq!(minted, U256::from(POINTS.len()));
}

#[tokio::test]
async fn one_operation_killed_at_every_point_in_turn_lands_once() {
    let mut held = breakable().await;
    // On 0.9 our paymaster signs beside the quorum: both signatures are lost at once.
    let wallet = held.must_create_wallet(EntryPointVersion::V0_9).await;
    let batch = held.sponsored_mint(&wallet, "killed-everywhere");
    for (turn, point) in POINTS.into_iter().enumerate() {
        held.must_arm(point);
        if turn == 0 {
            held.world.gateway().wait_until_ready().await.unwrap();
            let _lost = held.rpc().call::<Value>("wallet_sendCalls", batch.clone()).await;
        }
        held.must_have_aborted(point).await;
    }
    held.must_restart_gateway().await;
    let status = must_settle(&held.rpc(), "killed-everywhere").await;
    assert_eq!(status["status"], 200, "{status:#}");
    let told = held.must_tell_until("killed-everywhere", |told| has_step(told, "include")).await;
    assert!(!has_step(&told, "replace"), "no kill calls for new terms: {told:#}");
    held.ledger().must_have_landed_once_each(&wallet, 1).await;
}

#[tokio::test]
async fn intents_in_flight_survive_kill_after_kill_and_keep_their_order() {
    const INTENTS: usize = 6;
    let mut held = breakable().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_7).await;
    let ids: Vec<_> = (0..INTENTS).map(|index| format!("in-flight-{index}")).collect();
    for id in &ids {
        let batch = held.sponsored_mint(&wallet, id);
        held.must_send(batch).await;
    }
    for id in &ids {
        held.must_tell_until(id, |told| told["stage"] != "draft").await;
        held.must_restart_gateway().await;
    }
    for id in &ids {
        let status = must_settle(&held.rpc(), id).await;
        assert_eq!(status["status"], 200, "{id}: {status:#}");
    }
    held.ledger().must_have_landed_once_each(&wallet, INTENTS).await;
}
