//! How a request ends without a signature: refused by a rule, or failed, with the class that tells the
//! caller what to do about it.

use countersign_protocol::{FailureClass, SignReply};
use countersign_threshold::{ErrorClass, PartyId, SignError};

use crate::judgement::Refusal;

/// A request that ended without a signature.
#[derive(Debug)]
pub(super) enum Ended {
    /// A rule said no.
    Refused(Refusal),
    /// We would have signed.
    Failed(Failure),
}

/// Why no signature came out though we would have signed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) class: FailureClass,
    pub(super) message: String,
    pub(super) culprits: Vec<PartyId>,
    pub(super) retryable: bool,
}

impl Failure {
    /// Our own fault. Details go to the log, not to the caller.
    pub(super) fn internal(message: &str) -> Self {
        Self {
            class: FailureClass::Internal,
            message: message.to_owned(),
            culprits: Vec::new(),
            retryable: false,
        }
    }

    /// More sessions at once than we run.
    pub(super) fn busy() -> Self {
        Self { retryable: true, ..Self::internal("too many sessions at once") }
    }

    /// Parties that did not answer in time, or cannot be reached.
    pub(super) fn silent(parties: Vec<PartyId>, during: &str) -> Self {
        let names: Vec<String> = parties.iter().map(|party| format!("party {party}")).collect();
        Self {
            class: FailureClass::Network,
            message: format!("{} did not answer in time ({during})", names.join(" and ")),
            culprits: parties,
            retryable: true,
        }
    }

    /// A party that misbehaved, disagreed or gave up.
    pub(super) fn peer(party: PartyId, message: String) -> Self {
        Self { class: FailureClass::Peer, message, culprits: vec![party], retryable: true }
    }

    pub(super) fn into_reply(self) -> SignReply {
        SignReply::Failed {
            class: self.class,
            message: self.message,
            culprits: self.culprits.into_iter().map(PartyId::index).collect(),
            retryable: self.retryable,
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        let class = match error.class() {
            ErrorClass::Peer => FailureClass::Peer,
            ErrorClass::Caller | ErrorClass::Environment | ErrorClass::Bug => {
                FailureClass::Internal
            }
        };
        Self {
            class,
            message: error.to_string(),
            culprits: error.culprits(),
            retryable: error.is_retryable(),
        }
    }
}

impl Ended {
    pub(super) fn into_reply(self) -> SignReply {
        match self {
            Self::Refused(refusal) => SignReply::Refused {
                rule: refusal.rule.name().to_owned(),
                message: refusal.message,
            },
            Self::Failed(failure) => failure.into_reply(),
        }
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
