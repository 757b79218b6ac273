//! Any one of the kinds that stand alone: all but operations and approvals to pay for them.

use alloy::primitives::B256;
use serde_json::Value;

use super::{
    Authorization, Canary, ChainlessDomain, Message, OnceSlot, OwnerProof, SignableKind,
    Transaction, TypedData,
};
use crate::{CanonicalPreview, ChainId, Effects, ParseError};

/// Something that may be signed besides operations. The list is closed.
#[derive(Clone, Debug, PartialEq)]
pub enum Signable {
    /// EIP-712 typed data. Whether its domain may name no chain is the judge's to say.
    TypedData(TypedData),
    /// An EIP-191 personal message.
    Message(Message),
    /// An EIP-7702 authorization.
    Authorization(Authorization),
    /// An EIP-1559 transaction.
    Transaction(Transaction),
    /// A new owner's proof towards an account of ours.
    OwnerProof(OwnerProof),
    /// A trial of a key.
    Canary(Canary),
}

impl Signable {
    /// Reads one of this kind, in the kind's own JSON; `None` for a kind that does not stand alone.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn from_json(kind: SignableKind, json: &Value) -> Option<Result<Self, ParseError>> {
        Some(match kind {
            SignableKind::TypedData => {
                TypedData::from_json(json, ChainlessDomain::Granted).map(Self::TypedData)
            }
            SignableKind::Message => Message::from_json(json).map(Self::Message),
            SignableKind::Authorization => Authorization::from_json(json).map(Self::Authorization),
            SignableKind::Transaction => Transaction::from_json(json).map(Self::Transaction),
            SignableKind::OwnerProof => OwnerProof::from_json(json).map(Self::OwnerProof),
            SignableKind::Canary => Canary::from_json(json).map(Self::Canary),
            SignableKind::UserOperation | SignableKind::PaymasterApproval => return None,
        })
    }

    /// The request as JSON; [`Signable::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        match self {
            Self::TypedData(one) => one.to_json(),
            Self::Message(one) => one.to_json(),
            Self::Authorization(one) => one.to_json(),
            Self::Transaction(one) => one.to_json(),
            Self::OwnerProof(one) => one.to_json(),
            Self::Canary(one) => one.to_json(),
        }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> SignableKind {
        match self {
            Self::TypedData(_) => SignableKind::TypedData,
            Self::Message(_) => SignableKind::Message,
            Self::Authorization(_) => SignableKind::Authorization,
            Self::Transaction(_) => SignableKind::Transaction,
            Self::OwnerProof(_) => SignableKind::OwnerProof,
            Self::Canary(_) => SignableKind::Canary,
        }
    }

    /// The one chain that it is for; `None` where it is for none, or for all.
    pub const fn chain(&self) -> Option<ChainId> {
        match self {
            Self::TypedData(one) => one.chain(),
            Self::Authorization(one) => Some(one.chain),
            Self::Transaction(one) => Some(one.chain),
            Self::OwnerProof(one) => Some(one.chain),
            Self::Message(_) | Self::Canary(_) => None,
        }
    }

    /// What is signed.
    pub fn digest(&self) -> B256 {
        match self {
            Self::TypedData(one) => one.digest(),
            Self::Message(one) => one.digest(),
            Self::Authorization(one) => one.digest(),
            Self::Transaction(one) => one.digest(),
            Self::OwnerProof(one) => one.digest(),
            Self::Canary(one) => one.digest(),
        }
    }

    /// What of it may be signed once.
    pub fn slot(&self) -> OnceSlot {
        match self {
            Self::TypedData(one) => one.slot(),
            Self::Message(one) => one.slot(),
            Self::Authorization(one) => one.slot(),
            Self::Transaction(one) => one.slot(),
            Self::OwnerProof(one) => one.slot(),
            Self::Canary(one) => one.slot(),
        }
    }

    /// What it does to whom, so far as it can be read.
    pub fn effects(&self) -> Effects {
        match self {
            Self::TypedData(one) => one.effects(),
            Self::Authorization(one) => one.effects(),
            Self::Transaction(one) => one.effects(),
            Self::Message(_) | Self::OwnerProof(_) | Self::Canary(_) => Effects::default(),
        }
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        match self {
            Self::TypedData(one) => one.canonical(),
            Self::Message(one) => one.canonical(),
            Self::Authorization(one) => one.canonical(),
            Self::Transaction(one) => one.canonical(),
            Self::OwnerProof(one) => one.canonical(),
            Self::Canary(one) => one.canonical(),
        }
    }

    /// It for people, in lines.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::TypedData(one) => one.lines(),
            Self::Message(one) => one.lines(),
            Self::Authorization(one) => one.lines(),
            Self::Transaction(one) => one.lines(),
            Self::OwnerProof(one) => one.lines(),
            Self::Canary(one) => one.lines(),
        }
    }
}
