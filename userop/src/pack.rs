//! The structs that EntryPoints take.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolCall,
};

use crate::{
    EntryPointVersion, UserOperation,
    abi::{IEntryPoint, IEntryPointV06, PackedUserOperation, UnpackedUserOperation},
    paymaster::Paymaster,
};

/// An operation in its on-chain form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackedOp {
    /// What EntryPoint 0.6 takes.
    V0_6(UnpackedUserOperation),
    /// What EntryPoint 0.7, 0.8 and 0.9 take.
    Packed(PackedUserOperation),
}

impl PackedOp {
    /// Call data for the EntryPoint's own `getUserOpHash`.
    pub fn get_user_op_hash_call(&self) -> Bytes {
        match self.clone() {
            Self::V0_6(op) => IEntryPointV06::getUserOpHashCall { userOp: op }.abi_encode(),
            Self::Packed(op) => IEntryPoint::getUserOpHashCall { userOp: op }.abi_encode(),
        }
        .into()
    }

    /// Call data for `handleOps` with this operation alone.
    pub fn handle_ops_call(&self, beneficiary: Address) -> Bytes {
        match self.clone() {
            Self::V0_6(op) => {
                IEntryPointV06::handleOpsCall { ops: vec![op], beneficiary }.abi_encode()
            }
            Self::Packed(op) => {
                IEntryPoint::handleOpsCall { ops: vec![op], beneficiary }.abi_encode()
            }
        }
        .into()
    }
}

impl From<&UserOperation> for PackedOp {
    fn from(op: &UserOperation) -> Self {
        match op.version() {
            EntryPointVersion::V0_6 => Self::V0_6(unpacked(op)),
            EntryPointVersion::V0_7 | EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => {
                Self::Packed(packed(op))
            }
        }
    }
}

pub(crate) fn unpacked(op: &UserOperation) -> UnpackedUserOperation {
    let (gas, fees) = (op.gas(), op.fees());
    UnpackedUserOperation {
        sender: op.sender(),
        nonce: op.nonce(),
        initCode: op.init_code(),
        callData: op.call_data().clone(),
        callGasLimit: U256::from(gas.call),
        verificationGasLimit: U256::from(gas.verification),
        preVerificationGas: U256::from(gas.pre_verification),
        maxFeePerGas: U256::from(fees.max_fee_per_gas),
        maxPriorityFeePerGas: U256::from(fees.max_priority_fee_per_gas),
        paymasterAndData: op.paymaster().map(Paymaster::unpacked).unwrap_or_default(),
        signature: op.signature().clone(),
    }
}

pub(crate) fn packed(op: &UserOperation) -> PackedUserOperation {
    let (gas, fees) = (op.gas(), op.fees());
    PackedUserOperation {
        sender: op.sender(),
        nonce: op.nonce(),
        initCode: op.init_code(),
        callData: op.call_data().clone(),
        accountGasLimits: pair(gas.verification, gas.call),
        preVerificationGas: U256::from(gas.pre_verification),
        gasFees: pair(fees.max_priority_fee_per_gas, fees.max_fee_per_gas),
        paymasterAndData: op.paymaster().map(Paymaster::packed).unwrap_or_default(),
        signature: op.signature().clone(),
    }
}

fn pair(high: u128, low: u128) -> B256 {
    B256::from(U256::from(high) << 128 | U256::from(low))
}
