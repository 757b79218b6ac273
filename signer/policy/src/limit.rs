//! Named limits: how much of what, for whom, in which time. Compared as 256-bit integers, never rounded.

use std::fmt;

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::Facts;

/// A named limit of the policy file. Policies see its name in `context.exceeded` when a request goes over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name.
    pub name: String,
    /// What is counted.
    pub asset: Asset,
    /// The chain it counts on, with what names no chain; every chain together if none.
    pub chain: Option<u64>,
    /// The most, in the asset's smallest unit.
    pub max: U256,
    /// Over which time, in seconds; each request alone if none.
    pub window_s: Option<u64>,
    /// Whose requests are added up.
    pub per: Scope,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Asset {
    /// Wei that calls send.
    Native,
    /// Units of a token that are transferred or approved.
    Token(Address),
    /// Wei that gas can cost.
    Fees,
    /// Requests.
    Requests,
}

/// Whose requests a limit adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of a key.
    #[default]
    Key,
    /// Those of one account.
    Account,
    /// Those of one caller.
    Caller,
}

/// What one request takes of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure<'a> {
    /// The limit.
    pub limit: &'a Limit,
    /// Whose total it is added to: stable text.
    pub account: String,
    /// How much.
    pub amount: U256,
}

impl Limit {
    /// What a request takes of this limit; nothing if it does not concern it.
    pub(crate) fn measure(&self, facts: &Facts) -> Option<Measure<'_>> {
        // What names no chain counts on every one.
        let elsewhere = |chain| facts.chain != 0 && chain != facts.chain;
        if self.chain.is_some_and(elsewhere) {
            return None;
        }
        let amount = match self.asset {
            Asset::Requests => U256::from(1),
            Asset::Fees => facts.fee_ceiling,
            moved => facts
                .flows
                .iter()
                .filter(|flow| flow.asset == moved)
                .fold(U256::ZERO, |sum, flow| sum.saturating_add(flow.amount)),
        };
        if amount.is_zero() {
            return None;
        }
        let whose = match self.per {
            Scope::Key => format!("key/{}", facts.key),
            Scope::Account => format!("account/{}/{:#x}", facts.chain, facts.account?),
            Scope::Caller => format!("caller/{}", facts.caller),
        };
        Some(Measure { limit: self, account: format!("{}/{whose}", self.name), amount })
    }
}

impl Measure<'_> {
    /// Whether the limit is exceeded when `total` was taken in its window before.
    #[must_use]
    pub fn exceeds(&self, total: U256) -> bool {
        let before = if self.limit.window_s.is_some() { total } else { U256::ZERO };
        before.saturating_add(self.amount) > self.limit.max
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Token(token) => write!(f, "token {token}"),
            Self::Fees => f.write_str("fees"),
            Self::Requests => f.write_str("requests"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(window_s: Option<u64>) -> Limit {
        Limit {
            name: "daily".into(),
            asset: Asset::Native,
            chain: None,
            max: U256::from(10),
            window_s,
            per: Scope::Key,
        }
    }

    #[test]
    fn a_window_adds_up_and_a_single_request_does_not() {
        let (rolling, single) = (limit(Some(1)), limit(None));
        let measure = |limit| Measure { limit, account: String::new(), amount: U256::from(6) };
        assert!(!measure(&rolling).exceeds(U256::from(4)));
        assert!(measure(&rolling).exceeds(U256::from(5)));
        assert!(!measure(&single).exceeds(U256::MAX));
    }

    #[test]
    fn a_sum_above_256_bits_is_above_every_limit() {
        let rolling = limit(Some(1));
        let measure = Measure { limit: &rolling, account: String::new(), amount: U256::MAX };
        assert!(measure.exceeds(U256::MAX));
    }
}
