//! Keygen, as it should go.

use countersign_threshold::{Committee, KeyShare, fixtures};

use crate::network::{KeygenRun, SigningRun, fresh_gates, honest, session};

#[test]
fn a_keygen_of_two_of_three_gives_shares_that_sign() {
    let committee = Committee::for_accounts(3, 2).expect("a committee");
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut honest);
    assert!(run.failures.is_empty(), "{:?}", run.failures);
    let shares: Vec<KeyShare> =
        run.machines.into_values().map(|machine| machine.finish().expect("a share")).collect();
    for share in &shares {
        assert_eq!(share.public_key(), shares[0].public_key());
        assert_eq!(share.chain_code(), shares[0].chain_code());
        assert_eq!(share.transcript(), shares[0].transcript());
    }
    for (number, quorum) in (0..).zip(fixtures::quorums(committee)) {
        let mut run = SigningRun::start(&shares, &quorum, None, session(number), fresh_gates);
        run.deliver(&mut honest);
        assert!(run.finish().into_values().all(|signature| signature.is_ok()));
    }
}
