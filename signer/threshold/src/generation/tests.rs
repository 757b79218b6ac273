//! What a certificate needs, and that nothing signs without one.

use super::*;
use crate::fixtures;

/// A generation of three parties, dealt instead of refreshed.
fn generation(seed: &str) -> Vec<NextGeneration> {
    let committee = Committee::for_accounts(3, 2).expect("a committee");
    let shares = fixtures::deal(committee, seed).expect("shares");
    shares.into_iter().map(NextGeneration::new).collect()
}

fn acknowledged(generation: &[NextGeneration]) -> Vec<Acknowledgement> {
    generation.iter().map(NextGeneration::acknowledgement).collect()
}

fn party(index: u8) -> PartyId {
    PartyId::new(index).expect("a party")
}

#[test]
fn a_certificate_names_whose_acknowledgement_is_missing() {
    let next = generation("missing");
    let said = acknowledged(&next);
    assert_eq!(
        next[0].certificate([said[0], said[2]]),
        Err(CertificateError::Incomplete { missing: vec![party(2)] })
    );
    // our own counts like everybody's
    assert_eq!(
        next[0].certificate([said[1], said[2]]),
        Err(CertificateError::Incomplete { missing: vec![party(1)] })
    );
}

#[test]
fn an_acknowledgement_of_another_transcript_or_epoch_names_its_author() {
    let next = generation("differs");
    let said = acknowledged(&next);
    let another = Acknowledgement { transcript: [1; 32], ..said[2] };
    let later = Acknowledgement { epoch: 1, ..said[2] };
    for other in [another, later] {
        let error = next[0].certificate([said[0], said[1], other]).expect_err("it differs");
        assert_eq!(error, CertificateError::Differs(party(3)));
        assert_eq!(error.culprits(), [party(3)]);
        let error = next[0].certificate([said[0], said[1], said[2], other]).expect_err("two");
        assert_eq!(error, CertificateError::Equivocation(party(3)));
        assert_eq!(error.culprits(), [party(3)]);
    }
}

#[test]
fn a_stranger_acknowledges_nothing() {
    let next = generation("stranger");
    let said = acknowledged(&next);
    let stranger = Acknowledgement { party: party(4), ..said[2] };
    assert_eq!(
        next[0].certificate([said[0], said[1], said[2], stranger]),
        Err(CertificateError::Stranger(party(4)))
    );
}

#[test]
fn a_certificate_confirms_its_own_generation_only() {
    let (mut next, mut other) = (generation("one"), generation("another"));
    let said = acknowledged(&next);
    // Repeated acknowledgements are one.
    let certificate = next[0].certificate(said.iter().chain(&said).copied()).expect("complete");
    let error = other.remove(0).confirm(&certificate).expect_err("another generation");
    assert_eq!(error, CertificateError::Another);
    let (epoch, transcript) = (next[1].epoch(), *next[1].transcript());
    let share = next.remove(1).confirm(&certificate).expect("a share");
    assert_eq!((share.me(), share.epoch()), (party(2), epoch));
    assert_eq!(*share.transcript(), transcript);
}

#[test]
fn a_stored_generation_does_not_read_as_a_share_nor_a_share_as_one() {
    let mut next = generation("stored");
    let said = acknowledged(&next);
    let stored = next[0].encode().expect("a form");
    assert_eq!(KeyShare::decode(&stored).expect_err("inert"), ShareError::Inert);
    // after a restart it is what it was
    let back = NextGeneration::decode(&stored).expect("a generation");
    assert_eq!(back.acknowledgement(), next[0].acknowledgement());
    let certificate = back.certificate(said).expect("complete");
    let share = back.confirm(&certificate).expect("a share");
    let live = share.encode().expect("a form");
    assert_eq!(NextGeneration::decode(&live).expect_err("live"), ShareError::InUse);
    // and another format is neither
    let mut unknown = next.remove(0).encode().expect("a form");
    unknown[1] = 9;
    let error = NextGeneration::decode(&unknown).expect_err("another format");
    assert_eq!(error, ShareError::Version(0x8009));
    let error = KeyShare::decode(&unknown).expect_err("another format");
    assert_eq!(error, ShareError::Version(0x8009));
}

#[test]
fn a_generation_prints_no_secret() {
    let printed = format!("{:?}", generation("printed").remove(0));
    assert!(printed.contains("<redacted>"), "{printed}");
    assert!(printed.len() < 250, "{printed}");
}
