//! One round's messages, one from each peer, in whatever order and however often they come.

use std::collections::BTreeMap;

use crate::frame::FrameError;
use crate::party::PartyId;

/// Holds at most one message of each sender, and the checksums of those already used.
pub(crate) struct Mailbox<T> {
    letters: BTreeMap<PartyId, Letter<T>>,
}

struct Letter<T> {
    checksum: [u8; 32],
    /// None once it was taken.
    message: Option<T>,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        Self { letters: BTreeMap::new() }
    }

    /// Frame 5: whether this very frame came before.
    ///
    /// # Errors
    /// If another frame did.
    pub(crate) fn knows(&self, from: PartyId, checksum: &[u8; 32]) -> Result<bool, FrameError> {
        match self.letters.get(&from) {
            None => Ok(false),
            Some(letter) if letter.checksum == *checksum => Ok(true),
            Some(_) => Err(FrameError::Conflict),
        }
    }

    pub(crate) fn put(&mut self, from: PartyId, checksum: [u8; 32], message: T) {
        self.letters.insert(from, Letter { checksum, message: Some(message) });
    }

    pub(crate) fn holds(&self, peers: usize) -> bool {
        self.letters.values().filter(|letter| letter.message.is_some()).count() == peers
    }

    /// Takes the messages and keeps their checksums, so that duplicates stay harmless.
    pub(crate) fn take(&mut self) -> BTreeMap<PartyId, T> {
        self.letters
            .iter_mut()
            .filter_map(|(from, letter)| letter.message.take().map(|message| (*from, message)))
            .collect()
    }

    pub(crate) fn senders(&self) -> impl Iterator<Item = PartyId> {
        self.letters.keys().copied()
    }
}
