//! What an operation or a transaction may cost in gas, whoever pays. Amounts are compared as 256-bit integers.

use alloy::primitives::U256;
use countersign_userop::{Fees, UserOperation};

use super::{Refusal, Rule, Ruling};
use crate::config::RulesConfig;

/// Neither the fee a gas nor the whole cost is above its ceiling.
pub(super) fn cost(op: &UserOperation, rules: &RulesConfig) -> Ruling {
    within(op.fees(), op.max_cost_wei(), rules)
}

/// The same of whatever pays for gas.
pub(super) fn within(fees: Fees, cost: U256, rules: &RulesConfig) -> Ruling {
    if fees.max_fee_per_gas > u128::from(rules.max_fee_per_gas) {
        let message = format!(
            "maxFeePerGas {} is above the ceiling of {}",
            fees.max_fee_per_gas, rules.max_fee_per_gas
        );
        return Err(Refusal::new(Rule::Cost, message));
    }
    if cost > rules.max_cost_wei {
        let message = format!("it may cost {cost} wei, the ceiling is {}", rules.max_cost_wei);
        return Err(Refusal::new(Rule::Cost, message));
    }
    Ok(())
}
