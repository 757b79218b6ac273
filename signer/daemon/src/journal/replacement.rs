//! When a second digest may stand in a slot: the same operation again, dearer.
//!
//! Both digests may end up signed, and either may land. That is safe only if they do the same thing: so
//! init code, calls, delegate and paymaster stay, gas limits never fall (a lower limit could make the
//! signed calls fail half-way), and both fees rise by a tenth, as bundlers demand of a replacement.

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What of an operation a replacement is measured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationTerms {
    /// Keccak-256 of the init code.
    pub init_code: B256,
    /// Keccak-256 of the call data.
    pub calls: B256,
    /// The EIP-7702 delegate that the operation installs.
    pub delegate: Option<Address>,
    /// The paymaster, without its data: a new approval may stand in a replacement.
    pub paymaster: Option<Address>,
    /// The gas limits.
    pub gas: GasTerms,
    /// The fee ceiling a gas.
    pub max_fee_per_gas: u128,
    /// The tip ceiling a gas.
    pub max_priority_fee_per_gas: u128,
}

/// The five gas limits of an operation; zero where the version or the operation has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GasTerms {
    /// For the calls.
    pub call: u128,
    /// For the account's validation.
    pub verification: u128,
    /// For what the bundler does around it.
    pub pre_verification: u128,
    /// For the paymaster's validation.
    pub paymaster_verification: u128,
    /// For the paymaster's closing.
    pub paymaster_post_op: u128,
}

/// Why another digest may not take a slot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Clash {
    /// What holds the slot is never replaced.
    #[error("another digest holds it, and this kind is never replaced")]
    Once,
    /// An imported history knows the slot otherwise than we do.
    #[error("an imported history says something else of this slot")]
    Frozen,
    /// The replacement would deploy something else.
    #[error("the init code differs from what holds the slot")]
    InitCode,
    /// The replacement would do something else.
    #[error("the calls differ from what holds the slot")]
    Calls,
    /// The replacement would delegate elsewhere.
    #[error("the EIP-7702 delegate differs from what holds the slot")]
    Delegate,
    /// Another would pay.
    #[error("the paymaster differs from what holds the slot")]
    Paymaster,
    /// A limit fell.
    #[error("the {limit} gas limit fell from {held} to {asked}")]
    GasFell {
        /// Which limit.
        limit: &'static str,
        /// What holds the slot.
        held: u128,
        /// What was asked for.
        asked: u128,
    },
    /// A fee did not rise enough to replace anything at a bundler.
    #[error("{fee} must rise by at least 10 % from {held}, {asked} does not")]
    FeeTooLow {
        /// Which fee.
        fee: &'static str,
        /// What holds the slot.
        held: u128,
        /// What was asked for.
        asked: u128,
    },
}

impl OperationTerms {
    /// Whether `next` may stand beside this digest in one slot.
    ///
    /// # Errors
    /// The first [`Clash`] found.
    pub fn may_be_replaced_by(&self, next: &Self) -> Result<(), Clash> {
        if next.init_code != self.init_code {
            return Err(Clash::InitCode);
        }
        if next.calls != self.calls {
            return Err(Clash::Calls);
        }
        if next.delegate != self.delegate {
            return Err(Clash::Delegate);
        }
        if next.paymaster != self.paymaster {
            return Err(Clash::Paymaster);
        }
        self.gas.must_not_fall(&next.gas)?;
        raised("maxFeePerGas", self.max_fee_per_gas, next.max_fee_per_gas)?;
        raised("maxPriorityFeePerGas", self.max_priority_fee_per_gas, next.max_priority_fee_per_gas)
    }
}

impl GasTerms {
    fn must_not_fall(&self, next: &Self) -> Result<(), Clash> {
        let limits = [
            ("call", self.call, next.call),
            ("verification", self.verification, next.verification),
            ("pre-verification", self.pre_verification, next.pre_verification),
            ("paymaster verification", self.paymaster_verification, next.paymaster_verification),
            ("paymaster post-op", self.paymaster_post_op, next.paymaster_post_op),
        ];
        match limits.into_iter().find(|(_, held, asked)| asked < held) {
            Some((limit, held, asked)) => Err(Clash::GasFell { limit, held, asked }),
            None => Ok(()),
        }
    }
}

/// `asked >= held * 1.1`, exactly: compared as `asked * 10 >= held * 11` in a width that cannot overflow.
fn raised(fee: &'static str, held: u128, asked: u128) -> Result<(), Clash> {
    let ten_asked = U256::from(asked).saturating_mul(U256::from(10));
    let eleven_held = U256::from(held).saturating_mul(U256::from(11));
    if ten_asked >= eleven_held { Ok(()) } else { Err(Clash::FeeTooLow { fee, held, asked }) }
}

#[cfg(test)]
mod tests;
