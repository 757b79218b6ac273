//! Every kind of account on every EntryPoint: first operation and later ones, paid by itself or for it.

use alloy::primitives::{Address, B256, U256, keccak256};
use countersign_devnet::Wallet;
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::ledger::{Ledger, call, mintCall, transferCall};
use crate::shared::{Scene, must_settle, scene};

const ACCOUNTS: [(AccountKind, EntryPointVersion); 6] = [
    (AccountKind::SimpleAccount, EntryPointVersion::V0_6),
    (AccountKind::SimpleAccount, EntryPointVersion::V0_7),
    (AccountKind::SimpleAccount, EntryPointVersion::V0_8),
    (AccountKind::Countersign, EntryPointVersion::V0_7),
    (AccountKind::Countersign, EntryPointVersion::V0_8),
    (AccountKind::Countersign, EntryPointVersion::V0_9),
];

async fn must_make(scene: &Scene, kind: AccountKind, version: EntryPointVersion) -> Wallet {
    let wallet = scene.must_create_wallet(&scene.rpc(), kind, version).await;
    serde_json::from_value(wallet).unwrap()
}

/// Sends the calls and gives the status that they came to.
async fn must_land(scene: &Scene, wallet: &Wallet, id: &str, payer: &str, calls: Value) {
    let mut batch = scene.batch(&json!(wallet.address), id, calls);
    batch[0]["capabilities"]["countersign"]["sponsor"] = json!(payer);
    let rpc = scene.rpc();
    rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
    let status = must_settle(&rpc, id).await;
    assert_eq!(status["status"], 200, "{id}: {status:#}");
}

/// An address that nobody else uses.
fn stranger(name: &str) -> Address {
    Address::from_word(B256::from(keccak256(name)))
}

#[tokio::test]
async fn every_kind_of_account_pays_for_its_first_and_later_operations() {
    let scene = scene().await;
    let ledger = Ledger::of(&scene.manifest.rpc_url);
    for (kind, version) in ACCOUNTS {
        let wallet = must_make(scene, kind, version).await;
        ledger.must_fund(wallet.address).await;
        let heir = stranger(&format!("heir of {kind} {version}"));
        let gift = json!([{ "to": heir, "value": "0x7" }]);
        assert!(ledger.must_read_code(wallet.address).await.is_empty());
        for turn in 1..=2_u64 {
            let id = format!("pays-{kind}-{version}-{turn}");
            must_land(scene, &wallet, &id, "account", gift.clone()).await;
            assert!(!ledger.must_read_code(wallet.address).await.is_empty(), "{id}");
            assert_eq!(ledger.must_read_balance(heir).await, U256::from(7 * turn), "{id}");
        }
        ledger.must_have_landed_once_each(&wallet, 2).await;
    }
}

#[tokio::test]
async fn our_paymaster_pays_for_batches_of_accounts_that_own_nothing() {
    let scene = scene().await;
    let ledger = Ledger::of(&scene.manifest.rpc_url);
    let token = scene.manifest.token;
    for (kind, version) in ACCOUNTS {
        if !scene.manifest.paymasters.contains_key(&version) {
            continue;
        }
        let wallet = must_make(scene, kind, version).await;
        let heir = stranger(&format!("heir in tokens of {kind} {version}"));
        let calls = json!([
            call(token, &mintCall { to: wallet.address, amount: U256::from(5) }),
            call(token, &transferCall { to: heir, amount: U256::from(3) }),
        ]);
        for turn in 1..=2_u64 {
            let id = format!("sponsored-{kind}-{version}-{turn}");
            must_land(scene, &wallet, &id, "own", calls.clone()).await;
            let inherited = ledger.must_count_tokens(token, heir).await;
            assert_eq!(inherited, U256::from(3 * turn), "{id}");
        }
        assert_eq!(ledger.must_count_tokens(token, wallet.address).await, U256::from(4));
        assert_eq!(ledger.must_read_balance(wallet.address).await, U256::ZERO);
        ledger.must_have_landed_once_each(&wallet, 2).await;
    }
}
