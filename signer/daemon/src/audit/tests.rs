//! The chain: golden form, and that a record cannot be changed, dropped or put in.

use super::*;
use crate::decision::Entry;
use crate::decision::fixtures::{claim, entry};
use crate::journal::Signed;
use crate::judgement::{Refusal, Rule};
use countersign_protocol::Identity;

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

fn key() -> countersign_protocol::IdentityKey {
    Identity::generate().unwrap().public()
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
    assert_eq!(store.verify_audit(&key()).await.unwrap().head.count, 2);
    tamper(&store, "UPDATE audit SET record = replace(record, '1 wei', '2 wei') WHERE seq = 1")
        .await;
    assert!(matches!(store.verify_audit(&key()).await, Err(AuditError::Changed { seq: 1 })));
}

#[tokio::test]
async fn what_a_record_shows_cannot_be_changed_or_taken_away_unsaid() {
    let (_folder, store) = store_with_three_records().await;
    tamper(&store, "UPDATE audit SET shown = replace(shown, '1 wei', '2 wei') WHERE seq = 2").await;
    assert!(matches!(store.verify_audit(&key()).await, Err(AuditError::Changed { seq: 2 })));
    tamper(&store, "UPDATE audit SET shown = NULL WHERE seq = 2").await;
    assert!(matches!(store.verify_audit(&key()).await, Err(AuditError::Gone { seq: 2 })));
    store.note_event(Event::Redacted { through: 1 }, NOW).await.unwrap();
    assert!(
        matches!(store.verify_audit(&key()).await, Err(AuditError::Gone { seq: 2 })),
        "too short"
    );
    store.note_event(Event::Redacted { through: 2 }, NOW).await.unwrap();
    assert_eq!(store.verify_audit(&key()).await.unwrap().head.count, 5);
}

#[tokio::test]
async fn an_untouched_chain_verifies_to_its_head() {
    let (_folder, store) = store_with_three_records().await;
    let head = store.verify_audit(&key()).await.unwrap();
    assert_eq!(head.head, store.audit_head().await.unwrap());
    assert_eq!(head.head.count, 3);
}

#[tokio::test]
async fn a_changed_record_is_found() {
    let (_folder, store) = store_with_three_records().await;
    tamper(
        &store,
        "UPDATE audit SET record = replace(record, 'gateway-1', 'gateway-2') WHERE seq = 2",
    )
    .await;
    assert!(matches!(store.verify_audit(&key()).await, Err(AuditError::Changed { seq: 2 })));
}

#[tokio::test]
async fn a_dropped_record_is_found() {
    let (_folder, store) = store_with_three_records().await;
    tamper(&store, "DELETE FROM audit WHERE seq = 2").await;
    assert!(matches!(
        store.verify_audit(&key()).await,
        Err(AuditError::Gap { expected: 2, found: 3 })
    ));
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
    assert!(matches!(store.verify_audit(&key()).await, Err(AuditError::Changed { seq: 1 })));
}

/// Five records, of which three and then four are sealed.
async fn sealed() -> (tempfile::TempDir, Store, Identity) {
    let (folder, store) = store_with_three_records().await;
    let identity = Identity::generate().unwrap();
    for at in 4..=6 {
        store.seal(&identity, NOW + at).await.unwrap();
        store.record(&entry(claim(1)), NOW + at).await.unwrap();
    }
    (folder, store, identity)
}

#[tokio::test]
async fn seals_hold_over_an_untouched_chain_and_only_under_our_identity() {
    let (_folder, store, identity) = sealed().await;
    let verified = store.verify_audit(&identity.public()).await.unwrap();
    assert_eq!((verified.sealed, verified.head.count), (5, 6));
    store.seal(&identity, NOW).await.unwrap();
    assert_eq!(store.seal(&identity, NOW).await.unwrap(), 6, "nothing new is not sealed again");
    assert_eq!(store.verify_audit(&identity.public()).await.unwrap().sealed, 6);
    let refused = store.verify_audit(&key()).await;
    assert!(matches!(refused, Err(AuditError::Seal { count: 3 })), "{refused:?}");
}

/// Computes the whole chain anew, as whoever holds the database can.
async fn rechain(store: &Store) {
    let mut head = AuditHead::default();
    for stored in store.audit_page(0).await.unwrap() {
        let mut line: serde_json::Value = serde_json::from_str(&stored.record).unwrap();
        line["prev"] = serde_json::json!(head.hash);
        let line = line.to_string();
        let hash = link(AUDIT_VERSION, head.hash, &line);
        let mut connection = store.connection().await;
        sqlx::query("UPDATE audit SET record = ?, prev = ?, hash = ? WHERE seq = ?")
            .bind(&line)
            .bind(format!("{:#x}", head.hash))
            .bind(format!("{hash:#x}"))
            .bind(stored.seq)
            .execute(&mut *connection)
            .await
            .unwrap();
        head = AuditHead { count: head.count + 1, hash };
    }
}

#[tokio::test]
async fn a_chain_that_was_computed_anew_breaks_its_seals() {
    let (_folder, store, identity) = sealed().await;
    tamper(
        &store,
        "UPDATE audit SET record = replace(record, 'gateway-1', 'gateway-2') WHERE seq = 2",
    )
    .await;
    rechain(&store).await;
    let refused = store.verify_audit(&identity.public()).await;
    assert!(matches!(refused, Err(AuditError::Seal { count: 3 })), "{refused:?}");
}

