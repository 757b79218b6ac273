//! What every party heard of every broadcast, so that all can compare.
//!
//! The network gives no broadcast: a sender can tell two parties two things. An echo repeats the
//! digest and the identity signature of each broadcast its sender heard. When two parties heard
//! different things, the signature that comes with the other one proves who spoke twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::KeygenError;
use crate::address;
use crate::committee::Committee;
use crate::engine::{Party, PublicKeyPackage};
use crate::frame::FrameError;
use crate::party::PartyId;
use crate::session::SessionId;

/// The rounds with broadcasts of the engine.
const ROUNDS: [u8; 2] = [2, 3];

/// One broadcast as somebody heard it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) digest: [u8; 32],
    pub(super) signature: Vec<u8>,
}

/// Everything somebody heard, by round and speaker.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Hearsay(BTreeMap<(u8, u8), Heard>);

/// The broadcast of the last round.
#[derive(Serialize, Deserialize)]
pub(super) struct Echo {
    pub(super) outcome: [u8; 32],
    pub(super) heard: Hearsay,
}

impl Echo {
    /// An echo tells of exactly one broadcast a round and member.
    pub(super) fn check(&self, committee: Committee) -> Result<(), FrameError> {
        let expected = ROUNDS
            .iter()
            .flat_map(|round| committee.members().map(move |member| (*round, member.index())));
        if self.heard.0.keys().copied().eq(expected) {
            Ok(())
        } else {
            Err(FrameError::Dimension {
                what: "echo",
                expected: usize::from(committee.parties()).saturating_mul(ROUNDS.len()),
                got: self.heard.0.len(),
            })
        }
    }
}

impl Hearsay {
    pub(super) fn note(&mut self, round: u8, speaker: PartyId, heard: Heard) {
        if ROUNDS.contains(&round) {
            self.0.insert((round, speaker.index()), heard);
        }
    }

    /// Compares what `witness` heard with what we heard.
    ///
    /// If a broadcast differs and the speaker signed the other one too, the speaker equivocated.
    /// If it did not, the witness lies.
    pub(super) fn compare(
        &self,
        witness: PartyId,
        theirs: &Self,
        is_signed: impl Fn(u8, PartyId, &Heard) -> bool,
    ) -> Result<(), KeygenError> {
        for ((round, speaker), ours) in &self.0 {
            let false_echo = KeygenError::FalseEcho { peer: witness };
            let (Some(heard), Ok(speaker)) =
                (theirs.0.get(&(*round, *speaker)), PartyId::new(*speaker))
            else {
                return Err(false_echo);
            };
            if heard.digest == ours.digest {
                continue;
            }
            return Err(if is_signed(*round, speaker, heard) {
                KeygenError::Equivocation { peer: speaker, round: *round }
            } else {
                false_echo
            });
        }
        Ok(())
    }

    /// One hash over the whole ceremony, equal at all parties that completed it.
    pub(super) fn transcript(
        &self,
        committee: Committee,
        session: &SessionId,
        outcome: &[u8; 32],
    ) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"countersign/keygen transcript/1");
        hasher.update([committee.parties(), committee.threshold()]);
        hasher.update(session.as_bytes());
        for ((round, speaker), heard) in &self.0 {
            hasher.update([*round, *speaker]);
            hasher.update(heard.digest);
        }
        hasher.update(outcome);
        hasher.finalize().into()
    }
}

/// What the parties must agree on in the end: public key, chain code and all public shares.
pub(super) fn outcome(party: &Party, package: &PublicKeyPackage) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"countersign/keygen outcome/1");
    hasher.update(address::compressed(&party.pk));
    hasher.update(party.chain_code());
    for index in 1..=package.share_count() {
        let point = PartyId::new(index)
            .ok()
            .and_then(|member| package.verifying_share(member.to_engine()))
            .map_or([0; 33], address::compressed);
        hasher.update(point);
    }
    hasher.finalize().into()
}
