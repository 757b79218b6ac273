//! userOpHash of every EntryPoint version.

use std::fmt;

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::{Eip712Domain, SolValue},
};
use serde::{Deserialize, Serialize};

use crate::{
    ChainId, EntryPointVersion, UserOperation,
    pack::{packed, unpacked},
    paymaster::hashed_paymaster_and_data,
};

/// The type whose hash opens the EIP-712 struct; the EntryPoint's struct without its signature.
const PACKED_TYPE: &str = "PackedUserOperation(address sender,uint256 nonce,bytes initCode,\
    bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,\
    bytes paymasterAndData)";

/// The hash that names an operation on one EntryPoint of one chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserOpHash(B256);

impl UserOpHash {
    /// Wraps a hash that somebody else gives, to compare it with ours.
    pub const fn new(hash: B256) -> Self {
        Self(hash)
    }

    /// The 32 bytes.
    pub const fn as_b256(&self) -> &B256 {
        &self.0
    }
}

impl From<UserOpHash> for B256 {
    fn from(hash: UserOpHash) -> Self {
        hash.0
    }
}

impl fmt::Display for UserOpHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for UserOpHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for UserOpHash {
    type Err = <B256 as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

pub(crate) fn user_op_hash(op: &UserOperation, entry_point: Address, chain: ChainId) -> UserOpHash {
    let hash = match op.version() {
        EntryPointVersion::V0_6 => enclosed(unpacked_hash(op), entry_point, chain),
        EntryPointVersion::V0_7 => enclosed(packed_hash(op), entry_point, chain),
        EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => {
            let domain = domain(entry_point, chain).separator();
            keccak256([&[0x19, 0x01], domain.as_slice(), struct_hash(op).as_slice()].concat())
        }
    };
    UserOpHash(hash)
}

/// The EIP-712 domain of EntryPoint 0.8 and later.
fn domain(entry_point: Address, chain: ChainId) -> Eip712Domain {
    Eip712Domain::new(
        Some("ERC4337".into()),
        Some("1".into()),
        Some(U256::from(chain.get())),
        Some(entry_point),
        None,
    )
}

/// How 0.6 and 0.7 bind an operation to its EntryPoint and chain.
fn enclosed(op_hash: B256, entry_point: Address, chain: ChainId) -> B256 {
    keccak256((op_hash, entry_point, U256::from(chain.get())).abi_encode())
}

fn unpacked_hash(op: &UserOperation) -> B256 {
    let op = unpacked(op);
    let fields = (
        op.sender,
        op.nonce,
        keccak256(&op.initCode),
        keccak256(&op.callData),
        op.callGasLimit,
        op.verificationGasLimit,
        op.preVerificationGas,
        op.maxFeePerGas,
        op.maxPriorityFeePerGas,
        keccak256(&op.paymasterAndData),
    );
    keccak256(fields.abi_encode())
}

fn packed_hash(op: &UserOperation) -> B256 {
    let op = packed(op);
    let fields = (
        op.sender,
        op.nonce,
        keccak256(&op.initCode),
        keccak256(&op.callData),
        op.accountGasLimits,
        op.preVerificationGas,
        op.gasFees,
        keccak256(&op.paymasterAndData),
    );
    keccak256(fields.abi_encode())
}

fn struct_hash(op: &UserOperation) -> B256 {
    let delegate = op.eip7702_auth().map(|auth| auth.address);
    let init_code = match (op.factory(), delegate) {
        (Some(factory), Some(delegate)) if factory.is_eip7702() => {
            factory.hashed_init_code(delegate)
        }
        _ => op.init_code(),
    };
    let version = op.version();
    let op = packed(op);
    let paymaster = if version.has_paymaster_signature() {
        keccak256(hashed_paymaster_and_data(&op.paymasterAndData))
    } else {
        keccak256(&op.paymasterAndData)
    };
    let fields = (
        keccak256(PACKED_TYPE),
        op.sender,
        op.nonce,
        keccak256(init_code),
        keccak256(&op.callData),
        op.accountGasLimits,
        op.preVerificationGas,
        op.gasFees,
        paymaster,
    );
    keccak256(fields.abi_encode())
}
