//! What the policy allows across many requests: totals, windows, intents, barriers, races.

use alloy::primitives::{Address, B256, U256};
use countersign_policy::{DEVELOPMENT, Grant, Policy};
use countersign_protocol::IntentKey;

use super::*;
use crate::decision::fixtures::{claim, entry, weighing};
use crate::decision::{Entry, Recorded};
use crate::store::Store;

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

const CAPPED: &str = r#"
version = 1
policies = '''
@id("all")
@grants("owner, undecodable")
permit (principal, action, resource);
@id("capped")
forbid (principal, action, resource) when { context.exceeded.contains("hourly") };
'''
[[limits]]
name = "hourly"
asset = "native"
max = "1000"
window_s = 3600
"#;

/// An operation of its own nonce that sends a hundred wei, under the capped policy.
fn sends(nonce: u64) -> Entry {
    sends_wei(nonce, 100)
}

fn sends_wei(nonce: u64, wei: u64) -> Entry {
    let mut claim = claim(1);
    claim.slot.slot.nonce = U256::from(nonce);
    claim.digest = B256::from(U256::from(nonce + 1));
    let mut entry = entry(claim);
    let mut weighing = weighing(Policy::parse(CAPPED).unwrap());
    weighing.facts.flows[0].amount = U256::from(wei);
    entry.weighing = Some(weighing);
    entry
}

fn weighed(entry: Entry, change: impl FnOnce(&mut Weighing)) -> Entry {
    let mut entry = entry;
    change(entry.weighing.as_mut().unwrap());
    entry
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("journal.db")).await.unwrap();
    (folder, store)
}

async fn refused(store: &Store, entry: &Entry, at: i64) -> Option<Rule> {
    let Recorded { verdict, .. } = store.record(entry, at).await.unwrap();
    verdict.err().map(|refusal| refusal.rule)
}

#[tokio::test]
async fn a_rolling_window_fills_up_and_empties_again() {
    let (_folder, store) = store().await;
    for nonce in 0..10 {
        assert_eq!(refused(&store, &sends(nonce), NOW).await, None);
    }
    assert_eq!(refused(&store, &sends(10), NOW + HOUR - 1).await, Some(Rule::Policy));
    assert_eq!(refused(&store, &sends(10), NOW + HOUR).await, None);
}

#[tokio::test]
async fn a_limit_survives_a_restart() {
    let (folder, first) = store().await;
    assert_eq!(refused(&first, &sends_wei(0, 1_000), NOW).await, None);
    drop(first);
    let again = Store::open(&folder.path().join("journal.db")).await.unwrap();
    assert_eq!(refused(&again, &sends_wei(1, 1), NOW).await, Some(Rule::Policy));
}

#[tokio::test]
async fn two_hundred_at_once_cannot_race_a_limit() {
    let (_folder, store) = store().await;
    let asked = (0..200).map(|nonce| {
        let store = store.clone();
        tokio::spawn(async move { refused(&store, &sends(nonce), NOW).await })
    });
    let answers = futures::future::join_all(asked).await;
    let allowed = answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_none()).count();
    assert_eq!(allowed, 10);
}

#[tokio::test]
async fn a_refused_request_takes_nothing() {
    let (_folder, store) = store().await;
    assert_eq!(refused(&store, &sends_wei(0, 1_001), NOW).await, Some(Rule::Policy));
    assert_eq!(refused(&store, &sends_wei(1, 1_000), NOW).await, None);
}

#[tokio::test]
async fn the_same_request_again_counts_once_and_a_dearer_one_the_difference() {
    let (_folder, store) = store().await;
    for _ in 0..3 {
        let again = sends_wei(0, 600);
        assert_eq!(refused(&store, &again, NOW).await, None);
    }
    assert_eq!(refused(&store, &sends_wei(1, 500), NOW).await, Some(Rule::Policy));
    assert_eq!(refused(&store, &sends_wei(1, 400), NOW).await, None);
}

