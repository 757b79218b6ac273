//! Gas limits and fees of an operation.

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};

/// The three gas limits that every version has. On chain they share one 128-bit bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GasLimits {
    /// For the account's own call.
    pub call: u128,
    /// For deploying and validating the account (on 0.6 also for the paymaster, up to three times).
    pub verification: u128,
    /// Paid for what the EntryPoint cannot measure: call data and the bundle's overhead.
    pub pre_verification: u128,
}

/// What an operation pays a unit of gas, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fees {
    /// Ceiling, base fee included.
    pub max_fee_per_gas: u128,
    /// Part of it that goes to the block's proposer.
    pub max_priority_fee_per_gas: u128,
}

/// A sum of gas limits at a fee: 128-bit factors cannot leave 256 bits by more than saturation.
pub(crate) fn cost(gas: impl IntoIterator<Item = u128>, fee: u128) -> U256 {
    let total = gas.into_iter().fold(U256::ZERO, |sum, part| sum + U256::from(part));
    total.saturating_mul(U256::from(fee))
}
