//! A member that cheats in the oblivious transfer learns a bit of the other's secret a time, so that once is enough.

use countersign_protocol::{FailureClass, SignReply};
use serde_json::json;

use super::haunted::{GHOST, HONEST, Haunted, WITH_GHOST};

/// Sessions at once.
const AT_ONCE: usize = 24;

#[tokio::test]
async fn a_corrupted_row_in_many_sessions_at_once_ends_all_signing_with_that_member_for_ever() {
    let mut story = Haunted::start().await;
    story.ghost(json!({ "manner": "flip", "which": "second", "at": 600 }));
    let calls: Vec<_> = (0..AT_ONCE).map(|_| story.call(&WITH_GHOST)).collect();
    let asked = calls.iter().map(|call| story.liar.ask(&WITH_GHOST, call));
    for replies in futures::future::join_all(asked).await {
        assert!(!matches!(replies[0], SignReply::Signed(_)), "{replies:?}");
    }
    let bans = story.liar.operator(1, &["bans"]);
    assert!(bans.contains(&GHOST.to_string()), "{bans}");

    // It repents; that changes nothing, not even after a restart.
    story.ghost(json!({ "manner": "honest" }));
    for restarted in [false, true] {
        if restarted {
            story.world.cosigners()[0].restart().await.unwrap();
        }
        let call = story.call(&WITH_GHOST);
        match &story.liar.ask(&WITH_GHOST, &call).await[0] {
            SignReply::Failed { class, culprits, .. } => {
                assert_eq!((*class, &culprits[..]), (FailureClass::Peer, &[GHOST][..]));
            }
            SignReply::Refused { rule, .. } => assert_eq!(rule, "ban"),
            SignReply::Signed(_) => panic!("signed with a banned party, restarted: {restarted}"),
        }
    }
    let call = story.call(&HONEST);
    story.liar.must_be_signed(&call).await;
    story.liar.must_leave_the_honest_gateway_served("after a cheat was banned").await;
}
