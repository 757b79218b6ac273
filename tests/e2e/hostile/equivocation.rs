//! Lies of which each half is true: one thing for one cosigner, another for the other.

use std::time::{Duration, Instant};

use countersign_protocol::{SignCall, SignReply};
use serde_json::json;

use super::haunted::haunted;
use super::liar::Liar;
use crate::shared::scene;

#[tokio::test]
async fn two_members_that_are_shown_different_operations_sign_neither_and_ban_nobody() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(4);
    let first = liar.call(&[1, 2], truth.clone());
    // One attempt, so that the two meet.
    let second = SignCall { attempt: first.attempt, ..liar.call(&[1, 2], liar.another(&truth)) };

    let replies = liar.ask_each(&[(1, &first), (2, &second)]).await;

    for (index, reply) in (1..).zip(&replies) {
        assert!(matches!(reply, SignReply::Failed { .. }), "cosigner {index}: {reply:?}");
    }
    // Each wrote down, before it spoke to the other, what it had been shown and that it would have signed it.
    let records = [liar.record(1, &first), liar.record(2, &second)];
    for record in &records {
        assert_eq!(record["decision"], "allowed", "{record}");
        assert_eq!(record["caller"], "gateway", "{record}");
    }
    assert_ne!(records[0]["digest"], records[1]["digest"], "{records:#?}");
    // It was the gateway's lie: no member is taken for a cheat.
    for index in 1..=3 {
        assert_eq!(liar.operator(index, &["bans"]), "", "cosigner {index}");
    }
    // The nonce is used up where it was shown: neither operation can be had from these two any more.
    for request in [truth.clone(), liar.another(&truth)] {
        let call = liar.call(&[1, 2], request);
        for reply in liar.ask(&[1, 2], &call).await {
            assert!(!matches!(reply, SignReply::Signed(_)), "{reply:?}");
        }
    }
    liar.must_leave_the_honest_gateway_served("after showing two operations").await;
}

#[tokio::test]
async fn a_member_that_tells_two_others_different_things_in_keygen_is_named_by_both_and_no_key_comes_of_it()
 {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "equivocate", "to": 2 }));
    let named = "party 3 told different parties different things in round 2";
    let [first, second, _] = story.world.cosigners() else { panic!("no committee of three") };
    let told = first.keygen("two-faced", "plain", 2).await.unwrap_err().to_string();
    assert!(told.contains(named), "{told}");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !second.process().log().unwrap().contains(named) {
        assert!(Instant::now() < deadline, "{}", second.process().log_tail(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for cosigner in [&*first, &*second] {
        assert!(!cosigner.operator(&["status"]).unwrap().contains("two-faced"));
    }
    // When it speaks with one voice, the name is free.
    story.ghost(json!({ "manner": "honest" }));
    story.world.cosigners()[0].keygen("two-faced", "plain", 2).await.unwrap();
    story.must_end_well().await;
}
