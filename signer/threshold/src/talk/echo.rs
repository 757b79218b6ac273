//! What every party heard of every broadcast, so that all can compare.
//!
//! The network gives no broadcast: a sender can tell two parties two things. An echo repeats the
//! digest and the identity signature of each broadcast its sender heard. When two parties heard
//! different things, the signature that comes with the other one proves who spoke twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::address;
use crate::committee::Committee;
use crate::engine::{Party, PublicKeyPackage};
use crate::frame::FrameError;
use crate::party::PartyId;
use crate::session::SessionId;

/// One broadcast as somebody heard it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) digest: [u8; 32],
    pub(crate) signature: Vec<u8>,
}

/// Everything somebody heard, by round and speaker.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Hearsay(BTreeMap<(u8, u8), Heard>);

/// The broadcast of a round of comparison.
#[derive(Serialize, Deserialize)]
pub(crate) struct Echo<O = [u8; 32]> {
    pub(crate) outcome: O,
    pub(crate) heard: Hearsay,
}

/// What a comparison brings to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A party signed two different broadcasts of one round.
    Equivocation { peer: PartyId, round: u8 },
    /// A party claims to have heard what was not said.
    FalseEcho { peer: PartyId },
}

impl<O> Echo<O> {
    /// An echo tells of exactly the broadcasts that there are.
    pub(crate) fn check(&self, expected: &[(u8, PartyId)]) -> Result<(), FrameError> {
        let named = expected.iter().map(|(round, speaker)| (*round, speaker.index()));
        if self.heard.0.keys().copied().eq(named) {
            Ok(())
        } else {
            let (expected, got) = (expected.len(), self.heard.0.len());
            Err(FrameError::Dimension { what: "echo", expected, got })
        }
    }
}

impl Hearsay {
    pub(crate) fn note(&mut self, round: u8, speaker: PartyId, heard: Heard) {
        self.0.insert((round, speaker.index()), heard);
    }

    /// Compares what `witness` heard with what we heard.
    ///
    /// If a broadcast differs and the speaker signed the other one too, the speaker equivocated.
    /// If it did not, the witness lies.
    pub(crate) fn compare(
        &self,
        witness: PartyId,
        theirs: &Self,
        is_signed: impl Fn(u8, PartyId, &Heard) -> bool,
    ) -> Result<(), Lie> {
        for ((round, speaker), ours) in &self.0 {
            let false_echo = Lie::FalseEcho { peer: witness };
            let (Some(heard), Ok(speaker)) =
                (theirs.0.get(&(*round, *speaker)), PartyId::new(*speaker))
            else {
                return Err(false_echo);
            };
            if heard.digest == ours.digest {
                continue;
            }
            return Err(if is_signed(*round, speaker, heard) {
                Lie::Equivocation { peer: speaker, round: *round }
            } else {
                false_echo
            });
        }
        Ok(())
    }

    /// One hash over the whole ceremony, equal at all parties that completed it.
    pub(crate) fn transcript(
        &self,
        domain: &[u8],
        committee: Committee,
        session: &SessionId,
        outcome: &[u8; 32],
    ) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(domain);
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
pub(crate) fn outcome(domain: &[u8], party: &Party, package: &PublicKeyPackage) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(domain);
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
