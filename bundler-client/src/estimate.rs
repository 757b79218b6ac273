//! What a bundler thinks an operation needs.

use countersign_userop::GasLimits;
use serde::Deserialize;

use crate::quantity::{gas, optional_gas};

/// The gas limits that a bundler estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GasEstimate {
    /// For what the EntryPoint cannot measure.
    #[serde(deserialize_with = "gas")]
    pub pre_verification_gas: u128,
    /// For deploying and validating the account.
    #[serde(deserialize_with = "gas")]
    pub verification_gas_limit: u128,
    /// For the account's call.
    #[serde(deserialize_with = "gas")]
    pub call_gas_limit: u128,
    /// For the paymaster's validation, from 0.7 on and only if there is one.
    #[serde(default, deserialize_with = "optional_gas")]
    pub paymaster_verification_gas_limit: Option<u128>,
    /// For the paymaster's `postOp`, likewise.
    #[serde(default, deserialize_with = "optional_gas")]
    pub paymaster_post_op_gas_limit: Option<u128>,
}

impl GasEstimate {
    /// The three limits that are the operation's own.
    pub const fn limits(&self) -> GasLimits {
        GasLimits {
            call: self.call_gas_limit,
            verification: self.verification_gas_limit,
            pre_verification: self.pre_verification_gas,
        }
    }
}
