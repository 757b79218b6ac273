//! That two generations share nothing but the key: at the level of the numbers, below every session id.

use std::collections::VecDeque;
use std::sync::Arc;

use k256::ProjectivePoint;

use super::*;
use crate::engine::{AffinePoint, Party, Scalar};
use crate::{BanLedger, Committee, Digest, LedgerError, SignError, Signing, fixtures};

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

fn gates() -> Arc<Gates> {
    Gates::new(Arc::new(NoBans))
}

fn must_refresh(shares: &[KeyShare]) -> Vec<KeyShare> {
    let (session, mut queue) = (SessionId::new([1; 32]), VecDeque::new());
    let mut machines: Vec<Refresh> = Vec::new();
    for share in shares {
        let started = Refresh::new(share, session, Arc::new(Silent), gates());
        let (machine, outgoing) = started.expect("a refresh");
        machines.push(machine);
        queue.extend(outgoing.into_iter().map(|message| (share.me(), message.outgoing)));
    }
    while let Some((from, outgoing)) = queue.pop_front() {
        for (share, machine) in shares.iter().zip(&mut machines) {
            let (to_all, bytes) = match &outgoing {
                Outgoing::Send { to, bytes } => (*to == share.me(), bytes),
                Outgoing::Broadcast { bytes } => (from != share.me(), bytes),
            };
            if to_all {
                let answers = machine.receive(from, bytes).expect("an honest message");
                queue.extend(answers.into_iter().map(|answer| (share.me(), answer.outgoing)));
            }
        }
    }
    let finish = |machine: Refresh| machine.renewal.finish().expect("a share");
    machines.into_iter().map(finish).collect()
}

/// The public key of the secret that parties 1 and 2 hold between them: 2·p(1) - p(2).
#[expect(clippy::arithmetic_side_effects, reason = "arithmetic in the group does not overflow")]
fn key_of(one: &KeyShare, two: &KeyShare) -> AffinePoint {
    let point = |share: &KeyShare| share.basis().expect("an epoch to come").party.poly_point;
    (ProjectivePoint::GENERATOR * (point(one) * Scalar::from(2u64) - point(two))).into()
}

/// A liar's share: the old secrets under the name of the new generation.
fn relabelled(old: &KeyShare, new: &KeyShare) -> KeyShare {
    let (old, renamed) = (old.basis().expect("a basis"), new.basis().expect("a basis"));
    let mut party: Party = (*old.party).clone();
    party.session_id.clone_from(&renamed.party.session_id);
    KeyShare::checked(party, old.package, new.epoch(), *new.transcript()).expect("a share")
}

/// What parties 1 and 2 make of one digest.
fn sign(shares: [&KeyShare; 2]) -> Vec<Result<crate::Signature, SignError>> {
    let quorum = shares.map(KeyShare::me);
    let (digest, session) = (Digest::new([3; 32]), SessionId::new([4; 32]));
    let start = |share| Signing::new(share, &quorum, None, digest, session, gates());
    let (mut one, mut to_two) = start(shares[0]).expect("a session");
    let (mut two, mut to_one) = start(shares[1]).expect("a session");
    let mut failures = Vec::new();
    while let (Some(for_two), Some(for_one)) = (to_two.pop(), to_one.pop()) {
        let answers =
            [two.receive(quorum[0], &for_two.bytes), one.receive(quorum[1], &for_one.bytes)];
        let mut answers = answers.map(|answer| {
            answer.unwrap_or_else(|error| {
                failures.push(Err(error));
                Vec::new()
            })
        });
        to_one.append(&mut answers[0]);
        to_two.append(&mut answers[1]);
    }
    failures.extend([one.finish(), two.finish()]);
    failures
}

#[test]
fn an_old_and_a_new_share_do_not_combine_whatever_they_call_themselves() {
    let committee = Committee::new(3, 2).expect("a committee");
    let old = fixtures::deal(committee, "arithmetic").expect("shares");
    let new = must_refresh(&old);
    // given that each generation holds the key
    let key = old[0].basis().expect("a basis").party.pk;
    assert_eq!(key_of(&old[0], &old[1]), key);
    assert_eq!(key_of(&new[0], &new[1]), key);
    // then one share of each holds another
    assert_ne!(key_of(&old[0], &new[1]), key);
    assert_ne!(key_of(&new[0], &old[1]), key);
    // and the engine makes no signature of them, even under one name
    assert!(sign([&new[0], &new[1]]).into_iter().all(|signature| signature.is_ok()));
    let (one, two) = (relabelled(&old[0], &new[0]), relabelled(&old[1], &new[1]));
    for mixed in [[&old[0], &new[1]], [&new[0], &old[1]], [&one, &new[1]], [&new[0], &two]] {
        for signature in sign(mixed) {
            signature.expect_err("no signature of two generations");
        }
    }
}
