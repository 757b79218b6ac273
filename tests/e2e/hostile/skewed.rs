//! Clocks that are wrong by five minutes: no signature comes of it that another clock forbids, and none is missing that
//! has nothing to do with time.

use std::path::PathBuf;
use std::process::Command;

use countersign_devnet::JsonRpc;
use countersign_protocol::{SignReply, UserOperationRequest};
use serde_json::{Value, json};

use super::strict::{SMALL_WEI, Strict, strict};
use crate::policed::{Signed, now, sign, signed_batch};
use crate::shared::must_settle;

/// Five minutes, in seconds.
const SKEW: u64 = 300;
/// What is over for so many seconds is not over for a slow clock; what lasts for all of the skew but these is over for
/// a fast one.
const LITTLE: u64 = 30;
/// Whose clock is wrong, a quorum with it, and one without.
const ODD: u8 = 3;
const WITH_ODD: [u8; 2] = [1, ODD];
const STEADY: [u8; 2] = [1, 2];

/// A library that makes the time of day wrong for the process that preloads it.
fn shim(story: &Strict) -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/hostile/skewed_clock.c");
    let library: PathBuf = story.world.logs().path().join("skewed_clock.so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    library.to_str().unwrap().to_owned()
}

/// The cosigner starts again with a clock that is so many seconds ahead, or behind.
async fn set_odd_clock(story: &mut Strict, ahead: i64) {
    let library = shim(story);
    let odd = &mut story.world.cosigners()[usize::from(ODD) - 1];
    odd.set_env("LD_PRELOAD", &library);
    odd.set_env("SKEW_SECONDS", &ahead.to_string());
    odd.restart().await.unwrap();
}

/// Its clock is right again. Nothing that it wrote at another time is amiss.
async fn must_mend(story: &mut Strict) {
    let odd = &mut story.world.cosigners()[usize::from(ODD) - 1];
    odd.clear_env();
    odd.restart().await.unwrap();
    odd.operator(&["audit", "verify"]).unwrap();
    let gift = story.gift_until(now() + 3_600);
    story.must_sign(&WITH_ODD, gift).await;
}

/// One of these members refuses by the rule, as over; the other one would have signed, and does not.
async fn must_find_over(story: &Strict, request: UserOperationRequest, quorum: &[u8; 2], who: u8) {
    let call = story.liar.call(quorum, request);
    for (member, reply) in quorum.iter().zip(story.liar.ask(quorum, &call).await) {
        match reply {
            SignReply::Refused { rule, message } if *member == who => {
                assert_eq!(rule, "intent", "{message}");
                assert!(message.contains("expired at"), "{message}");
            }
            SignReply::Failed { .. } if *member != who => {}
            other => panic!("{member}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_cosigner_whose_clock_is_fast_refuses_by_name_what_is_over_for_it_and_others_sign() {
    let mut story = strict().await;
    set_odd_clock(&mut story, i64::try_from(SKEW).unwrap()).await;
    let gift = story.gift_until(now() + SKEW - LITTLE);
    must_find_over(&story, gift.clone(), &WITH_ODD, ODD).await;
    // The others do not wait for it, and what holds for longer is signed with it.
    story.must_sign(&STEADY, gift).await;
    let lasting = story.gift_until(now() + 3 * SKEW);
    story.must_sign(&WITH_ODD, lasting).await;
    story.must_leave_the_honest_gateway_served("beside a fast clock").await;
    must_mend(&mut story).await;
}

#[tokio::test]
async fn a_cosigner_whose_clock_is_slow_does_not_make_the_others_sign_what_is_over() {
    let mut story = strict().await;
    set_odd_clock(&mut story, -i64::try_from(SKEW).unwrap()).await;
    let over = story.gift_until(now() - LITTLE);
    must_find_over(&story, over, &WITH_ODD, WITH_ODD[0]).await;
    let lasting = story.gift_until(now() + SKEW);
    story.must_sign(&WITH_ODD, lasting).await;
    story.must_leave_the_honest_gateway_served("beside a slow clock").await;
    must_mend(&mut story).await;
}

/// A treasurer's approval of what waits, which ends at this second.
async fn approve(story: &Strict, rpc: &JsonRpc, id: &str, expiry: u64) {
    for by in &story.treasurers {
        let request: Value = rpc.call("countersign_getApprovalRequest", json!([id])).await.unwrap();
        let mut typed = request["typedData"].clone();
        typed["message"]["expiry"] = json!(expiry);
        let approval = json!({
            "approver": by.address(), "chainId": request["chainId"],
            "userOpHash": typed["message"]["userOpHash"], "preview": typed["message"]["preview"],
            "expiry": expiry, "signature": sign(by, typed),
        });
        rpc.call::<Value>("countersign_sendApproval", json!([approval])).await.unwrap();
    }
}

/// Waits until every cosigner that was asked misses approvals, and says so in these words.
async fn must_miss(rpc: &JsonRpc, id: &str, words: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let status: Value = rpc.call("wallet_getCallsStatus", json!([id])).await.unwrap();
        let missing = &status["capabilities"]["countersign"]["approval"]["missing"];
        let says = |one: &Value| one["message"].as_str().is_some_and(|text| text.contains(words));
        if missing.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(says)) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{words}: {status:#}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_gateway_whose_clock_is_slow_takes_approvals_that_are_over_and_no_cosigner_does() {
    let mut story = strict().await;
    let library = shim(&story);
    let gateway = story.world.gateway();
    gateway.set_env("LD_PRELOAD", &library);
    gateway.set_env("SKEW_SECONDS", &format!("-{SKEW}"));
    gateway.restart().await.unwrap();

    let id = "beside a slow gateway";
    let chain = countersign_userop::ChainId::new(story.world.anvil().chain_id());
    let sender = story.liar.sender();
    let batch = signed_batch(&story.desk, chain, sender, id, SMALL_WEI + 1, Signed::truly());
    let rpc = story.world.rpc().unwrap();
    rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
    must_miss(&rpc, id, "treasurers:2").await;
    approve(&story, &rpc, id, now() - LITTLE).await;
    must_miss(&rpc, id, "expired at").await;
    // Approved once more, by the clock of the people, it lands.
    approve(&story, &rpc, id, now() + SKEW).await;
    let status = must_settle(&rpc, id).await;
    assert_eq!(status["status"], 200, "{status:#}");

    let gateway = story.world.gateway();
    gateway.clear_env();
    gateway.restart().await.unwrap();
    story.must_leave_the_honest_gateway_served("after a slow gateway").await;
}
