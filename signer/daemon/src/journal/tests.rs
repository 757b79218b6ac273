//! A stream of requests against the journal, each with the verdict it must get.

use countersign_protocol::SlotDomain;
use countersign_userop::ChainId;
use countersign_userop::SignableKind;

use super::*;
use crate::decision::Entry;
use crate::decision::fixtures::{claim, entry, operation_terms};
use crate::judgement::{Refusal, Rule};

const NOW: i64 = 1_700_000_000_000;

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    (folder, store)
}

/// What the journal must say to one request of a stream.
#[derive(Debug)]
enum Expected {
    Fresh,
    Same,
    Replaces(u8),
    Taken,
}

async fn must_meet(stream: Vec<(Entry, Expected)>) {
    let (_folder, store) = store().await;
    for (step, (entry, expected)) in stream.into_iter().enumerate() {
        let verdict = store.record(&entry, NOW).await.unwrap().verdict;
        let met = match (&verdict, &expected) {
            (Ok(Standing::Fresh), Expected::Fresh) | (Ok(Standing::Same), Expected::Same) => true,
            (Ok(Standing::Replaces(old)), Expected::Replaces(byte)) => {
                *old == B256::repeat_byte(*byte)
            }
            (Err(Refusal { rule, .. }), Expected::Taken) => *rule == Rule::Journal,
            _ => false,
        };
        assert!(met, "step {step}: {verdict:?}, expected {expected:?}");
    }
}

/// Digest `byte`, with fees of `percent` of the first ones.
fn priced(byte: u8, percent: u128) -> Entry {
    let mut claim = claim(byte);
    let Terms::Operation(terms) = &mut claim.terms else { unreachable!() };
    terms.max_fee_per_gas = terms.max_fee_per_gas * percent / 100;
    terms.max_priority_fee_per_gas = terms.max_priority_fee_per_gas * percent / 100;
    entry(claim)
}

fn elsewhere(byte: u8, change: impl FnOnce(&mut KeySlot)) -> Entry {
    let mut claim = claim(byte);
    change(&mut claim.slot);
    entry(claim)
}

#[tokio::test]
async fn one_digest_a_slot() {
    must_meet(vec![
        (priced(1, 100), Expected::Fresh),
        (priced(1, 100), Expected::Same),
        (priced(2, 100), Expected::Taken),
        (priced(1, 100), Expected::Same),
    ])
    .await;
}

#[tokio::test]
async fn a_replacement_takes_the_slot_and_its_measure() {
    must_meet(vec![
        (priced(1, 100), Expected::Fresh),
        (priced(2, 109), Expected::Taken),
        (priced(2, 110), Expected::Replaces(1)),
        (priced(3, 115), Expected::Taken),
        (priced(1, 100), Expected::Taken),
        (priced(3, 121), Expected::Replaces(2)),
        (priced(3, 121), Expected::Same),
    ])
    .await;
}

#[tokio::test]
async fn what_is_never_replaced_takes_one_digest_however_dear_the_next() {
    let once = |byte| {
        let claim = claim(byte);
        entry(Claim { terms: Terms::Once, ..claim })
    };
    must_meet(vec![
        (once(1), Expected::Fresh),
        (once(1), Expected::Same),
        (once(2), Expected::Taken),
        (once(1), Expected::Same),
    ])
    .await;
}

#[tokio::test]
async fn a_transaction_is_replaced_by_the_rules_of_operations() {
    let sent = |byte, percent: u128| {
        let mut terms = operation_terms();
        terms.max_fee_per_gas = terms.max_fee_per_gas * percent / 100;
        terms.max_priority_fee_per_gas = terms.max_priority_fee_per_gas * percent / 100;
        entry(Claim { terms: Terms::Transaction(terms), ..claim(byte) })
    };
    must_meet(vec![
        (sent(1, 100), Expected::Fresh),
        (sent(2, 109), Expected::Taken),
        (sent(2, 110), Expected::Replaces(1)),
        (sent(2, 110), Expected::Same),
    ])
    .await;
}

