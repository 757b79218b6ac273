//! Inclusion as the EntryPoint's own events tell it.

use alloy::{
    primitives::{Address, B256, Bytes},
    providers::Provider as _,
    rpc::types::{Filter, Log},
    sol,
    sol_types::SolEvent as _,
};

use super::{Chain, ChainError, Result};
use crate::service::Inclusion;

sol! {
    event UserOperationEvent(
        bytes32 indexed userOpHash, address indexed sender, address indexed paymaster,
        uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed
    );
    event UserOperationRevertReason(
        bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason
    );
    event BeforeExecution();
}

/// Blocks that one question about logs may span.
const SPAN: u64 = 2_000;

/// An operation that the chain has.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) inclusion: Inclusion,
    /// What the account reverted with, when it did and the EntryPoint said so.
    pub(crate) revert: Option<Bytes>,
    /// Blocks on top of it, its own included.
    pub(crate) confirmations: u64,
}

impl Chain {
    /// Looks for any of these operations from a block on.
    pub(crate) async fn find(
        &self,
        entry_point: Address,
        hashes: &[B256],
        from_block: u64,
    ) -> Result<Option<Found>> {
        let head = self.head().await?.number;
        match self.event(entry_point, hashes, from_block, head).await? {
            Some(log) => self.found(entry_point, &log, head).await,
            None => Ok(None),
        }
    }

    /// Whether the chain has any of these operations, even if it cannot tell the whole of it now.
    pub(crate) async fn has(
        &self,
        entry_point: Address,
        hashes: &[B256],
        from_block: u64,
    ) -> Result<bool> {
        let head = self.head().await?.number;
        Ok(self.event(entry_point, hashes, from_block, head).await?.is_some())
    }

    async fn event(
        &self,
        entry_point: Address,
        hashes: &[B256],
        from_block: u64,
        head: u64,
    ) -> Result<Option<Log>> {
        let mut from = from_block.min(head);
        loop {
            let to = head.min(from.saturating_add(SPAN));
            let log = self.event_between(entry_point, hashes, from, to).await?;
            if log.is_some() || to == head {
                return Ok(log);
            }
            from = to + 1;
        }
    }

    async fn event_between(
        &self,
        entry_point: Address,
        hashes: &[B256],
        from: u64,
        to: u64,
    ) -> Result<Option<Log>> {
        let filter = Filter::new()
            .address(entry_point)
            .event_signature(UserOperationEvent::SIGNATURE_HASH)
            .topic1(hashes.to_vec())
            .from_block(from)
            .to_block(to);
        let logs = self.within(self.provider.get_logs(&filter)).await?;
        Ok(logs.into_iter().find(|log| !log.removed))
    }

    /// `None` when the block went away between the question for the event and this one.
    async fn found(&self, entry_point: Address, log: &Log, head: u64) -> Result<Option<Found>> {
        let (Some(tx), Some(block_hash), Some(block_number)) =
            (log.transaction_hash, log.block_hash, log.block_number)
        else {
            return Ok(None);
        };
        let event = UserOperationEvent::decode_log(&log.inner)
            .map_err(|error| ChainError::Malformed(format!("UserOperationEvent: {error}")))?;
        let receipt =
            self.within(async { self.provider.get_transaction_receipt(tx).await }).await?;
        let Some(receipt) = receipt else { return Ok(None) };
        if receipt.block_hash != Some(block_hash) {
            return Ok(None);
        }
        let own = own_logs(receipt.inner.logs(), entry_point, event.userOpHash);
        let revert = own.iter().find_map(|log| revert_of(log, entry_point, event.userOpHash));
        let logs = own.iter().filter_map(|log| serde_json::to_value(log).ok()).collect();
        Ok(Some(Found {
            inclusion: Inclusion {
                user_op_hash: event.userOpHash,
                transaction_hash: tx,
                block_hash,
                block_number,
                success: event.success,
                actual_gas_cost: event.actualGasCost,
                actual_gas_used: event.actualGasUsed,
                logs,
            },
            revert,
            confirmations: head.saturating_sub(block_number) + 1,
        }))
    }
}

/// The logs of one operation in its bundle: what follows the event before its own.
fn own_logs(logs: &[Log], entry_point: Address, hash: B256) -> Vec<&Log> {
    let mut own = Vec::new();
    for log in logs {
        let marks = log.address() == entry_point;
        if marks && log.topic0() == Some(&BeforeExecution::SIGNATURE_HASH) {
            own.clear();
            continue;
        }
        own.push(log);
        if marks && log.topic0() == Some(&UserOperationEvent::SIGNATURE_HASH) {
            if log.topics().get(1) == Some(&hash) {
                return own;
            }
            own.clear();
        }
    }
    Vec::new()
}

fn revert_of(log: &Log, entry_point: Address, hash: B256) -> Option<Bytes> {
    let event = UserOperationRevertReason::decode_log(&log.inner).ok()?;
    (log.address() == entry_point && event.userOpHash == hash).then_some(event.data.revertReason)
}
