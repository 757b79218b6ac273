//! Calls that the chain refuses.

use alloy::primitives::{Address, Bytes, U256};
use countersign_devnet::Wallet;
use countersign_userop::{AccountKind, AccountSpec, Call, EntryPointVersion};
use serde_json::{Value, json};

use crate::ledger::{Ledger, call, mintCall, refuseWithReasonCall};
use crate::shared::{must_settle, scene};

/// Two calls, of which the second reverts.
fn doomed(token: Address, target: Address, to: Address) -> Value {
    json!([
        call(token, &mintCall { to, amount: U256::ONE }),
        call(target, &refuseWithReasonCall { reason: "not today".into() }),
    ])
}

fn typed(call: &Value) -> Call {
    let data: Bytes = serde_json::from_value(call["data"].clone()).unwrap();
    Call { to: serde_json::from_value(call["to"].clone()).unwrap(), value: U256::ZERO, data }
}

#[tokio::test]
async fn a_call_that_reverts_on_chain_undoes_its_batch_and_gives_its_reason() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let ledger = Ledger::of(&scene.manifest.rpc_url);
    let (token, target) = (scene.manifest.token, scene.manifest.target);
    let made =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_8).await;
    let wallet: Wallet = serde_json::from_value(made.clone()).unwrap();
    let spec: AccountSpec = serde_json::from_value(json!({
        "kind": made["kind"], "entry_point_version": made["entryPointVersion"],
        "factory": made["factory"], "implementation": made["implementation"],
    }))
    .unwrap();
    let calls = doomed(token, target, wallet.address);
    let calls: Vec<_> = calls.as_array().unwrap().iter().map(typed).collect();
    // With its gas given nobody estimates, and nobody finds out before the chain does.
    let op = json!({
        "sender": wallet.address, "callData": spec.encode_calls(&calls).unwrap(),
        "callGasLimit": "0x30d40", "verificationGasLimit": "0x7a120",
        "preVerificationGas": "0x186a0",
    });
    let options = json!({
        "id": "reverted", "chainId": scene.chain(),
        "capabilities": { "countersign": { "sponsor": "own" } },
    });
    let params = json!([op, made["entryPoint"], options]);
    rpc.call::<Value>("countersign_sendUserOperation", params).await.unwrap();

    let status = must_settle(&rpc, "reverted").await;
    assert_eq!(status["status"], 500, "{status:#}");
    assert_eq!(status["receipts"][0]["status"], "0x0", "{status:#}");
    let failure = &status["capabilities"]["countersign"]["failure"];
    assert_eq!(failure["kind"], "reverted", "{status:#}");
    assert!(failure["message"].as_str().unwrap().contains("not today"), "{status:#}");
    ledger.must_have_landed_once_each(&wallet, 1).await;
    assert_eq!(ledger.must_count_tokens(token, wallet.address).await, U256::ZERO);
}

#[tokio::test]
async fn a_call_that_would_revert_is_refused_before_it_costs_anything() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let made =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_9).await;
    let wallet: Wallet = serde_json::from_value(made.clone()).unwrap();
    let (token, target) = (scene.manifest.token, scene.manifest.target);
    let calls = doomed(token, target, wallet.address);
    let batch = scene.batch(&made["address"], "would-revert", calls);
    rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();

    let status = must_settle(&rpc, "would-revert").await;
    assert_eq!(status["status"], 400, "{status:#}");
    let failure = &status["capabilities"]["countersign"]["failure"];
    assert_eq!(failure["kind"], "estimation_reverted", "{status:#}");
    let ledger = Ledger::of(&scene.manifest.rpc_url);
    ledger.must_have_landed_once_each(&wallet, 0).await;

    // The nonce is free again: the wallet is none the worse for it.
    let batch = scene.batch(&made["address"], "would-not", json!([{ "to": target }]));
    rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
    let status = must_settle(&rpc, "would-not").await;
    assert_eq!(status["status"], 200, "{status:#}");
    ledger.must_have_landed_once_each(&wallet, 1).await;
}
