//! Signatures on broadcasts, so that saying two things to two parties has a culprit.

use crate::party::PartyId;

/// The identities of a committee: ours signs, the others' are checked.
///
/// The caller holds the identity keys (this crate knows no key but the shares); it implements this
/// with whatever signature scheme the committee's identities use.
pub trait Witness: Send + Sync {
    /// Our identity's signature on `statement`, at most 255 bytes.
    ///
    /// A statement is a domain-separated hash; sign it as it is.
    fn sign(&self, statement: &[u8; 32]) -> Vec<u8>;

    /// Whether `signature` is `party`'s identity's on `statement`.
    fn verify(&self, party: PartyId, statement: &[u8; 32], signature: &[u8]) -> bool;
}
