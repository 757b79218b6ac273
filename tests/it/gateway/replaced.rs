//! Operations that are made anew under their nonce, cannot be, or that somebody calls dead too early.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use countersign::{Operation, SponsorChoice, StageName};
use countersign_devnet::{Bundling, Reply};
use countersign_userop::{Call, EntryPointVersion};
use serde_json::{Value, json};

use super::{
    stand_in::Manners,
    world::{Setting, World, gift, steps},
};

const SEND: &str = "eth_sendUserOperation";

fn refusal(code: i64, message: &'static str) -> Reply {
    Reply::Error { status: 200, code, message, data: Value::Null }
}

fn count(operation: &Operation, step: &str) -> usize {
    steps(operation).iter().filter(|known| **known == step).count()
}

fn has_failure(operation: &Operation, step: &str, kind: &str) -> bool {
    operation.timeline.iter().any(|entry| entry.step == step && entry.detail["kind"] == kind)
}

fn nothing() -> Call {
    Call { to: Address::repeat_byte(0x99), value: U256::ZERO, data: Default::default() }
}

#[tokio::test]
async fn a_signed_operation_lands_although_its_replacement_is_refused() {
    let world = World::start(Setting { resubmit_s: 1, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0x31)], SponsorChoice::Account).await;
    let first = world.until(&id, &[StageName::Submitted]).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));

    // It is tried again each second, so that a later reading may find the next trial under way.
    let is_back =
        |op: &Operation| op.stage == StageName::Submitted && op.user_op_hash == first.user_op_hash;
    let back = world.until_it(&id, |op| steps(op).contains(&"return") && is_back(op)).await;
    assert!(has_failure(&back, "return", "signing_refused"), "{back:#?}");

    world.alto.bundle_now().await.unwrap();
    let landed = world.must_include(&id).await;
    assert_eq!(landed.inclusion.unwrap().user_op_hash, first.user_op_hash.unwrap());
    assert_eq!(world.balance(Address::repeat_byte(0x31)).await, U256::ONE);
}

#[tokio::test]
async fn an_operation_that_lands_while_nobody_signs_its_replacement_is_found() {
    let world = World::start(Setting { resubmit_s: 1, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_8).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0x32)], SponsorChoice::Account).await;
    world.until(&id, &[StageName::Submitted]).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Down));
    world.until(&id, &[StageName::Sealed]).await;
    world.alto.bundle_now().await.unwrap();
    world.must_include(&id).await;
}

#[tokio::test]
async fn what_a_bundler_refuses_for_good_stays_open_and_holds_up_nobody() {
    let world = World::start(Setting { resubmit_s: 1, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let deploys = world.send(&wallet, vec![gift(0x33)], SponsorChoice::Account).await;
    world.must_include(&deploys).await;
    world.bundler.answer_method_with(SEND, refusal(-32_502, "a forbidden opcode"));
    let id = world.send(&wallet, vec![gift(0x33)], SponsorChoice::Account).await;
    let held = world.until_it(&id, |op| has_failure(op, "retry", "bundler_refused")).await;
    assert_eq!(held.stage, StageName::Signed);

    world.bundler.answer_with(Reply::Forward(world.alto.url().into()));
    let later = world.send(&wallet, vec![gift(0x34)], SponsorChoice::Account).await;
    let later = world.must_include(&later).await;
    assert_ne!(later.nonce, held.nonce);
    world.must_include(&id).await;
}

#[tokio::test]
async fn at_the_fee_ceiling_the_same_is_sent_again() {
    // What is offered first is the ceiling itself: nothing dearer can be made of it.
    let setting =
        Setting { resubmit_s: 1, max_fee_per_gas_wei: 1_200_000_000, ..Setting::default() };
    let world = World::start(setting).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0x35)], SponsorChoice::Account).await;
    let ceiling = |op: &Operation| {
        op.timeline.iter().any(|entry| entry.detail["notReplaced"]["kind"] == "fee_ceiling")
    };
    world.until_it(&id, ceiling).await;
    world.alto.forget().await.unwrap();
    world.alto.set_bundling(Bundling::Auto).await.unwrap();
    let landed = world.must_include(&id).await;
    assert_eq!(count(&landed, "seal"), 1);
}

