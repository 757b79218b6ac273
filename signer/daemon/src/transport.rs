//! How cosigners talk: one persistent HTTP/2 connection in each direction of a pair, over mutual
//! TLS with pinned keys, and on it one long call that carries every frame. A frame costs one write
//! and no answer.

use async_trait::async_trait;
use countersign_threshold::PartyId;

mod deliver;
mod frame;
mod inbox;
mod links;

pub use frame::{Frame, FrameError, FrameKind, MAX_FRAME_BYTES};
pub use inbox::{Inbox, InboxError, Mail};
pub use links::{LinkStatus, Links};

pub(crate) use deliver::PeerService;
pub(crate) use frame::MAX_MESSAGE_BYTES;

/// Sends frames to the other members of the committee.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Connects to `to` if need be and puts `frame` on its way. Frames to one peer arrive in the
    /// order in which they were sent, or not at all.
    ///
    /// # Errors
    /// If the peer cannot be reached within the deadline for connecting.
    async fn send(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        self.connect(to).await?;
        self.push(to, frame)
    }

    /// Connects to `to` if need be.
    ///
    /// # Errors
    /// If the peer cannot be reached within the deadline for connecting.
    async fn connect(&self, to: PartyId) -> Result<(), PeerError>;

    /// Puts `frame` on its way without waiting for anything: for use under a gate, after a
    /// [`connect`](Self::connect) made the connection.
    ///
    /// # Errors
    /// If there is no connection at this moment, or the peer does not read.
    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError>;

    /// Asks `to` for the highest head of our own journal that it was shown, as we signed it.
    ///
    /// # Errors
    /// If the peer does not answer.
    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError>;
}

/// Why a frame did not leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// It is nobody's place in the committee, or our own.
    #[error("party {party} is no peer")]
    NoPeer {
        /// Who was meant.
        party: PartyId,
    },
    /// The peer cannot be reached.
    #[error("party {party} cannot be reached")]
    Unreachable {
        /// Who was meant.
        party: PartyId,
    },
    /// The peer does not read what it is sent.
    #[error("party {party} does not read what it is sent")]
    Congested {
        /// Who was meant.
        party: PartyId,
    },
}

impl PeerError {
    /// Whose connection it is about.
    #[must_use]
    pub const fn party(&self) -> PartyId {
        match self {
            Self::NoPeer { party } | Self::Unreachable { party } | Self::Congested { party } => {
                *party
            }
        }
    }
}
