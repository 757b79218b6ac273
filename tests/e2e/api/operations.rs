//! Operations that a dapp built itself, and what is told of operations.

use alloy::primitives::U256;
use countersign_userop::{AccountKind, AccountSpec, Call, EntryPointVersion};
use serde_json::{Value, json};

use super::calls::count_once;
use crate::shared::{must_refuse, must_settle, scene};

#[tokio::test]
async fn an_operation_that_the_dapp_built_is_completed_signed_and_included() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_8).await;
    let spec: AccountSpec = serde_json::from_value(json!({
        "kind": wallet["kind"], "entry_point_version": wallet["entryPointVersion"],
        "factory": wallet["factory"], "implementation": wallet["implementation"],
    }))
    .unwrap();
    let call = count_once(scene);
    let call = Call {
        to: serde_json::from_value(call["to"].clone()).unwrap(),
        value: U256::ZERO,
        data: serde_json::from_value(call["data"].clone()).unwrap(),
    };
    let op = json!({
        "sender": wallet["address"], "nonce": "0x0", "callData": spec.encode_calls(&[call]).unwrap(),
    });
    let options = json!({
        "id": "built", "chainId": scene.chain(),
        "capabilities": { "countersign": { "sponsor": "own" } },
    });
    let params = json!([op, wallet["entryPoint"], options]);
    let sent: Value = rpc.call("countersign_sendUserOperation", params).await.unwrap();
    assert_eq!(sent["id"], "built");
    let status = must_settle(&rpc, "built").await;
    assert_eq!(status["status"], 200, "{status}");

    let told: Value = rpc.call("countersign_getOperation", json!(["built"])).await.unwrap();
    assert_eq!(told["stage"], "included", "{told}");
    assert_eq!(told["userOperation"]["callData"], op["callData"]);
    let steps: Vec<_> = told["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["step"].as_str().unwrap())
        .collect();
    for step in ["price", "sponsor", "seal", "sign", "submit", "include"] {
        assert!(steps.contains(&step), "{step} is missing: {steps:?}");
    }

    // By its hash too, and by the bundler's own answers.
    let hash = &told["userOpHash"];
    let same: Value = rpc.call("countersign_getOperation", json!([hash])).await.unwrap();
    assert_eq!(same["id"], "built");
    let receipt: Value = rpc.call("eth_getUserOperationReceipt", json!([hash])).await.unwrap();
    assert_eq!(receipt["success"], true, "{receipt}");
    let found: Value = rpc.call("eth_getUserOperationByHash", json!([hash])).await.unwrap();
    assert!(
        found.to_string().to_lowercase().contains(wallet["address"].as_str().unwrap()),
        "{found}"
    );
}

#[tokio::test]
async fn a_malformed_operation_is_refused_by_its_field() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::SimpleAccount, EntryPointVersion::V0_7).await;
    let op = json!({ "sender": wallet["address"], "nonce": "0x0", "callData": "0x123" });
    let params = json!([op, wallet["entryPoint"]]);
    let failure = must_refuse(&rpc, "countersign_sendUserOperation", params).await;
    assert_eq!(failure.code(), Some(-32602), "{failure}");
    assert!(failure.to_string().contains("callData"), "{failure}");
}

#[tokio::test]
async fn an_estimation_for_an_unknown_entry_point_is_refused() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::SimpleAccount, EntryPointVersion::V0_7).await;
    let op = json!({
        "sender": wallet["address"], "nonce": "0x0", "callData": "0x", "signature": "0x",
    });
    let params = json!([op, "0x00000000000000000000000000000000000000aa"]);
    let failure = must_refuse(&rpc, "eth_estimateUserOperationGas", params).await;
    assert_eq!(failure.code(), Some(-32602), "{failure}");
    assert!(failure.to_string().contains("entryPoint"), "{failure}");
}
