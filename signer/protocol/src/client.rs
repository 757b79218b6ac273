//! The gateway's connection to one cosigner.

use std::time::Duration;

use alloy::primitives::Address;
use tonic::transport::Channel;

use crate::call::{CallError, ChildNumber, SignCall, SignReply};
use crate::committee_file::CommitteeParty;
use crate::identity::Identity;
use crate::key_name::{KeyName, KeyNameError, KeyPurpose};
use crate::tls::{TlsError, pinned_channel};
use crate::wire::cosigner_client::CosignerClient as Calls;
use crate::wire::{self, MAX_MESSAGE_BYTES};

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// To reach the cosigner.
    pub connect: Duration,
    /// For an answer to anything but a signature, which brings its own deadline.
    pub answer: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), answer: Duration::from_secs(5) }
    }
}

/// One persistent HTTP/2 connection to one cosigner, made at the first call and again when it
/// broke. Clones share it.
#[derive(Clone, Debug)]
pub struct CosignerClient {
    party: CommitteeParty,
    options: ClientOptions,
    calls: Calls<Channel>,
}

impl CosignerClient {
    /// A client that speaks as `identity` to `party` and to nobody else. It does not connect yet.
    ///
    /// # Errors
    /// If the party's address is malformed or the identity cannot be used.
    pub fn new(
        identity: &Identity,
        party: &CommitteeParty,
        options: ClientOptions,
    ) -> Result<Self, TlsError> {
        let channel = pinned_channel(identity, party.identity, &party.addr, options.connect)?;
        let calls = Calls::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Self { party: party.clone(), options, calls })
    }

    /// Whom this client speaks to.
    #[must_use]
    pub const fn party(&self) -> &CommitteeParty {
        &self.party
    }

    /// Asks for a signature and waits no longer than the call's own deadline.
    ///
    /// # Errors
    /// If no answer came. A refusal and a failed signing are answers.
    pub async fn sign(&self, call: &SignCall) -> Result<SignReply, ClientError> {
        let answer = within(call.deadline, self.calls.clone().sign(call.to_wire())).await?;
        Ok(SignReply::from_wire(answer)?)
    }

    /// The address of a key's child, as this cosigner derives it.
    ///
    /// # Errors
    /// If no answer came, or the key is unknown there.
    pub async fn derive_owner(
        &self,
        key: &KeyName,
        child: Option<ChildNumber>,
    ) -> Result<Address, ClientError> {
        let request =
            wire::DeriveOwnerRequest { key: key.to_string(), child: child.map(ChildNumber::get) };
        let mut calls = self.calls.clone();
        let answer = within(self.options.answer, calls.derive_owner(request)).await?;
        Address::try_from(answer.address.as_slice())
            .map_err(|_| ClientError::Answer(CallError::Field { name: "address" }))
    }

    /// Who the cosigner is and which keys it can sign with.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn status(&self) -> Result<CosignerStatus, ClientError> {
        let mut calls = self.calls.clone();
        let answer = within(self.options.answer, calls.status(wire::StatusRequest {})).await?;
        CosignerStatus::from_wire(answer)
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, ClientError> {
    match tokio::time::timeout(limit, call).await {
        Err(_) => Err(ClientError::TimedOut { after: limit }),
        Ok(Err(status)) => Err(ClientError::from_status(status)),
        Ok(Ok(answer)) => Ok(answer.into_inner()),
    }
}

/// What a cosigner says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerStatus {
    /// Its committee index.
    pub party: u8,
    /// Its name.
    pub name: String,
    /// The hash of the committee file that it runs with.
    pub committee_hash: [u8; 32],
    /// The software's version.
    pub software: String,
    /// Whether it can sign: it has a live key and reaches enough peers.
    pub ready: bool,
    /// Its keys.
    pub keys: Vec<KeySummary>,
}

/// The public facts of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Its name.
    pub name: KeyName,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Whether it can sign; a key whose ceremony is unresolved cannot.
    pub live: bool,
    /// How many parties sign together.
    pub threshold: u8,
    /// How many parties hold a share.
    pub parties: u8,
    /// The address of the key itself, without derivation.
    pub address: Address,
}

impl CosignerStatus {
    fn from_wire(message: wire::StatusResponse) -> Result<Self, ClientError> {
        let field = |name| CallError::Field { name };
        let keys = message.keys.into_iter().map(KeySummary::from_wire).collect::<Result<_, _>>()?;
        Ok(Self {
            party: u8::try_from(message.party).map_err(|_| field("party"))?,
            name: message.name,
            committee_hash: message
                .committee_hash
                .try_into()
                .map_err(|_| field("committee_hash"))?,
            software: message.software,
            ready: message.ready,
            keys,
        })
    }
}

impl KeySummary {
    fn from_wire(key: wire::KeyInfo) -> Result<Self, CallError> {
        let field = |name| CallError::Field { name };
        Ok(Self {
            name: key.name.parse()?,
            purpose: key.purpose.parse().map_err(|_: KeyNameError| field("purpose"))?,
            live: key.state == "live",
            threshold: u8::try_from(key.threshold).map_err(|_| field("threshold"))?,
            parties: u8::try_from(key.parties).map_err(|_| field("parties"))?,
            address: Address::try_from(key.address.as_slice()).map_err(|_| field("address"))?,
        })
    }
}

/// Why a cosigner gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It could not be reached, or the connection broke.
    #[error("the cosigner could not be reached")]
    Unreachable(#[source] Box<tonic::Status>),
    /// It took too long.
    #[error("the cosigner gave no answer within {after:?}")]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// It has no such key.
    #[error("the cosigner has no such key")]
    UnknownKey,
    /// It does not let this caller ask.
    #[error("the cosigner does not let this identity ask")]
    Forbidden,
    /// It found the message malformed.
    #[error("the cosigner found the message malformed: {message}")]
    Malformed {
        /// What it said.
        message: String,
    },
    /// Its answer is malformed.
    #[error("the cosigner's answer is malformed")]
    Answer(#[from] CallError),
    /// It failed otherwise.
    #[error("the cosigner failed")]
    Failed(#[source] Box<tonic::Status>),
}

impl ClientError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut { .. } | Self::Failed(_))
    }

    fn from_status(status: tonic::Status) -> Self {
        use tonic::Code;
        match status.code() {
            Code::Unavailable | Code::Unknown | Code::Cancelled => {
                Self::Unreachable(Box::new(status))
            }
            Code::NotFound => Self::UnknownKey,
            Code::PermissionDenied | Code::Unauthenticated | Code::Unimplemented => Self::Forbidden,
            Code::InvalidArgument | Code::OutOfRange => {
                Self::Malformed { message: status.message().to_owned() }
            }
            _ => Self::Failed(Box::new(status)),
        }
    }
}
