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
    /// Who certainly caused it.
    pub(super) culprits: Vec<PartyId>,
    /// Of whom one may have caused it.
    pub(super) suspects: Vec<PartyId>,
    pub(super) retryable: bool,
    /// What the others are told of it, if anything.
    pub(super) parting: Option<String>,
}

/// What the others hear of a session that came to nothing in its rounds.
const PARTING: &str = "its session failed";

impl Failure {
    fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            culprits: Vec::new(),
            suspects: Vec::new(),
            retryable: true,
            parting: None,
        }
    }

    /// Our own fault. Details go to the log, not to the caller.
    pub(super) fn internal(message: &str) -> Self {
        Self { retryable: false, ..Self::new(FailureClass::Internal, message) }
    }

    /// More sessions at once than we run.
    pub(super) fn busy(message: &str) -> Self {
        Self::new(FailureClass::Internal, message)
    }

    /// Parties that did not answer in time, or cannot be reached.
    pub(super) fn silent(parties: Vec<PartyId>, during: &str) -> Self {
        let names: Vec<String> = parties.iter().map(|party| format!("party {party}")).collect();
        let message = format!("{} did not answer in time ({during})", names.join(" and "));
        Self { culprits: parties, ..Self::new(FailureClass::Network, message) }
    }

    /// A party that misbehaved, disagreed or gave up.
    pub(super) fn peer(party: PartyId, message: String) -> Self {
        Self { culprits: vec![party], ..Self::new(FailureClass::Peer, message) }
    }

    /// The same, and the others hear that it failed.
    pub(super) fn in_rounds(self) -> Self {
        Self { parting: Some(PARTING.to_owned()), ..self }
    }

    /// The same, and the others hear `reason`.
    pub(super) fn telling(self, reason: String) -> Self {
        Self { parting: Some(reason), ..self }
    }

    /// All that is ever said of a session with a banned member, and of one whose arithmetic was not done
    /// in time, which may be on its way to a ban.
    pub(super) fn veiled(others: Vec<PartyId>) -> Self {
        let message = "no signature came of this session";
        Self { suspects: others, ..Self::new(FailureClass::Peer, message) }
    }

    pub(super) fn into_reply(self) -> SignReply {
        SignReply::Failed {
            class: self.class,
            message: self.message,
            culprits: self.culprits.into_iter().map(PartyId::index).collect(),
            suspects: self.suspects.into_iter().map(PartyId::index).collect(),
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
        let (culprits, mut suspects) = (error.culprits(), error.suspects());
        suspects.retain(|suspect| !culprits.contains(suspect));
        Self {
            culprits,
            suspects,
            retryable: error.is_retryable(),
            ..Self::new(class, error.to_string())
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
