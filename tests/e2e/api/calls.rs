//! EIP-5792 from capabilities to receipts.

use alloy::sol;
use alloy::sol_types::SolCall;
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::shared::{Change, Scene, must_refuse, must_settle, scene};

sol! {
    function increment() external payable;
}

/// One call that the devnet's counter counts.
pub(super) fn count_once(scene: &Scene) -> Value {
    let data = alloy::hex::encode_prefixed(incrementCall {}.abi_encode());
    json!({ "to": scene.manifest.target, "data": data })
}

#[tokio::test]
async fn calls_go_from_capabilities_to_one_receipt() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_8).await;
    let from = &wallet["address"];

    let offered: Value = rpc.call("wallet_getCapabilities", json!([from])).await.unwrap();
    assert_eq!(offered[scene.chain()]["atomic"]["status"], "supported", "{offered}");
    assert_eq!(offered[scene.chain()]["paymasterService"]["supported"], true, "{offered}");

    let calls = json!([count_once(scene), count_once(scene)]);
    let batch = scene.batch(from, "round-trip", calls);
    let sent: Value = rpc.call("wallet_sendCalls", batch.clone()).await.unwrap();
    assert_eq!(sent["id"], "round-trip");

    let status = must_settle(&rpc, "round-trip").await;
    assert_eq!(status["status"], 200, "{status}");
    assert_eq!(status["version"], "2.0.0");
    assert_eq!(status["chainId"], scene.chain());
    assert_eq!(status["atomic"], true);
    let receipts = status["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "calls of one operation share one receipt: {status}");
    assert_eq!(receipts[0]["status"], "0x1");
    for field in ["blockHash", "blockNumber", "gasUsed", "transactionHash"] {
        assert!(
            receipts[0][field].as_str().is_some_and(|v| v.starts_with("0x")),
            "{field}: {status}"
        );
    }
    assert!(receipts[0]["logs"].is_array(), "{status}");

    // The same id and body gives the first answer and sends nothing; another body is a conflict.
    let again: Value = rpc.call("wallet_sendCalls", batch).await.unwrap();
    assert_eq!(again["id"], "round-trip");
    let settled = must_settle(&rpc, "round-trip").await;
    assert_eq!(settled["receipts"], status["receipts"]);
    let other = scene.batch(from, "round-trip", json!([count_once(scene)]));
    let failure = must_refuse(&rpc, "wallet_sendCalls", other).await;
    assert_eq!(failure.code(), Some(5720), "{failure}");
}

#[tokio::test]
async fn an_id_that_nobody_sent_is_unknown() {
    let failure =
        must_refuse(&scene().await.rpc(), "wallet_getCallsStatus", json!(["nobody"])).await;
    assert_eq!(failure.code(), Some(5730), "{failure}");
}

#[tokio::test]
async fn what_the_wallet_cannot_do_is_refused_before_anything_is_sent() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::Countersign, EntryPointVersion::V0_7).await;
    let batch = |change: fn(&mut Value)| {
        let mut batch = scene.batch(&wallet["address"], "refused", json!([count_once(scene)]));
        change(&mut batch[0]);
        batch
    };
    let cases: [(i64, Change); 4] = [
        (5710, |b| b["chainId"] = json!("0x1")),
        (5700, |b| b["capabilities"] = json!({ "sessionKeys": {} })),
        (5740, |b| b["calls"] = vec![b["calls"][0].clone(); 300].into()),
        (-32602, |b| b["calls"] = json!([])),
    ];
    for (code, change) in cases {
        let failure = must_refuse(&rpc, "wallet_sendCalls", batch(change)).await;
        assert_eq!(failure.code(), Some(code), "{failure}");
    }
    let failure = must_refuse(&rpc, "wallet_getCallsStatus", json!(["refused"])).await;
    assert_eq!(failure.code(), Some(5730), "a refused batch left a trace: {failure}");
}
