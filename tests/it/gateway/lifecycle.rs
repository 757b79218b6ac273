//! From calls to inclusion, and what happens when the chain or the account says no.

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::SolCall as _,
};
use countersign::{
    CallsState, SendCalls, SendUserOperation, ServiceError, SponsorChoice, StageName,
};
use countersign_devnet::{Bundling, Reply};
use countersign_userop::{Call, EntryPointVersion};
use serde_json::json;

use super::world::{CHAIN, Setting, World, gift, steps};

sol! {
    function refuseWithReason(string reason);
}

#[tokio::test]
async fn the_first_operation_deploys_the_account_and_later_ones_do_not() {
    let world = World::start(Setting::default()).await;
    for version in EntryPointVersion::ALL {
        let wallet = world.funded_wallet(version).await;
        let before = world.balance(Address::repeat_byte(0xee)).await;

        let first = world.send(&wallet, vec![gift(0xee)], SponsorChoice::Account).await;
        let first = world.must_include(&first).await;
        let second = world.send(&wallet, vec![gift(0xee)], SponsorChoice::Account).await;
        let second = world.must_include(&second).await;

        let gained = world.balance(Address::repeat_byte(0xee)).await - before;
        assert_eq!(gained, U256::from(2), "{version}");
        assert!(!world.anvil.code(wallet.address).await.unwrap().is_empty());
        let expected = ["admit", "price", "sponsor", "seal", "sign", "submit", "include"];
        assert_eq!(steps(&first), expected, "{version}");
        assert_eq!(steps(&second), expected, "{version}");
        let signed = first.timeline.iter().find(|entry| entry.step == "sign").unwrap();
        assert!(signed.detail["cosigners"][0]["saw"][0].is_string(), "{signed:?}");
    }
}

#[tokio::test]
async fn operations_of_one_wallet_go_out_in_order_and_land_once_each() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.send(&wallet, vec![gift(0xdd)], SponsorChoice::Account).await);
    }
    let mut nonces = Vec::new();
    for id in &ids {
        nonces.push(world.must_include(id).await.nonce.unwrap());
    }
    assert_eq!(nonces, (0..5).map(U256::from).collect::<Vec<_>>());
    assert_eq!(world.balance(Address::repeat_byte(0xdd)).await, U256::from(5));
}

#[tokio::test]
async fn the_same_id_and_body_is_one_operation_and_another_body_a_conflict() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let ask = SendCalls {
        id: Some("mine".into()),
        chain: CHAIN,
        from: wallet.address,
        calls: vec![gift(0xcc)],
        sponsor: SponsorChoice::Account,
        nonce_key: None,
        signature: None,
    };
    let caller = World::caller();
    for _ in 0..2 {
        let sent = world.gateway.send_calls(&caller, ask.clone()).await.unwrap();
        assert_eq!(sent.id, "mine");
    }
    let other = SendCalls { calls: vec![gift(0xcd)], ..ask };
    let conflict = world.gateway.send_calls(&caller, other).await;
    assert!(matches!(conflict, Err(ServiceError::DuplicateId(_))), "{conflict:?}");
    world.must_include("mine").await;
    assert_eq!(world.balance(Address::repeat_byte(0xcc)).await, U256::ONE);
    let status = world.gateway.calls_status(&caller, "mine").await.unwrap();
    assert_eq!(status.state, CallsState::Confirmed);
}

