//! One request to one cosigner, and its answer.

use std::time::Duration;

use alloy::primitives::B256;

use crate::approval::SignedApproval;
use crate::key_name::{KeyName, KeyNameError};
use crate::request::{Request, RequestError};
use crate::wire;

/// The most members that a quorum can have.
const MAX_QUORUM: usize = 32;
/// The most approvals that can come with a call.
const MAX_APPROVALS: usize = 64;

/// The index of a non-hardened BIP-32 child of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildNumber(u32);

impl ChildNumber {
    /// A child index; the upper half belongs to hardened children, which a quorum cannot derive.
    #[must_use]
    pub const fn new(index: u32) -> Option<Self> {
        if index < 1 << 31 { Some(Self(index)) } else { None }
    }

    /// The index as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The caller's fresh random name for one attempt at a signature; a retry takes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt(pub [u8; 16]);

/// What a gateway asks of each member of a quorum, in the same words.
#[derive(Clone, Debug)]
pub struct SignCall {
    /// The key.
    pub key: KeyName,
    /// The key's child that owns the account; none for the key itself.
    pub child: Option<ChildNumber>,
    /// What to sign.
    pub request: Request,
    /// Committee indices of the members that sign, in ascending order.
    pub quorum: Vec<u8>,
    /// This attempt.
    pub attempt: Attempt,
    /// What people approved of it.
    pub approvals: Vec<SignedApproval>,
    /// W3C trace context of the caller.
    pub traceparent: Option<String>,
    /// How long the caller will wait.
    pub deadline: Duration,
}

impl SignCall {
    /// The call as a wire message.
    #[must_use]
    pub fn to_wire(&self) -> wire::SignRequest {
        wire::SignRequest {
            version: wire::SIGN_REQUEST_VERSION,
            key: self.key.to_string(),
            child: self.child.map(ChildNumber::get),
            request: self.request.canonical_bytes(),
            quorum: self.quorum.iter().map(|party| u32::from(*party)).collect(),
            attempt: self.attempt.0.to_vec(),
            approvals: self
                .approvals
                .iter()
                .filter_map(|approval| serde_json::to_vec(approval).ok())
                .collect(),
            traceparent: self.traceparent.clone(),
            deadline_ms: u64::try_from(self.deadline.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Parses a wire message.
    ///
    /// # Errors
    /// If any part of it is malformed; the error names the field.
    pub fn from_wire(message: wire::SignRequest) -> Result<Self, CallError> {
        if message.version != wire::SIGN_REQUEST_VERSION {
            return Err(CallError::UnknownVersion { version: message.version });
        }
        let field = |name| CallError::Field { name };
        let child = match message.child {
            Some(index) => Some(ChildNumber::new(index).ok_or_else(|| field("child"))?),
            None => None,
        };
        let quorum: Vec<u8> = message
            .quorum
            .iter()
            .map(|party| u8::try_from(*party).map_err(|_| field("quorum")))
            .collect::<Result<_, _>>()?;
        let ascending = quorum.is_sorted_by(|one, next| one < next);
        if quorum.is_empty() || quorum.len() > MAX_QUORUM || !ascending || quorum.contains(&0) {
            return Err(field("quorum"));
        }
        let attempt = message.attempt.try_into().map_err(|_| field("attempt"))?;
        Ok(Self {
            key: message.key.parse()?,
            child,
            request: Request::from_json(&message.request)?,
            quorum,
            attempt: Attempt(attempt),
            approvals: approvals(&message.approvals).ok_or_else(|| field("approvals"))?,
            traceparent: message.traceparent.filter(|text| text.len() <= 64 && text.is_ascii()),
            deadline: Duration::from_millis(message.deadline_ms),
        })
    }
}

/// The approvals, if there are no more than people in any committee and each is one.
fn approvals(messages: &[Vec<u8>]) -> Option<Vec<SignedApproval>> {
    if messages.len() > MAX_APPROVALS {
        return None;
    }
    messages.iter().map(|message| serde_json::from_slice(message).ok()).collect()
}

/// Why a message is not a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// A format of another time.
    #[error("sign request format {version} is unknown")]
    UnknownVersion {
        /// What was given.
        version: u32,
    },
    /// A field is out of its bounds.
    #[error("field {name:?} is malformed")]
    Field {
        /// Which one.
        name: &'static str,
    },
    /// The key's name is none.
    #[error(transparent)]
    Key(#[from] KeyNameError),
    /// The request is none.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// A cosigner's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum SignReply {
    /// It took part, and the signature was verified.
    Signed(SignedReply),
    /// Its judgement said no.
    Refused {
        /// The rule that refused.
        rule: String,
        /// What the rule says.
        message: String,
    },
    /// It would have signed, but no signature came out.
    Failed {
        /// Whose doing it was.
        class: FailureClass,
        /// What happened.
        message: String,
        /// Committee indices of those who caused it, if that is known.
        culprits: Vec<u8>,
        /// Committee indices of those of whom one may have caused it: nothing is proven, but other
        /// quorums are worth trying first.
        suspects: Vec<u8>,
        /// Whether the same call may succeed later or with another quorum.
        retryable: bool,
    },
}

/// A signature and what was seen on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedReply {
    /// `r`, `s` and `v` (27 or 28).
    pub signature: [u8; 65],
    /// What this cosigner saw, in lines for people.
    pub saw: Vec<String>,
    /// The hash of the preview that it decided by.
    pub preview: B256,
    /// Where the time went.
    pub stages: Vec<StageTime>,
}

/// The time that one stage took.
#[derive(Clone, Debug, PartialEq)]
pub struct StageTime {
    /// The stage.
    pub name: String,
    /// Milliseconds.
    pub ms: f64,
}

/// Whose doing a failure was. Callers act on the class, never on the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// The caller asked for something that cannot be.
    Caller,
    /// Another member of the quorum misbehaved or disagreed.
    Peer,
    /// Another member did not answer in time.
    Network,
    /// This cosigner's own fault.
    Internal,
}

impl FailureClass {
    /// The class as the wire writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Peer => "peer",
            Self::Network => "network",
            Self::Internal => "internal",
        }
    }

