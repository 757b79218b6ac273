//! What ties the messages of one protocol run together.

use std::fmt;

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
