//! The durable memory of bans, which the caller provides.

use std::error::Error;

use crate::party::PartyId;

/// Where bans are kept: one ledger for a root key, for the whole life of the key.
///
/// # Security
/// A ban belongs to the root key's oblivious-transfer state: it covers all children and all sessions,
/// and it must outlive restarts and restores. [`Self::ban`] returns only once the ban is synced to
/// disk. There is no way to lift one.
pub trait BanLedger: Send + Sync {
    /// Whether `peer` is banned. Asked before every message, so it should answer from memory.
    ///
    /// # Errors
    /// If the answer is not known; the caller of this trait then treats `peer` as banned.
    fn is_banned(&self, peer: PartyId) -> Result<bool, LedgerError>;

    /// Bans `peer` for ever. Banning twice is no error.
    ///
    /// # Errors
    /// If the ban could not be made durable.
    fn ban(&self, peer: PartyId, reason: &str) -> Result<(), LedgerError>;
}

/// The ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the ban ledger failed")]
pub struct LedgerError(#[source] Box<dyn Error + Send + Sync>);

impl LedgerError {
    /// Wraps what went wrong below.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
