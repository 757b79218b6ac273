//! What may be signed: a closed enum. There is no entry for "these 32 bytes".

use std::fmt;

use alloy::primitives::{Address, U256};
use countersign_userop::{
    AccountKind, ChainId, EntryPointVersion, ParseError, SignableKind, SponsorWindow, UserOpHash,
    UserOperation, canonical_json,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::intent::SignedIntent;
use crate::slot::{Slot, SlotDomain};

mod signable;

pub use signable::SignableRequest;

/// The format of a request's JSON that this build speaks.
const REQUEST_VERSION: u64 = 1;

/// Everything that a cosigner can be asked to sign. A new kind is a new variant here, with its own
/// judgement and its own slot in the journal; no kind can stand for another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// An ERC-4337 operation, signed as its account's owner.
    UserOperation(UserOperationRequest),
    /// A paymaster's approval to pay for an operation.
    PaymasterApproval(PaymasterApprovalRequest),
    /// Typed data, a message, an authorization, a transaction, an owner proof or a canary: each is a kind of its own,
    /// in a list that is closed too.
    Signable(SignableRequest),
}

/// An operation and what it claims about its sender.
#[derive(Clone, Debug, PartialEq)]
pub struct UserOperationRequest {
    /// The EntryPoint's address on this chain.
    pub entry_point: Address,
    /// The chain.
    pub chain: ChainId,
    /// The EntryPoint's version: it decides how the operation is hashed.
    pub version: EntryPointVersion,
    /// What kind of account the sender is; the cosigner checks it.
    pub account: AccountClaim,
    /// The whole operation; its signature is ignored.
    pub op: UserOperation,
    /// The caller's own word that this shall be done.
    pub intent: Option<SignedIntent>,
}

/// Which account the sender is said to be: a cosigner recomputes its address from this and the
/// owner that it derives itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountClaim {
    /// The kind of account.
    pub kind: AccountKind,
    /// The factory that makes it.
    pub factory: Address,
    /// The salt under which the factory makes it.
    pub salt: U256,
}

/// An operation and the terms on which a paymaster would pay for it.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymasterApprovalRequest {
    /// The EntryPoint's version.
    pub version: EntryPointVersion,
    /// The EntryPoint's address on this chain.
    pub entry_point: Address,
    /// The chain.
    pub chain: ChainId,
    /// The whole operation, without the approval.
    pub op: UserOperation,
    /// The paymaster that would pay.
    pub paymaster: Address,
    /// The sender's effective EIP-7702 delegate, or zero.
    pub delegate: Address,
    /// When the approval holds.
    pub window: SponsorWindow,
}

impl Request {
    /// Parses a request; the error names the field.
    ///
    /// # Errors
    /// If it is not exactly one of the kinds that this build knows, in the format that it speaks.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RequestError> {
        let envelope: Envelope = serde_json::from_slice(bytes)?;
        if envelope.version != REQUEST_VERSION {
            return Err(RequestError::UnknownVersion { version: envelope.version });
        }
        let Ok(kind) = envelope.kind.parse::<SignableKind>() else {
            let kind = envelope.kind.chars().take(40).collect();
            return Err(RequestError::UnknownKind { kind });
        };
        match kind {
            SignableKind::UserOperation => UserOperationRequest::from_body(envelope.body),
            SignableKind::PaymasterApproval => PaymasterApprovalRequest::from_body(envelope.body),
            alone => SignableRequest::from_body(alone, envelope.body),
        }
    }

    /// The request as canonical JSON: the same request gives the same bytes in every process.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let body = match self {
            Self::UserOperation(request) => request.body(),
            Self::PaymasterApproval(request) => request.body(),
            Self::Signable(request) => request.body(),
        };
        canonical_json(&serde_json::json!({
            "version": REQUEST_VERSION,
            "kind": self.kind().as_str(),
            "body": body,
        }))
    }

    /// The hash by which the members of a quorum make sure that they mean the same request.
    #[must_use]
    pub fn hash(&self) -> RequestHash {
        let mut hash = Sha256::new();
        hash.update(b"countersign request 1\0");
        hash.update(self.canonical_bytes());
        RequestHash(hash.finalize().into())
    }

    /// The kind of request.
    #[must_use]
    pub const fn kind(&self) -> SignableKind {
        match self {
            Self::UserOperation(_) => SignableKind::UserOperation,
            Self::PaymasterApproval(_) => SignableKind::PaymasterApproval,
            Self::Signable(request) => request.signable.kind(),
        }
    }

    /// The operation that is signed or paid for; none in a request that is about no operation.
    #[must_use]
    pub const fn operation(&self) -> Option<&UserOperation> {
        match self {
            Self::UserOperation(request) => Some(&request.op),
            Self::PaymasterApproval(request) => Some(&request.op),
            Self::Signable(_) => None,
        }
    }

    /// The hash of the operation that the signature is for; none in a request of another kind.
    #[must_use]
    pub fn user_op_hash(&self) -> Option<UserOpHash> {
        let Self::UserOperation(request) = self else { return None };
        Some(request.op.hash(request.entry_point, request.chain))
    }

    /// What a journal holds once: the key is the journal's to add, and so is the signer's address where the request
    /// names no account.
    #[must_use]
    pub fn slot(&self) -> Slot {
        let (chain, entry_point, op) = match self {
            Self::UserOperation(request) => (request.chain, request.entry_point, &request.op),
            Self::PaymasterApproval(request) => (request.chain, request.entry_point, &request.op),
            Self::Signable(request) => {
                return Slot::once(self.kind(), request.signable.slot());
            }
        };
        Slot {
            kind: self.kind(),
            chain: Some(chain),
            domain: SlotDomain::Contract(entry_point),
            subject: Some(op.sender()),
            nonce: op.nonce(),
        }
    }
}

