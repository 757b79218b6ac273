//! `CountersignAccount`: a Solady proxy, called by ERC-7579's `execute(mode, executionData)`.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};

use super::{AccountError, AccountSpec, Call, proxy, selector};
use crate::decode::{canonical, canonical_value};

/// One call that reverts as a whole.
const SINGLE: B256 = B256::ZERO;
/// Several calls that revert as a whole.
const BATCH: B256 = {
    let mut mode = [0; 32];
    mode[0] = 1;
    B256::new(mode)
};

sol! {
    function execute(bytes32 mode, bytes executionData) external payable;

    struct Execution {
        address target;
        uint256 value;
        bytes data;
    }
}

pub(super) fn address(spec: &AccountSpec, owner: Address, salt: U256) -> Address {
    let code_hash = keccak256(proxy::solady_creation(spec.implementation));
    spec.factory.create2(keccak256((owner, salt).abi_encode()), code_hash)
}

pub(super) fn encode_calls(calls: &[Call]) -> Bytes {
    let (mode, data) = match calls {
        [call] => (SINGLE, encode_single(call)),
        calls => (BATCH, executions(calls).abi_encode()),
    };
    executeCall { mode, executionData: data.into() }.abi_encode().into()
}

pub(super) fn decode_calls(data: &[u8]) -> Result<Vec<Call>, AccountError> {
    if !data.starts_with(&executeCall::SELECTOR) {
        return Err(AccountError::NotExecute(selector(data)));
    }
    let not_canonical = AccountError::NotCanonical("execute(bytes32,bytes)");
    let call: executeCall = canonical(data).ok_or_else(|| not_canonical.clone())?;
    match call.mode {
        SINGLE => decode_single(&call.executionData).map(|call| vec![call]).ok_or(not_canonical),
        BATCH => decode_batch(&call.executionData).ok_or(not_canonical),
        mode => Err(AccountError::UnsupportedMode(mode)),
    }
}

/// `abi.encodePacked(target, value, data)`.
fn encode_single(call: &Call) -> Vec<u8> {
    [call.to.as_slice(), &call.value.to_be_bytes::<32>(), &call.data].concat()
}

fn decode_single(data: &[u8]) -> Option<Call> {
    let (to, rest) = data.split_first_chunk::<20>()?;
    let (value, data) = rest.split_first_chunk::<32>()?;
    Some(Call {
        to: Address::from(*to),
        value: U256::from_be_bytes(*value),
        data: Bytes::copy_from_slice(data),
    })
}

fn decode_batch(data: &[u8]) -> Option<Vec<Call>> {
    let executions: Vec<Execution> = canonical_value(data)?;
    let call = |e: Execution| Call { to: e.target, value: e.value, data: e.data };
    Some(executions.into_iter().map(call).collect())
}

fn executions(calls: &[Call]) -> Vec<Execution> {
    let execution =
        |call: &Call| Execution { target: call.to, value: call.value, data: call.data.clone() };
    calls.iter().map(execution).collect()
}
