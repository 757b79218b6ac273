//! What the methods answer when nothing behind the gateway is needed, and how they refuse.

use serde_json::{Value, json};

use super::gateway::TestGateway;

const NOBODY: &str = "0x00000000000000000000000000000000000000aa";
const ENTRY_POINT: &str = "0x0000000071727De22E5E9d8BAf0edAc6f37da032";

#[tokio::test]
async fn discovers_the_document_that_is_published() {
    let gateway = TestGateway::must_start().await;
    let document = gateway.must_call("rpc.discover", json!([])).await;
    assert_eq!(document, countersign::openrpc());
    gateway.stop().await;
}

#[tokio::test]
async fn every_published_method_is_answered_by_the_server() {
    let gateway = TestGateway::must_start().await;
    for method in countersign::openrpc()["methods"].as_array().unwrap() {
        let name = method["name"].as_str().unwrap();
        let answer = gateway.must_call(name, json!({ "no such parameter": 1 })).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
    }
    let answer = gateway.must_call("eth_sendTransaction", json!([])).await;
    assert_eq!(answer["error"]["code"], -32601);
    gateway.stop().await;
}

#[tokio::test]
async fn answers_what_the_configuration_says() {
    let gateway = TestGateway::must_start().await;
    assert_eq!(gateway.must_call("eth_chainId", json!([])).await, json!("0x7a69"));
    let entry_points = gateway.must_call("eth_supportedEntryPoints", json!(["0x7a69"])).await;
    assert_eq!(entry_points[0].as_str().unwrap().to_lowercase(), ENTRY_POINT.to_lowercase());
    let page = gateway.must_call("countersign_listWallets", json!([])).await;
    assert_eq!(page, json!({ "wallets": [] }));
    gateway.stop().await;
}

/// One refusal a line, as a caller reads it.
#[tokio::test]
async fn a_refusal_names_the_field_and_the_way_out() {
    let gateway = TestGateway::must_start().await;
    let batch = |change: fn(&mut Value)| {
        let mut batch = json!({
            "version": "2.0.0", "from": NOBODY, "chainId": "0x7a69", "atomicRequired": false,
            "calls": [{ "to": NOBODY }],
        });
        change(&mut batch);
        json!([batch])
    };
    let cases = [
        ("wallet_sendCalls", json!([])),
        ("wallet_sendCalls", batch(|_| ())),
        ("wallet_sendCalls", batch(|b| b["version"] = json!("1.0"))),
        ("wallet_sendCalls", batch(|b| b["calls"][0]["to"] = json!("0x1234"))),
        ("wallet_sendCalls", batch(|b| b["calls"][0]["data"] = json!("0x123"))),
        ("wallet_sendCalls", batch(|b| b["calls"][0]["gas"] = json!("0x1"))),
        ("wallet_sendCalls", batch(|b| b["atomicRequired"] = json!("yes"))),
        ("wallet_sendCalls", batch(|b| b["chainId"] = json!("0x1"))),
        ("wallet_sendCalls", batch(|b| b["capabilities"] = json!({ "sessionKeys": {} }))),
        (
            "wallet_sendCalls",
            batch(|b| b["capabilities"] = json!({ "paymasterService": { "url": "nowhere" } })),
        ),
        ("wallet_sendCalls", batch(|b| b["from"] = Value::Null)),
        (
            "wallet_sendCalls",
            batch(|b| {
                b["from"] = Value::Null;
                b["chainId"] = json!("0x1");
            }),
        ),
        ("countersign_listWallets", json!([null, "nowhere"])),
        ("countersign_listWallets", json!([null, null, 0])),
        ("countersign_sendUserOperation", json!([{ "sender": NOBODY }, ENTRY_POINT])),
        ("wallet_getCallsStatus", json!(["never-sent"])),
        ("wallet_getCapabilities", json!([NOBODY])),
        ("countersign_getOperation", json!(["never-sent"])),
        ("countersign_getWallet", json!([NOBODY, "0x7a69"])),
        ("countersign_createWallet", json!([{ "key": "wallets", "chainId": "0x1" }])),
        (
            "countersign_createWallet",
            json!([{ "key": "wallets", "chainId": "0x7a69", "kind": "safe" }]),
        ),
        (
            "countersign_createWallet",
            json!([{ "key": "wallets", "chainId": "0x7a69", "entryPointVersion": "0.5" }]),
        ),
        (
            "countersign_createWallet",
            json!([{ "key": "wallets", "chainId": "0x7a69", "entryPointVersion": "0.9" }]),
        ),
        (
            "countersign_createWallet",
            json!([{ "key": "wallets", "chainId": "0x7a69", "index": -1 }]),
        ),
        (
            "countersign_createWallet",
            json!([{ "key": "Not a key!", "chainId": "0x7a69", "kind": "simple", "entryPointVersion": "0.7" }]),
        ),
        ("countersign_sendUserOperation", json!([{ "sender": NOBODY }, NOBODY])),
        (
            "countersign_sendUserOperation",
            json!([{ "sender": NOBODY, "nonce": "0x0", "callData": "0x" }, ENTRY_POINT]),
        ),
        (
            "pm_getPaymasterData",
            json!([{ "sender": NOBODY, "nonce": "0x0", "callData": "0x" }, ENTRY_POINT, "0x7a69", {}]),
        ),
        ("eth_getUserOperationReceipt", json!(["0x1234"])),
    ];
    let mut lines = Vec::new();
    for (method, params) in cases {
        let answer = gateway.must_call(method, params.clone()).await;
        let error = &answer["error"];
        assert!(error.is_object(), "{method} {params} was answered: {answer}");
        lines.push(format!("{method}: {} {}", error["code"], error["message"].as_str().unwrap()));
    }
    insta::assert_snapshot!(lines.join("\n"));
    gateway.stop().await;
}

#[tokio::test]
async fn a_part_that_is_down_is_unavailable_and_its_address_is_not_told() {
    let gateway = TestGateway::must_start().await;
    let wallet = json!([{
        "key": "wallets", "chainId": "0x7a69", "kind": "simple", "entryPointVersion": "0.7",
    }]);
    let hash = format!("0x{}", "11".repeat(32));
    let op = json!({ "sender": NOBODY, "callData": "0x" });
    for (method, params) in [
        ("countersign_createWallet", wallet),
        ("eth_getUserOperationReceipt", json!([hash])),
        ("eth_getUserOperationByHash", json!([hash])),
        ("eth_estimateUserOperationGas", json!([op, ENTRY_POINT])),
    ] {
        let answer = gateway.must_call(method, params).await;
        assert_eq!(answer["error"]["code"], -32050, "{method}: {answer}");
        assert!(!answer.to_string().contains("127.0.0.1"), "{method}: an address leaked: {answer}");
        assert!(!answer.to_string().contains("SECRET"), "{method}: a path leaked: {answer}");
    }
    gateway.stop().await;
}
