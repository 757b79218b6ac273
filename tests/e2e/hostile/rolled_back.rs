//! A cosigner's database as it was some time ago, put back: it has forgotten what was signed since.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign_devnet::CosignerProcess;
use countersign_protocol::SignReply;
use serde_json::Value;

use super::strict::{Strict, strict};
use crate::policed::now;

/// Whose disk it is; who signed with it since, and who has not.
const RESTORED: u8 = 3;
const WITH_RESTORED: [u8; 2] = [1, RESTORED];
const UNAWARE: [u8; 2] = [2, RESTORED];

/// The files of the database.
const DATABASE: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db-shm"];

fn restored(story: &mut Strict) -> &mut CosignerProcess {
    &mut story.world.cosigners()[usize::from(RESTORED) - 1]
}

fn data(cosigner: &CosignerProcess) -> PathBuf {
    cosigner.config().with_file_name("data")
}

/// Makes the database in `to` the one in `from`.
fn put(from: &Path, to: &Path) {
    for name in DATABASE {
        let (from, to) = (from.join(name), to.join(name));
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        } else if to.exists() {
            std::fs::remove_file(to).unwrap();
        }
    }
}

/// What it heard from its peers of a history of its own that is not there.
async fn must_miss_history(cosigner: &CosignerProcess) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let heads = cosigner.operator(&["journal", "heads", "--json"]).unwrap();
        let heads: Value = serde_json::from_str(&heads).unwrap();
        if !heads["missing"].as_array().unwrap().is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{heads:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cosigner_that_was_rolled_back_signs_nothing_until_its_history_is_imported() {
    let mut story = strict().await;
    let early = story.gift_until(now() + 3_600);
    let signed = story.gift_until(now() + 3_600);
    let fresh = story.gift_until(now() + 3_600);
    story.must_sign(&WITH_RESTORED, early).await;

    // Somebody copies the disk, and puts it back when more was signed.
    let copy = story.world.logs().path().join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    let cosigner = restored(&mut story);
    cosigner.process().kill().unwrap();
    put(&data(cosigner), &copy);
    cosigner.restart().await.unwrap();
    story.must_sign(&WITH_RESTORED, signed.clone()).await;
    let history = copy.join("history.jsonl").to_str().unwrap().to_owned();
    let cosigner = restored(&mut story);
    cosigner.operator(&["journal", "export", &history]).unwrap();
    cosigner.process().kill().unwrap();
    put(&copy, &data(cosigner));
    cosigner.restart().await.unwrap();
    must_miss_history(cosigner).await;

    // The one that it forgot, otherwise, with a member that never saw it; and anything else.
    let theft = story.otherwise(&signed);
    for request in [theft.clone(), fresh.clone()] {
        let call = story.liar.call(&UNAWARE, request);
        let replies = story.liar.ask(&UNAWARE, &call).await;
        assert!(!matches!(replies[0], SignReply::Signed(_)), "{replies:?}");
        assert!(is_refused(&replies[1], "rollback"), "{replies:?}");
    }
    story.must_leave_the_honest_gateway_served("beside a journal that went back").await;

    // With its history it signs again, and not what it signed otherwise.
    let cosigner = restored(&mut story);
    cosigner.process().kill().unwrap();
    cosigner.operator(&["journal", "import", &history]).unwrap();
    cosigner.restart().await.unwrap();
    let call = story.liar.call(&UNAWARE, theft);
    let replies = story.liar.ask(&UNAWARE, &call).await;
    assert!(is_refused(&replies[1], "journal"), "{replies:?}");
    story.must_sign(&WITH_RESTORED, fresh).await;
    story.must_leave_the_honest_gateway_served("after a history was imported").await;
}

fn is_refused(reply: &SignReply, by: &str) -> bool {
    matches!(reply, SignReply::Refused { rule, .. } if rule == by)
}
