//! ERC-7677 for our own paymaster.

use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::shared::{Scene, must_refuse, scene};

fn operation(wallet: &Value) -> Value {
    json!({
        "sender": wallet["address"], "nonce": "0x0", "callData": "0x",
        "callGasLimit": "0x5208", "verificationGasLimit": "0x186a0", "preVerificationGas": "0xc9f2",
        "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x5f5e100",
    })
}

async fn must_sponsor(scene: &Scene, version: EntryPointVersion) -> (Value, Value) {
    let rpc = scene.rpc();
    let wallet = scene.must_create_wallet(&rpc, AccountKind::Countersign, version).await;
    let params = json!([operation(&wallet), wallet["entryPoint"], scene.chain(), {}]);
    let stub: Value = rpc.call("pm_getPaymasterStubData", params.clone()).await.unwrap();
    let data: Value = rpc.call("pm_getPaymasterData", params).await.unwrap();
    (stub, data)
}

#[tokio::test]
async fn stub_and_approval_have_the_same_length_and_name_our_paymaster() {
    let scene = scene().await;
    for version in [EntryPointVersion::V0_7, EntryPointVersion::V0_8, EntryPointVersion::V0_9] {
        let (stub, data) = must_sponsor(scene, version).await;
        assert_eq!(stub["isFinal"], false, "{version}: {stub}");
        let paymaster = json!(scene.manifest.paymasters[&version]);
        for answer in [&stub, &data] {
            assert!(
                answer["paymaster"]
                    .as_str()
                    .unwrap()
                    .eq_ignore_ascii_case(paymaster.as_str().unwrap()),
                "{version}: {answer}"
            );
            assert!(answer["paymasterPostOpGasLimit"].is_string(), "{version}: {answer}");
        }
        let length = |answer: &Value, field: &str| answer[field].as_str().map(str::len);
        for field in ["paymasterData", "paymasterSignature"] {
            assert_eq!(length(&stub, field), length(&data, field), "{version} {field}");
        }
        let outside = version == EntryPointVersion::V0_9;
        assert_eq!(data["paymasterSignature"].is_string(), outside, "{version}: {data}");
        assert_ne!(stub, data, "the stub is no approval");
    }
}

#[tokio::test]
async fn an_entry_point_without_a_paymaster_of_ours_is_refused() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::SimpleAccount, EntryPointVersion::V0_6).await;
    let mut op = operation(&wallet);
    op["initCode"] = json!("0x");
    op["paymasterAndData"] = json!("0x");
    let params = json!([op, wallet["entryPoint"], scene.chain(), {}]);
    let failure = must_refuse(&rpc, "pm_getPaymasterData", params).await;
    assert_eq!(failure.code(), Some(-32054), "{failure}");
}

#[tokio::test]
async fn only_wallets_of_the_caller_are_paid_for() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_8).await;
    let made = scene.must_key(&["create", "freeloader"]);
    let other = scene.rpc_with(made["key"].as_str().unwrap());
    let params = json!([operation(&wallet), wallet["entryPoint"], scene.chain(), {}]);
    let failure = must_refuse(&other, "pm_getPaymasterData", params).await;
    assert_eq!(failure.code(), Some(4100), "{failure}");
}