/// SHA-256 of a request's canonical bytes, under its own domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Why bytes are not a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not the JSON that was expected.
    #[error("the request is malformed: {0}")]
    Json(#[from] serde_json::Error),
    /// A format of another time.
    #[error("request format {version} is unknown")]
    UnknownVersion {
        /// What was given.
        version: u64,
    },
    /// A kind that this build does not sign.
    #[error("request kind {kind:?} is unknown")]
    UnknownKind {
        /// What was given.
        kind: String,
    },
    /// What is to be signed does not parse.
    #[error("what is to be signed is malformed: {0}")]
    Malformed(#[from] ParseError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    version: u64,
    kind: String,
    body: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserOperationBody {
    entry_point: Address,
    chain_id: ChainId,
    entry_point_version: EntryPointVersion,
    account: AccountClaim,
    user_operation: Value,
    #[serde(default)]
    intent: Option<SignedIntent>,
}

impl UserOperationRequest {
    fn from_body(body: Value) -> Result<Request, RequestError> {
        let body: UserOperationBody = serde_json::from_value(body)?;
        let version = body.entry_point_version;
        Ok(Request::UserOperation(Self {
            entry_point: body.entry_point,
            chain: body.chain_id,
            version,
            account: body.account,
            op: UserOperation::from_json(version, &body.user_operation)?,
            intent: body.intent,
        }))
    }

    fn body(&self) -> Value {
        let mut body = serde_json::json!({
            "entryPoint": self.entry_point,
            "chainId": self.chain,
            "entryPointVersion": self.version,
            "account": self.account,
            "userOperation": self.op.to_json(),
        });
        if let (Some(intent), Some(body)) = (&self.intent, body.as_object_mut()) {
            body.insert("intent".to_owned(), serde_json::json!(intent));
        }
        body
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PaymasterApprovalBody {
    entry_point: Address,
    chain_id: ChainId,
    entry_point_version: EntryPointVersion,
    user_operation: Value,
    paymaster: Address,
    delegate: Address,
    window: SponsorWindow,
}

impl PaymasterApprovalRequest {
    fn from_body(body: Value) -> Result<Request, RequestError> {
        let body: PaymasterApprovalBody = serde_json::from_value(body)?;
        let version = body.entry_point_version;
        Ok(Request::PaymasterApproval(Self {
            version,
            entry_point: body.entry_point,
            chain: body.chain_id,
            op: UserOperation::from_json(version, &body.user_operation)?,
            paymaster: body.paymaster,
            delegate: body.delegate,
            window: body.window,
        }))
    }

    fn body(&self) -> Value {
        serde_json::json!({
            "entryPoint": self.entry_point,
            "chainId": self.chain,
            "entryPointVersion": self.version,
            "userOperation": self.op.to_json(),
            "paymaster": self.paymaster,
            "delegate": self.delegate,
            "window": self.window,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