#[tokio::test]
async fn a_call_that_reverts_is_refused_when_estimated_and_explained_when_on_chain() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let deploy = world.send(&wallet, vec![gift(0xbb)], SponsorChoice::Account).await;
    world.must_include(&deploy).await;
    let data = refuseWithReasonCall { reason: "not today".into() }.abi_encode().into();
    let call = Call { to: world.deployments.target, value: U256::ZERO, data };

    let estimated = world.send(&wallet, vec![call.clone()], SponsorChoice::Account).await;
    let estimated = world.until(&estimated, &[StageName::Dropped]).await;
    let failure = estimated.failure.unwrap();
    assert_eq!(
        (failure.kind.as_str(), failure.message.as_str()),
        ("estimation_reverted", "not today")
    );
    let op = json!({
        "sender": wallet.address, "nonce": "0x1", "signature": wallet.account.stub_signature(),
        "callData": wallet.account.encode_calls(std::slice::from_ref(&call)).unwrap(),
    });
    let asked = world.gateway.estimate_gas(CHAIN, wallet.entry_point, op, None).await;
    match asked {
        Err(ServiceError::Reverted { reason, .. }) => assert_eq!(reason, "not today"),
        other => panic!("{other:?}"),
    }

    let op = json!({
        "sender": wallet.address,
        "callData": wallet.account.encode_calls(&[call]).unwrap(),
        "callGasLimit": "0x30d40", "verificationGasLimit": "0x30d40",
        "preVerificationGas": "0x186a0",
    });
    let ask = SendUserOperation {
        id: None,
        chain: CHAIN,
        entry_point: wallet.entry_point,
        op,
        sponsor: SponsorChoice::Account,
        signature: None,
    };
    let sent = world.gateway.send_user_operation(&World::caller(), ask).await.unwrap();
    let reverted = world.until(&sent.id, &[StageName::Reverted]).await;
    assert_eq!(reverted.failure.unwrap().message, "not today");
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_told_before_anybody_signs() {
    let world = World::start(Setting::default()).await;
    let wallet = world.empty_wallet(EntryPointVersion::V0_7).await;
    let call = Call { to: Address::ZERO, value: U256::ZERO, data: Default::default() };
    let id = world.send(&wallet, vec![call], SponsorChoice::Account).await;
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    assert_eq!(dropped.failure.unwrap().kind, "insufficient_funds");
    assert!(world.stand_ins.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reorganisation_makes_an_operation_pending_and_it_lands_again() {
    let world = World::start(Setting { resubmit_s: 2, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let id = world.send(&wallet, vec![gift(0xaa)], SponsorChoice::Account).await;
    let first = world.must_include(&id).await.inclusion.unwrap();

    world.anvil.reorg(1).await.unwrap();

    let back = world.until_it(&id, |op| steps(op).contains(&"reorg")).await;
    assert!(steps(&back).contains(&"reorg"));
    let again = world
        .until_it(&id, |op| {
            let moved = op.inclusion.as_ref().is_some_and(|i| i.block_hash != first.block_hash);
            op.stage == StageName::Included && moved
        })
        .await;
    assert_eq!(again.nonce, Some(U256::ZERO));
    assert_eq!(world.balance(Address::repeat_byte(0xaa)).await, U256::ONE);
}

#[tokio::test]
async fn an_operation_waits_for_its_confirmations() {
    let world = World::start(Setting { confirmations: 3, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_8).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0xab)], SponsorChoice::Account).await;
    world.until(&id, &[StageName::Submitted]).await;
    world.alto.bundle_now().await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.balance(Address::repeat_byte(0xab)).await.is_zero() {
        assert!(std::time::Instant::now() < deadline, "no block took it");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(world.operation(&id).await.stage, StageName::Submitted);
    world.anvil.mine(2).await.unwrap();
    world.must_include(&id).await;
}

#[tokio::test]
async fn an_id_may_have_the_standards_length_and_no_more() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let send = |id: String| {
        let ask = SendCalls {
            id: Some(id),
            chain: CHAIN,
            from: wallet.address,
            calls: vec![gift(0xac)],
            sponsor: SponsorChoice::Account,
            nonce_key: None,
            signature: None,
        };
        async { world.gateway.send_calls(&World::caller(), ask).await }
    };
    for id in [format!("0x{}", "a".repeat(8_192)), "x".repeat(4_096)] {
        assert_eq!(send(id.clone()).await.unwrap().id, id);
        world.must_include(&id).await;
    }
    for id in [format!("0x{}", "a".repeat(8_193)), "x".repeat(4_097), String::new()] {
        let refused = send(id).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn what_the_caller_set_stays_and_only_the_rest_is_filled_in() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let op = json!({
        "sender": wallet.address,
        "callData": wallet.account.encode_calls(&[gift(0xad)]).unwrap(),
        "callGasLimit": "0x30d41", "maxFeePerGas": "0xb2d05e01",
    });
    let ask = SendUserOperation {
        id: None,
        chain: CHAIN,
        entry_point: wallet.entry_point,
        op,
        sponsor: SponsorChoice::Account,
        signature: None,
    };
    let sent = world.gateway.send_user_operation(&World::caller(), ask).await.unwrap();
    let landed = world.must_include(&sent.id).await.user_operation;
    assert_eq!(
        (&landed["callGasLimit"], &landed["maxFeePerGas"]),
        (&json!("0x30d41"), &json!("0xb2d05e01"))
    );
    for filled in ["verificationGasLimit", "preVerificationGas", "maxPriorityFeePerGas"] {
        assert_ne!(landed[filled], json!("0x0"), "{filled}");
    }
}

#[tokio::test]
async fn ether_in_a_batch_that_the_account_cannot_send_atomically_is_refused() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_6).await;
    let ask = SendCalls {
        id: None,
        chain: CHAIN,
        from: wallet.address,
        calls: vec![gift(0xae), gift(0xae)],
        sponsor: SponsorChoice::Account,
        nonce_key: None,
        signature: None,
    };
    let refused = world.gateway.send_calls(&World::caller(), ask).await;
    assert!(matches!(refused, Err(ServiceError::NotAtomic(_))), "{refused:?}");
}

#[tokio::test]
async fn what_a_bundler_tells_of_an_operation_is_held_against_its_hash() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let id = world.send(&wallet, vec![gift(0xaf)], SponsorChoice::Account).await;
    let hash = world.must_include(&id).await.user_op_hash.unwrap();
    let true_one = world.gateway.user_operation_by_hash(CHAIN, hash).await.unwrap();
    assert_eq!(true_one["entryPoint"], json!(wallet.entry_point));
    let mut lie = true_one.clone();
    lie["userOperation"]["callData"] = json!("0x");
    world.bundler.answer_method_with("eth_getUserOperationByHash", Reply::Result(lie));
    let told = world.gateway.user_operation_by_hash(CHAIN, hash).await;
    assert!(matches!(told, Err(ServiceError::Unavailable(_))), "{told:?}");
}
