//! Killed when the end is written down, and that end is not a good one.

use alloy::primitives::U256;
use countersign_devnet::{PaymasterService, Wallet};
use countersign_userop::{AccountSpec, Call, EntryPointVersion};
use serde_json::{Value, json};

use crate::breakable::{Breakable, breakable};
use crate::ledger::refuseWithReasonCall;
use crate::shared::must_settle;

#[tokio::test]
async fn a_gateway_killed_as_it_drops_an_intent_frees_the_nonce_for_the_next() {
    let mut held = breakable().await;
    let service = PaymasterService::start(held.world.anvil()).await.unwrap();
    let capabilities = json!({ "paymasterService": { "url": service.url() } });
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    service.refuse();
    let batch = held.mint(&wallet, "killed-as-dropped", &capabilities);

    held.must_kill_once("dropped", &batch).await;

    let status = must_settle(&held.rpc(), "killed-as-dropped").await;
    assert_eq!(status["status"], 400, "{status:#}");
    let failure = &status["capabilities"]["countersign"]["failure"];
    assert_eq!(failure["kind"], "paymaster_refused", "{status:#}");
    held.ledger().must_have_landed_once_each(&wallet, 0).await;

    service.approve();
    let batch = held.mint(&wallet, "after-the-drop", &capabilities);
    held.must_send(batch).await;
    let status = must_settle(&held.rpc(), "after-the-drop").await;
    assert_eq!(status["status"], 200, "{status:#}");
    // Under nonce zero, which the dropped one had.
    held.ledger().must_have_landed_once_each(&wallet, 1).await;
}

#[tokio::test]
async fn a_gateway_killed_as_it_learns_of_a_revert_still_tells_of_it() {
    let mut held = breakable().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    let params = must_make_doomed(&held, &wallet, "killed-as-reverted").await;

    held.must_lose("reverted", "countersign_sendUserOperation", &params).await;
    held.must_restart_gateway().await;

    let status = must_settle(&held.rpc(), "killed-as-reverted").await;
    assert_eq!(status["status"], 500, "{status:#}");
    let failure = &status["capabilities"]["countersign"]["failure"];
    assert_eq!(failure["kind"], "reverted", "{status:#}");
    held.ledger().must_have_landed_once_each(&wallet, 1).await;
}

/// An operation whose call reverts. Its gas is given, so that nobody finds out before the chain does.
async fn must_make_doomed(held: &Breakable, wallet: &Wallet, id: &str) -> Value {
    let made: Value =
        held.rpc().call("countersign_getWallet", json!([wallet.address])).await.unwrap();
    let spec: AccountSpec = serde_json::from_value(json!({
        "kind": made["kind"], "entry_point_version": made["entryPointVersion"],
        "factory": made["factory"], "implementation": made["implementation"],
    }))
    .unwrap();
    let data = alloy::sol_types::SolCall::abi_encode(&refuseWithReasonCall { reason: "no".into() });
    let to = held.world.deployments().target;
    let calls = [Call { to, value: U256::ZERO, data: data.into() }];
    let op = json!({
        "sender": wallet.address, "callData": spec.encode_calls(&calls).unwrap(),
        "callGasLimit": "0x30d40", "verificationGasLimit": "0x7a120",
        "preVerificationGas": "0x186a0",
    });
    let options = json!({
        "id": id, "chainId": made["chainId"],
        "capabilities": { "countersign": { "sponsor": "own" } },
    });
    json!([op, made["entryPoint"], options])
}
