//! Why there is no signature.

use countersign_protocol::{FeatureOff, KeyName};

use crate::service::ServiceError;

/// Why the cosigners gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum QuorumError {
    /// The committee file cannot be used.
    #[error("the committee cannot be used: {0}")]
    Committee(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No cosigner knows the key.
    #[error("no cosigner has a key named {0}")]
    UnknownKey(KeyName),
    /// A cosigner's judgement said no, and without it there is no quorum.
    #[error("{} refused ({}): {}", .0.cosigner, .0.rule, .0.message)]
    Refused(Refusal),
    /// Too few answer.
    #[error("fewer than {needed} cosigners can sign now: {why}")]
    Unavailable { needed: u8, why: String },
    /// They say different things where only one can be right.
    #[error("cosigners disagree: {0}")]
    Disagree(String),
}

/// One cosigner's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) cosigner: String,
    pub(crate) rule: String,
    pub(crate) message: String,
}

impl QuorumError {
    /// The same question may be answered later.
    pub(crate) const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// What is off here is not asked for.
impl From<FeatureOff> for QuorumError {
    fn from(off: FeatureOff) -> Self {
        Self::Refused(Refusal {
            cosigner: "the gateway".into(),
            rule: "feature".into(),
            message: off.to_string(),
        })
    }
}

impl From<QuorumError> for ServiceError {
    fn from(error: QuorumError) -> Self {
        match error {
            QuorumError::Committee(_) => Self::internal(error),
            QuorumError::UnknownKey(ref key) => {
                Self::invalid("key", format!("no cosigner has a key named {key}"))
            }
            QuorumError::Refused(refusal) => {
                Self::Refused { rule: refusal.rule, message: refusal.message }
            }
            QuorumError::Unavailable { .. } => Self::QuorumUnavailable(error.to_string()),
            QuorumError::Disagree(text) => Self::CosignersDisagree(text),
        }
    }
}
