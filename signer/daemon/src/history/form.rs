//! The lines of a history.

use alloy::primitives::B256;
use countersign_protocol::{Identity, IdentityKey, IdentitySignature};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::journal::Terms;

/// What the first line says that it is.
pub(super) const FORMAT: &str = "countersign-journal";
/// The form that this build writes; a higher one is refused.
pub(super) const VERSION: u64 = 1;
/// No honest line is longer, in bytes.
pub(super) const MAX_LINE: usize = 64 << 10;
/// What the end's signature is for.
const DOMAIN: &str = "journal history 1";

/// Whose history it is.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The hash of the committee file.
    pub(crate) committee: [u8; 32],
    /// A committee that was ours before, if the operator named one.
    pub(crate) former: Option<[u8; 32]>,
    /// Our place in the committee.
    pub(crate) party: u8,
    /// Our identity.
    pub(crate) identity: Identity,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) committee: String,
    pub(super) party: u8,
    pub(super) identity: IdentityKey,
    pub(super) era: u64,
    /// How many records the audit chain has, and where it ends.
    pub(super) count: u64,
    pub(super) hash: B256,
    pub(super) at_ms: i64,
}

/// What is read of the first line before anything else: whether the rest can be.
#[derive(Debug, Deserialize)]
pub(super) struct Probe {
    pub(super) format: String,
    pub(super) version: u64,
}

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Line {
    /// A digest that a slot was given. All of one slot stand together, in the order in which they were given.
    #[serde(rename_all = "camelCase")]
    Slot {
        slot: String,
        digest: B256,
        request_hash: B256,
        terms: Box<Terms>,
        decided_at_ms: i64,
        signed_at_ms: Option<i64>,
    },
    /// A slot for which nothing more is signed.
    Frozen { slot: String },
    /// An operation that can land in a slot.
    #[serde(rename_all = "camelCase")]
    Operation { slot: String, hash: B256, valid_until: Option<i64> },
    /// An attempt that was used up.
    #[serde(rename_all = "camelCase")]
    Attempt { id: String, at_ms: i64 },
    /// A party that a root key signs with no more.
    #[serde(rename_all = "camelCase")]
    Ban { root: String, party: u8, reason: String, at_ms: i64 },
    /// Signatures that came out wrong with a party.
    #[serde(rename_all = "camelCase")]
    Spoiled { root: String, party: u8, count: u32, last_at_ms: i64 },
    /// What a slot takes of a limit.
    #[serde(rename_all = "camelCase")]
    Reservation { account: String, slot: String, amount: String, at_ms: i64 },
    /// What a paymaster may be made to pay in a slot.
    #[serde(rename_all = "camelCase")]
    Exposure { account: String, slot: String, wei: String, valid_until: i64 },
    /// The slot that an intent was given.
    #[serde(rename_all = "camelCase")]
    Intent { signer: String, id: String, slot: String, at_ms: i64 },
    /// A change of an account's command that is open.
    #[serde(rename_all = "camelCase")]
    Barrier { account: String, slot: String, at_ms: i64 },
    /// The highest head that a peer showed us of its own journal.
    #[serde(rename_all = "camelCase")]
    PeerHead { identity: IdentityKey, head: String, at_ms: i64 },
    /// A head that this history covers: a record of the audit chain, or of a chain that was imported.
    Covers { count: u64, hash: B256 },
    /// The last line.
    End(End),
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct End {
    /// How many lines come before it.
    pub(super) lines: u64,
    /// SHA-256 of them, each with its line feed.
    pub(super) hash: B256,
    /// The owner's signature over both.
    pub(super) signature: IdentitySignature,
}

/// Counts and hashes lines.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) lines: u64,
    hash: Sha256,
}

impl Tally {
    pub(super) fn add(&mut self, line: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        self.hash.update(line);
        self.hash.update(b"\n");
    }

    pub(super) fn sign(self, identity: &Identity) -> End {
        let (lines, hash) = (self.lines, B256::from_slice(&self.hash.finalize()));
        End { lines, hash, signature: identity.sign(DOMAIN, &statement(lines, hash)) }
    }

    /// Whether `end` is the signed end of just these lines.
    pub(super) fn ends_with(self, end: &End, key: &IdentityKey) -> bool {
        let (lines, hash) = (self.lines, B256::from_slice(&self.hash.finalize()));
        (lines, hash) == (end.lines, end.hash)
            && key.verifies(DOMAIN, &statement(lines, hash), &end.signature)
    }
}

fn statement(lines: u64, hash: B256) -> Vec<u8> {
    [lines.to_be_bytes().as_slice(), hash.as_slice()].concat()
}
