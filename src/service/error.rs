//! Everything that can go wrong for a caller. `rpc/error.rs` gives each its JSON-RPC code.

use alloy::primitives::{Address, Bytes};
use countersign_protocol::ApprovalError;
use countersign_userop::{AccountKind, ChainId, EntryPointVersion};
use serde_json::Value;

use super::StageName;
use crate::limits::Throttled;

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// No such wallet, or it belongs to another caller.
    #[error("unknown wallet {0}")]
    UnknownWallet(Address),
    /// The child of the key belongs to another caller.
    #[error("child {index} of key {key} belongs to another caller")]
    ForeignChild {
        /// The key.
        key: String,
        /// The child.
        index: u32,
    },
    /// The caller's key does not open it.
    #[error("the API key is not for {0}")]
    OutOfScope(String),
    /// The account cannot make these calls all or nothing (EIP-5792: 5760).
    #[error("the account cannot make these calls atomically: {0}")]
    NotAtomic(String),
    /// No operation has this id or hash (EIP-5792: 5730).
    #[error("unknown id {0}")]
    UnknownId(String),
    /// The id was used with another body (EIP-5792: 5720).
    #[error("id {0} was already used with another body")]
    DuplicateId(String),
    /// EIP-5792: 5710.
    #[error("chain {0} is not configured")]
    UnsupportedChain(ChainId),
    /// The EntryPoint is not configured for the chain.
    #[error("entry point {0} is not configured for this chain")]
    UnsupportedEntryPoint(Address),
    /// The account kind is not configured for the chain and version.
    #[error("accounts of kind {kind} on entry point {version} are not configured for this chain")]
    UnsupportedAccount {
        /// The kind.
        kind: AccountKind,
        /// The version.
        version: EntryPointVersion,
    },
    /// The request itself is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// More than this gateway takes at once (EIP-5792: 5740).
    #[error("bundle too large: {0}")]
    TooLarge(String),
    /// The operation waits for nobody's approval.
    #[error("{id} does not wait for approval: it is {}", stage.as_str())]
    NotAwaiting {
        /// The operation.
        id: String,
        /// Where it stands.
        stage: StageName,
    },
    /// A person's approval does not hold for the operation.
    #[error("{0}")]
    Approval(#[source] ApprovalError),
    /// Our own paymaster does not serve this chain or version.
    #[error("no sponsor is configured for this chain and entry point")]
    NoSponsor,
    /// A cosigner refused, naming its rule; or this gateway, where a feature is off.
    #[error("refused by the rule {rule}: {message}")]
    Refused {
        /// The rule.
        rule: String,
        /// What it said.
        message: String,
    },
    /// The node or the bundler does not answer, or not properly.
    #[error("{0}")]
    Unavailable(String),
    /// Too few cosigners answer.
    #[error("the quorum is not available: {0}")]
    QuorumUnavailable(String),
    /// Cosigners gave different answers where only one can be right.
    #[error("cosigners disagree: {0}")]
    CosignersDisagree(String),
    /// The bundler, paymaster service or node answered with a JSON-RPC error, passed on as it is.
    #[error("{message}")]
    Upstream {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
        /// Its data.
        data: Option<Value>,
    },
    /// A call reverts (ERC-7769: -32521).
    #[error("reverted: {reason}")]
    Reverted {
        /// Decoded.
        reason: String,
        /// Raw.
        data: Bytes,
    },
    /// Too many calls in a short time.
    #[error("{0}")]
    Throttled(#[source] Throttled),
    /// The gateway is shutting down.
    #[error("shutting down")]
    ShuttingDown,
    /// Ours to fix; the caller gets an opaque id, the log the details.
    #[error("internal failure")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<countersign_protocol::FeatureOff> for ServiceError {
    fn from(off: countersign_protocol::FeatureOff) -> Self {
        Self::Refused { rule: "feature".into(), message: off.to_string() }
    }
}

impl ServiceError {
    /// Wraps a failure that tells a caller nothing.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// A malformed field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Asking again may help.
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Throttled(_)
                | Self::Unavailable(_)
                | Self::QuorumUnavailable(_)
                | Self::ShuttingDown
        )
    }
}
