//! Nonces and lanes that a caller chooses.

use alloy::primitives::{Address, U256};
use countersign::{
    SendCalls, SendUserOperation, Sent, ServiceError, SponsorChoice, StageName, Wallet,
};
use countersign_userop::EntryPointVersion;
use serde_json::json;

use super::{
    stand_in::Manners,
    world::{CHAIN, Setting, World, gift},
};

/// Sends an operation under a nonce that the caller fixed.
async fn send_at(world: &World, wallet: &Wallet, nonce: U256) -> Result<Sent, ServiceError> {
    let op = json!({
        "sender": wallet.address, "nonce": nonce,
        "callData": wallet.account.encode_calls(&[gift(0x41)]).unwrap(),
    });
    let ask = SendUserOperation {
        id: None,
        chain: CHAIN,
        entry_point: wallet.entry_point,
        op,
        sponsor: SponsorChoice::Account,
        signature: None,
    };
    world.gateway.send_user_operation(&World::caller(), ask).await
}

async fn send_in_lane(world: &World, wallet: &Wallet, lane: U256) -> Result<Sent, ServiceError> {
    let ask = SendCalls {
        id: None,
        chain: CHAIN,
        from: wallet.address,
        calls: vec![gift(0x42)],
        sponsor: SponsorChoice::Account,
        nonce_key: Some(lane),
        signature: None,
    };
    world.gateway.send_calls(&World::caller(), ask).await
}

async fn must_drop(world: &World, sent: &Sent, kind: &str) {
    let dropped = world.until(&sent.id, &[StageName::Dropped]).await;
    assert_eq!(dropped.failure.unwrap().kind, kind);
}

fn must_name(answer: Result<Sent, ServiceError>, name: &str) {
    let refused = answer.expect_err("it must not be taken in");
    assert!(matches!(&refused, ServiceError::Invalid { field, .. } if field == name), "{refused}");
}

#[tokio::test]
async fn a_nonce_that_cannot_be_the_next_is_told_before_anybody_signs() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let first = send_at(&world, &wallet, U256::ZERO).await.unwrap();
    world.must_include(&first.id).await;
    world.stand_ins.asked.lock().unwrap().clear();

    must_drop(&world, &send_at(&world, &wallet, U256::ZERO).await.unwrap(), "nonce_used").await;
    must_drop(&world, &send_at(&world, &wallet, U256::from(2)).await.unwrap(), "nonce_gap").await;
    assert!(world.stand_ins.asked.lock().unwrap().is_empty());

    let next = send_at(&world, &wallet, U256::ONE).await.unwrap();
    world.must_include(&next.id).await;
    assert_eq!(world.balance(Address::repeat_byte(0x41)).await, U256::from(2));
}

#[tokio::test]
async fn a_lane_that_a_refused_operation_closed_is_refused_by_name() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let lane = U256::from(7);
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));
    must_drop(&world, &send_in_lane(&world, &wallet, lane).await.unwrap(), "signing_refused").await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));

    must_drop(&world, &send_in_lane(&world, &wallet, lane).await.unwrap(), "lane_blocked").await;
    must_drop(&world, &send_at(&world, &wallet, lane << 64).await.unwrap(), "lane_blocked").await;
    let other = send_in_lane(&world, &wallet, U256::from(8)).await.unwrap();
    world.must_include(&other.id).await;
}

#[tokio::test]
async fn numbers_that_are_no_lane_or_sequence_are_refused_when_they_come_in() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let too_wide = U256::ONE << 192;
    must_name(send_in_lane(&world, &wallet, too_wide).await, "nonceKey");
    let too_far = U256::from(i64::MAX);
    must_name(send_at(&world, &wallet, too_far).await, "userOperation.nonce");
    // The widest lane there is works.
    let widest = send_in_lane(&world, &wallet, too_wide - U256::ONE).await.unwrap();
    world.must_include(&widest.id).await;
}