#[tokio::test]
async fn an_underpriced_operation_is_made_dearer_until_it_is_taken() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    world.bundler.answer_method_with(SEND, refusal(-32_602, "replacement underpriced"));
    let id = world.send(&wallet, vec![gift(0x36)], SponsorChoice::Account).await;
    world.until_it(&id, |op| count(op, "replace") >= 2).await;
    world.bundler.answer_with(Reply::Forward(world.alto.url().into()));
    let landed = world.must_include(&id).await;
    let first = landed.timeline.iter().find(|entry| entry.step == "price").unwrap();
    let quantity = |value: &Value| -> U256 { serde_json::from_value(value.clone()).unwrap() };
    let fees = [&landed.user_operation, &first.detail].map(|of| quantity(&of["maxFeePerGas"]));
    assert!(fees[0] * U256::from(100) >= fees[1] * U256::from(121), "{fees:?}");
    assert_eq!(landed.nonce, Some(quantity(&first.detail["nonce"])));
}

#[tokio::test]
async fn an_operation_ends_when_no_approval_of_it_holds_and_none_can_be_made() {
    let world = World::start(Setting { window_s: 120, ..Setting::default() }).await;
    let wallet = world.empty_wallet(EntryPointVersion::V0_7).await;
    world.bundler.answer_method_with(SEND, refusal(-32_602, "replacement underpriced"));
    let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
    let spent = |op: &Operation| has_failure(op, "retry", "replaced_too_often");
    let spent = world.until_it(&id, spent).await;
    assert_eq!((spent.stage, count(&spent, "seal")), (StageName::Signed, 16));

    world.anvil.advance_time(Duration::from_secs(300)).await.unwrap();
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    assert_eq!(dropped.failure.unwrap().kind, "replaced_too_often");
    world.bundler.answer_with(Reply::Forward(world.alto.url().into()));
    let later = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
    world.must_include(&later).await;
}

#[tokio::test]
async fn an_approval_that_no_bundler_was_offered_is_not_made_anew_before_one_answers() {
    let world = World::start(Setting { window_s: 120, ..Setting::default() }).await;
    let wallet = world.empty_wallet(EntryPointVersion::V0_8).await;
    world.bundler.answer_method_with(SEND, Reply::Raw(503, "busy".into()));
    let id = world.send(&wallet, vec![nothing()], SponsorChoice::Own).await;
    world.until(&id, &[StageName::Signed]).await;
    world.anvil.advance_time(Duration::from_secs(300)).await.unwrap();
    let asked = world.bundler.count(SEND);
    let held = world.until_it(&id, |_| world.bundler.count(SEND) > asked + 2).await;
    assert_eq!((held.stage, count(&held, "seal")), (StageName::Signed, 1));

    world.bundler.answer_with(Reply::Forward(world.alto.url().into()));
    let landed = world.must_include(&id).await;
    assert_eq!(count(&landed, "seal"), 2);
}

#[tokio::test]
async fn an_operation_whose_nonce_another_took_is_dropped() {
    let world = World::start(Setting { resubmit_s: 1, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let first = world.send(&wallet, vec![gift(0x37)], SponsorChoice::Account).await;
    world.must_include(&first).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0x37)], SponsorChoice::Account).await;
    world.until(&id, &[StageName::Submitted]).await;
    world.alto.forget().await.unwrap();

    // The account itself may spend a nonce of its own.
    let from = wallet.address;
    let rpc = world.anvil.rpc();
    rpc.call::<Value>("anvil_impersonateAccount", json!([from])).await.unwrap();
    let call = json!({ "from": from, "to": wallet.entry_point, "data": INCREMENT_NONCE_0 });
    rpc.call::<Value>("eth_sendTransaction", json!([call])).await.unwrap();
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    assert_eq!(dropped.failure.unwrap().kind, "nonce_used");
}

/// `incrementNonce(0)` of the EntryPoint.
const INCREMENT_NONCE_0: &str =
    "0x0bd28e3b0000000000000000000000000000000000000000000000000000000000000000";