#[tokio::test]
async fn every_part_of_the_slot_tells_slots_apart() {
    must_meet(vec![
        (elsewhere(1, |_| ()), Expected::Fresh),
        (elsewhere(2, |slot| slot.slot.chain = Some(ChainId::new(1))), Expected::Fresh),
        (
            elsewhere(3, |slot| slot.slot.domain = SlotDomain::Contract(Address::ZERO)),
            Expected::Fresh,
        ),
        (elsewhere(4, |slot| slot.slot.subject = Some(Address::ZERO)), Expected::Fresh),
        (elsewhere(5, |slot| slot.slot.nonce += U256::from(1)), Expected::Fresh),
        (elsewhere(6, |slot| slot.key = "other".parse().unwrap()), Expected::Fresh),
        (elsewhere(7, |slot| slot.slot.kind = SignableKind::PaymasterApproval), Expected::Fresh),
        (elsewhere(8, |_| ()), Expected::Taken),
    ])
    .await;
}

#[tokio::test]
async fn approvals_may_repeat_and_each_is_kept() {
    let (_folder, store) = store().await;
    let mut slot = None;
    for byte in [1, 2, 2] {
        let mut claim = claim(byte);
        claim.slot.slot.kind = SignableKind::PaymasterApproval;
        claim.terms = Terms::Approval {
            paymaster: Address::repeat_byte(9),
            max_cost_wei: U256::from(byte),
            valid_until: 1,
        };
        slot = Some(claim.slot.clone());
        store.record(&entry(claim), NOW).await.unwrap().verdict.unwrap();
    }
    let held = store.slot_history(&slot.unwrap()).await.unwrap();
    assert_eq!(held.len(), 2);
}

#[tokio::test]
async fn the_slot_stays_taken_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();
    store.record(&priced(1, 100), NOW).await.unwrap().verdict.unwrap();
    drop(store);

    let store = Store::open(&path).await.unwrap();

    let other = store.record(&priced(2, 100), NOW).await.unwrap().verdict;
    assert_eq!(other.unwrap_err().rule, Rule::Journal);
    assert_eq!(store.record(&priced(1, 100), NOW).await.unwrap().verdict, Ok(Standing::Same));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_attempts_at_once_give_one_digest() {
    let (_folder, store) = store().await;
    let attempts = (0..200_u8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.record(&priced(n, 100), NOW).await.unwrap().verdict })
    });

    let verdicts = futures::future::join_all(attempts).await;

    let allowed = verdicts.iter().filter(|verdict| verdict.as_ref().unwrap().is_ok()).count();
    assert_eq!(allowed, 1);
    assert_eq!(store.slot_history(&claim(0).slot).await.unwrap().len(), 1);
    let key = countersign_protocol::Identity::generate().unwrap().public();
    assert_eq!(store.verify_audit(&key).await.unwrap().head.count, 200);
}

#[tokio::test]
async fn signed_is_noted_once_and_stays() {
    let (_folder, store) = store().await;
    let claim = claim(1);
    store.record(&entry(claim.clone()), NOW).await.unwrap().verdict.unwrap();
    for at_ms in [NOW + 5, NOW + 9] {
        let signed = Signed { slot: claim.slot.clone(), digest: claim.digest, at_ms };
        store.mark_signed(&[signed]).await.unwrap();
    }

    let held = store.slot_history(&claim.slot).await.unwrap();

    assert_eq!(held, [Held { digest: claim.digest, signed_at_ms: Some(NOW + 5) }]);
}

#[tokio::test]
async fn the_row_has_its_golden_form() {
    let (_folder, store) = store().await;
    store.record(&priced(1, 100), NOW).await.unwrap().verdict.unwrap();
    let mut connection = store.connection().await;
    let row: (String, String, String, String, i64, Option<i64>) = sqlx::query_as(
        "SELECT slot, digest, request_hash, terms, decided_at, signed_at FROM journal",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    insta::assert_json_snapshot!(row);
    let back: Terms = serde_json::from_str(&row.3).unwrap();
    assert_eq!(back, Terms::Operation(operation_terms()));
}
