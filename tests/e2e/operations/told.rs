//! One trace from a caller to every cosigner and the chain; and a collector that fails, which nobody notices.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_devnet::{Collector, ToldSpan, Wallet, World, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::shared::{batch, must_settle};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const DEADLINE: Duration = Duration::from_secs(60);

/// Sends a sponsored operation in the caller's own trace.
async fn must_send_traced(world: &World, wallet: &Wallet, id: &str) {
    let target = world.deployments().target;
    let calls = json!([{ "to": target, "data": "0xd09de08a" }]);
    let params = batch(&world.manifest(), &json!(wallet.address), id, calls);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "wallet_sendCalls", "params": params });
    let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let sent = http
        .post(world.manifest().gateway_url)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("content-type", "application/json")
        .bearer_auth(world.api_key())
        .body(body.to_string());
    let answer: Value =
        serde_json::from_str(&sent.send().await.unwrap().text().await.unwrap()).unwrap();
    assert!(answer["error"].is_null(), "{answer}");
}

/// Follows it to its good end; its userOpHash and its transaction.
async fn must_land(world: &World, id: &str) -> (String, String) {
    let rpc = world.rpc().unwrap();
    let status = must_settle(&rpc, id).await;
    assert_eq!(status["status"], 200, "{status:#}");
    let told: Value = rpc.call("countersign_getOperation", json!([id])).await.unwrap();
    let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned();
    let transaction = status["receipts"][0]["transactionHash"].as_str().unwrap().to_owned();
    (text("userOpHash"), transaction)
}

fn is(span: &ToldSpan, attribute: &str, value: &str) -> bool {
    span.attributes.get(attribute).is_some_and(|told| told == value)
}

/// The cosigners whose signing of the operation was told.
fn cosigners(spans: &[ToldSpan], hash: &str) -> BTreeSet<String> {
    let signed = spans.iter().filter(|span| {
        span.program == "cosigner" && span.trace_id == TRACE && is(span, "user_op_hash", hash)
    });
    signed.map(|span| span.attributes["party"].clone()).collect()
}

/// The span, the one that it is part of, and so on, as far as they were told.
fn ancestry<'a>(spans: &'a [ToldSpan], span: &'a ToldSpan) -> Vec<&'a str> {
    let mut names = vec![span.name.as_str()];
    let mut at = span;
    while let Some(parent) = spans.iter().find(|one| one.span_id == at.parent_id) {
        names.push(&parent.name);
        at = parent;
    }
    assert_eq!(at.parent_id, CALLER, "{names:?} do not begin at the caller's span");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_one_trace_and_a_collector_that_fails_holds_up_no_signature() {
    let collector = Collector::start().await.unwrap();
    let options = WorldOptions { collector: Some(collector.url()), ..WorldOptions::default() };
    let mut world = World::start(options).await.unwrap();
    let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_8);
    let wallet = world.create_wallet(kind, version).await.unwrap();

    // The whole story has the caller's trace, from its call to the transaction.
    must_send_traced(&world, &wallet, "traced").await;
    let (hash, transaction) = must_land(&world, "traced").await;
    let included =
        |span: &ToldSpan| span.name == "include" && is(span, "transaction_hash", &transaction);
    let enough =
        |spans: &[ToldSpan]| spans.iter().any(included) && cosigners(spans, &hash).len() >= 2;
    let spans = collector.told(DEADLINE, enough).await.unwrap();
    let of_trace: Vec<&ToldSpan> = spans.iter().filter(|span| span.trace_id == TRACE).collect();
    let signed: Vec<_> = of_trace
        .iter()
        .filter(|span| span.name == "sign" && is(span, "user_op_hash", &hash))
        .collect();
    let by_cosigner = signed.iter().find(|span| span.program == "cosigner").unwrap();
    assert!(is(by_cosigner, "outcome", "signed") && is(by_cosigner, "key", "wallets"));
    assert_eq!(ancestry(&spans, by_cosigner), ["sign", "attempt", "sign", "wallet_sendCalls"]);
    let names: BTreeSet<_> = of_trace
        .iter()
        .filter(|span| span.program == "countersign")
        .map(|span| span.name.as_str())
        .collect();
    let steps =
        ["wallet_sendCalls", "price", "sponsor", "seal", "sign", "attempt", "submit", "include"];
    assert_eq!(names, BTreeSet::from(steps));
    for stage in ["judge", "journal", "open", "rounds"] {
        let told = of_trace.iter().find(|span| span.name == stage);
        assert_eq!(told.unwrap_or_else(|| panic!("no {stage}")).program, "cosigner");
    }
    // What is called is nobody's business, nor is what the log says.
    assert!(spans.iter().all(|span| span.events == 0), "{spans:#?}");
    let all = format!("{spans:?}").to_lowercase();
    assert!(!all.contains("d09de08a") && !all.contains(&world.api_key().to_lowercase()), "{all}");

    // It takes nothing any more; then it is gone.
    collector.hang();
    let before = collector.asked();
    must_send_traced(&world, &wallet, "while-it-hangs").await;
    must_land(&world, "while-it-hangs").await;
    must_be_asked_again(&collector, before).await;
    drop(collector);
    must_send_traced(&world, &wallet, "when-it-is-gone").await;
    must_land(&world, "when-it-is-gone").await;

    // Nor does it hold up an end.
    let gateway = world.gateway().process();
    gateway.terminate().unwrap();
    assert!(gateway.wait_for_exit(DEADLINE).await.unwrap().success());
    let log = gateway.log().unwrap();
    assert!(log.contains("the collector takes no spans") && log.contains("stopped"), "{log}");
    let cosigner = world.cosigners()[0].process();
    cosigner.terminate().unwrap();
    assert!(cosigner.wait_for_exit(DEADLINE).await.unwrap().success());
}

async fn must_be_asked_again(collector: &Collector, before: usize) {
    let asked = tokio::time::timeout(DEADLINE, async {
        while collector.asked() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    asked.await.expect("it is asked, and does not answer");
}
