//! `SimpleAccount` 0.6, 0.7 and 0.8: an OpenZeppelin proxy; each version batches its own way.

use alloy::{
    primitives::{Address, Bytes, U256, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};

use super::{AccountError, AccountSpec, Call, proxy, selector};
use crate::{EntryPointVersion, decode::canonical};

sol! {
    function initialize(address anOwner) external;
    function execute(address dest, uint256 value, bytes func) external;

    interface Batch06 {
        function executeBatch(address[] dest, bytes[] func) external;
    }

    interface Batch07 {
        function executeBatch(address[] dest, uint256[] value, bytes[] func) external;
    }

    struct Execution {
        address target;
        uint256 value;
        bytes data;
    }

    interface Batch08 {
        function executeBatch(Execution[] calls) external;
    }
}

/// The proxy that the version's factory deploys; there is no SimpleAccount 0.9 yet.
pub(super) fn proxy(version: EntryPointVersion) -> &'static proxy::OpenZeppelin {
    match version {
        EntryPointVersion::V0_6 => &proxy::OPENZEPPELIN_0_6,
        EntryPointVersion::V0_7 => &proxy::OPENZEPPELIN_0_7,
        EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => &proxy::OPENZEPPELIN_0_8,
    }
}

pub(super) fn address(spec: &AccountSpec, owner: Address, salt: U256) -> Address {
    let initialize = Bytes::from(initializeCall { anOwner: owner }.abi_encode());
    let arguments = (spec.implementation, initialize).abi_encode_params();
    let code_hash = keccak256([proxy(spec.version).creation(), &arguments].concat());
    spec.factory.create2(salt.to_be_bytes::<32>(), code_hash)
}

pub(super) fn encode_calls(
    version: EntryPointVersion,
    calls: &[Call],
) -> Result<Bytes, AccountError> {
    if let [call] = calls {
        let Call { to, value, data } = call.clone();
        return Ok(executeCall { dest: to, value, func: data }.abi_encode().into());
    }
    let dest = calls.iter().map(|call| call.to).collect();
    let func = calls.iter().map(|call| call.data.clone()).collect();
    let value: Vec<U256> = calls.iter().map(|call| call.value).collect();
    let encoded = match version {
        EntryPointVersion::V0_6 if value.iter().any(|value| !value.is_zero()) => {
            return Err(AccountError::ValueInBatch);
        }
        EntryPointVersion::V0_6 => Batch06::executeBatchCall { dest, func }.abi_encode(),
        EntryPointVersion::V0_7 => Batch07::executeBatchCall { dest, value, func }.abi_encode(),
        EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => {
            Batch08::executeBatchCall { calls: executions(calls) }.abi_encode()
        }
    };
    Ok(encoded.into())
}

pub(super) fn decode_calls(
    version: EntryPointVersion,
    data: &[u8],
) -> Result<Vec<Call>, AccountError> {
    if data.starts_with(&executeCall::SELECTOR) {
        let call: executeCall =
            canonical(data).ok_or(AccountError::NotCanonical("execute(address,uint256,bytes)"))?;
        return Ok(vec![Call { to: call.dest, value: call.value, data: call.func }]);
    }
    match version {
        EntryPointVersion::V0_6 => {
            let call: Batch06::executeBatchCall = batch(data)?;
            let zeros = vec![U256::ZERO; call.dest.len()];
            zip(call.dest, zeros, call.func)
        }
        EntryPointVersion::V0_7 => {
            let call: Batch07::executeBatchCall = batch(data)?;
            // The contract takes no values at all for zeros.
            let value = match call.value.is_empty() {
                true => vec![U256::ZERO; call.dest.len()],
                false => call.value,
            };
            zip(call.dest, value, call.func)
        }
        EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => {
            let call: Batch08::executeBatchCall = batch(data)?;
            let calls = call.calls.into_iter();
            Ok(calls.map(|e| Call { to: e.target, value: e.value, data: e.data }).collect())
        }
    }
}

/// The name of the function behind call data that [`decode_calls`] understood.
pub(super) fn function(data: &[u8]) -> &'static str {
    match data.starts_with(&executeCall::SELECTOR) {
        true => "execute",
        false => "executeBatch",
    }
}

fn batch<C: SolCall>(data: &[u8]) -> Result<C, AccountError> {
    if !data.starts_with(&C::SELECTOR) {
        return Err(AccountError::NotExecute(selector(data)));
    }
    canonical(data).ok_or(AccountError::NotCanonical(C::SIGNATURE))
}

fn zip(to: Vec<Address>, value: Vec<U256>, data: Vec<Bytes>) -> Result<Vec<Call>, AccountError> {
    if to.len() != value.len() || to.len() != data.len() {
        return Err(AccountError::UnequalArrays);
    }
    let calls = to.into_iter().zip(value).zip(data);
    Ok(calls.map(|((to, value), data)| Call { to, value, data }).collect())
}

fn executions(calls: &[Call]) -> Vec<Execution> {
    let execution =
        |call: &Call| Execution { target: call.to, value: call.value, data: call.data.clone() };
    calls.iter().map(execution).collect()
}
