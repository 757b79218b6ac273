//! What the chain holds beside requests: what an operator did to the journal, what peers' journals did, what was given
//! back or put away.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use super::record::Place;

/// Something that happened beside requests. The stored form is this struct as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    /// Where it stands in the chain.
    #[serde(flatten)]
    pub place: Place,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// What happened.
    pub event: Event,
}

/// What happened beside requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// A history was imported into this journal.
    JournalImported {
        /// How many records the history's own chain had.
        count: u64,
        /// Where that chain ended.
        hash: B256,
        /// The era of this journal from now on.
        era: u64,
        /// How many slots were new here.
        slots: u64,
        /// How many slots it knows otherwise than we do: they take no signature any more.
        frozen: u64,
    },
    /// The operator let us sign although peers know a history of ours that is not here.
    JournalWaived {
        /// The operator's words.
        reason: String,
        /// The era of this journal from now on.
        era: u64,
        /// What peers know: party, count and hash.
        heads: Vec<(u8, u64, B256)>,
    },
    /// A peer knows a history of ours that is not here: nothing is signed.
    RolledBack {
        /// The peer.
        party: u8,
        /// How many records it knows of.
        count: u64,
        /// The hash of the last of them.
        hash: B256,
    },
    /// A peer's journal went backwards, or is another: nothing is signed with it.
    PeerRolledBack {
        /// The peer.
        party: u8,
        /// The highest count that we knew.
        known: u64,
        /// The count that it began with.
        found: u64,
    },
    /// A peer's operator imported a history into its journal, or waived it.
    PeerEra {
        /// The peer.
        party: u8,
        /// The era of its journal from now on.
        era: u64,
    },
    /// The reservations of a slot were given back.
    GivenBack {
        /// The slot.
        slot: String,
        /// Why it can take nothing of ours any more.
        because: Unlanded,
        /// The finalized block that two nodes agreed on.
        block: u64,
    },
    /// What was shown of the records up to here was taken away.
    Redacted {
        /// The number of the last of them.
        through: u64,
    },
    /// The records up to here were put into a file of their own.
    Archived {
        /// The number of the last of them.
        through: u64,
        /// The name of the file.
        file: String,
    },
}

/// Why nothing that we signed for a slot can land any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlanded {
    /// Another operation used the nonce up.
    OtherOperation(B256),
    /// The chain takes none of ours after this second.
    WindowPassed(u64),
}
