//! One message from one cosigner to another.

use std::fmt;

use countersign_protocol::wire;
use countersign_threshold::SessionId;

/// The format of frames that this build speaks.
const FRAME_VERSION: u32 = 1;

/// The largest payload of a frame. The largest message of the engine, in keygen, has about 150 kB.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// The largest message on a connection between peers: a frame and its envelope.
pub(crate) const MAX_MESSAGE_BYTES: usize = MAX_FRAME_BYTES + 256;

/// One message from one cosigner to another: bounded, versioned, and tied to a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The session that it belongs to; for [`FrameKind::Open`] the id under which the members meet
    /// before they have agreed on one.
    pub session: SessionId,
    /// What it is.
    pub kind: FrameKind,
    /// What it says.
    pub payload: Vec<u8>,
}

/// The kinds of frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Compares what the members of a quorum are about to do, and brings their nonces.
    Open,
    /// A message of the signing engine.
    Round,
    /// Ends a session; the payload says why, in words for the log.
    Abort,
    /// A message of the key generation engine.
    Keygen,
    /// A signed statement of a ceremony.
    Ceremony,
}

impl Frame {
    /// The frame as a wire message.
    #[must_use]
    pub fn into_wire(self) -> wire::Frame {
        wire::Frame {
            version: FRAME_VERSION,
            session: self.session.as_bytes().to_vec(),
            kind: match self.kind {
                FrameKind::Open => 1,
                FrameKind::Round => 2,
                FrameKind::Abort => 3,
                FrameKind::Keygen => 4,
                FrameKind::Ceremony => 5,
            },
            payload: self.payload,
        }
    }

    /// Parses a wire message.
    ///
    /// # Errors
    /// If its version or kind is unknown, or a field is out of bounds.
    pub fn from_wire(message: wire::Frame) -> Result<Self, FrameError> {
        if message.version != FRAME_VERSION {
            return Err(FrameError::Version { version: message.version });
        }
        let session: [u8; 32] = message.session.try_into().map_err(|_| FrameError::Session)?;
        let kind = match message.kind {
            1 => FrameKind::Open,
            2 => FrameKind::Round,
            3 => FrameKind::Abort,
            4 => FrameKind::Keygen,
            5 => FrameKind::Ceremony,
            kind => return Err(FrameError::Kind { kind }),
        };
        if message.payload.len() > MAX_FRAME_BYTES {
            return Err(FrameError::TooLarge { bytes: message.payload.len() });
        }
        Ok(Self { session: SessionId::new(session), kind, payload: message.payload })
    }
}

/// Payloads may carry secrets for their receiver: only their size is printed.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("session", &self.session)
            .field("kind", &self.kind)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

/// Why a message is not a frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A format of another time.
    #[error("frame format {version} is unknown")]
    Version {
        /// What was given.
        version: u32,
    },
    /// A kind that this build does not know.
    #[error("frame kind {kind} is unknown")]
    Kind {
        /// What was given.
        kind: u32,
    },
    /// The session id has another length.
    #[error("a session id has 32 bytes")]
    Session,
    /// The payload is beyond the bound.
    #[error("a frame of {bytes} bytes is beyond the bound of {MAX_FRAME_BYTES}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use countersign_threshold::SessionId;

    use super::{Frame, FrameError, FrameKind, MAX_FRAME_BYTES};

    fn must_frame(kind: FrameKind) -> Frame {
        Frame { session: SessionId::new([7; 32]), kind, payload: vec![1, 2, 3] }
    }

    #[test]
    fn a_frame_survives_the_wire() {
        use FrameKind::{Abort, Ceremony, Keygen, Open, Round};
        for kind in [Open, Round, Abort, Keygen, Ceremony] {
            let frame = must_frame(kind);
            assert_eq!(Frame::from_wire(frame.clone().into_wire()), Ok(frame));
        }
    }

    #[test]
    fn what_is_unknown_or_too_large_is_refused_by_name() {
        let good = must_frame(FrameKind::Open).into_wire();
        let mut version = good.clone();
        version.version = 2;
        assert_eq!(Frame::from_wire(version), Err(FrameError::Version { version: 2 }));
        let mut kind = good.clone();
        kind.kind = 9;
        assert_eq!(Frame::from_wire(kind), Err(FrameError::Kind { kind: 9 }));
        let mut session = good.clone();
        session.session.pop();
        assert_eq!(Frame::from_wire(session), Err(FrameError::Session));
        let mut large = good;
        large.payload = vec![0; MAX_FRAME_BYTES + 1];
        let bytes = MAX_FRAME_BYTES + 1;
        assert_eq!(Frame::from_wire(large), Err(FrameError::TooLarge { bytes }));
    }

    #[test]
    fn a_payload_is_never_printed() {
        let mut frame = must_frame(FrameKind::Keygen);
        frame.payload = b"a secret".to_vec();
        assert!(!format!("{frame:?}").contains("a secret"));
        assert!(!format!("{frame:?}").contains("97, 32"));
    }
}
