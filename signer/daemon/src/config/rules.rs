//! The limits that every operation must stay within.

use alloy::primitives::U256;
use serde::Deserialize;

/// Limits on every chain. What is not given takes the default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesConfig {
    /// The highest fee per gas, in wei.
    pub max_fee_per_gas: u64,
    /// The most that one operation may cost in gas, in wei.
    pub max_cost_wei: U256,
    /// The longest time for which a paymaster approval may hold, in seconds.
    pub max_approval_secs: u64,
    /// Whether operations may carry an EIP-7702 delegation.
    pub allow_eip7702: bool,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            max_fee_per_gas: 1_000_000_000_000,
            max_cost_wei: U256::from(1_000_000_000_000_000_000_u64),
            max_approval_secs: 3_600,
            allow_eip7702: false,
        }
    }
}
