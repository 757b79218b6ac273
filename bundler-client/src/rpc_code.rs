//! The JSON-RPC error codes of ERC-7769, and the few general ones that bundlers use.

use std::fmt;

/// What a service says is wrong, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RpcCode {
    /// -32500: the EntryPoint's simulation of the account failed; the reason is an `AAxx` string.
    ValidationFailed,
    /// -32501: the paymaster refused, or its validation failed.
    PaymasterRefused,
    /// -32502: validation used a forbidden opcode or storage slot.
    OpcodeForbidden,
    /// -32503: outside its time range, or too close to its end.
    OutOfTimeRange,
    /// -32504: an entity of the operation is throttled or banned.
    Throttled,
    /// -32505: an entity's stake or unstake delay is too low.
    StakeTooLow,
    /// -32506: the aggregator is not supported.
    UnsupportedAggregator,
    /// -32507: the account or paymaster rejected the signature.
    InvalidSignature,
    /// -32508: the paymaster's deposit does not cover its pending operations.
    PaymasterDepositTooLow,
    /// -32521: the account's call reverted, or would.
    ExecutionReverted,
    /// -32602: a field is missing, malformed or out of bounds.
    InvalidFields,
    /// -32600: not a request that the service understands.
    InvalidRequest,
    /// -32601: the service does not have the method.
    MethodNotFound,
    /// -32603: something inside the service failed.
    Internal,
    /// -32005: the caller asks too often.
    LimitExceeded,
    /// Any other number.
    Other(i64),
}

impl RpcCode {
    /// Whether the same call may succeed later or elsewhere, unchanged.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Internal | Self::LimitExceeded)
    }

    /// The number.
    pub const fn number(self) -> i64 {
        match self {
            Self::ValidationFailed => -32500,
            Self::PaymasterRefused => -32501,
            Self::OpcodeForbidden => -32502,
            Self::OutOfTimeRange => -32503,
            Self::Throttled => -32504,
            Self::StakeTooLow => -32505,
            Self::UnsupportedAggregator => -32506,
            Self::InvalidSignature => -32507,
            Self::PaymasterDepositTooLow => -32508,
            Self::ExecutionReverted => -32521,
            Self::InvalidFields => -32602,
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::Internal => -32603,
            Self::LimitExceeded => -32005,
            Self::Other(number) => number,
        }
    }
}

impl From<i64> for RpcCode {
    fn from(number: i64) -> Self {
        match number {
            -32500 => Self::ValidationFailed,
            -32501 => Self::PaymasterRefused,
            -32502 => Self::OpcodeForbidden,
            -32503 => Self::OutOfTimeRange,
            -32504 => Self::Throttled,
            -32505 => Self::StakeTooLow,
            -32506 => Self::UnsupportedAggregator,
            -32507 => Self::InvalidSignature,
            -32508 => Self::PaymasterDepositTooLow,
            -32521 => Self::ExecutionReverted,
            -32602 => Self::InvalidFields,
            -32600 => Self::InvalidRequest,
            -32601 => Self::MethodNotFound,
            -32603 => Self::Internal,
            -32005 => Self::LimitExceeded,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for RpcCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_way_in_and_out() {
        for number in (-32700..=-32000).chain([0, 1, 3, 4001, i64::MIN, i64::MAX]) {
            assert_eq!(RpcCode::from(number).number(), number);
        }
    }

    #[test]
    fn only_passing_troubles_are_worth_a_second_try() {
        let retryable: Vec<i64> =
            (-32700..=-32000).filter(|n| RpcCode::from(*n).is_retryable()).collect();
        assert_eq!(retryable, [-32603, -32504, -32005]);
    }
}
