//! The wire form of every message, checked in full before the engine sees a byte of it.
//!
//! ```text
//! version 2 | protocol 1 | round 1 | sender 1 | receiver 1 (0 = all) | session 32 | checksum 32 | body
//! ```
//! The engine answers one flipped bit or one short vector with a ban for ever. So a frame is refused
//! here, by a clean error and without consequence, when its version, session, round, sender, receiver,
//! checksum or length is not exactly what this step of the protocol expects, and [`body`] refuses
//! every nested vector of the wrong length.

use sha2::{Digest, Sha256};

use crate::party::PartyId;
use crate::session::SessionId;

pub(crate) mod body;

pub(crate) const VERSION: u16 = 1;
pub(crate) const HEADER_LEN: usize = 38;
pub(crate) const BODY_AT: usize = 70;
/// No frame of any protocol is longer; a longer one is refused unread.
pub(crate) const MAX_LEN: usize = 512 * 1024;

/// A frame that is not what this step expects. It has no consequence but this error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Shorter than a header, or longer than any frame.
    #[error("a frame of {0} bytes")]
    Size(usize),
    /// A version this build does not speak.
    #[error("frame version {0} is unknown")]
    Version(u16),
    /// A frame of another protocol.
    #[error("protocol {0} is not this session's")]
    Protocol(u8),
    /// A round this protocol does not have.
    #[error("round {0} does not exist")]
    Round(u8),
    /// The sender in the frame is not who delivered it.
    #[error("the frame names party {0} as its sender")]
    Sender(u8),
    /// The frame is addressed to another party, or to one where all are expected.
    #[error("the frame is addressed to {0}")]
    Receiver(u8),
    /// The frame belongs to another session.
    #[error("the frame belongs to another session")]
    Session,
    /// Bits changed on the way.
    #[error("the checksum does not match")]
    Checksum,
    /// The body, or a vector in it, has the wrong length.
    #[error("a {what} of length {got}, expected {expected}")]
    Dimension {
        /// Which part.
        what: &'static str,
        /// The only right length.
        expected: usize,
        /// The length it has.
        got: usize,
    },
    /// The body does not decode, or holds a value out of range.
    #[error("the body does not decode")]
    Malformed,
    /// The body names other parties than the header.
    #[error("the body names other parties than the header")]
    Parties,
    /// The same sender already sent something else in this round.
    #[error("another message of the same round came before")]
    Conflict,
    /// The identity signature on a broadcast does not verify.
    #[error("the sender's identity did not sign this broadcast")]
    Unsigned,
}

/// Which protocol a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Protocol {
    Keygen = 1,
    Sign = 2,
    Refresh = 3,
    Reshare = 4,
}

/// What a frame says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) protocol: Protocol,
    pub(crate) round: u8,
    pub(crate) sender: PartyId,
    /// None: all parties.
    pub(crate) receiver: Option<PartyId>,
    pub(crate) session: SessionId,
}

/// A frame whose header and checksum hold. The body is still unread.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    pub(crate) round: u8,
    pub(crate) broadcast: bool,
    pub(crate) checksum: [u8; 32],
    pub(crate) body: &'a [u8],
}

impl Header {
    fn bytes(&self) -> [u8; HEADER_LEN] {
        let [version_high, version_low] = VERSION.to_be_bytes();
        let head = [
            version_high,
            version_low,
            self.protocol as u8,
            self.round,
            self.sender.index(),
            self.receiver.map_or(0, PartyId::index),
        ];
        let mut bytes = [0; HEADER_LEN];
        for (to, from) in bytes.iter_mut().zip(head.iter().chain(self.session.as_bytes())) {
            *to = *from;
        }
        bytes
    }

    /// The frame that carries `body` under this header.
    pub(crate) fn seal(&self, body: &[u8]) -> Vec<u8> {
        let header = self.bytes();
        let mut frame = Vec::with_capacity(BODY_AT.saturating_add(body.len()));
        frame.extend_from_slice(&header);
        frame.extend_from_slice(&checksum(&header, body));
        frame.extend_from_slice(body);
        frame
    }

    /// What a witness signs for a broadcast whose body has this digest. The header binds protocol,
    /// session, round and sender, so a signature proves nothing about any other broadcast.
    pub(crate) fn statement(&self, body_digest: &[u8; 32]) -> [u8; 32] {
        statement(&self.bytes(), body_digest)
    }
}

/// Frame 1: opens a frame that `from` delivered to `me` in `session`.
pub(crate) fn open<'a>(
    frame: &'a [u8],
    protocol: Protocol,
    session: &SessionId,
    from: PartyId,
    me: PartyId,
) -> Result<Opened<'a>, FrameError> {
    if frame.len() > MAX_LEN {
        return Err(FrameError::Size(frame.len()));
    }
    let (Some((header, rest)), true) =
        (frame.split_first_chunk::<HEADER_LEN>(), frame.len() >= BODY_AT)
    else {
        return Err(FrameError::Size(frame.len()));
    };
    let [v1, v0, kind, round, sender, receiver, named_session @ ..] = header;
    let version = u16::from_be_bytes([*v1, *v0]);
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    if *kind != protocol as u8 {
        return Err(FrameError::Protocol(*kind));
    }
    if named_session != session.as_bytes() {
        return Err(FrameError::Session);
    }
    if *sender != from.index() {
        return Err(FrameError::Sender(*sender));
    }
    if *receiver != 0 && *receiver != me.index() {
        return Err(FrameError::Receiver(*receiver));
    }
    let Some((named, body)) = rest.split_first_chunk::<32>() else {
        return Err(FrameError::Size(frame.len()));
    };
    if *named != checksum(header, body) {
        return Err(FrameError::Checksum);
    }
    Ok(Opened { round: *round, broadcast: *receiver == 0, checksum: *named, body })
}

pub(crate) fn statement(header: &[u8; HEADER_LEN], body_digest: &[u8; 32]) -> [u8; 32] {
    hash(b"countersign/broadcast/1", header, body_digest)
}

pub(crate) fn checksum(header: &[u8; HEADER_LEN], body: &[u8]) -> [u8; 32] {
    hash(b"countersign/frame/1", header, body)
}

fn hash(domain: &[u8], header: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update((domain.len() as u64).to_be_bytes());
    hasher.update(domain);
    hasher.update(header);
    hasher.update(body);
    hasher.finalize().into()
}
