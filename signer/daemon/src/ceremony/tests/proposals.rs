//! What a daemon takes part in, and what it answers about ceremonies that it never heard of.

use super::committee::{Committee, Confirm, party};
use crate::ceremony::outcome::NOTES_MAX;
use crate::ceremony::statement::{SignedStatement, words};
use crate::ceremony::{CONFIRM_MAX_MS, CeremonyError, RUNNING_MAX};

async fn three() -> Committee {
    Committee::start(3, 2, Confirm::Operators).await
}

async fn consider(
    committee: &Committee,
    from: u8,
    proposal: SignedStatement,
) -> Result<(), CeremonyError> {
    committee.at(3).consider(party(from), proposal.into_wire()).await
}

#[tokio::test]
async fn a_fitting_proposal_waits_for_the_operator() {
    let committee = three().await;
    let (_, id, proposal) = committee.proposal(1, "main");
    consider(&committee, 1, proposal).await.unwrap();
    let waiting = committee.at(3).list().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].state.as_str()), (1, "waiting"));
    let early = committee.at(3).reject(id).await;
    assert!(matches!(early, Err(CeremonyError::Running)), "{early:?}");
}

#[tokio::test]
async fn a_proposal_is_taken_from_its_author_alone() {
    let committee = three().await;
    // Signed by the first, brought by the second, whom it names.
    let (_, _, proposal) = committee.proposal_of(1, committee.manifest(2, "main"));
    let error = consider(&committee, 2, proposal).await.unwrap_err();
    assert!(matches!(error, CeremonyError::Forged { party: from } if from == party(2)), "{error}");
    // Signed and brought by the second, in the first's name.
    let (_, _, proposal) = committee.proposal_of(2, committee.manifest(1, "main"));
    let error = consider(&committee, 2, proposal).await.unwrap_err();
    assert!(matches!(error, CeremonyError::Forged { party: from } if from == party(2)), "{error}");
    // Signed by the first, who brings it and names the second.
    let (_, _, proposal) = committee.proposal_of(1, committee.manifest(2, "main"));
    assert!(consider(&committee, 1, proposal).await.is_err());
    assert!(committee.at(3).list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_proposal_of_another_committee_or_without_end_is_refused() {
    let committee = three().await;
    let mut manifest = committee.manifest(1, "main");
    manifest.committee[0] ^= 1;
    let (_, _, proposal) = committee.proposal_of(1, manifest);
    let error = consider(&committee, 1, proposal).await.unwrap_err();
    assert!(error.to_string().contains("committee file"), "{error}");

    let mut manifest = committee.manifest(1, "main");
    manifest.parties = 5;
    manifest.threshold = 3;
    let (_, _, proposal) = committee.proposal_of(1, manifest);
    let error = consider(&committee, 1, proposal).await.unwrap_err();
    assert!(error.to_string().contains("committee file"), "{error}");

    let mut manifest = committee.manifest(1, "main");
    manifest.confirm_within_ms = CONFIRM_MAX_MS + 1;
    let (_, _, proposal) = committee.proposal_of(1, manifest);
    let error = consider(&committee, 1, proposal).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn only_so_many_ceremonies_wait_at_once() {
    let committee = three().await;
    for at in 0..RUNNING_MAX {
        let (_, _, proposal) = committee.proposal(1, &format!("key-{at}"));
        consider(&committee, 1, proposal).await.unwrap();
    }
    let (_, _, proposal) = committee.proposal(1, "one-more");
    let error = consider(&committee, 1, proposal).await.unwrap_err();
    assert!(matches!(error, CeremonyError::Busy), "{error}");
}

#[tokio::test]
async fn a_name_is_promised_once() {
    let committee = three().await;
    let (_, _, proposal) = committee.proposal(1, "main");
    consider(&committee, 1, proposal).await.unwrap();
    let (_, _, proposal) = committee.proposal(2, "main");
    let error = consider(&committee, 2, proposal).await.unwrap_err();
    assert!(matches!(error, CeremonyError::NameTaken { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_noted_of_an_unknown_ceremony_without_what_proposed_it() {
    let committee = three().await;
    let (_, id, proposal) = committee.proposal(1, "main");
    let (_, other, _) = committee.proposal(1, "main");
    let there = committee.at(3);
    let question = || Some(proposal.clone().into_wire());
    let forged = || {
        let mut forged = proposal.clone().into_wire();
        forged.party = 2;
        Some(forged)
    };
    for (id, proposal) in [(id, None), (other, question()), (id, forged())] {
        assert!(there.outcome(id.0, proposal).await.is_err());
    }
    assert!(committee.vault(3).discard_notes().unwrap().is_empty());
    let reply = there.outcome(id.0, question()).await.unwrap();
    assert_eq!((reply.state.as_str(), reply.rejects.len()), ("discarded", 1));
    // It stays true, and needs no proof any more.
    assert_eq!(there.outcome(id.0, None).await.unwrap(), reply);
    let error = consider(&committee, 1, proposal).await.unwrap_err();
    assert!(error.to_string().contains("ended before"), "{error}");
}

#[tokio::test]
async fn a_proposer_that_fills_our_notes_shuts_nobody_else_out() {
    let committee = three().await;
    let there = committee.at(3);
    let (_, id, proposal) = committee.proposal(2, "main");
    there.outcome(id.0, Some(proposal.into_wire())).await.unwrap();
    assert_eq!(there.shared.notes()[&2], 1);
    // A restart counts again.
    committee.boot(3).await;
    let there = committee.at(3);
    assert_eq!(there.shared.notes()[&2], 1);
    there.shared.notes().insert(2, NOTES_MAX);
    let (_, id, proposal) = committee.proposal(2, "main");
    let full = there.outcome(id.0, Some(proposal.clone().into_wire())).await;
    assert!(matches!(full, Err(CeremonyError::Busy)), "{full:?}");
    let full = consider(&committee, 2, proposal).await;
    assert!(matches!(full, Err(CeremonyError::Busy)), "{full:?}");
    let (_, id, proposal) = committee.proposal(1, "main");
    there.outcome(id.0, Some(proposal.into_wire())).await.unwrap();
}

#[test]
fn a_peers_words_are_bounded_and_fit_to_print() {
    assert_eq!(words("plain"), "plain");
    assert_eq!(words("a\u{1b}[2Jb\r\nc\u{7}"), "a[2Jbc");
    assert_eq!(words(&"x".repeat(10_000)).len(), 200);
}
