//! Why there is no signature.

use countersign_protocol::{FeatureOff, KeyName, KeySummary};

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
    /// They would sign, each, if more people approved.
    #[error("more people must approve: {}", said(.0))]
    Unapproved(Vec<Refusal>),
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

/// The rule by which a cosigner asks for people's approval.
const APPROVAL_RULE: &str = "approval";

/// What it means that no quorum signed. Only when none can do without it, people's approval is what is
/// missing: one cosigner that asks for it proves nothing while the others are silent.
pub(super) fn of(key: &KeySummary, refusals: Vec<Refusal>, failed: &[String]) -> QuorumError {
    let asks = refusals.iter().filter(|refusal| refusal.rule == APPROVAL_RULE).count();
    let (threshold, parties) = (usize::from(key.threshold), usize::from(key.parties));
    match refusals.iter().find(|refusal| refusal.rule != APPROVAL_RULE) {
        Some(refusal) => QuorumError::Refused(refusal.clone()),
        None if asks > 0 && parties.saturating_sub(asks) < threshold => {
            QuorumError::Unapproved(refusals)
        }
        None => QuorumError::Unavailable { needed: key.threshold, why: failed.join("; ") },
    }
}

fn said(refusals: &[Refusal]) -> String {
    let each = refusals.iter().map(|refusal| format!("{}: {}", refusal.cosigner, refusal.message));
    each.collect::<Vec<_>>().join("; ")
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
            QuorumError::Unapproved(_) => {
                Self::Refused { rule: APPROVAL_RULE.to_owned(), message: error.to_string() }
            }
            QuorumError::Unavailable { .. } => Self::QuorumUnavailable(error.to_string()),
            QuorumError::Disagree(text) => Self::CosignersDisagree(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use countersign_protocol::KeyPurpose;

    use super::*;

    fn outcome(rules: &[&str]) -> QuorumError {
        let key = KeySummary {
            name: "wallets".parse().unwrap(),
            purpose: KeyPurpose::Accounts,
            live: true,
            threshold: 2,
            parties: 3,
            address: Address::ZERO,
        };
        let refusal = |rule: &&str| Refusal {
            cosigner: "alice".into(),
            rule: (*rule).into(),
            message: "because".into(),
        };
        of(&key, rules.iter().map(refusal).collect(), &[])
    }

    #[test]
    fn approval_is_missing_only_when_no_quorum_can_do_without() {
        assert!(matches!(outcome(&["approval", "approval"]), QuorumError::Unapproved(_)));
        assert!(matches!(outcome(&["approval"]), QuorumError::Unavailable { .. }));
        assert!(matches!(outcome(&[]), QuorumError::Unavailable { .. }));
    }

    #[test]
    fn any_other_rule_says_more_than_the_want_of_an_approval() {
        for rules in [&["policy", "approval"], &["approval", "policy"]] {
            let QuorumError::Refused(refusal) = outcome(rules) else { panic!("{rules:?}") };
            assert_eq!(refusal.rule, "policy");
        }
    }
}
