//! The kinds of request, as Cedar's actions name them.

use std::fmt;

/// What is asked for, as a whole. The names are those of the actions in [`SCHEMA`](crate::SCHEMA).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActionKind {
    /// An ERC-4337 operation of an account that the key owns.
    UserOperation,
    /// A paymaster's promise to pay for an operation.
    PaymasterApproval,
    /// EIP-712 typed data.
    TypedData,
    /// An EIP-191 message.
    Message,
    /// An EIP-7702 authorization.
    Authorization,
    /// An EIP-1559 transaction.
    Transaction,
    /// A new owner's proof to an account.
    OwnerProof,
    /// A signature that proves nothing but that the key works.
    Canary,
}

impl ActionKind {
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

    /// The action's name.
    #[must_use]
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

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
