//! Why a call gave no result: the service said no, or there was no proper answer at all.

use countersign_userop::UserOpHash;
use serde_json::Value;

use crate::{AaCode, RpcCode};

/// Why a call to a bundler or a paymaster service gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundlerError {
    /// The service answered, and its answer is no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There was no proper answer to a question; asking changes nothing, so it may be asked again.
    #[error("{method} failed")]
    Failed {
        /// What was asked.
        method: &'static str,
        /// What went wrong at the endpoint that was asked last.
        #[source]
        fault: Fault,
    },
    /// The operation was handed over, and it is unknown what became of it. It may be included:
    /// ask for its receipt by this hash before anything else is done with its nonce.
    #[error("it is unknown whether operation {hash} was accepted")]
    Unconfirmed {
        /// The hash of the operation that was sent, as we computed it.
        hash: UserOpHash,
        /// What went wrong after it was handed over.
        #[source]
        fault: Fault,
    },
    /// The bundler took the operation and named another hash than the one that we computed. Ours
    /// is what the EntryPoint will say; a bundler that differs is on another chain, or lies.
    #[error("the bundler calls operation {ours} by another hash, {theirs}")]
    HashMismatch {
        /// The hash of the operation that was sent.
        ours: UserOpHash,
        /// What the bundler answered.
        theirs: UserOpHash,
    },
    /// No endpoint is configured.
    #[error("no endpoint is configured")]
    NoEndpoint,
    /// An endpoint's address is not one that can be called.
    #[error("endpoint {url:?} is not an http(s) address that may be called")]
    BadEndpoint {
        /// The address.
        url: String,
    },
}

impl BundlerError {
    /// Whether the same call may succeed later. For a sent operation this is never a reason to send
    /// it blindly again: ask by its [hash](Self::user_op_hash) first.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(rejection) => rejection.code.is_retryable(),
            Self::Failed { fault, .. } | Self::Unconfirmed { fault, .. } => fault.is_retryable(),
            Self::HashMismatch { .. } | Self::NoEndpoint | Self::BadEndpoint { .. } => false,
        }
    }

    /// The hash of the operation that may have been accepted although there was an error.
    pub fn user_op_hash(&self) -> Option<UserOpHash> {
        match self {
            Self::Unconfirmed { hash, .. } | Self::HashMismatch { ours: hash, .. } => Some(*hash),
            Self::Rejected(_)
            | Self::Failed { .. }
            | Self::NoEndpoint
            | Self::BadEndpoint { .. } => None,
        }
    }

    /// What the service said, if it said something.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }
}

/// An error object that the service answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the service answered {code}: {message}")]
pub struct Rejection {
    /// Its number.
    pub code: RpcCode,
    /// The EntryPoint's reason, when the message or the data names one.
    pub aa: Option<AaCode>,
    /// Its words, cut to a bounded length.
    pub message: String,
    /// Whatever came with it.
    pub data: Option<Value>,
}

impl Rejection {
    const MAX_MESSAGE: usize = 1024;

    pub(crate) fn new(code: i64, message: &str, data: Option<Value>) -> Self {
        let in_data = || data.as_ref().and_then(|data| AaCode::find(&data.to_string()));
        let aa = AaCode::find(message).or_else(in_data);
        Self { code: code.into(), aa, message: cut(message, Self::MAX_MESSAGE), data }
    }

    /// Whether the bundler refuses an operation because it holds it already. ERC-7769 has no code
    /// for this, so the words decide.
    pub fn is_already_known(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        message.contains("already known") || message.contains("already exists")
    }
}

/// What kept an endpoint from giving a proper answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No connection: nothing was handed over.
    #[error("cannot connect")]
    Unreachable(#[source] reqwest::Error),
    /// No complete answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke")]
    Interrupted(#[source] reqwest::Error),
    /// An HTTP status that is no success, without a JSON-RPC error in it.
    #[error("HTTP status {0}")]
    Http(u16),
    /// More than [`ClientOptions::max_body`](crate::ClientOptions::max_body) bytes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// Something that is not the answer to this call.
    #[error("the answer is malformed: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
}

impl Fault {
    /// Whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Interrupted(_) => true,
            Self::Http(status) => *status == 429 || *status >= 500,
            Self::TooLarge { .. } | Self::Malformed { .. } => false,
        }
    }

    /// Whether the endpoint certainly saw nothing of the call.
    pub(crate) const fn nothing_was_sent(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    pub(crate) fn malformed(why: impl std::fmt::Display) -> Self {
        Self::Malformed { why: cut(&why.to_string(), 256) }
    }
}

/// The first `max` bytes, or a little less so as not to split a character.
fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}
