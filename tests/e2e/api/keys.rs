//! Who may call, and whose wallets are whose.

use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::shared::{must_refuse, scene};

#[tokio::test]
async fn a_wrong_api_key_opens_nothing() {
    let scene = scene().await;
    let wrong = format!("csk_{}_{}", "0".repeat(16), "0".repeat(64));
    for method in ["eth_chainId", "countersign_listWallets", "rpc.discover"] {
        let failure = must_refuse(&scene.rpc_with(&wrong), method, json!([])).await;
        assert_eq!(failure.code(), Some(4100), "{method}: {failure}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_a_new_key_of_its_name_has_its_wallets() {
    let scene = scene().await;
    let made = scene.must_key(&["create", "tenant"]);
    let rpc = scene.rpc_with(made["key"].as_str().unwrap());
    let wallet =
        scene.must_create_wallet(&rpc, AccountKind::SimpleAccount, EntryPointVersion::V0_7).await;
    scene.must_key(&["revoke", "tenant"]);
    let failure = must_refuse(&rpc, "countersign_listWallets", json!([])).await;
    assert_eq!(failure.code(), Some(4100), "{failure}");
    let made = scene.must_key(&["create", "tenant"]);
    let rpc = scene.rpc_with(made["key"].as_str().unwrap());
    let wallets: Value = rpc.call("countersign_listWallets", json!([])).await.unwrap();
    assert_eq!(wallets["wallets"], json!([wallet]));
}

#[tokio::test]
async fn a_wallet_of_another_caller_can_neither_be_seen_nor_used() {
    let scene = scene().await;
    let owner = scene.rpc();
    let wallet =
        scene.must_create_wallet(&owner, AccountKind::SimpleAccount, EntryPointVersion::V0_7).await;
    let made = scene.must_key(&["create", "stranger"]);
    let stranger = scene.rpc_with(made["key"].as_str().unwrap());
    let address = &wallet["address"];
    let calls = json!([{ "to": address }]);
    let cases = [
        ("countersign_getWallet", json!([address, scene.chain()])),
        ("wallet_getCapabilities", json!([address])),
        ("wallet_sendCalls", scene.batch(address, "theft", calls)),
    ];
    for (method, params) in cases {
        let failure = must_refuse(&stranger, method, params).await;
        assert_eq!(failure.code(), Some(4100), "{method}: {failure}");
    }
}
