//! More than a day's worth, asked for at the same moment.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_protocol::{SignCall, SignReply};
use serde_json::Value;

use super::liar::{Liar, gift};
use super::strict::{DAILY_WEI, HEIR, SMALL_WEI, Strict, signed_for, strict};
use crate::policed::now;

/// Operations of each of the two gateways.
const EACH: u64 = 20;
/// How long they may all take, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many gifts are a day's worth.
const FIT: usize = (DAILY_WEI / SMALL_WEI) as usize;
/// Cosigner 2 is asked by both.
const QUORUMS: [[u8; 2]; 2] = [[1, 2], [2, 3]];

/// Calls for gifts that are each small enough, under nonces of their own.
fn calls(story: &Strict, liar: &Liar, quorum: &[u8], first: u64) -> Vec<SignCall> {
    let calls = [gift(HEIR, SMALL_WEI)];
    let call = |nonce| {
        let id = format!("race {nonce}");
        let request = liar.operation(nonce, &calls);
        let call = liar.call(quorum, signed_for(&story.desk, request, &id, &calls, now() + 3_600));
        SignCall { deadline: PATIENCE, ..call }
    };
    (first..first + EACH).map(call).collect()
}

/// How many of these a cosigner has on record as allowed; it refused all others for the sake of the day's cap.
fn allowed(liar: &Liar, index: usize, calls: &[&SignCall]) -> usize {
    let attempts: BTreeSet<_> =
        calls.iter().map(|call| alloy::hex::encode(call.attempt.0)).collect();
    let ours = |record: &Value| attempts.contains(record["attempt"].as_str().unwrap_or_default());
    let records: Vec<_> = liar.records(index).into_iter().filter(ours).collect();
    assert_eq!(records.len(), calls.len(), "cosigner {index}");
    let (allowed, refused): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record["decision"] == "allowed");
    for record in refused {
        assert_eq!(record["rule"], "policy", "{record}");
        assert!(record["reason"].as_str().unwrap().contains("limits exceeded: daily"), "{record}");
    }
    allowed.len()
}

#[tokio::test]
async fn a_daily_cap_is_not_raced_by_two_gateways_at_once() {
    let mut story = strict().await;
    // One wallet, two gateways.
    let liar = story.another_liar().await;
    let liars = [&liar, &liar.twin()];
    let calls: Vec<_> = (liars.iter().zip(QUORUMS).zip([0, EACH]))
        .map(|((liar, quorum), first)| calls(&story, liar, &quorum, first))
        .collect();
    let asked = liars.iter().zip(QUORUMS).zip(&calls).flat_map(|((liar, quorum), calls)| {
        calls.iter().map(move |call| async move { liar.ask(&quorum, call).await })
    });
    let replies = futures::future::join_all(asked).await;

    let is_signed = |reply: &SignReply| matches!(reply, SignReply::Signed(_));
    let signed = replies.iter().filter(|replies| replies.iter().any(is_signed)).count();
    assert!(signed <= FIT, "{signed} were signed, {FIT} fit into a day");
    // Each cosigner allowed as many as fit, and not one more, whatever came of them.
    let (first, second): (Vec<_>, Vec<_>) = (calls[0].iter().collect(), calls[1].iter().collect());
    let both = [first.clone(), second.clone()].concat();
    for (index, asked) in [(1, first), (2, both), (3, second)] {
        assert_eq!(allowed(&liar, index, &asked), FIT, "cosigner {index}");
    }
    // What takes nothing of the cap is signed for that wallet as ever.
    let free = [gift(HEIR, 0)];
    let request = liar.operation(2 * EACH, &free);
    let request = signed_for(&story.desk, request, "free", &free, now() + 3_600);
    liar.must_be_signed(&liar.call(&[1, 2], request)).await;
    story.must_leave_the_honest_gateway_served("after a race").await;
}
