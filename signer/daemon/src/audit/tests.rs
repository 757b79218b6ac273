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
    let record = AuditRecord {
        place: Place::default(),
        at_ms: NOW,
        caller: "gateway-1".into(),
        key: "treasury".into(),
        child: Some(3),
        attempt: "07".repeat(16),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        request_hash: B256::repeat_byte(1),
        operation: Some(B256::repeat_byte(2)),
        digest: Some(B256::repeat_byte(3)),
        slot: Some("slot".into()),
        decision: Decision::Refused,
        rule: Some("cost".into()),
        preview_hash: Some(B256::repeat_byte(4)),
        shown: None,
    };
    let shown = Shown::salted(&"05".repeat(16), &["send 1 wei"], Some("too dear"));
    let mut connection = store.connection().await;
    sqlx::raw_sql("DELETE FROM audit").execute(&mut *connection).await.unwrap();
    let head = append(&mut connection, record, &shown).await.unwrap();
    let event = Event::Redacted { through: 1 };
    append_event(&mut connection, event, NOW).await.unwrap();
    drop(connection);
    let stored = store.audit_page(0).await.unwrap();
    let beside = stored[0].shown.clone().unwrap();
    insta::assert_snapshot!(
        [&stored[0].record, &beside, &stored[1].record].map(String::as_str).join("\n")
    );
    insta::assert_snapshot!(head.hash);
}

#[tokio::test]
async fn a_record_of_the_first_form_still_verifies_beside_new_ones() {
    let (_folder, store) = store_with_three_records().await;
    let line = r#"{"v":1,"seq":1,"prev":"0x0000000000000000000000000000000000000000000000000000000000000000","at_ms":1,"caller":"gateway-1","key":"treasury","attempt":"","request_hash":"0x0101010101010101010101010101010101010101010101010101010101010101","decision":"allowed","preview":["send 1 wei"]}"#;
    let mut connection = store.connection().await;
    sqlx::raw_sql("DELETE FROM audit").execute(&mut *connection).await.unwrap();
    sqlx::query("INSERT INTO audit (seq, prev, hash, record) VALUES (1, ?, ?, ?)")
        .bind(format!("{:#x}", B256::ZERO))
        .bind(format!("{:#x}", link(1, B256::ZERO, line)))
        .bind(line)
        .execute(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    store.record(&entry(claim(1)), NOW).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().count, 2);
    tamper(&store, "UPDATE audit SET record = replace(record, '1 wei', '2 wei') WHERE seq = 1")
        .await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Changed { seq: 1 })));
}

#[tokio::test]
async fn what_a_record_shows_cannot_be_changed_or_taken_away_unsaid() {
    let (_folder, store) = store_with_three_records().await;
    tamper(&store, "UPDATE audit SET shown = replace(shown, '1 wei', '2 wei') WHERE seq = 2").await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Changed { seq: 2 })));
    tamper(&store, "UPDATE audit SET shown = NULL WHERE seq = 2").await;
    assert!(matches!(store.verify_audit().await, Err(AuditError::Gone { seq: 2 })));
    store.note_event(Event::Redacted { through: 1 }, NOW).await.unwrap();
    assert!(matches!(store.verify_audit().await, Err(AuditError::Gone { seq: 2 })), "too short");
    store.note_event(Event::Redacted { through: 2 }, NOW).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().count, 5);
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
