//! A member that takes its part of the secret's work back at the end.

use countersign_protocol::{Request, SignCall, SignReply};
use serde_json::json;

use super::haunted::{GHOST, HONEST, WITH_GHOST, haunted};

/// The operation of a call.
fn request(call: &SignCall) -> countersign_protocol::UserOperationRequest {
    match &call.request {
        Request::UserOperation(request) => request.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_operation_whose_last_message_was_withheld_counts_as_signed() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "withhold", "which": "last" }));
    let call = story.call(&WITH_GHOST);
    story.must_fail(&call).await.must_miss_ghost();

    // The ghost may hold a signature that it denies, so that nothing else is signed under this nonce.
    let another = story.liar.call(&HONEST, story.liar.another(&request(&call)));
    match &story.liar.ask(&[1], &another).await[0] {
        SignReply::Refused { rule, .. } => assert_eq!(rule, "journal"),
        other => panic!("{other:?}"),
    }
    // The same operation may be asked for again, of whoever is there.
    let again = story.liar.call(&HONEST, request(&call));
    story.liar.must_be_signed(&again).await;
    story.must_end_well().await;
}

#[tokio::test]
async fn a_member_that_says_nothing_is_named_within_the_deadline() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "withhold", "which": "open" }));
    story.must_fail_with_ghost().await.must_name_ghost("spoke before it opened");
    for which in ["first", "second"] {
        story.ghost(json!({ "manner": "withhold", "which": which }));
        story.must_fail_with_ghost().await.must_miss_ghost();
    }
    story.must_end_well().await;
}

#[tokio::test]
async fn a_last_round_of_garbage_is_counted_against_its_sender_and_bans_nobody() {
    let mut story = haunted().await;
    story.ghost(json!({ "manner": "flip", "which": "last", "at": 20 }));
    let told = story.must_fail_with_ghost().await;
    assert_eq!((&told.culprits[..], &told.suspects[..]), (&[][..], &[GHOST][..]), "{told:?}");
    story.must_end_well().await;
}
