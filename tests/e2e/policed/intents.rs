//! What callers signed is done, once, and nothing else.

use alloy::primitives::U256;
use serde_json::{Value, json};

use super::{HEIR, Policed, Signed, now};
use crate::ledger::Ledger;
use crate::shared::{must_refuse, must_settle};

/// The failure of calls that cosigners refused.
async fn must_be_refused(story: &Policed, id: &str) -> Value {
    let status = must_settle(&story.rpc(), id).await;
    assert_eq!(status["status"], 400, "{id}: {status:#}");
    let failure = status["capabilities"]["countersign"]["failure"].clone();
    assert_eq!(failure["kind"], "signing_refused", "{id}: {failure:#}");
    assert_eq!(failure["rule"], "intent", "{id}: {failure:#}");
    failure
}

fn says(failure: &Value, text: &str) {
    assert!(failure["message"].as_str().unwrap().contains(text), "{failure:#}");
}

#[tokio::test]
async fn what_a_caller_signed_is_done_and_what_nobody_signed_is_refused_by_name() {
    let mut story = Policed::start().await;
    let rpc = story.rpc();
    story.must_send("signed", 7, Signed::truly()).await;
    let status = must_settle(&rpc, "signed").await;
    assert_eq!(status["status"], 200, "{status:#}");
    let ledger = Ledger::of(story.world.anvil().url());
    assert_eq!(ledger.must_read_balance(HEIR).await, U256::from(7));

    story.must_send("altered", 8, Signed { wei: Some(7), ..Signed::truly() }).await;
    says(&must_be_refused(&story, "altered").await, "on this intent");

    story.must_send("expired", 7, Signed { expiry: now() - 1, wei: None }).await;
    says(&must_be_refused(&story, "expired").await, "expired");

    let mut unsigned = story.batch("unsigned", 7, Signed::truly());
    unsigned[0]["capabilities"]["countersign"]["intent"] = Value::Null;
    rpc.call::<Value>("wallet_sendCalls", unsigned).await.unwrap();
    says(&must_be_refused(&story, "unsigned").await, "no caller signed");

    // Nothing of it happened, and what is signed is still done.
    story.must_send("later", 5, Signed::truly()).await;
    let status = must_settle(&rpc, "later").await;
    assert_eq!(status["status"], 200, "{status:#}");
    assert_eq!(ledger.must_read_balance(HEIR).await, U256::from(12));
}

#[tokio::test]
async fn an_intent_that_was_done_is_not_done_again_under_a_second_nonce_key() {
    let mut story = Policed::start().await;
    let signed = Signed::truly();
    story.must_send("once", 7, signed).await;
    let status = must_settle(&story.rpc(), "once").await;
    assert_eq!(status["status"], 200, "{status:#}");

    let mut again = story.batch("once", 7, signed);
    again[0]["capabilities"]["countersign"]["nonceKey"] = json!("0x5");
    let failure = must_refuse(&story.rpc(), "wallet_sendCalls", again.clone()).await;
    assert_eq!(failure.code(), Some(5720), "{failure}");

    // A gateway that forgot all that it did asks the cosigners; they did not forget.
    let gateway = story.world.gateway();
    gateway.process().kill().unwrap();
    let folder = gateway.config().parent().unwrap().to_owned();
    for file in ["gateway.db", "gateway.db-wal", "gateway.db-shm"] {
        let _ = std::fs::remove_file(folder.join(file));
    }
    gateway.restart().await.unwrap();
    let key = gateway.create_api_key("devnet").unwrap();
    let rpc = countersign_devnet::JsonRpc::new(gateway.url()).unwrap().with_bearer(&key);
    let wallet = json!({
        "key": "wallets", "chainId": again[0]["chainId"], "kind": "countersign",
        "entryPointVersion": "0.8", "index": story.wallet.index,
    });
    rpc.call::<Value>("countersign_createWallet", json!([wallet])).await.unwrap();
    rpc.call::<Value>("wallet_sendCalls", again).await.unwrap();
    let status = must_settle(&rpc, "once").await;
    let failure = &status["capabilities"]["countersign"]["failure"];
    assert_eq!(
        (&status["status"], &failure["rule"]),
        (&json!(400), &json!("intent")),
        "{status:#}"
    );
    says(failure, "another nonce");
    let ledger = Ledger::of(story.world.anvil().url());
    assert_eq!(ledger.must_read_balance(HEIR).await, U256::from(7));
}
