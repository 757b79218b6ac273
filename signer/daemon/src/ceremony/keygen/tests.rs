//! What one keygen makes of what it hears, and whole keygens among daemons of one process.

use countersign_threshold::SessionId;
use prost::Message as _;
use tokio::sync::mpsc;

use super::{CeremonyError, Run, WAITING_MAX};
use crate::ceremony::progress::Progress;
use crate::ceremony::statement::{Says, SignedStatement};
use crate::ceremony::tests::committee::{Committee, Confirm, party};
use crate::transport::{Frame, FrameKind};

/// A keygen at the first party that only listens.
async fn must_admit(committee: &Committee) -> Run {
    let (manifest, id, proposal) = committee.proposal(1, "main");
    let progress = Progress::new(id, None);
    committee.at(1).admit(id, manifest, proposal, progress, None).await.unwrap()
}

async fn three() -> Committee {
    Committee::start(3, 2, Confirm::Operators).await
}

fn payload(statement: SignedStatement) -> Vec<u8> {
    statement.into_wire().encode_to_vec()
}

fn ack(transcript: u8) -> Says {
    Says::Ack { transcript: [transcript; 32] }
}

fn discard() -> Says {
    Says::Discard { reason: "no".into() }
}

#[tokio::test]
async fn a_statement_counts_only_from_its_author_and_in_its_ceremony() {
    let committee = three().await;
    let mut run = must_admit(&committee).await;
    let theirs = committee.says(2, run.id, Says::Confirm);
    let error = run.hear(party(3), &payload(theirs)).unwrap_err();
    assert!(matches!(error, CeremonyError::Forged { party: p } if p == party(3)), "{error}");

    let (_, other, _) = committee.proposal(1, "main");
    let elsewhere = committee.says(2, other, Says::Confirm);
    let error = run.hear(party(2), &payload(elsewhere)).unwrap_err();
    assert!(matches!(error, CeremonyError::Forged { party: p } if p == party(2)), "{error}");

    let mut forged = committee.says(2, run.id, Says::Confirm).into_wire();
    forged.body.push(b' ');
    let error = run.hear(party(2), &forged.encode_to_vec()).unwrap_err();
    assert!(matches!(error, CeremonyError::Forged { party: p } if p == party(2)), "{error}");
    assert!(run.heard.confirms.is_empty());

    run.hear(party(2), &payload(committee.says(2, run.id, Says::Confirm))).unwrap();
    assert_eq!(run.heard.confirms.len(), 1);
}

