//! One trace id from the caller's session to the transaction.

use std::process::Command;

use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use super::world::{CHAIN, Setting, World};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn must_trace(world: &World, name: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["trace", name, "--json"])
        .current_dir(world.dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_callers_trace_reaches_the_cosigners_and_any_name_finds_the_story() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let (server, key) = world.serve().await;
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "wallet_sendCalls", "params": [{
        "version": "2.0.0", "id": "order-1", "from": wallet.address, "chainId": CHAIN,
        "atomicRequired": true, "calls": [{ "to": "0x7777777777777777777777777777777777777777" }],
        "capabilities": { "countersign": { "sponsor": "own" } },
    }] });
    let sent = reqwest::Client::new()
        .post(format!("http://{}/", server.address()))
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .bearer_auth(&key)
        .body(body.to_string());
    assert_eq!(sent.send().await.unwrap().status(), 200);
    let landed = world.must_include("order-1").await;

    let traced = world.stand_ins.traced.lock().unwrap().clone();
    // Two for the sponsorship, two for the operation.
    assert_eq!(traced.len(), 4, "{traced:?}");
    for header in traced {
        let header = header.expect("each cosigner is told");
        assert!(header.starts_with(&format!("00-{TRACE}-")), "{header}");
        assert!(!header.contains("b7ad6b7169203331"), "a span of its own: {header}");
    }

    let story = must_trace(&world, "order-1");
    let inclusion = landed.inclusion.unwrap();
    let (hash, transaction) =
        (inclusion.user_op_hash.to_string(), inclusion.transaction_hash.to_string());
    for name in [TRACE, &hash, &transaction] {
        assert_eq!(must_trace(&world, name), story, "{name}");
    }
    let told = &story[0];
    assert_eq!((&told["traceId"], &told["stage"]), (&json!(TRACE), &json!("included")));
    assert_eq!(
        (&told["userOpHash"], &told["transactionHash"]),
        (&json!(hash), &json!(transaction))
    );
    let steps: Vec<_> = told["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["admit", "price", "sponsor", "seal", "sign", "submit", "include"]);
    let signed = &told["steps"][4]["detail"]["cosigners"];
    assert_eq!(signed.as_array().unwrap().len(), 2, "each cosigner's word is there: {signed}");
    server.stop().await;
}
