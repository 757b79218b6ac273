//! Signing, as it should go.

use countersign_threshold::{ChildIndex, Committee, fixtures};

use crate::network::{SigningRun, fresh_gates, honest, session};

#[test]
fn every_quorum_of_two_of_three_signs() {
    let committee = Committee::for_accounts(3, 2).expect("a committee");
    let shares = fixtures::deal(committee, "two of three").expect("shares");
    for (number, quorum) in (0..).zip(fixtures::quorums(committee)) {
        let mut run = SigningRun::start(&shares, &quorum, None, session(number), fresh_gates);
        run.deliver(&mut honest);
        assert!(run.failures.is_empty(), "{:?}", run.failures);
        let signatures = run.finish();
        assert_eq!(signatures.len(), 2);
        for signature in signatures.into_values() {
            let signature = signature.expect("a signature");
            assert!(matches!(signature.v(), 27 | 28));
        }
    }
}

#[test]
fn every_quorum_of_three_of_five_signs_for_a_child() {
    let committee = Committee::for_accounts(5, 3).expect("a committee");
    let shares = fixtures::deal(committee, "three of five").expect("shares");
    let child = ChildIndex::new(7).expect("a child");
    for (number, quorum) in (0..).zip(fixtures::quorums(committee)) {
        let mut run =
            SigningRun::start(&shares, &quorum, Some(child), session(number), fresh_gates);
        run.deliver(&mut honest);
        assert!(run.failures.is_empty(), "{:?}", run.failures);
        let signatures = run.finish();
        assert_eq!(signatures.len(), 3);
        for signature in signatures.into_values() {
            signature.expect("a signature");
        }
    }
}
