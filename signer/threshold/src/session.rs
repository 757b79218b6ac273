//! What ties the messages of one protocol run together.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::share::KeyShare;

/// One run of a protocol, named by 32 bytes that all its parties computed alike.
///
/// # Security
/// Every attempt takes a fresh one. It should be a hash over all that the parties must agree on
/// (engine version, committee, epoch, request, quorum, attempt) and over fresh randomness of each of
/// them, so that nobody can make two runs meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// Wraps an identifier.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// This session as it names frames among the holders of one generation of a key: a frame of another
    /// generation, committee or key never opens, whatever the callers agreed on.
    pub(crate) fn bound_to(&self, share: &KeyShare) -> Self {
        let committee = share.committee();
        let mut hasher = Sha256::new();
        hasher.update(b"countersign/refresh session/1");
        hasher.update(self.0);
        hasher.update(share.public_key());
        hasher.update(share.chain_code());
        hasher.update([committee.parties(), committee.threshold()]);
        hasher.update(share.epoch().to_be_bytes());
        hasher.update(share.transcript());
        Self(hasher.finalize().into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for SessionId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
