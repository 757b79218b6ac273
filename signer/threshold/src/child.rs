//! Non-hardened BIP-32 children: one keygen, millions of owners.

use std::fmt;

/// A child of the root key: the BIP-32 path `m/index`, never hardened.
///
/// Children share the root's oblivious-transfer state and therefore its bans.
///
/// # Security
/// Children may be signed for only because this scheme has no presignatures. A child's private key
/// together with the chain code gives away the root, so a child is never exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildIndex(u32);

/// Why a child does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// Indexes from 2^31 are hardened, and a hardened child needs the whole private key.
    #[error("child index {0} is hardened")]
    Hardened(u32),
    /// BIP-32 leaves out about one index in 2^127.
    #[error("child index {0} has no key")]
    NoKey(u32),
}

impl ChildIndex {
    /// The largest index that is not hardened.
    pub const MAX: u32 = 0x7fff_ffff;

    /// The child `m/index`.
    ///
    /// # Errors
    /// Hardened indexes (2^31 and above) are refused.
    pub fn new(index: u32) -> Result<Self, ChildError> {
        if index > Self::MAX { Err(ChildError::Hardened(index)) } else { Ok(Self(index)) }
    }

    /// The index.
    pub fn index(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for ChildIndex {
    type Error = ChildError;

    fn try_from(index: u32) -> Result<Self, ChildError> {
        Self::new(index)
    }
}

impl fmt::Display for ChildIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m/{}", self.0)
    }
}
