//! A bundler that answers with anything but sense, until it comes to its own again.

use countersign_devnet::{HostileServer, Reply};
use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use crate::breakable::{breakable, has_step};
use crate::shared::must_settle;

/// What no client can make anything of.
fn nonsense() -> [(&'static str, Reply); 5] {
    [
        ("no-json", Reply::Raw(200, "<html>I am a teapot</html>".into())),
        (
            "wrong-types",
            Reply::Result(json!({ "callGasLimit": "plenty", "preVerificationGas": [] })),
        ),
        ("cut-off", Reply::Break),
        ("endless", Reply::Flood),
        ("not-found", Reply::Raw(502, "bad gateway".into())),
    ]
}

#[tokio::test]
async fn garbage_from_the_bundler_delays_an_operation_and_never_doubles_it() {
    let mut held = breakable().await;
    let real = held.world.alto().url().to_owned();
    let bundler = HostileServer::start(Reply::Forward(real.clone())).await.unwrap();
    held.must_put_before_bundler(&bundler.url()).await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    let mut sent = 0;
    for method in ["eth_estimateUserOperationGas", "eth_sendUserOperation"] {
        for (name, reply) in nonsense() {
            let id = format!("{name}-{method}");
            bundler.answer_method_with(method, reply);
            let batch = held.sponsored_mint(&wallet, &id);
            held.must_send(batch).await;
            held.must_tell_until(&id, |told| has_step(told, "retry")).await;
            bundler.answer_with(Reply::Forward(real.clone()));
            let status = must_settle(&held.rpc(), &id).await;
            assert_eq!(status["status"], 200, "{id}: {status:#}");
            sent += 1;
        }
    }
    held.ledger().must_have_landed_once_each(&wallet, sent).await;
}

#[tokio::test]
async fn an_operation_whose_acceptance_was_lost_or_lied_about_lands_once() {
    let mut held = breakable().await;
    let real = held.world.alto().url().to_owned();
    let bundler = HostileServer::start(Reply::Forward(real.clone())).await.unwrap();
    held.must_put_before_bundler(&bundler.url()).await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_7).await;
    let lies = [
        ("lost", Reply::Lose(real.clone())),
        ("another-hash", Reply::Result(json!(format!("0x{}", "ab".repeat(32))))),
    ];
    let sent = lies.len();
    for (name, lie) in lies {
        bundler.answer_method_with("eth_sendUserOperation", lie);
        let batch = held.sponsored_mint(&wallet, name);
        held.must_send(batch).await;
        held.must_tell_until(name, |_: &Value| bundler.count("eth_sendUserOperation") > 0).await;
        if name == "another-hash" {
            held.must_tell_until(name, |told| has_step(told, "retry")).await;
        }
        bundler.answer_with(Reply::Forward(real.clone()));
        let status = must_settle(&held.rpc(), name).await;
        assert_eq!(status["status"], 200, "{name}: {status:#}");
    }
    held.ledger().must_have_landed_once_each(&wallet, sent).await;
}
