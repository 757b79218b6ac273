//! The machines of one refresh and their fates.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use countersign_threshold::{
    Acknowledgement, ChildIndex, Committee, Gates, Guarded, KeyShare, NextGeneration, Outgoing,
    PartyId, Refresh, RefreshError, SessionId, fixtures,
};

use crate::network::{Letter, Mischief, Names, SigningRun, fresh_gates, honest, session};
use crate::signing::must_recover;

pub(crate) struct RefreshRun {
    pub(crate) committee: Committee,
    pub(crate) machines: BTreeMap<PartyId, Refresh>,
    pub(crate) queue: VecDeque<Letter>,
    /// The last error of each party.
    pub(crate) failures: BTreeMap<PartyId, RefreshError>,
}

impl RefreshRun {
    pub(crate) fn start(
        shares: &[KeyShare],
        session: SessionId,
        gates: impl Fn(PartyId) -> Arc<Gates>,
    ) -> Self {
        let mut run = Self {
            committee: shares[0].committee(),
            machines: BTreeMap::new(),
            queue: VecDeque::new(),
            failures: BTreeMap::new(),
        };
        for share in shares {
            let me = share.me();
            match Refresh::new(share, session, Arc::new(Names(me)), gates(me)) {
                Ok((machine, outgoing)) => {
                    run.machines.insert(me, machine);
                    run.post(me, outgoing);
                }
                Err(error) => {
                    run.failures.insert(me, error);
                }
            }
        }
        run
    }

    pub(crate) fn post(&mut self, from: PartyId, outgoing: Vec<Guarded>) {
        let (committee, queue) = (self.committee, &mut self.queue);
        for message in outgoing {
            // A shut gate drops the message, as it should.
            let _ = message.release(|message| match message {
                Outgoing::Send { to, bytes } => queue.push_back(Letter { from, to, bytes }),
                Outgoing::Broadcast { bytes } => {
                    for to in committee.members().filter(|to| *to != from) {
                        queue.push_back(Letter { from, to, bytes: bytes.clone() });
                    }
                }
            });
        }
    }

    pub(crate) fn deliver(&mut self, mischief: Mischief<'_>) {
        while let Some(letter) = self.queue.pop_front() {
            for letter in mischief(letter) {
                let Some(machine) = self.machines.get_mut(&letter.to) else { continue };
                match machine.receive(letter.from, &letter.bytes) {
                    Ok(outgoing) => self.post(letter.to, outgoing),
                    Err(RefreshError::Over) => {}
                    Err(error) => {
                        self.failures.insert(letter.to, error);
                    }
                }
            }
        }
    }

    /// The next generation of all, in the order of the parties.
    pub(crate) fn must_finish(self) -> Vec<NextGeneration> {
        assert_eq!(self.machines.len(), usize::from(self.committee.parties()));
        self.machines
            .into_values()
            .map(|machine| machine.finish().expect("the next generation"))
            .collect()
    }

    /// That nobody but the liar, who may pretend what it likes, got anything.
    pub(crate) fn assert_in_vain_but(mut self, liar: PartyId) {
        self.machines.remove(&liar);
        self.assert_in_vain();
    }

    /// That nobody got anything.
    pub(crate) fn assert_in_vain(self) {
        for machine in self.machines.into_values() {
            machine.finish().expect_err("no next generation");
        }
    }
}

/// What an honest network makes of `shares`.
pub(crate) fn must_refresh(shares: &[KeyShare], number: u32) -> Vec<NextGeneration> {
    let mut run = RefreshRun::start(shares, session(number), fresh_gates);
    run.deliver(&mut honest);
    assert!(run.failures.is_empty(), "{:?}", run.failures);
    run.must_finish()
}

/// The shares of a generation that everybody acknowledged.
pub(crate) fn must_confirm(generation: Vec<NextGeneration>) -> Vec<KeyShare> {
    let said: Vec<Acknowledgement> =
        generation.iter().map(NextGeneration::acknowledgement).collect();
    let confirm = |next: NextGeneration| {
        let certificate = next.certificate(said.iter().copied()).expect("a certificate");
        next.confirm(&certificate).expect("a share")
    };
    generation.into_iter().map(confirm).collect()
}

/// That every quorum signs for the root and for a child, as libsecp256k1 recovers it.
pub(crate) fn assert_signs_as(shares: &[KeyShare], before: &KeyShare, from_session: u32) {
    let committee = shares[0].committee();
    let mut number = from_session;
    for child in [None, ChildIndex::new(7).ok()] {
        let owner = before.owner_public_key(child).expect("an owner");
        for quorum in fixtures::quorums(committee) {
            number += 1;
            let mut run = SigningRun::start(shares, &quorum, child, session(number), fresh_gates);
            run.deliver(&mut honest);
            assert!(run.failures.is_empty(), "{quorum:?}: {:?}", run.failures);
            for signature in run.finish().into_values() {
                assert_eq!(must_recover(signature.expect("a signature").to_bytes()), owner);
            }
        }
    }
}
