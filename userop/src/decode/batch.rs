//! Calls that hold other calls: account executions, `multicall`, Multicall3.

use alloy::{
    primitives::{Bytes, U256},
    sol,
    sol_types::SolCall,
};

use super::{Action, Decoded, InnerCaller, canonical};
use crate::{Call, account::decode_any_account};

sol! {
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Call3Value {
        address target;
        bool allowFailure;
        uint256 value;
        bytes callData;
    }

    struct Call2 {
        address target;
        bytes callData;
    }

    /// A contract that calls itself several times over.
    interface Multicall {
        function multicall(bytes[] data) external;
    }

    interface MulticallUntil {
        function multicall(uint256 deadline, bytes[] data) external;
    }

    interface MulticallAfter {
        function multicall(bytes32 previousBlockhash, bytes[] data) external;
    }

    /// The contract at the same address on most chains.
    interface Multicall3 {
        function aggregate(Call2[] calls) external payable;
        function tryAggregate(bool requireSuccess, Call2[] calls) external payable;
        function blockAndAggregate(Call2[] calls) external payable;
        function tryBlockAndAggregate(bool requireSuccess, Call2[] calls) external payable;
        function aggregate3(Call3[] calls) external payable;
        function aggregate3Value(Call3Value[] calls) external payable;
    }
}

/// The batch and the calls in it; `None` for any other call.
pub(super) fn decode(call: &Call) -> Option<Decoded> {
    let data = &call.data[..];
    if let Some((function, calls)) = decode_any_account(data) {
        return Some(by_callee(function, true, calls));
    }
    match *data.first_chunk::<4>()? {
        Multicall::multicallCall::SELECTOR => {
            let c: Multicall::multicallCall = canonical(data)?;
            Some(to_itself(call, c.data))
        }
        MulticallUntil::multicallCall::SELECTOR => {
            let c: MulticallUntil::multicallCall = canonical(data)?;
            Some(to_itself(call, c.data))
        }
        MulticallAfter::multicallCall::SELECTOR => {
            let c: MulticallAfter::multicallCall = canonical(data)?;
            Some(to_itself(call, c.data))
        }
        _ => decode_multicall3(data),
    }
}

fn decode_multicall3(data: &[u8]) -> Option<Decoded> {
    match *data.first_chunk::<4>()? {
        Multicall3::aggregateCall::SELECTOR => {
            let c: Multicall3::aggregateCall = canonical(data)?;
            Some(by_callee("aggregate", true, without_value(c.calls)))
        }
        Multicall3::tryAggregateCall::SELECTOR => {
            let c: Multicall3::tryAggregateCall = canonical(data)?;
            Some(by_callee("tryAggregate", c.requireSuccess, without_value(c.calls)))
        }
        Multicall3::blockAndAggregateCall::SELECTOR => {
            let c: Multicall3::blockAndAggregateCall = canonical(data)?;
            Some(by_callee("blockAndAggregate", true, without_value(c.calls)))
        }
        Multicall3::tryBlockAndAggregateCall::SELECTOR => {
            let c: Multicall3::tryBlockAndAggregateCall = canonical(data)?;
            Some(by_callee("tryBlockAndAggregate", c.requireSuccess, without_value(c.calls)))
        }
        Multicall3::aggregate3Call::SELECTOR => {
            let c: Multicall3::aggregate3Call = canonical(data)?;
            let stops = c.calls.iter().all(|call| !call.allowFailure);
            let inner = |c: Call3| Call { to: c.target, value: U256::ZERO, data: c.callData };
            Some(by_callee("aggregate3", stops, c.calls.into_iter().map(inner).collect()))
        }
        Multicall3::aggregate3ValueCall::SELECTOR => {
            let c: Multicall3::aggregate3ValueCall = canonical(data)?;
            let stops = c.calls.iter().all(|call| !call.allowFailure);
            let inner = |c: Call3Value| Call { to: c.target, value: c.value, data: c.callData };
            Some(by_callee("aggregate3Value", stops, c.calls.into_iter().map(inner).collect()))
        }
        _ => None,
    }
}

const fn by_callee(function: &'static str, stops_on_failure: bool, inner: Vec<Call>) -> Decoded {
    let action = Action::Batch { function, stops_on_failure };
    Decoded { action, inner, inner_caller: InnerCaller::Callee }
}

/// `multicall` delegates to its own code: each part sees the caller and the value of the whole.
fn to_itself(outer: &Call, parts: Vec<Bytes>) -> Decoded {
    let part = |data| Call { to: outer.to, value: outer.value, data };
    Decoded {
        action: Action::Batch { function: "multicall", stops_on_failure: true },
        inner: parts.into_iter().map(part).collect(),
        inner_caller: InnerCaller::Unchanged,
    }
}

fn without_value(calls: Vec<Call2>) -> Vec<Call> {
    let inner = |c: Call2| Call { to: c.target, value: U256::ZERO, data: c.callData };
    calls.into_iter().map(inner).collect()
}
