//! The bodies of the engine's messages: exact lengths first, then every nested vector.

use k256::elliptic_curve::group::CurveAffine;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FrameError;
use crate::engine::{
    AffinePoint, ChainCodeCommitment, ChainCodeReveal, DLogProof, MulInit, Phase1, Phase2, Phase3,
    Scalar, ZeroCommit, ZeroReveal,
};
use crate::party::PartyId;

// The engine's constants: base OTs, OT batch, OT width, inputs of one multiplication, salt of a
// commitment, repetitions of the Fischlin transform and bytes of its challenges.
const BASE_OTS: usize = 256;
const BATCH: usize = 416;
const WIDTH: usize = 4;
const INPUTS: usize = 2;
const SALT: usize = 64;
const REPETITIONS: usize = 64;
const CHALLENGE: usize = 4;

/// A message of the engine with one legal size and one legal shape.
pub(crate) trait Body: Serialize + DeserializeOwned {
    /// The length of every well-formed encoding.
    const LEN: usize;

    /// Checks each nested length and each value whose encoding has a choice.
    fn check(&self) -> Result<(), FrameError>;

    /// The parties that the message itself names, sender first.
    fn parties(&self) -> Option<(PartyId, PartyId)>;
}

/// Frame 2 to 4: decodes a body that `from` sent to `to`; nothing malformed passes.
pub(crate) fn decode<T: Body>(bytes: &[u8], from: PartyId, to: PartyId) -> Result<T, FrameError> {
    expect("body", T::LEN, bytes.len())?;
    let (message, rest) =
        postcard::take_from_bytes::<T>(bytes).map_err(|_| FrameError::Malformed)?;
    expect("rest of the body", 0, rest.len())?;
    message.check()?;
    match message.parties() {
        Some(parties) if parties != (from, to) => Err(FrameError::Parties),
        _ => Ok(message),
    }
}

/// Encodes a body; none if it is not the shape we promise our peers.
pub(crate) fn encode<T: Body>(message: &T) -> Option<Vec<u8>> {
    let bytes = postcard::to_extend(message, Vec::with_capacity(T::LEN)).ok()?;
    (bytes.len() == T::LEN).then_some(bytes)
}

fn expect(what: &'static str, expected: usize, got: usize) -> Result<(), FrameError> {
    if got == expected { Ok(()) } else { Err(FrameError::Dimension { what, expected, got }) }
}

fn expect_point(point: &AffinePoint) -> Result<(), FrameError> {
    if bool::from(point.is_identity()) { Err(FrameError::Malformed) } else { Ok(()) }
}

fn pair(parties: &crate::engine::PartiesMessage) -> Option<(PartyId, PartyId)> {
    Some((PartyId::from_engine(parties.sender), PartyId::from_engine(parties.receiver)))
}

impl Body for Phase1 {
    const LEN: usize = 26_753;

    fn check(&self) -> Result<(), FrameError> {
        expect("matrix u", BASE_OTS, self.mul_transmit.u.len())?;
        expect("vector t", BASE_OTS, self.mul_transmit.verify_t.len())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        pair(&self.parties)
    }
}

impl Body for Phase2 {
    const LEN: usize = 55_387;

    fn check(&self) -> Result<(), FrameError> {
        expect("salt", SALT, self.salt.len())?;
        let multiply = &self.mul_transmit;
        expect("matrix tau", WIDTH, multiply.vector_of_tau.len())?;
        for row in &multiply.vector_of_tau {
            expect("row of tau", BATCH, row.len())?;
        }
        expect("vector u", INPUTS, multiply.verify_u.len())?;
        expect("vector gamma", INPUTS, multiply.gamma_sender.len())?;
        for point in [&self.gamma_u, &self.gamma_v, &self.public_share, &self.instance_point] {
            expect_point(point)?;
        }
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        pair(&self.parties)
    }
}

impl Body for Phase3 {
    const LEN: usize = 66;

    fn check(&self) -> Result<(), FrameError> {
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

impl Body for Scalar {
    const LEN: usize = 33;

    fn check(&self) -> Result<(), FrameError> {
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

impl Body for ZeroCommit {
    const LEN: usize = 34;

    fn check(&self) -> Result<(), FrameError> {
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        pair(&self.parties)
    }
}

/// What each party broadcasts in the second round of keygen.
pub(crate) type Commitments = ([u8; 32], ChainCodeCommitment);

impl Body for Commitments {
    const LEN: usize = 65;

    fn check(&self) -> Result<(), FrameError> {
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

/// What each party broadcasts in the second round of a refresh: a commitment to its proof.
pub(crate) type Commitment = [u8; 32];

impl Body for Commitment {
    const LEN: usize = 32;

    fn check(&self) -> Result<(), FrameError> {
        Ok(())
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

/// What each party sends to each other in the third round of keygen and of a refresh.
pub(crate) type Setup = (ZeroReveal, MulInit);

impl Body for Setup {
    const LEN: usize = 143_052;

    fn check(&self) -> Result<(), FrameError> {
        let (zero, multiply) = self;
        expect("salt", SALT, zero.salt.len())?;
        expect("encryption proofs", BASE_OTS, multiply.enc_proofs.len())?;
        if pair(&zero.parties) != pair(&multiply.parties) {
            return Err(FrameError::Parties);
        }
        check_proof(&multiply.dlog_proof)
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        pair(&self.0.parties)
    }
}

/// What each party broadcasts in the third round of keygen.
pub(crate) type Reveals = (DLogProof, ChainCodeReveal);

impl Body for Reveals {
    const LEN: usize = 4_742;

    fn check(&self) -> Result<(), FrameError> {
        let (proof, chain_code) = self;
        expect("salt", SALT, chain_code.cc_salt.len())?;
        check_proof(proof)
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

/// What each party broadcasts in the third round of a refresh.
impl Body for DLogProof {
    const LEN: usize = 4_644;

    fn check(&self) -> Result<(), FrameError> {
        check_proof(self)
    }

    fn parties(&self) -> Option<(PartyId, PartyId)> {
        None
    }
}

fn check_proof(proof: &DLogProof) -> Result<(), FrameError> {
    expect("proof commitments", REPETITIONS, proof.rand_commitments.len())?;
    expect("proof responses", REPETITIONS, proof.proofs.len())?;
    expect_point(&proof.point)?;
    for point in &proof.rand_commitments {
        expect_point(point)?;
    }
    for response in &proof.proofs {
        expect("challenge", CHALLENGE, response.challenge.len())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