#[tokio::test]
async fn an_intent_takes_one_nonce_and_a_nonce_one_intent() {
    let (_folder, store) = store().await;
    let signer = IntentKey::Wallet(Address::repeat_byte(9));
    let with = |nonce, id: &str| {
        weighed(sends(nonce), |weighing| weighing.intent = Some(IntentClaim::new(signer, id)))
    };
    assert_eq!(refused(&store, &with(0, "rent"), NOW).await, None);
    assert_eq!(refused(&store, &with(0, "rent"), NOW).await, None, "a repeat");
    assert_eq!(refused(&store, &with(1, "rent"), NOW).await, Some(Rule::Intent));
    assert_eq!(refused(&store, &with(0, "food"), NOW).await, Some(Rule::Intent));
    let other_lane = weighed(with(0, "rent"), |_| {});
    let mut other_lane = other_lane;
    let claim = other_lane.claim.as_mut().unwrap();
    claim.slot.slot.nonce = U256::from(1) << 64;
    assert_eq!(refused(&store, &other_lane, NOW).await, Some(Rule::Intent), "another lane");
    let another = IntentKey::Wallet(Address::repeat_byte(8));
    let theirs =
        weighed(sends(1), |weighing| weighing.intent = Some(IntentClaim::new(another, "rent")));
    assert_eq!(refused(&store, &theirs, NOW).await, None, "another caller's id");
}

#[tokio::test]
async fn a_change_of_command_is_a_barrier_until_it_is_lifted() {
    let (_folder, store) = store().await;
    let rotation =
        || weighed(sends(0), |weighing| weighing.facts.calls[0].needs = vec![Grant::Owner]);
    assert_eq!(refused(&store, &rotation(), NOW).await, None);
    assert_eq!(refused(&store, &sends(1), NOW).await, Some(Rule::Barrier));
    assert_eq!(refused(&store, &rotation(), NOW).await, None, "the change itself, again");
    let elsewhere = weighed(sends(2), |weighing| {
        weighing.facts.account = Some(Address::repeat_byte(0x77));
    });
    assert_eq!(refused(&store, &elsewhere, NOW).await, None, "another account");
    let account = barrier_owner(31_337, Address::repeat_byte(0x5e));
    let open = store.barriers(&account).await.unwrap();
    let slot = rotation().claim.unwrap().slot.slot;
    assert_eq!(open[0].place(), Some((Address::repeat_byte(0xe0), slot.nonce)));
    store.lift(&open[0]).await.unwrap();
    assert_eq!(refused(&store, &sends(1), NOW).await, None);
}

#[tokio::test]
async fn approvals_are_asked_for_by_name() {
    let text = r#"
version = 1
policies = '''
@id("two people")
permit (principal, action, resource) when { context.approvals.contains("clerks:2") };
'''
[groups]
clerks = ["0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"]
"#;
    let (_folder, store) = store().await;
    let with = |nonce, count| {
        weighed(sends(nonce), |weighing| {
            weighing.policy = Arc::new(Policy::parse(text).unwrap());
            weighing.approved = BTreeMap::from([("clerks".to_owned(), count)]);
        })
    };
    assert_eq!(refused(&store, &with(0, 1), NOW).await, Some(Rule::Approval));
    assert_eq!(refused(&store, &with(0, 2), NOW).await, None);
}

#[tokio::test]
async fn what_was_not_weighed_is_not_allowed() {
    let (_folder, store) = store().await;
    let entry = Entry { weighing: None, ..sends(0) };
    assert_eq!(refused(&store, &entry, NOW).await, Some(Rule::Policy));
}

#[tokio::test]
async fn a_denial_names_the_policy_and_the_limit() {
    let (_folder, store) = store().await;
    let verdict = store.record(&sends_wei(0, 1_001), NOW).await.unwrap().verdict;
    let message = verdict.unwrap_err().message;
    assert!(message.contains("capped") && message.contains("hourly"), "{message}");
}

#[tokio::test]
async fn the_development_policy_allows_no_change_of_command() {
    let (_folder, store) = store().await;
    let rotation = weighed(sends(0), |weighing| {
        weighing.policy = Arc::new(Policy::parse(DEVELOPMENT).unwrap());
        weighing.facts.calls[0].needs = vec![Grant::Owner];
    });
    assert_eq!(refused(&store, &rotation, NOW).await, Some(Rule::Policy));
}
