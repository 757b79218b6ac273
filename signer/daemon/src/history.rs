//! The portable history of a journal: what `cosigner journal export` writes and `cosigner journal import` reads.
//!
//! `docs/JOURNAL.md` has the form: lines of JSON, the first of which says whose history it is, the last how many there
//! are and what they hash to, under the signature of its owner. An import merges so that protection only grows: what
//! either side knows is known afterwards, and where the two contradict each other nothing more is signed.

mod export;
mod form;
mod import;
mod merge;

use std::path::PathBuf;

use thiserror::Error;

pub(crate) use export::export;
pub(crate) use form::Owner;
pub(crate) use import::{Imported, import};

use crate::store::StoreError;

/// Why a history was not written or not taken in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum HistoryError {
    /// The file could not be read or written.
    #[error("{path} could not be used", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database did not answer.
    #[error("the journal could not be read or written")]
    Store(#[from] StoreError),
    /// The file is something else.
    #[error("this is no journal of a cosigner")]
    Alien,
    /// A newer build wrote it.
    #[error("the journal has form {found}, this build knows up to {known}")]
    Newer {
        /// What the file says.
        found: u64,
        /// What this build knows.
        known: u64,
    },
    /// It is of another committee.
    #[error(
        "the journal is of another committee ({found}); name it with --committee if ours was that one before"
    )]
    OtherCommittee {
        /// Its hash.
        found: String,
    },
    /// It is of another party.
    #[error("the journal is party {found}'s, ours is party {ours}'s")]
    OtherParty {
        /// The file's.
        found: u8,
        /// Ours.
        ours: u8,
    },
    /// It is of another identity: of a party with our place, but not ours.
    #[error("the journal is of another identity ({found})")]
    OtherIdentity {
        /// The identity key in the file.
        found: String,
    },
    /// It ends too early.
    #[error("the journal was cut off after {lines} lines")]
    Truncated {
        /// How many lines it has.
        lines: u64,
    },
    /// A line is not what the form says.
    #[error("line {line} is malformed: {reason}")]
    Malformed {
        /// Which line.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A slot has more digests than replacements can have made.
    #[error("the slot {slot} has too many digests")]
    TooMany {
        /// The slot.
        slot: String,
    },
    /// The lines are not those that were signed.
    #[error("the journal was changed since it was written")]
    Changed,
    /// Something follows the end.
    #[error("something follows the end of the journal")]
    Trailing,
}

impl From<sqlx::Error> for HistoryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests;
