//! What is sealed in a backup.

use std::fmt;

use zeroize::Zeroizing;

use crate::facts::Facts;

/// What is sealed in a backup. Whoever opens one checks that share, record and facts belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// The public facts.
    pub facts: Facts,
    /// The record of the key as the daemon keeps it.
    pub record: Vec<u8>,
    /// The share.
    ///
    /// # Security
    /// It is the secret itself.
    pub share: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("facts", &self.facts)
            .field("share", &"<redacted>")
            .finish_non_exhaustive()
    }
}

impl Contents {
    /// The bytes that are sealed: the length of what is public, that, and the share. The buffer has `spare`
    /// bytes of room, so that it never moves and leaves no copy behind.
    pub(crate) fn encode(&self, spare: usize) -> Option<Zeroizing<Vec<u8>>> {
        let public = postcard::to_stdvec(&(&self.facts, &self.record)).ok()?;
        let length = u32::try_from(public.len()).ok()?;
        let room =
            public.len().checked_add(self.share.len())?.checked_add(spare)?.checked_add(4)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&public);
        bytes.extend_from_slice(&self.share);
        Some(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (public, share) = rest.split_at_checked(length)?;
        let ((facts, record), after) = postcard::take_from_bytes(public).ok()?;
        after.is_empty().then(|| Self { facts, record, share: Zeroizing::new(share.to_vec()) })
    }
}
