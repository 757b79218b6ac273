//! The chain: golden form, and that a record cannot be changed, dropped or put in.

use super::*;
use crate::decision::Entry;
use crate::decision::fixtures::{claim, entry};
use crate::judgement::{Refusal, Rule};

const NOW: i64 = 1_700_000_000_000;

async fn store_with_three_records() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    let first = Entry { attempt: Some([1; 16]), ..entry(claim(1)) };
    let again = Entry { attempt: Some([2; 16]), ..entry(claim(1)) };
    let refused = Entry {
        attempt: Some([3; 16]),
        verdict: Err(Refusal::new(Rule::Cost, "too dear")),
        claim: None,
        ..entry(claim(2))
    };
    for (entry, at) in [(first, NOW), (again, NOW + 1), (refused, NOW + 2)] {
        store.record(&entry, at).await.unwrap();
    }
    (folder, store)
}

async fn tamper(store: &Store, sql: &'static str) {
    let mut connection = store.connection().await;
    sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap();
}

#[tokio::test]
async fn the_record_has_its_golden_form() {
    let (_folder, store) = store_with_three_records().await;
    let lines = store.audit_lines(0, 10).await.unwrap();
    insta::assert_snapshot!(lines.join("\n"));
    insta::assert_snapshot!(store.audit_head().await.unwrap().hash);
}

#[tokio::test]
async fn an_untouched_chain_verifies_to_its_head() {
    let (_folder, store) = store_with_three_records().await;
    let head = store.verify_audit().await.unwrap();
    assert_eq!(head, store.audit_head().await.unwrap());
    assert_eq!(head.count, 3);
}

#[tokio::test]
async fn a_changed_record_is_found() {
    let (_folder, store) = store_with_three_records().await;
    tamper(
        &store,
        "UPDATE audit SET record = replace(record, 'gateway-1', 'gateway-2') WHERE seq = 2",
    )
    .await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Changed { seq: 2 })));
}

#[tokio::test]
async fn a_dropped_record_is_found() {
    let (_folder, store) = store_with_three_records().await;
    tamper(&store, "DELETE FROM audit WHERE seq = 2").await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Gap { expected: 2, found: 3 })));
}

#[tokio::test]
async fn records_that_changed_places_are_found() {
    let (_folder, store) = store_with_three_records().await;
    tamper(
        &store,
        "UPDATE audit SET seq = 9 WHERE seq = 1; UPDATE audit SET seq = 1 WHERE seq = 2; \
         UPDATE audit SET seq = 2 WHERE seq = 9",
    )
    .await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Changed { seq: 1 })));
}
