//! Making wallets.

use std::collections::BTreeSet;

use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::shared::{Change, must_refuse, scene};

#[tokio::test]
async fn each_kind_and_version_has_wallets_at_addresses_of_their_own() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let offered = [
        (AccountKind::Countersign, EntryPointVersion::V0_7),
        (AccountKind::Countersign, EntryPointVersion::V0_8),
        (AccountKind::Countersign, EntryPointVersion::V0_9),
        (AccountKind::SimpleAccount, EntryPointVersion::V0_6),
        (AccountKind::SimpleAccount, EntryPointVersion::V0_7),
        (AccountKind::SimpleAccount, EntryPointVersion::V0_8),
    ];
    let mut addresses = BTreeSet::new();
    for (kind, version) in offered {
        let wallet = scene.must_create_wallet(&rpc, kind, version).await;
        assert_eq!(wallet["kind"], json!(kind));
        assert_eq!(wallet["entryPointVersion"], json!(version));
        addresses.insert(wallet["address"].as_str().unwrap().to_owned());
        let found: Value = rpc
            .call("countersign_getWallet", json!([wallet["address"], scene.chain()]))
            .await
            .unwrap();
        assert_eq!(found, wallet);
    }
    assert_eq!(addresses.len(), offered.len());
}

#[tokio::test]
async fn the_same_index_gives_the_same_wallet() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let ask = |salt: &str| {
        json!([{
            "key": scene.manifest.keys.accounts, "chainId": scene.chain(), "kind": "countersign",
            "entryPointVersion": "0.8", "index": 7_000, "salt": salt,
        }])
    };
    let first: Value = rpc.call("countersign_createWallet", ask("0x0")).await.unwrap();
    let again: Value = rpc.call("countersign_createWallet", ask("0x0")).await.unwrap();
    let other: Value = rpc.call("countersign_createWallet", ask("0x1")).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(first["owner"], other["owner"], "one child, one owner");
    assert_ne!(first["address"], other["address"], "another salt, another address");
}

#[tokio::test]
async fn a_wallet_that_cannot_be_is_refused_by_the_field() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let cases: [(i64, Change); 4] = [
        (5710, |w| w["chainId"] = json!("0x1")),
        (-32602, |w| w["entryPointVersion"] = json!("0.6")),
        (-32602, |w| w["index"] = json!(2_147_483_648_u32)),
        (-32602, |w| w["key"] = json!("no-such-key")),
    ];
    for (code, change) in cases {
        let mut wallet = json!({
            "key": scene.manifest.keys.accounts, "chainId": scene.chain(), "kind": "countersign",
            "entryPointVersion": "0.8",
        });
        change(&mut wallet);
        let failure = must_refuse(&rpc, "countersign_createWallet", json!([wallet])).await;
        assert_eq!(failure.code(), Some(code), "{wallet}: {failure}");
    }
}
