//! A recoverable secp256k1 signature as contracts take it.

use std::fmt;

use alloy::primitives::{Address, B256, Signature, U256};

/// Half the group order: a larger `s` is the malleable twin that contracts refuse.
const HALF_ORDER: U256 = U256::from_limbs([
    0xdfe9_2f46_681b_20a0,
    0x5d57_6e73_57a4_501d,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);

/// The 65 bytes `r ‖ s ‖ v`, with `v` 27 or 28 and a low `s`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature65([u8; 65]);

/// The bytes are no signature that a contract would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not 65 bytes.
    #[error("a signature has 65 bytes, this has {0}")]
    Length(usize),
    /// The last byte is neither 27 nor 28.
    #[error("v is {0}, not 27 or 28")]
    V(u8),
    /// `s` is zero or in the upper half of its range.
    #[error("s is zero or not the low one of its two values")]
    S,
}

impl Signature65 {
    /// Checks the form of a signature, not whose it is.
    ///
    /// # Errors
    /// When `v` or `s` is out of range.
    pub fn new(bytes: [u8; 65]) -> Result<Self, SignatureError> {
        if !matches!(bytes[64], 27 | 28) {
            return Err(SignatureError::V(bytes[64]));
        }
        let s = U256::from_be_slice(&bytes[32..64]);
        if s.is_zero() || s > HALF_ORDER {
            return Err(SignatureError::S);
        }
        Ok(Self(bytes))
    }

    /// `r ‖ s ‖ v`.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Whose signature of `digest` this is; `None` if it is nobody's.
    pub fn recover(&self, digest: B256) -> Option<Address> {
        let r = U256::from_be_slice(&self.0[..32]);
        let s = U256::from_be_slice(&self.0[32..64]);
        Signature::new(r, s, self.0[64] == 28).recover_address_from_prehash(&digest).ok()
    }

    /// Well formed and nobody's in particular, for estimates: no byte of it is zero, so that its
    /// call data costs no less than a real one's, and `ecrecover` does not fail on it.
    pub const fn stub() -> Self {
        let mut bytes = [0x7a; 65];
        let generator_x = alloy::primitives::hex!(
            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        );
        let mut i = 0;
        while i < generator_x.len() {
            bytes[i] = generator_x[i];
            i += 1;
        }
        bytes[64] = 28;
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Signature65 {
    type Error = SignatureError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        let array = bytes.try_into().map_err(|_| SignatureError::Length(bytes.len()))?;
        Self::new(array)
    }
}

impl fmt::Debug for Signature65 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stub_is_well_formed_and_recovers_for_any_digest() {
        let stub = Signature65::new(*Signature65::stub().as_bytes()).unwrap();
        assert!(stub.as_bytes().iter().all(|byte| *byte != 0));
        for byte in 0..=255 {
            assert!(stub.recover(B256::repeat_byte(byte)).is_some(), "{byte}");
        }
    }

    #[test]
    fn refuses_a_high_s_and_a_strange_v() {
        let mut bytes = *Signature65::stub().as_bytes();
        bytes[64] = 1;
        assert_eq!(Signature65::new(bytes), Err(SignatureError::V(1)));
        bytes[64] = 27;
        bytes[32..64].copy_from_slice(&(HALF_ORDER + U256::from(1)).to_be_bytes::<32>());
        assert_eq!(Signature65::new(bytes), Err(SignatureError::S));
        bytes[32..64].copy_from_slice(&HALF_ORDER.to_be_bytes::<32>());
        assert!(Signature65::new(bytes).is_ok());
        assert_eq!(Signature65::try_from(&bytes[..64]), Err(SignatureError::Length(64)));
    }
}
