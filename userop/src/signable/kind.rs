//! The kinds of what may be signed, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of what may be signed. The list is closed: a new kind makes every match on it ask what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignableKind {
    /// An ERC-4337 operation.
    UserOperation,
    /// Our paymaster's approval to pay for one.
    PaymasterApproval,
    /// EIP-712 typed data.
    TypedData,
    /// An EIP-191 personal message.
    Message,
    /// An EIP-7702 authorization.
    Authorization,
    /// An EIP-1559 transaction.
    Transaction,
    /// A new owner's proof towards an account of ours.
    OwnerProof,
    /// A trial of a key that means nothing to any chain.
    Canary,
}

impl SignableKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::UserOperation,
        Self::PaymasterApproval,
        Self::TypedData,
        Self::Message,
        Self::Authorization,
        Self::Transaction,
        Self::OwnerProof,
        Self::Canary,
    ];

    /// The kind as JSON, rules and journals write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserOperation => "userOperation",
            Self::PaymasterApproval => "paymasterApproval",
            Self::TypedData => "typedData",
            Self::Message => "message",
            Self::Authorization => "authorization",
            Self::Transaction => "transaction",
            Self::OwnerProof => "ownerProof",
            Self::Canary => "canary",
        }
    }
}

impl std::str::FromStr for SignableKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

impl fmt::Display for SignableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
