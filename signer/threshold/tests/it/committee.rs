//! Committees and quorums that are refused.

use countersign_threshold::{
    ChildError, ChildIndex, Committee, CommitteeError, Digest, ErrorClass, PartyId, QuorumError,
    SignError, Signing,
};

use crate::network::{DIGEST, World, parties, party, session};

#[test]
fn refuses_a_threshold_of_one() {
    assert_eq!(Committee::new(3, 1), Err(CommitteeError::ThresholdTooLow(1)));
}

#[test]
fn refuses_a_committee_without_a_spare_party() {
    let refused = CommitteeError::NoSpareParty { parties: 2, threshold: 2 };
    assert_eq!(Committee::new(2, 2), Err(refused));
}

#[test]
fn refuses_more_parties_than_it_serves() {
    assert_eq!(Committee::new(33, 2), Err(CommitteeError::TooMany(33)));
}

#[test]
fn refuses_disjoint_quorums_for_accounts_only() {
    let refused = CommitteeError::DisjointQuorums { parties: 4, threshold: 2 };
    assert_eq!(Committee::for_accounts(4, 2), Err(refused));
    assert!(Committee::new(4, 2).is_ok());
}

#[test]
fn zero_is_not_a_party() {
    assert!(PartyId::new(0).is_err());
    assert!("0".parse::<PartyId>().is_err());
    assert_eq!("3".parse::<PartyId>(), Ok(party(3)));
}

#[test]
fn a_hardened_child_is_refused() {
    assert_eq!(ChildIndex::new(1 << 31), Err(ChildError::Hardened(1 << 31)));
}

#[test]
fn refuses_what_is_not_a_quorum_with_us() {
    let world = World::deal(3, 2);
    let refusal = |quorum: &[u8]| {
        let quorum = parties(quorum);
        let digest = Digest::new(DIGEST);
        Signing::new(world.share(1), &quorum, None, digest, session(1), world.gates(1))
            .expect_err("not a quorum")
    };
    let cases: [(&[u8], QuorumError); 5] = [
        (&[1], QuorumError::WrongSize { expected: 2, got: 1 }),
        (&[1, 2, 3], QuorumError::WrongSize { expected: 2, got: 3 }),
        (&[1, 1], QuorumError::Duplicate(party(1))),
        (&[1, 4], QuorumError::Stranger(party(4))),
        (&[2, 3], QuorumError::WithoutUs(party(1))),
    ];
    for (quorum, expected) in cases {
        let error = refusal(quorum);
        assert_eq!(error.class(), ErrorClass::Caller);
        assert!(matches!(error, SignError::Quorum(got) if got == expected), "{quorum:?}");
    }
}
