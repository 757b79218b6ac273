//! What a machine asks its caller to send.

use std::fmt;
use std::sync::Arc;

use crate::gate::{GateError, Gates};
use crate::party::PartyId;
use crate::sign::SignRound;

/// A message of keygen or, under the gates, of a refresh or a reshare.
///
/// # Security
/// Messages to one party carry secrets for it: the channel must be encrypted and authenticated. The frame
/// is the caller's to wipe.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// To one party only.
    Send {
        /// Who gets it.
        to: PartyId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// The same bytes to every other party. They already carry our identity's signature.
    Broadcast {
        /// The frame.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { to, bytes } => write!(f, "Send({} bytes to {to})", bytes.len()),
            Self::Broadcast { bytes } => write!(f, "Broadcast({} bytes)", bytes.len()),
        }
    }
}

/// A message of a refresh or a reshare that can leave only under the gate.
///
/// The bytes cannot be had in any other way than by [`Self::release`].
#[must_use = "a message that is not released never leaves"]
pub struct Guarded {
    pub(crate) outgoing: Outgoing,
    /// Everyone we share state with and make the next generation with.
    pub(crate) counterparties: Arc<[PartyId]>,
    pub(crate) gates: Arc<Gates>,
}

impl Guarded {
    /// Hands the message to `send` while the gates of all old parties that take part are held and each is
    /// known not to be banned. A broadcast is handed over once: `send` puts it on its way to all.
    ///
    /// `send` must return at once, as with [`Gated::release`].
    ///
    /// # Errors
    /// If a party is banned, or it is not known whether one is. The message is dropped.
    pub fn release<R>(self, send: impl FnOnce(Outgoing) -> R) -> Result<R, GateError> {
        self.gates.pass(&self.counterparties, || send(self.outgoing))
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guarded({:?})", self.outgoing)
    }
}

/// A signing message that can leave only under the gate.
///
/// The bytes cannot be had in any other way than by [`Self::release`].
#[must_use = "a message that is not released never leaves"]
pub struct Gated {
    pub(crate) to: PartyId,
    pub(crate) round: SignRound,
    pub(crate) bytes: Vec<u8>,
    /// Everyone we sign with in this session.
    pub(crate) counterparties: Arc<[PartyId]>,
    pub(crate) gates: Arc<Gates>,
}

impl Gated {
    /// Who gets it.
    pub fn to(&self) -> PartyId {
        self.to
    }

    /// The round it belongs to. From the moment a [`SignRound::Last`] message is released, the digest
    /// counts as signed, whatever follows.
    pub fn round(&self) -> SignRound {
        self.round
    }

    /// How long the frame is.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Frames are never empty.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Hands the frame to `send` while the gates of the whole quorum are held and each of its members
    /// is known not to be banned.
    ///
    /// `send` must only put the frame on its way (push it to a queue) and return at once. Neither this
    /// nor [`Gates::check`] waits for a disk; call [`Gates::settle`] before anybody hears that a gate
    /// was shut.
    ///
    /// # Errors
    /// If a member of the quorum is banned, or it is not known whether one is. The frame is dropped.
    pub fn release<R>(self, send: impl FnOnce(Vec<u8>) -> R) -> Result<R, GateError> {
        self.gates.pass(&self.counterparties, || send(self.bytes))
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gated({:?}, {} bytes to {})", self.round, self.bytes.len(), self.to)
    }
}
