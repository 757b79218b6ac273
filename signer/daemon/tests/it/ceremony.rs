//! Keygen: every operator's word, and no half-made key.

use std::time::Duration;

use countersign_cosigner::StartError;
use countersign_protocol::KeyPurpose;

use crate::world::{Confirm, World, must_become};

#[tokio::test]
async fn a_key_is_live_at_all_and_survives_a_restart() {
    let mut world = World::start(Confirm::Itself).await;
    let made = world.keygen("main").await.unwrap();
    assert_eq!((made.threshold, made.parties), (2, 3));
    for at in 0..3 {
        world.await_state(at, "main", Some("live")).await;
        let key = world.daemons[at].as_ref().unwrap().keys().get(&"main".parse().unwrap()).unwrap();
        assert_eq!(key.record.address.to_vec(), made.address);
        drop(key);
        world.stop_one(at).await;
        world.start_one(at).await.unwrap();
        world.await_state(at, "main", Some("live")).await;
    }
    let error = world.keygen("main").await.unwrap_err();
    assert!(error.contains("is taken"), "{error}");
}

#[tokio::test]
async fn shares_without_their_journal_do_not_start() {
    let mut world = World::start(Confirm::Itself).await;
    // given a cosigner without shares, whose journal is nobody's yet
    world.stop_one(2).await;
    std::fs::remove_file(world.data(2, "journal.db")).unwrap();
    world.start_one(2).await.unwrap();
    world.await_links(3).await;
    world.keygen("main").await.unwrap();
    world.await_state(2, "main", Some("live")).await;
    world.stop_one(2).await;
    // when its journal or the name of it is lost, and however often it is started then
    for lost in ["journal.db", "journal.id"] {
        let (file, kept) = (world.data(2, lost), world.data(2, "kept"));
        std::fs::rename(&file, &kept).unwrap();
        for _ in 0..2 {
            let error = world.start_one(2).await.unwrap_err();
            assert!(matches!(error, StartError::JournalLost { .. }), "{error}");
            assert!(error.to_string().contains("must never sign again"), "{error}");
        }
        std::fs::rename(&kept, &file).unwrap();
    }
    // then it starts again with what it had
    world.start_one(2).await.unwrap();
    world.await_state(2, "main", Some("live")).await;
}

#[tokio::test]
async fn an_operators_word_is_needed_and_one_refusal_ends_it() {
    let world = World::start(Confirm::Operators).await;
    let ceremony = async {
        for at in [1, 2] {
            let mut operator = world.operator(at).await;
            must_become(async || operator.ceremonies().await.unwrap().len() == 1).await;
            let waiting = operator.ceremonies().await.unwrap().remove(0);
            assert_eq!((waiting.state.as_str(), waiting.proposer), ("waiting", 1));
            let agree = at == 1;
            assert_eq!(operator.confirm(&waiting.ceremony, agree).await.unwrap(), "main");
            assert!(operator.confirm(&waiting.ceremony, true).await.is_err(), "one word only");
        }
    };
    let (outcome, ()) = tokio::join!(world.keygen("main"), ceremony);
    let error = outcome.unwrap_err();
    assert!(error.contains("party 3") && error.contains("operator refused"), "{error}");
    for at in 0..3 {
        world.await_state(at, "main", None).await;
        let mut operator = world.operator(at).await;
        must_become(async || operator.ceremonies().await.unwrap().is_empty()).await;
    }
}

#[tokio::test]
async fn a_peer_that_vanishes_before_it_confirms_is_named_in_time() {
    let mut world = World::start(Confirm::Operators).await;
    let mut operator = world.operator(0).await;
    let key = "main".parse().unwrap();
    let within = Duration::from_secs(4);
    let mut events = operator.keygen(&key, 2, KeyPurpose::Accounts, within).await.unwrap();
    let mut other = world.operator(1).await;
    must_become(async || other.ceremonies().await.unwrap().len() == 1).await;
    let waiting = other.ceremonies().await.unwrap().remove(0);
    other.confirm(&waiting.ceremony, true).await.unwrap();
    world.stop_one(2).await;
    let mut last = None;
    while let Some(event) = events.message().await.unwrap() {
        last = Some(event);
    }
    let last = last.unwrap();
    assert_eq!(last.stage, "failed");
    assert!(last.message.contains("party 3"), "{last:?}");
    for at in [0, 1] {
        world.await_state(at, "main", None).await;
    }
}

#[tokio::test]
async fn an_absent_peer_is_named_at_once_and_the_name_stays_free() {
    let mut world = World::start(Confirm::Itself).await;
    world.stop_one(2).await;
    world.await_links(2).await;
    let error = world.keygen("main").await.unwrap_err();
    assert!(error.contains("party 3 cannot be reached"), "{error}");
    let mut other = world.operator(1).await;
    must_become(async || other.ceremonies().await.unwrap().is_empty()).await;
    world.start_one(2).await.unwrap();
    world.await_links(3).await;
    world.keygen("main").await.unwrap();
}

#[tokio::test]
async fn thresholds_that_no_committee_can_have_are_refused() {
    let world = World::start(Confirm::Itself).await;
    for threshold in [0, 1, 3, 4] {
        let mut operator = world.operator(0).await;
        let key = "main".parse().unwrap();
        let within = Duration::from_secs(10);
        let outcome = operator.keygen(&key, threshold, KeyPurpose::Accounts, within).await;
        assert!(outcome.is_err(), "threshold {threshold}");
    }
}
