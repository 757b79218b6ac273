//! What a bundler says about an operation that it knows. It is a hint: what counts is the
//! EntryPoint's event on a node of our own.

use alloy::{
    primitives::{Address, B256, Bytes, U64, U256},
    rpc::types::Log,
};
use countersign_userop::{ChainId, EntryPointVersion, UserOpHash, UserOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The receipt of an included operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOperationReceipt {
    /// The operation.
    pub user_op_hash: UserOpHash,
    /// Its EntryPoint; not every bundler says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_point: Option<Address>,
    /// Its account.
    pub sender: Address,
    /// Its nonce.
    pub nonce: U256,
    /// Who paid, if not the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster: Option<Address>,
    /// What it cost, in wei.
    pub actual_gas_cost: U256,
    /// The gas that it used.
    pub actual_gas_used: U256,
    /// Whether its call succeeded.
    pub success: bool,
    /// Why its call reverted: the data, or words; bundlers differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The events of this operation alone.
    #[serde(default)]
    pub logs: Vec<Log>,
    /// The bundle's transaction.
    pub receipt: TransactionReceipt,
}

/// The receipt of the transaction that an operation was in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionReceipt {
    /// The transaction.
    pub transaction_hash: B256,
    /// Its place in the block.
    pub transaction_index: U64,
    /// The block.
    pub block_hash: B256,
    /// The block's number.
    pub block_number: U64,
    /// The bundler's account.
    pub from: Address,
    /// The EntryPoint, as a rule.
    pub to: Option<Address>,
    /// Gas of the block up to here.
    pub cumulative_gas_used: U256,
    /// Gas of this transaction.
    pub gas_used: U256,
    /// What a unit of gas cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_gas_price: Option<U256>,
    /// 1 if it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<U64>,
    /// Its Bloom filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs_bloom: Option<Bytes>,
    /// The events of the whole transaction.
    #[serde(default)]
    pub logs: Vec<Log>,
}

/// An operation that a bundler was asked for by its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IncludedOperation {
    /// The operation as the bundler tells it: see [`IncludedOperation::verified`].
    pub user_operation: Value,
    /// Its EntryPoint.
    pub entry_point: Address,
    /// The block's number, once there is one.
    #[serde(default)]
    pub block_number: Option<U64>,
    /// The block.
    #[serde(default)]
    pub block_hash: Option<B256>,
    /// The transaction.
    #[serde(default)]
    pub transaction_hash: Option<B256>,
}

impl IncludedOperation {
    /// The operation, if what the bundler told is the one with this hash on an EntryPoint of that
    /// version. An operation with an EIP-7702 authorization cannot be verified when the bundler
    /// leaves the authorization out.
    pub fn verified(
        &self,
        hash: UserOpHash,
        version: EntryPointVersion,
        chain: ChainId,
    ) -> Option<UserOperation> {
        let op = UserOperation::from_json(version, &self.user_operation).ok()?;
        (op.hash(self.entry_point, chain) == hash).then_some(op)
    }
}