#[tokio::test]
async fn a_party_that_says_two_things_is_named() {
    for (first, second) in [(ack(1), discard()), (ack(1), ack(2))] {
        let committee = three().await;
        let mut run = must_admit(&committee).await;
        run.hear(party(2), &payload(committee.says(2, run.id, first))).unwrap();
        let again = committee.says(2, run.id, second);
        let error = run.hear(party(2), &payload(again)).unwrap_err();
        assert!(
            matches!(error, CeremonyError::Equivocated { party: p } if p == party(2)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_repeated_acknowledgement_is_none_too_many() {
    let committee = three().await;
    let mut run = must_admit(&committee).await;
    for _ in 0..2 {
        run.hear(party(2), &payload(committee.says(2, run.id, ack(1)))).unwrap();
    }
}

#[tokio::test]
async fn a_discard_ends_it_with_its_reason_fit_to_print() {
    let committee = three().await;
    let mut run = must_admit(&committee).await;
    let reason = format!("\u{1b}[31m{}", "x".repeat(3_000));
    let said = committee.says(2, run.id, Says::Discard { reason });
    let error = run.hear(party(2), &payload(said)).unwrap_err();
    let CeremonyError::Discarded { reason, .. } = error else { panic!("{error}") };
    assert!(reason.len() == 200 && reason.starts_with("[31m"), "{reason:?}");

    let reason = "x".repeat(10_000);
    let said = committee.says(2, run.id, Says::Discard { reason });
    let error = run.hear(party(2), &payload(said)).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn an_acknowledgement_of_another_key_is_named() {
    let committee = three().await;
    let mut run = must_admit(&committee).await;
    run.hear(party(2), &payload(committee.says(2, run.id, ack(2)))).unwrap();
    let ours = committee.says(1, run.id, ack(1));
    let error = run.exchange_acks(&ours, [1; 32]).await.unwrap_err();
    assert!(matches!(error, CeremonyError::Differs { party: p } if p == party(2)), "{error}");
}

#[tokio::test]
async fn nobody_fills_our_memory_while_the_operator_thinks() {
    let committee = three().await;
    let mut run = must_admit(&committee).await;
    for _ in 0..100 {
        run.heard.keep_for_engine(party(2), vec![0; 1_000]);
    }
    run.heard.keep_for_engine(party(3), vec![0; 1_000]);
    let of = |index| run.heard.rounds.iter().filter(|(from, _)| *from == party(index)).count();
    assert_eq!((of(2), of(3)), (WAITING_MAX, 1));
}

/// Proposes a keygen at the first party and gives its last event.
async fn must_end(committee: &Committee) -> countersign_protocol::wire::CeremonyEvent {
    let (events, mut stream) = mpsc::channel(1_024);
    let (key, purpose) = ("main".parse().unwrap(), countersign_protocol::KeyPurpose::Accounts);
    committee.at(1).propose_keygen(key, purpose, 2, 60_000, events).await.unwrap();
    let mut last = None;
    while let Some(event) = stream.recv().await {
        last = Some(event);
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_frame_is_dropped_and_the_keygen_goes_on() {
    let committee = Committee::start(3, 2, Confirm::Itself).await;
    // Every frame of the second to the first comes with a damaged twin before it.
    committee.tap(|from, to, frame| {
        if frame.kind != FrameKind::Keygen || (from, to) != (party(2), party(1)) {
            return vec![frame];
        }
        let mut damaged = frame.clone();
        if let Some(last) = damaged.payload.last_mut() {
            *last ^= 1;
        }
        vec![damaged, frame]
    });
    let last = must_end(&committee).await;
    assert_eq!(last.stage, "live", "{}", last.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keygen_in_which_one_discards_to_another_after_it_acknowledged_leaves_no_key_hostage() {
    let committee = Committee::start(3, 2, Confirm::Itself).await;
    let third = committee.identities[2].clone();
    // The third's acknowledgement reaches the second; the first gets a signed discard in its place.
    committee.tap(move |from, to, frame| {
        if frame.kind != FrameKind::Ceremony || (from, to) != (party(3), party(1)) {
            return vec![frame];
        }
        let said = countersign_protocol::wire::SignedBytes::decode(frame.payload.as_slice());
        let body: serde_json::Value = serde_json::from_slice(&said.unwrap().body).unwrap();
        if body["says"].get("ack").is_none() {
            return vec![frame];
        }
        let ceremony = serde_json::from_value(body["ceremony"].clone()).unwrap();
        let statement = crate::ceremony::statement::Statement { ceremony, says: discard() };
        let lie = SignedStatement::make(&third, party(3), &statement).unwrap();
        vec![Frame {
            session: SessionId::new(*frame.session.as_bytes()),
            kind: FrameKind::Ceremony,
            payload: payload(lie),
        }]
    });
    let last = must_end(&committee).await;
    assert_eq!(last.stage, "failed");
    assert!(last.message.contains("party 3 gave up"), "{}", last.message);
    for index in [1, 2, 3, 1] {
        must_rest(&committee, index).await;
        committee.ask(index).await;
    }
    for index in [1, 2, 3] {
        committee.ask(index).await;
        assert_eq!(committee.state(index).await.as_deref(), Some("live"), "party {index}");
    }
}

/// Waits until a daemon runs no ceremony.
async fn must_rest(committee: &Committee, index: u8) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !committee.at(index).shared.running.lock().await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "party {index} does not come to rest");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
