//! The commit: what is refused in it, and that a refusal leaves its record and nothing else.

use alloy::primitives::{Address, U256};

use countersign_userop::SignableKind;

use super::fixtures::{claim, entry};
use super::*;
use crate::journal::Terms;

const NOW: i64 = 1_700_000_000_000;
const NOW_S: u64 = 1_700_000_000;

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    (folder, store)
}

/// An approval of `wei` in the slot of `nonce`, under a cap of 100.
fn approval(nonce: u64, wei: u64, valid_until: u64) -> Entry {
    let mut claim = claim(0);
    claim.digest =
        B256::from(U256::from(nonce * 1_000_000_000_000 + wei * 1_000 + valid_until % 1_000));
    claim.slot.slot.kind = SignableKind::PaymasterApproval;
    claim.slot.slot.nonce = U256::from(nonce);
    let paymaster = Address::repeat_byte(9);
    claim.terms = Terms::Approval { paymaster, max_cost_wei: U256::from(wei), valid_until };
    let exposure = Exposure {
        chain: 31_337,
        paymaster,
        wei: U256::from(wei),
        valid_until,
        cap: U256::from(100),
    };
    Entry { exposure: Some(exposure), ..entry(claim) }
}

async fn rule(store: &Store, entry: &Entry, now_ms: i64) -> Option<Rule> {
    store.record(entry, now_ms).await.unwrap().verdict.err().map(|refusal| refusal.rule)
}

#[tokio::test]
async fn an_attempt_is_single_use_even_after_a_refusal() {
    let (_folder, store) = store().await;
    let mut refused = entry(claim(1));
    refused.verdict = Err(Refusal::new(Rule::Cost, "too dear"));
    assert_eq!(rule(&store, &refused, NOW).await, Some(Rule::Cost));

    let again = Entry { verdict: Ok(()), ..refused };

    assert_eq!(rule(&store, &again, NOW).await, Some(Rule::Attempt));
}

#[tokio::test]
async fn a_refused_request_leaves_its_record_and_no_slot() {
    let (_folder, store) = store().await;
    let mut refused = entry(claim(1));
    refused.verdict = Err(Refusal::new(Rule::Cost, "too dear"));
    store.record(&refused, NOW).await.unwrap();

    let lines = store.audit_lines(0, 10).await.unwrap();

    let record: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let [decision, rule, reason] = ["decision", "rule", "reason"].map(|field| &record[field]);
    assert_eq!((decision, rule, reason), (&"refused".into(), &"cost".into(), &"too dear".into()));
    assert!(store.slot_history(&claim(1).slot).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_by_the_journal_is_in_the_audit() {
    let (_folder, store) = store().await;
    store.record(&entry(claim(1)), NOW).await.unwrap().verdict.unwrap();
    store.record(&entry(claim(2)), NOW).await.unwrap().verdict.unwrap_err();

    let lines = store.audit_lines(1, 10).await.unwrap();

    assert!(lines[0].contains(r#""decision":"refused","rule":"journal""#), "{lines:?}");
}

#[tokio::test]
async fn nothing_is_allowed_without_its_audit_record() {
    let (_folder, store) = store().await;
    let mut connection = store.connection().await;
    sqlx::raw_sql("DROP TABLE audit").execute(&mut *connection).await.unwrap();
    drop(connection);

    assert!(store.record(&entry(claim(1)), NOW).await.is_err());
    assert!(store.slot_history(&claim(1).slot).await.unwrap().is_empty(), "rolled back");
}

#[tokio::test]
async fn an_allowed_request_without_a_slot_is_refused() {
    let (_folder, store) = store().await;
    let nameless = Entry { claim: None, ..entry(claim(1)) };
    assert_eq!(rule(&store, &nameless, NOW).await, Some(Rule::Journal));
}

#[tokio::test]
async fn approvals_of_many_slots_add_up_to_the_cap() {
    let (_folder, store) = store().await;
    assert_eq!(rule(&store, &approval(1, 60, NOW_S + 60), NOW).await, None);
    assert_eq!(rule(&store, &approval(2, 40, NOW_S + 60), NOW).await, None);
    assert_eq!(rule(&store, &approval(3, 1, NOW_S + 60), NOW).await, Some(Rule::Outstanding));
}

#[tokio::test]
async fn a_slot_counts_with_its_dearest_approval_only() {
    let (_folder, store) = store().await;
    assert_eq!(rule(&store, &approval(1, 60, NOW_S + 60), NOW).await, None);
    assert_eq!(rule(&store, &approval(1, 50, NOW_S + 61), NOW).await, None);
    assert_eq!(rule(&store, &approval(1, 70, NOW_S + 62), NOW).await, None);
    assert_eq!(rule(&store, &approval(2, 30, NOW_S + 60), NOW).await, None);
    assert_eq!(rule(&store, &approval(2, 31, NOW_S + 60), NOW).await, Some(Rule::Outstanding));
}

#[tokio::test]
async fn an_approval_counts_until_its_last_second_has_passed() {
    let (_folder, store) = store().await;
    assert_eq!(rule(&store, &approval(1, 100, NOW_S + 60), NOW).await, None);
    let at_the_last_second = NOW + 60_999;
    let refused = rule(&store, &approval(2, 1, NOW_S + 90), at_the_last_second).await;
    assert_eq!(refused, Some(Rule::Outstanding));
    assert_eq!(rule(&store, &approval(2, 100, NOW_S + 90), NOW + 61_000).await, None);
}

#[tokio::test]
async fn a_refused_approval_takes_nothing_of_the_cap() {
    let (_folder, store) = store().await;
    assert_eq!(rule(&store, &approval(1, 101, NOW_S + 60), NOW).await, Some(Rule::Outstanding));
    assert_eq!(rule(&store, &approval(2, 100, NOW_S + 60), NOW).await, None);
}

#[tokio::test]
async fn a_slot_counts_until_the_latest_of_its_approvals_lapses() {
    let (_folder, store) = store().await;
    assert_eq!(rule(&store, &approval(1, 60, NOW_S + 90), NOW).await, None);
    assert_eq!(rule(&store, &approval(1, 50, NOW_S + 60), NOW).await, None);
    let between = NOW + 70_000;
    assert_eq!(rule(&store, &approval(2, 50, NOW_S + 80), between).await, Some(Rule::Outstanding));
    assert_eq!(rule(&store, &approval(2, 40, NOW_S + 80), between).await, None);
}

#[tokio::test]
async fn each_paymaster_on_each_chain_has_a_cap_of_its_own() {
    let (_folder, store) = store().await;
    let elsewhere = |nonce, change: fn(&mut Exposure)| {
        let mut entry = approval(nonce, 100, NOW_S + 60);
        entry.exposure.as_mut().into_iter().for_each(change);
        entry
    };
    assert_eq!(rule(&store, &approval(1, 100, NOW_S + 60), NOW).await, None);
    let other_chain = elsewhere(2, |exposure| exposure.chain = 1);
    assert_eq!(rule(&store, &other_chain, NOW).await, None);
    let other_paymaster = elsewhere(3, |exposure| exposure.paymaster = Address::repeat_byte(8));
    assert_eq!(rule(&store, &other_paymaster, NOW).await, None);
    assert_eq!(rule(&store, &approval(4, 1, NOW_S + 60), NOW).await, Some(Rule::Outstanding));
}
