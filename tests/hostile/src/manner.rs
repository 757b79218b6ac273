//! What is done to frames on their way out.

use std::path::Path;

use countersign_cosigner::{Frame, FrameKind};
use serde::Deserialize;

/// Which frames are meant: a kind, and of rounds of signing the round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Which {
    /// The opening of a session.
    Open,
    /// The first round's message.
    First,
    /// The second round's message, which has the OT extension's rows.
    Second,
    /// The last round's message.
    Last,
    /// Every message of key generation.
    Keygen,
}

/// Where the version of a round's frame ends and its round begins: see `countersign_threshold`'s frames.
const ROUND_AT: usize = 3;

impl Which {
    pub(crate) fn is(self, frame: &Frame) -> bool {
        let round = frame.payload.get(ROUND_AT).copied();
        match self {
            Self::Open => frame.kind == FrameKind::Open,
            Self::First => frame.kind == FrameKind::Round && round == Some(1),
            Self::Second => frame.kind == FrameKind::Round && round == Some(2),
            Self::Last => frame.kind == FrameKind::Round && round == Some(3),
            Self::Keygen => frame.kind == FrameKind::Keygen,
        }
    }
}

/// How the cosigner behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "manner")]
pub(crate) enum Manner {
    /// As an honest one.
    #[default]
    Honest,
    /// Flips one bit of the byte `at` of a round's body, under a checksum that is right again.
    Flip { which: Which, at: usize },
    /// Flips one bit of the byte `at` of the whole frame, and leaves it at that.
    Spoil { which: Which, at: usize, only_to: Option<u8> },
    /// Sends the frame twice.
    Twice { which: Which },
    /// Never sends the frame.
    Withhold { which: Which },
    /// Keeps the frame back, and sends it after the next one.
    Late { which: Which },
    /// Sends, under the name of this session, what an earlier session said at this place.
    Replay { which: Which },
    /// Makes the frame as long as `bytes`.
    Swell { which: Which, bytes: usize },
    /// Opens for another epoch of the key.
    OtherEpoch,
    /// Sends garbage of the same length behind the header, under a right checksum.
    Garble { which: Which },
    /// Tells this party another chain code in keygen than the rest, each well committed and signed; and says nothing
    /// of it afterwards.
    Equivocate { to: u8 },
}

impl Manner {
    /// What the file says now; an honest one if there is none.
    pub(crate) fn read(file: &Path) -> Self {
        let Ok(text) = std::fs::read_to_string(file) else { return Self::Honest };
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::error!(%error, file = %file.display(), "no manner; behaving");
            Self::Honest
        })
    }
}
