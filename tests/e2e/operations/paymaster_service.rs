//! Somebody else pays, or does not.

use alloy::primitives::U256;
use countersign_devnet::PaymasterService;
use countersign_userop::EntryPointVersion;
use serde_json::json;

use crate::breakable::breakable;
use crate::shared::must_settle;

#[tokio::test]
async fn a_paymaster_that_refuses_ends_the_operation_and_one_that_agrees_pays() {
    let mut held = breakable().await;
    let service = PaymasterService::start(held.world.anvil()).await.unwrap();
    let capabilities = json!({ "paymasterService": { "url": service.url() } });
    for version in [EntryPointVersion::V0_7, EntryPointVersion::V0_9] {
        let wallet = held.must_create_wallet(version).await;

        service.refuse();
        let id = format!("refused-{version}");
        let batch = held.mint(&wallet, &id, &capabilities);
        held.must_send(batch).await;
        let status = must_settle(&held.rpc(), &id).await;
        assert_eq!(status["status"], 400, "{status:#}");
        let failure = &status["capabilities"]["countersign"]["failure"];
        assert_eq!(failure["kind"], "paymaster_refused", "{status:#}");
        assert!(failure["message"].as_str().unwrap().contains("not sponsored"), "{status:#}");
        held.ledger().must_have_landed_once_each(&wallet, 0).await;

        service.approve();
        let id = format!("agreed-{version}");
        let batch = held.mint(&wallet, &id, &capabilities);
        held.must_send(batch).await;
        let status = must_settle(&held.rpc(), &id).await;
        assert_eq!(status["status"], 200, "{status:#}");
        let ledger = held.ledger();
        ledger.must_have_landed_once_each(&wallet, 1).await;
        assert_eq!(ledger.must_read_balance(wallet.address).await, U256::ZERO);
    }
}
