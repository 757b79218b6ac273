//! The EIP-7702 authorization that travels beside an operation.

use alloy::primitives::{Address, U256};

use crate::ChainId;

/// `eip7702Auth`: the sender lets `address` be its code. Signed by the sender's EOA key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eip7702Auth {
    /// Chain the authorization holds on; zero means every chain.
    pub chain_id: ChainId,
    /// The delegate; it takes the marker's place in the hash.
    pub address: Address,
    /// The EOA's transaction nonce.
    pub nonce: u64,
    /// Parity of the signature's y.
    pub y_parity: bool,
    /// Signature.
    pub r: U256,
    /// Signature.
    pub s: U256,
}
