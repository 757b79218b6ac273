//! Large amounts wait for two treasurers, and the one who asked is not counted.

use std::process::Command;
use std::time::{Duration, Instant};

use alloy::primitives::{B256, U256};
use alloy::signers::local::PrivateKeySigner;
use countersign_devnet::{JsonRpc, Workspace};
use serde_json::{Value, json};

use super::{HEIR, Policed, SMALL_WEI, Signed, sign};
use crate::documents::api_reference::must_be_as_documented;
use crate::ledger::Ledger;
use crate::shared::{Change, must_refuse, must_settle};

const LARGE: &str = "large";

/// The approval of a person over the typed data that the gateway gives.
async fn approval(rpc: &JsonRpc, by: &PrivateKeySigner, change: fn(&mut Value)) -> Value {
    let request: Value = rpc.call("countersign_getApprovalRequest", json!([LARGE])).await.unwrap();
    must_be_as_documented("countersign_getApprovalRequest", &request);
    let mut typed = request["typedData"].clone();
    change(&mut typed["message"]);
    json!({
        "approver": by.address(), "chainId": request["chainId"],
        "userOpHash": typed["message"]["userOpHash"], "preview": typed["message"]["preview"],
        "expiry": typed["message"]["expiry"], "signature": sign(by, typed),
    })
}

async fn must_approve(rpc: &JsonRpc, by: &PrivateKeySigner) {
    let good = approval(rpc, by, |_| ()).await;
    let taken: Value = rpc.call("countersign_sendApproval", json!([good])).await.unwrap();
    must_be_as_documented("countersign_sendApproval", &taken);
}

async fn status_when(rpc: &JsonRpc, holds: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status: Value = rpc.call("wallet_getCallsStatus", json!([LARGE])).await.unwrap();
        let awaited = status["capabilities"]["countersign"]["approval"].clone();
        if holds(&awaited) {
            return awaited;
        }
        assert!(Instant::now() < deadline, "{status:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the cosigners were asked so often, and each time missed approvals.
async fn must_be_refused(rpc: &JsonRpc, times: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let operation: Value = rpc.call("countersign_getOperation", json!([LARGE])).await.unwrap();
        let timeline = operation["timeline"].as_array().unwrap();
        if timeline.iter().filter(|entry| entry["step"] == "await").count() == times {
            return;
        }
        assert!(Instant::now() < deadline, "{operation:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `countersign approve …`, as a treasurer runs it.
fn must_run(story: &mut Policed, by: Option<&PrivateKeySigner>, args: &[&str]) -> String {
    let program = Workspace::locate().unwrap().binary("countersign").unwrap();
    let mut command = Command::new(program);
    command.arg("approve").args(args);
    command.env("COUNTERSIGN_URL", story.world.gateway().url());
    command.env("COUNTERSIGN_API_KEY", story.world.api_key());
    if let Some(by) = by {
        command.env("COUNTERSIGN_APPROVER_KEY", alloy::hex::encode(by.to_bytes()));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_large_amount_waits_until_two_treasurers_other_than_the_asker_approved_it() {
    let mut story = Policed::start().await;
    let rpc = story.rpc();
    story.must_send(LARGE, SMALL_WEI + 1, Signed::truly()).await;
    let awaited = status_when(&rpc, |awaited| !awaited.is_null()).await;
    let missing = awaited["missing"][0]["message"].as_str().unwrap();
    assert!(missing.contains("treasurers:2"), "{awaited:#}");

    let method = "countersign_listPendingApprovals";
    let listed: Value = rpc.call(method, json!([])).await.unwrap();
    must_be_as_documented(method, &listed);

    // An approval that does not fit is refused by the name of what does not.
    let cases: [(&str, Change); 3] = [
        ("expired", |message| message["expiry"] = json!(1)),
        ("preview", |message| message["preview"] = json!(B256::ZERO)),
        ("operation", |message| message["userOpHash"] = json!(B256::ZERO)),
    ];
    for (reason, change) in cases {
        let bad = approval(&rpc, &story.treasurers[0], change).await;
        let failure = must_refuse(&rpc, "countersign_sendApproval", json!([bad, LARGE])).await;
        assert_eq!(failure.code(), Some(-32057), "{reason}: {failure}");
        assert_eq!(failure.data().unwrap()["reason"], reason, "{failure}");
    }

    // The asker is a treasurer, and approves: with one other that makes one.
    let asker = story.caller.clone();
    must_approve(&rpc, &asker).await;
    let listed = must_run(&mut story, None, &["list"]);
    assert!(listed.contains("1 approved so far"), "{listed}");
    must_be_refused(&rpc, 2).await;
    let first = story.treasurers[0].clone();
    must_run(&mut story, Some(&first), &["sign", LARGE, "--yes"]);
    must_be_refused(&rpc, 3).await;
    let ledger = Ledger::of(story.world.anvil().url());
    assert_eq!(ledger.must_read_balance(HEIR).await, U256::ZERO);

    // The second other treasurer signs elsewhere, over what the command prints.
    let typed: Value =
        serde_json::from_str(&must_run(&mut story, None, &["show", LARGE, "--typed-data"]))
            .unwrap();
    let second = story.treasurers[1].clone();
    let expiry = typed["message"]["expiry"].to_string();
    let (address, signature) = (second.address().to_string(), sign(&second, typed));
    let args =
        ["send", LARGE, "--approver", &address, "--expiry", &expiry, "--signature", &signature];
    must_run(&mut story, None, &args);
    let status = must_settle(&rpc, LARGE).await;
    assert_eq!(status["status"], 200, "{status:#}");
    assert_eq!(ledger.must_read_balance(HEIR).await, U256::from(SMALL_WEI + 1));
}