#[tokio::test]
async fn a_tail_that_was_sealed_cannot_be_cut_off_nor_a_seal_left_out() {
    let (_folder, store, identity) = sealed().await;
    let key = identity.public();
    tamper(&store, "DELETE FROM audit WHERE seq = 6").await;
    assert_eq!(store.verify_audit(&key).await.unwrap().head.count, 5, "not sealed yet");
    tamper(&store, "DELETE FROM audit WHERE seq = 5").await;
    let refused = store.verify_audit(&key).await;
    assert!(matches!(refused, Err(AuditError::CutOff { sealed: 5, found: 4 })), "{refused:?}");
    let (_folder, store, identity) = sealed().await;
    tamper(&store, "DELETE FROM seal WHERE count = 4").await;
    let refused = store.verify_audit(&identity.public()).await;
    assert!(matches!(refused, Err(AuditError::Seal { count: 5 })), "{refused:?}");
}

#[tokio::test]
async fn old_records_are_redacted_on_record_and_the_chain_holds() {
    let (_folder, store, identity) = sealed().await;
    assert_eq!(store.redact(NOW, NOW + 9).await.unwrap(), None, "nothing is that old");
    assert_eq!(store.redact(NOW + 2, NOW + 9).await.unwrap(), Some(2));
    let lines = store.audit_lines(0, 10).await.unwrap();
    assert!(
        !lines[1].contains("send 1 wei") && lines[1].contains("\"redacted\":true"),
        "{lines:?}"
    );
    assert!(lines[2].contains("send 1 wei") && lines[2].contains("too dear"), "{lines:?}");
    assert_eq!(store.verify_audit(&identity.public()).await.unwrap().head.count, 7);
    tamper(&store, "UPDATE audit SET shown = NULL WHERE seq = 3").await;
    assert!(matches!(
        store.verify_audit(&identity.public()).await,
        Err(AuditError::Gone { seq: 3 })
    ));
}

#[tokio::test]
async fn sealed_records_go_to_an_archive_and_the_rest_goes_on_from_their_end() {
    let (folder, store, identity) = sealed().await;
    let key = identity.public();
    let before = store.audit_page(0).await.unwrap();
    let archive = folder.path().join("archive");
    assert!(store.archive(&archive, NOW, NOW).await.unwrap().is_none(), "nothing is that old");
    let file = store.archive(&archive, NOW + 5, NOW + 9).await.unwrap().unwrap();
    assert!(file.ends_with("audit-0000000001-0000000004.jsonl"), "{}", file.display());
    let verified = store.verify_audit(&key).await.unwrap();
    assert_eq!((verified.base.count, verified.head.count, verified.sealed), (4, 7, 5));
    let (base, end) = verify_archive(&file, &key).unwrap();
    assert_eq!((base, end), (AuditHead::default(), verified.base));
    // what peers may still claim of the archived records is answered
    let old = read_head(before[1].seq, &before[1].hash).unwrap();
    assert!(store.covers(old).await.unwrap());
    // the next one goes on from there
    store.seal(&identity, NOW + 9).await.unwrap();
    let file = store.archive(&archive, NOW + 99, NOW + 99).await.unwrap().unwrap();
    assert_eq!(verify_archive(&file, &key).unwrap().0, end);
    assert_eq!(store.verify_audit(&key).await.unwrap().head.count, 8);
    store.record(&entry(claim(1)), NOW).await.unwrap();
    assert_eq!(store.verify_audit(&key).await.unwrap().head.count, 9);
    // and a file that was changed or cut off is refused
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    std::fs::write(&file, lines[..lines.len() - 1].join("\n")).unwrap();
    assert!(matches!(verify_archive(&file, &key), Err(ArchiveError::Audit(_))));
    std::fs::write(&file, text.replacen("gateway-1", "gateway-2", 1)).unwrap();
    assert!(matches!(verify_archive(&file, &key), Err(ArchiveError::Audit(_))));
}

#[tokio::test]
async fn the_story_of_an_operation_is_all_that_is_on_record_of_it() {
    let (_folder, store) = store_with_three_records().await;
    let hash = B256::repeat_byte(0xab);
    let lands = crate::decision::Lands { hash, valid_until: None };
    let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let mut told = Entry { operation: Some(lands), traceparent, ..entry(claim(4)) };
    let slot = told.claim.as_mut().map(|claim| {
        claim.slot.slot.nonce = alloy::primitives::U256::from(99);
        claim.slot.clone()
    });
    store.record(&told, NOW).await.unwrap().verdict.unwrap();
    let (slot, digest) = (slot.unwrap(), B256::repeat_byte(4));
    store.mark_signed(&[Signed { slot, digest, at_ms: NOW + 5 }]).await.unwrap();
    let refused = Entry {
        attempt: Some([9; 16]),
        verdict: Err(Refusal::new(Rule::Cost, "too dear")),
        ..told
    };
    store.record(&refused, NOW + 6).await.unwrap().verdict.unwrap_err();
    let story = store.story(hash).await.unwrap();
    assert_eq!(story.records.len(), 2);
    assert!(story.records[0].contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{story:?}");
    assert!(story.records[0].contains("send 1 wei"), "{story:?}");
    assert!(story.records[1].contains("\"rule\":\"cost\""), "{story:?}");
    assert_eq!(story.slots[0].signed_at, Some(NOW + 5));
    assert!(store.story(B256::ZERO).await.unwrap().records.is_empty());
}
