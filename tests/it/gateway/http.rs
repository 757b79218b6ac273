//! What only shows over HTTP with a whole pipeline behind it.

use std::collections::BTreeSet;

use countersign::{RpcServer, Wallet};
use countersign_protocol::Request;
use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use super::world::{CHAIN, Setting, World};

/// So many callers send the same at once.
const DUPLICATES: usize = 1_000;

fn batch(wallet: &Wallet, id: &str, wei: &str) -> String {
    let calls = json!([{ "to": "0x7777777777777777777777777777777777777777", "value": wei }]);
    json!({ "jsonrpc": "2.0", "id": 7, "method": "wallet_sendCalls", "params": [{
        "version": "2.0.0", "id": id, "from": wallet.address, "chainId": CHAIN,
        "atomicRequired": true, "calls": calls,
        "capabilities": { "countersign": { "sponsor": "account" } },
    }] })
    .to_string()
}

async fn post(
    client: &reqwest::Client,
    server: &RpcServer,
    key: &str,
    body: String,
) -> (u16, Option<String>, String) {
    let url = format!("http://{}/", server.address());
    let request = client.post(url).header("content-type", "application/json").bearer_auth(key);
    let response = request.body(body).send().await.unwrap();
    let retry = response.headers().get("retry-after");
    let retry = retry.map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), retry, response.text().await.unwrap())
}

#[tokio::test]
async fn a_thousand_duplicates_at_once_make_one_operation_and_one_signature() {
    let mut world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let (server, key) = world.serve().await;
    // Few connections, kept open: the calls are many, the sockets need not be.
    let clients: Vec<_> = (0..100).map(|_| reqwest::Client::new()).collect();
    let all = (0..DUPLICATES).map(|n| {
        let client = &clients[n % clients.len()];
        post(client, &server, &key, batch(&wallet, "order-1", "0x1"))
    });
    let answers = futures::future::join_all(all).await;
    let told: BTreeSet<_> = answers.iter().map(|(status, _, text)| (*status, text)).collect();
    assert_eq!(told.len(), 1, "answers differ: {told:?}");
    let first = answers[0].clone();
    assert_eq!(first.0, 200, "{first:?}");

    let landed = world.must_include("order-1").await;
    let signed = world.stand_ins.asked.lock().unwrap().clone();
    let hashes: BTreeSet<_> = signed
        .iter()
        .filter_map(|request| match request {
            Request::UserOperation(asked) => {
                Some(*asked.op.hash(asked.entry_point, asked.chain).as_b256())
            }
            _ => None,
        })
        .collect();
    assert_eq!(hashes, landed.user_op_hash.into_iter().collect(), "one operation was signed");
    // One try by one quorum of two.
    assert_eq!(signed.len(), 2, "asked more than once");
    let gift = world.balance("0x7777777777777777777777777777777777777777".parse().unwrap()).await;
    assert_eq!(gift, alloy::primitives::U256::ONE);

    // Also after a restart the same gives the same, byte for byte, and something else a conflict.
    server.stop().await;
    world.restart().await;
    let (server, key) = world.serve().await;
    let again = post(&clients[0], &server, &key, batch(&wallet, "order-1", "0x1")).await;
    assert_eq!(again, first);
    let (_, _, other) = post(&clients[0], &server, &key, batch(&wallet, "order-1", "0x2")).await;
    let other: Value = serde_json::from_str(&other).unwrap();
    assert_eq!(other["error"]["code"], 5720, "{other}");
    server.stop().await;
}

#[tokio::test]
async fn calls_about_one_wallet_that_come_too_often_are_told_when_to_come_again() {
    let setting = Setting { wallet_rate: Some(1), ..Setting::default() };
    let world = World::start(setting).await;
    let wallet = world.empty_wallet(EntryPointVersion::V0_7).await;
    let other = world.empty_wallet(EntryPointVersion::V0_7).await;
    let (server, key) = world.serve().await;
    let client = reqwest::Client::new();
    let ask = async |wallet: &Wallet| {
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "countersign_getWallet",
            "params": [wallet.address, CHAIN],
        });
        post(&client, &server, &key, body.to_string()).await
    };
    let refused = loop {
        let answer = ask(&wallet).await;
        if answer.0 != 200 {
            break answer;
        }
    };
    assert_eq!((refused.0, refused.1.as_deref()), (429, Some("1")), "{refused:?}");
    let text: Value = serde_json::from_str(&refused.2).unwrap();
    assert_eq!(
        (&text["error"]["code"], &text["error"]["data"]["of"]),
        (&json!(-32005), &json!("wallet"))
    );
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(ask(&other).await.0, 200);
    server.stop().await;
}
