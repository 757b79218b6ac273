//! Many at once.

use std::collections::BTreeSet;

use countersign_devnet::Wallet;
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::shared::{must_settle, scene};

#[tokio::test]
async fn ten_wallets_at_once_each_land_their_own_operation() {
    let scene = scene().await;
    let rpc = scene.rpc();
    let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_8);
    let made = (0..10).map(|_| scene.must_create_wallet(&rpc, kind, version));
    let wallets = futures::future::join_all(made).await;
    let told = wallets.iter().enumerate().map(|(at, wallet)| {
        let (rpc, id) = (&rpc, format!("one of ten: {at}"));
        async move {
            let calls = json!([{ "to": scene.manifest.target, "data": "0xd09de08a" }]);
            let batch = scene.batch(&wallet["address"], &id, calls);
            rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
            let status = must_settle(rpc, &id).await;
            assert_eq!(status["status"], 200, "{status}");
            rpc.call::<Value>("countersign_getOperation", json!([id])).await.unwrap()
        }
    });
    let told = futures::future::join_all(told).await;
    let ledger = Ledger::of(&scene.manifest.rpc_url);
    for wallet in &wallets {
        let wallet: Wallet = serde_json::from_value(wallet.clone()).unwrap();
        ledger.must_have_landed_once_each(&wallet, 1).await;
    }
    let distinct = |of: &dyn Fn(usize) -> String| (0..10).map(of).collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(&|at| wallets[at]["address"].to_string()), 10);
    assert_eq!(distinct(&|at| wallets[at]["owner"].to_string()), 10);
    assert_eq!(distinct(&|at| told[at]["userOpHash"].to_string()), 10);
}
