//! Somebody else pays.

use std::time::Duration;

use countersign::{ServiceError, SponsorChoice, StageName};
use countersign_devnet::Bundling;
use countersign_userop::EntryPointVersion;
use serde_json::json;

use super::{
    stand_in::Manners,
    world::{CHAIN, Setting, World, steps},
};
use alloy::primitives::{Address, U256};
use countersign_userop::Call;

fn nothing() -> Call {
    Call { to: Address::repeat_byte(0x99), value: U256::ZERO, data: Default::default() }
}

const SPONSORED: [EntryPointVersion; 3] =
    [EntryPointVersion::V0_7, EntryPointVersion::V0_8, EntryPointVersion::V0_9];

#[tokio::test]
async fn our_paymaster_pays_for_an_account_that_has_nothing() {
    let world = World::start(Setting::default()).await;
    for version in SPONSORED {
        let wallet = world.empty_wallet(version).await;
        for _ in 0..2 {
            let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
            let operation = world.must_include(&id).await;
            assert!(!operation.user_operation["paymaster"].is_null(), "{version}");
        }
    }
}

#[tokio::test]
async fn an_approval_that_expired_before_inclusion_is_made_anew() {
    let world = World::start(Setting { window_s: 120, resubmit_s: 1, ..Setting::default() }).await;
    for version in SPONSORED {
        let wallet = world.empty_wallet(version).await;
        world.alto.set_bundling(Bundling::Manual).await.unwrap();
        let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
        let first = world.until(&id, &[StageName::Submitted]).await;
        world.anvil.advance_time(Duration::from_secs(300)).await.unwrap();
        world.until_it(&id, |op| steps(op).contains(&"replace")).await;
        world.alto.set_bundling(Bundling::Auto).await.unwrap();
        let landed = world.must_include(&id).await;
        assert_eq!(landed.nonce, first.nonce, "{version}");
        assert_ne!(landed.user_op_hash, first.user_op_hash, "{version}");
    }
}

#[tokio::test]
async fn our_paymaster_answers_erc_7677_for_the_callers_own_wallets() {
    let world = World::start(Setting::default()).await;
    let caller = World::caller();
    for version in SPONSORED {
        let wallet = world.empty_wallet(version).await;
        let op = json!({ "sender": wallet.address, "callData": "0x" });
        let entry_point = wallet.entry_point;
        let gateway = &world.gateway;
        let stub = gateway.sponsor_stub(&caller, CHAIN, entry_point, op.clone()).await.unwrap();
        let data = gateway.sponsor_data(&caller, CHAIN, entry_point, op.clone()).await.unwrap();
        assert!(!stub.is_final && data.is_final);
        assert_eq!(stub.data.len(), data.data.len());
        assert_eq!(data.signature.is_some(), version == EntryPointVersion::V0_9);
        let stranger = countersign::Caller::new("stranger");
        let refused = gateway.sponsor_data(&stranger, CHAIN, entry_point, op).await;
        assert!(matches!(refused, Err(ServiceError::UnknownWallet(_))));
    }
}

#[tokio::test]
async fn an_approval_that_cosigners_refuse_ends_the_operation_and_frees_its_nonce() {
    let world = World::start(Setting::default()).await;
    let wallet = world.empty_wallet(EntryPointVersion::V0_7).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));
    let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    assert_eq!(dropped.failure.unwrap().kind, "sponsor_refused");
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
    assert_eq!(world.must_include(&id).await.nonce, Some(U256::ZERO));
}
