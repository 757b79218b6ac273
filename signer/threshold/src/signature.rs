//! The finished signature, which exists only once another library has verified it.

use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use crate::address;
use crate::digest::Digest;

/// An ECDSA signature as Ethereum wants it: low `s`, `v` 27 or 28.
///
/// # Security
/// There is one way to get one: [`Signature::verified`], which asks libsecp256k1, not the engine,
/// whose address the signature recovers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    r: [u8; 32],
    s: [u8; 32],
    v: u8,
}

/// Why a candidate is not a signature of the expected owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// `r`, `s` or the recovery id is out of range.
    #[error("the signature is malformed")]
    Malformed,
    /// It recovers to someone else.
    #[error("the signature recovers to another address than the owner's")]
    AnotherOwner,
}

impl Signature {
    /// Verifies a candidate with libsecp256k1 and brings it to low-`s` form, with `v` to match.
    ///
    /// # Errors
    /// If it is malformed or does not recover to `owner`.
    pub fn verified(
        digest: Digest,
        owner: &[u8; 20],
        r: [u8; 32],
        s: [u8; 32],
        recovery_id: u8,
    ) -> Result<Self, SignatureError> {
        let candidate = recoverable(r, s, recovery_id)?;
        let mut standard = candidate.to_standard();
        standard.normalize_s();
        let low = standard.serialize_compact();
        let (low_r, low_s) = halves(&low);
        // Negating s mirrors R, so the parity of its y flips with it.
        let recovery_id = if low_s == s { recovery_id } else { recovery_id ^ 1 };
        let key = recoverable(low_r, low_s, recovery_id)?
            .recover_ecdsa(Message::from_digest(*digest.as_bytes()))
            .map_err(|_| SignatureError::Malformed)?;
        if address::of_key(&key) != *owner {
            return Err(SignatureError::AnotherOwner);
        }
        // Ethereum has no v for an r that was reduced; one signature in 2^127 has it.
        let v = match recovery_id {
            0 => 27,
            1 => 28,
            _ => return Err(SignatureError::Malformed),
        };
        Ok(Self { r: low_r, s: low_s, v })
    }

    /// The x-coordinate of the nonce point.
    pub fn r(&self) -> &[u8; 32] {
        &self.r
    }

    /// The proof, in the lower half of the curve's order.
    pub fn s(&self) -> &[u8; 32] {
        &self.s
    }

    /// 27 or 28.
    pub fn v(&self) -> u8 {
        self.v
    }

    /// `r`, `s`, `v`: the 65 bytes that contracts take.
    pub fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [self.v; 65];
        for (to, from) in bytes.iter_mut().zip(self.r.iter().chain(&self.s)) {
            *to = *from;
        }
        bytes
    }
}

fn recoverable(
    r: [u8; 32],
    s: [u8; 32],
    recovery_id: u8,
) -> Result<RecoverableSignature, SignatureError> {
    let mut compact = [0; 64];
    for (to, from) in compact.iter_mut().zip(r.iter().chain(&s)) {
        *to = *from;
    }
    let id = RecoveryId::try_from(i32::from(recovery_id)).map_err(|_| SignatureError::Malformed)?;
    RecoverableSignature::from_compact(&compact, id).map_err(|_| SignatureError::Malformed)
}

fn halves(compact: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut r, mut s) = ([0; 32], [0; 32]);
    for (to, from) in r.iter_mut().chain(&mut s).zip(compact) {
        *to = *from;
    }
    (r, s)
}
