//! Frames that are not what they should be. None of them bans anybody: a line that garbles bits does as much.

use countersign_protocol::SignReply;
use serde_json::json;

use super::haunted::{GHOST, Haunted, WITH_GHOST, haunted};

/// A frame that is dropped unread leaves the honest member waiting for the one that never comes.
async fn must_be_dropped(story: &mut Haunted, manner: serde_json::Value) {
    story.ghost(manner);
    story.must_fail_with_ghost().await.must_miss_ghost();
    story.must_end_well().await;
}

#[tokio::test]
async fn a_bit_that_flips_on_the_way_costs_a_session_and_bans_nobody() {
    let mut story = haunted().await;
    for which in ["first", "second", "last"] {
        story.ghost(json!({ "manner": "spoil", "which": which, "at": 90 }));
        story.must_fail_with_ghost().await.must_miss_ghost();
    }
    story.must_end_well().await;
}

#[tokio::test]
async fn an_opening_that_does_not_read_is_named() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "swell", "which": "open", "bytes": 2000 }));
    story.must_fail_with_ghost().await.must_name_ghost("above its bound");
    story.ghost(json!({ "manner": "swell", "which": "open", "bytes": 7 }));
    story.must_fail_with_ghost().await.must_name_ghost("malformed");
    story.must_end_well().await;
}

#[tokio::test]
async fn an_opening_of_another_epoch_is_named() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "other_epoch" }));
    story.must_fail_with_ghost().await.must_name_ghost("another epoch");
    story.must_end_well().await;
}

#[tokio::test]
async fn an_opening_by_another_protocol_or_engine_is_named() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "spoil", "which": "open", "at": 0 }));
    story.must_fail_with_ghost().await.must_name_ghost("protocol version");
    story.ghost(json!({ "manner": "spoil", "which": "open", "at": 3 }));
    story.must_fail_with_ghost().await.must_name_ghost("another engine version");
    story.must_end_well().await;
}

#[tokio::test]
async fn an_opening_that_comes_twice_is_named() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "twice", "which": "open" }));
    story.must_fail_with_ghost().await.must_name_ghost("opened twice");
    story.must_end_well().await;
}

#[tokio::test]
async fn a_round_that_comes_before_the_opening_is_named() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "late", "which": "open" }));
    story.must_fail_with_ghost().await.must_name_ghost("");
    story.must_end_well().await;
}

#[tokio::test]
async fn a_message_that_comes_twice_changes_nothing() {
    let mut story = haunted().await;
    for which in ["first", "second"] {
        story.ghost(json!({ "manner": "twice", "which": which }));
        let call = story.call(&WITH_GHOST);
        for reply in story.liar.ask(&WITH_GHOST, &call).await {
            assert!(matches!(reply, SignReply::Signed(_)), "{which}: {reply:?}");
        }
    }
    story.must_end_well().await;
}

#[tokio::test]
async fn a_message_of_an_earlier_session_is_dropped() {
    let mut story = haunted().await;
    let call = story.call(&WITH_GHOST);
    story.liar.ask(&WITH_GHOST, &call).await;
    for which in ["first", "second", "last"] {
        story.ghost(json!({ "manner": "replay", "which": which }));
        story.must_fail_with_ghost().await.must_miss_ghost();
    }
    story.must_end_well().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_is_dropped() {
    let mut story = haunted().await;
    must_be_dropped(&mut story, json!({ "manner": "swell", "which": "second", "bytes": 600_000 }))
        .await;
}

#[tokio::test]
async fn a_frame_above_every_bound_costs_the_connection_which_comes_back() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "swell", "which": "first", "bytes": 3_000_000 }));
    let told = story.must_fail_with_ghost().await;
    assert_eq!(told.culprits, [GHOST], "{told:?}");
    story.ghost(json!({ "manner": "honest" }));
    // It dials again by itself; until then its silence is its own.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let call = story.call(&WITH_GHOST);
        if let SignReply::Signed(_) = story.liar.ask(&WITH_GHOST, &call).await[0] {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the connection does not come back");
    }
    story.must_end_well().await;
}
