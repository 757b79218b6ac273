//! Killed while many send the same: one operation, and the same answer for ever.

use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use crate::breakable::breakable;
use crate::shared::{must_refuse, must_settle};

/// So many send the same at once.
const DUPLICATES: usize = 200;

#[tokio::test]
async fn the_same_body_gets_the_same_bytes_after_a_kill_among_many_duplicates() {
    let mut held = breakable().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    let batch = held.sponsored_mint(&wallet, "killed-among");
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "wallet_sendCalls", "params": batch });
    let (url, key) = (held.world.gateway().url().to_owned(), held.world.api_key().to_owned());
    let client = reqwest::Client::new();
    let post = async |body: String| {
        let request =
            client.post(&url).header("content-type", "application/json").bearer_auth(&key);
        request.body(body).send().await.ok()?.text().await.ok()
    };
    let mut all: Vec<_> = (0..DUPLICATES).map(|_| Box::pin(post(body.to_string()))).collect();
    let first = loop {
        let (answer, _, rest) = futures::future::select_all(all).await;
        all = rest;
        if let Some(answer) = answer {
            break answer;
        }
    };
    held.world.gateway().process().kill().unwrap();
    for answer in futures::future::join_all(all).await.into_iter().flatten() {
        assert_eq!(answer, first);
    }
    held.must_restart_gateway().await;

    assert_eq!(post(body.to_string()).await.as_deref(), Some(first.as_str()));
    let mut other = batch.clone();
    other[0]["calls"] = vec![batch[0]["calls"][0].clone(); 2].into();
    let failure = must_refuse(&held.rpc(), "wallet_sendCalls", other).await;
    assert_eq!(failure.code(), Some(5720), "{failure}");
    let status: Value = must_settle(&held.rpc(), "killed-among").await;
    assert_eq!(status["status"], 200, "{status:#}");
    held.ledger().must_have_landed_once_each(&wallet, 1).await;
}
