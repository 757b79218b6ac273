//! What an account cannot do, or what is not its own.

use alloy::primitives::{Address, B256};

use super::AccountKind;
use crate::EntryPointVersion;

/// What does not fit an account's kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The kind has no implementation for this EntryPoint.
    #[error("there is no {kind} account for EntryPoint {version}")]
    NoSuchAccount {
        /// The kind asked for.
        kind: AccountKind,
        /// The version asked for.
        version: EntryPointVersion,
    },
    /// The text names no kind.
    #[error("unknown account kind {0:?}, expected countersign or simple")]
    UnknownKind(String),
    /// The init code names another factory.
    #[error("the factory is {found}, not {expected}")]
    OtherFactory {
        /// The one configured.
        expected: Address,
        /// The one in the operation.
        found: Address,
    },
    /// The factory is called otherwise than to create an account.
    #[error("the factory is not called with createAccount(owner, salt)")]
    NotCreateAccount,
    /// The account is called by a function that executes nothing, or we do not know it.
    #[error("the account is called with selector {0}, which is not one of its execute functions")]
    NotExecute(String),
    /// An execute function whose arguments are not in their one canonical encoding.
    #[error("the arguments of {0} are not canonically encoded")]
    NotCanonical(&'static str),
    /// An execution mode other than one call or a batch that reverts as a whole.
    #[error("execution mode {0} is not supported")]
    UnsupportedMode(B256),
    /// Parallel arrays of different length.
    #[error("the arrays of a batch differ in length")]
    UnequalArrays,
    /// SimpleAccount 0.6 cannot send wei from within a batch.
    #[error("a batch on EntryPoint 0.6 cannot send wei")]
    ValueInBatch,
}
