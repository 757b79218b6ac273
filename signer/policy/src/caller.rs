//! Those who may ask, and the keys with which they sign their intents.

use alloy::primitives::{Address, B256};

/// A caller that the policy file registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name by which policies speak of it.
    pub name: String,
    /// What it signs its intents with.
    pub key: CallerKey,
}

/// The key of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerKey {
    /// An ordinary wallet's address: intents are EIP-712 typed data.
    Wallet(Address),
    /// A backend's Ed25519 public key.
    Ed25519(B256),
}