    fn from_wire(text: &str) -> Self {
        match text {
            "caller" => Self::Caller,
            "peer" => Self::Peer,
            "network" => Self::Network,
            _ => Self::Internal,
        }
    }
}

impl SignReply {
    /// The answer as a wire message.
    #[must_use]
    pub fn into_wire(self) -> wire::SignResponse {
        use wire::sign_response::Outcome;
        let outcome = match self {
            Self::Signed(signed) => Outcome::Signed(wire::Signed {
                signature: signed.signature.to_vec(),
                saw: signed.saw,
                preview: signed.preview.to_vec(),
                stages: signed
                    .stages
                    .into_iter()
                    .map(|stage| wire::Stage { name: stage.name, ms: stage.ms })
                    .collect(),
            }),
            Self::Refused { rule, message } => Outcome::Refused(wire::Refused { rule, message }),
            Self::Failed { class, message, culprits, suspects, retryable } => {
                Outcome::Failed(wire::Failed {
                    class: class.as_str().to_owned(),
                    message,
                    culprits: culprits.into_iter().map(u32::from).collect(),
                    retryable,
                    suspects: suspects.into_iter().map(u32::from).collect(),
                })
            }
        };
        wire::SignResponse { outcome: Some(outcome) }
    }

    /// Parses a wire message.
    ///
    /// # Errors
    /// If it holds no outcome, or a signature of another length.
    pub fn from_wire(message: wire::SignResponse) -> Result<Self, CallError> {
        use wire::sign_response::Outcome;
        let field = |name| CallError::Field { name };
        Ok(match message.outcome.ok_or_else(|| field("outcome"))? {
            Outcome::Signed(signed) => Self::Signed(SignedReply {
                signature: signed.signature.try_into().map_err(|_| field("signature"))?,
                saw: signed.saw,
                preview: B256::try_from(signed.preview.as_slice()).map_err(|_| field("preview"))?,
                stages: signed
                    .stages
                    .into_iter()
                    .map(|stage| StageTime { name: stage.name, ms: stage.ms })
                    .collect(),
            }),
            Outcome::Refused(refused) => {
                Self::Refused { rule: refused.rule, message: refused.message }
            }
            Outcome::Failed(failed) => Self::Failed {
                class: FailureClass::from_wire(&failed.class),
                message: failed.message,
                culprits: parties(failed.culprits, "culprits")?,
                suspects: parties(failed.suspects, "suspects")?,
                retryable: failed.retryable,
            },
        })
    }
}

fn parties(indexes: Vec<u32>, name: &'static str) -> Result<Vec<u8>, CallError> {
    let party = |index| u8::try_from(index).map_err(|_| CallError::Field { name });
    indexes.into_iter().map(party).collect()
}

#[cfg(test)]
mod tests;
