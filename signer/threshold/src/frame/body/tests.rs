//! Every check of a body, one at a time: an honest message with one thing wrong is refused for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::*;
use crate::frame::BODY_AT;
use crate::{
    BanLedger, Committee, Digest, Gates, Keygen, LedgerError, Outgoing, SessionId, Signing,
    Witness, fixtures,
};

struct NoBans;

impl BanLedger for NoBans {
    fn is_banned(&self, _: PartyId) -> Result<bool, LedgerError> {
        Ok(false)
    }

    fn ban(&self, _: PartyId, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// Signs nothing, and finds nothing signed badly.
struct Silent;

impl Witness for Silent {
    fn sign(&self, _: &[u8; 32]) -> Vec<u8> {
        Vec::new()
    }

    fn verify(&self, _: PartyId, _: &[u8; 32], _: &[u8]) -> bool {
        true
    }
}

fn read<T: Body>(frame: &[u8]) -> T {
    let message: T = postcard::from_bytes(&frame[BODY_AT..]).expect("an honest body");
    assert_eq!(message.check(), Ok(()));
    message
}

/// What party 1 of a pair sends in the first two rounds of signing.
fn signing_bodies() -> (Phase1, Phase2) {
    let committee = Committee::new(3, 2).expect("a committee");
    let shares = fixtures::deal(committee, "bodies").expect("shares");
    let quorum: Vec<PartyId> = committee.members().take(2).collect();
    let mut started = shares.iter().take(2).map(|share| {
        let (digest, session) = (Digest::new([1; 32]), SessionId::new([2; 32]));
        Signing::new(share, &quorum, None, digest, session, Gates::new(Arc::new(NoBans)))
            .expect("a session")
    });
    let (mut one, to_two) = started.next().expect("party 1");
    let (_, to_one) = started.next().expect("party 2");
    let answers = one.receive(quorum[1], &to_one[0].bytes).expect("an honest message");
    (read(&to_two[0].bytes), read(&answers[0].bytes))
}

/// What a party sends to one and to all in the third round of keygen.
fn keygen_bodies() -> (Setup, Reveals) {
    let committee = Committee::new(3, 2).expect("a committee");
    let mut queue = VecDeque::new();
    let mut machines = BTreeMap::new();
    for me in committee.members() {
        let session = SessionId::new([3; 32]);
        let (machine, sent) =
            Keygen::new(committee, me, session, Arc::new(Silent)).expect("a member");
        machines.insert(me, machine);
        queue.extend(sent.into_iter().map(|message| (me, message)));
    }
    let (mut setup, mut reveals) = (None, None);
    while let Some((from, message)) = queue.pop_front() {
        let (to, bytes) = match message {
            Outgoing::Send { to, bytes } => (vec![to], bytes),
            Outgoing::Broadcast { bytes } => (committee.others(from).collect(), bytes),
        };
        match (bytes[3], bytes[5]) {
            (3, 0) => reveals = Some(read(&bytes)),
            (3, _) => setup = Some(read(&bytes)),
            _ => {
                for to in to {
                    let machine = machines.get_mut(&to).expect("a member");
                    let sent = machine.receive(from, &bytes).expect("an honest message");
                    queue.extend(sent.into_iter().map(|message| (to, message)));
                }
            }
        }
    }
    (setup.expect("a third round"), reveals.expect("a third round"))
}

/// One thing wrong, and what it is refused for.
type Case<T> = (fn(&mut T), FrameError);

fn must_refuse_each<T: Body>(honest: &T, cases: &[Case<T>]) {
    let bytes = postcard::to_allocvec(honest).expect("an honest body");
    for (number, (change, refused)) in cases.iter().enumerate() {
        let mut message: T = postcard::from_bytes(&bytes).expect("an honest body");
        change(&mut message);
        assert_eq!(message.check(), Err(*refused), "case {number}");
    }
}

const fn shorter(what: &'static str, expected: usize) -> FrameError {
    FrameError::Dimension { what, expected, got: expected.saturating_sub(1) }
}

fn shorten<T>(vector: &mut Vec<T>) {
    vector.pop();
}

#[test]
fn each_dimension_and_each_point_of_a_signing_message_is_checked() {
    let (first, second) = signing_bodies();
    must_refuse_each(
        &first,
        &[
            (|m| shorten(&mut m.mul_transmit.u), shorter("matrix u", 256)),
            (|m| shorten(&mut m.mul_transmit.verify_t), shorter("vector t", 256)),
        ],
    );
    must_refuse_each(
        &second,
        &[
            (|m| shorten(&mut m.salt), shorter("salt", 64)),
            (|m| shorten(&mut m.mul_transmit.vector_of_tau), shorter("matrix tau", 4)),
            (|m| shorten(&mut m.mul_transmit.vector_of_tau[3]), shorter("row of tau", 416)),
            (|m| shorten(&mut m.mul_transmit.verify_u), shorter("vector u", 2)),
            (|m| shorten(&mut m.mul_transmit.gamma_sender), shorter("vector gamma", 2)),
            (|m| m.gamma_u = AffinePoint::IDENTITY, FrameError::Malformed),
            (|m| m.gamma_v = AffinePoint::IDENTITY, FrameError::Malformed),
            (|m| m.public_share = AffinePoint::IDENTITY, FrameError::Malformed),
            (|m| m.instance_point = AffinePoint::IDENTITY, FrameError::Malformed),
        ],
    );
}

#[test]
fn each_dimension_and_each_point_of_a_keygen_message_is_checked() {
    let (setup, reveals) = keygen_bodies();
    must_refuse_each(
        &setup,
        &[
            (|m| shorten(&mut m.0.salt), shorter("salt", 64)),
            (|m| shorten(&mut m.1.enc_proofs), shorter("encryption proofs", 256)),
            (|m| m.1.parties.sender = m.1.parties.receiver, FrameError::Parties),
            (|m| m.0.parties.receiver = m.0.parties.sender, FrameError::Parties),
            (|m| shorten(&mut m.1.dlog_proof.proofs), shorter("proof responses", 64)),
        ],
    );
    must_refuse_each(
        &reveals,
        &[
            (|m| shorten(&mut m.1.cc_salt), shorter("salt", 64)),
            (|m| shorten(&mut m.0.rand_commitments), shorter("proof commitments", 64)),
            (|m| shorten(&mut m.0.proofs), shorter("proof responses", 64)),
            (|m| m.0.point = AffinePoint::IDENTITY, FrameError::Malformed),
            (|m| m.0.rand_commitments[63] = AffinePoint::IDENTITY, FrameError::Malformed),
            (|m| shorten(&mut m.0.proofs[63].challenge), shorter("challenge", 4)),
        ],
    );
}
