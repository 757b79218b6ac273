//! An operation and its timeline on the wire.

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use countersign_userop::EntryPointVersion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::approval::AwaitedView;
use crate::rpc::schema::{self, Chain, OperationJson};
use crate::service::{Failure, Inclusion, Operation, StageName, TimelineEntry};

/// One operation and its history.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Operation")]
pub(super) struct OperationView {
    /// What it is called here.
    id: String,
    /// The chain it is for.
    chain_id: Chain,
    /// The wallet.
    #[schemars(with = "schema::Address")]
    sender: Address,
    /// The EntryPoint.
    #[schemars(with = "schema::Address")]
    entry_point: Address,
    /// Its version.
    #[schemars(with = "schema::EntryPointVersionText")]
    entry_point_version: EntryPointVersion,
    /// Where it stands: draft, priced, sponsored, sealed, awaiting, signed, submitted, included, reverted or dropped.
    #[schemars(with = "String")]
    stage: StageName,
    /// The nonce, once one is reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Quantity>")]
    nonce: Option<U256>,
    /// Known once the operation is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Hash>")]
    user_op_hash: Option<B256>,
    /// The operation as it stands.
    user_operation: OperationJson,
    /// Where the chain has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    inclusion: Option<InclusionView>,
    /// What it waits for, while it is awaiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<AwaitedView>,
    /// Why it was dropped or reverted.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    /// What happened, in order.
    timeline: Vec<EntryView>,
}

/// Where the chain has an operation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Inclusion")]
struct InclusionView {
    /// The hash under which it was included.
    #[schemars(with = "schema::Hash")]
    user_op_hash: B256,
    /// The bundle's transaction.
    #[schemars(with = "schema::Hash")]
    transaction_hash: B256,
    /// The block.
    #[schemars(with = "schema::Hash")]
    block_hash: B256,
    /// Its number.
    #[schemars(with = "schema::Quantity")]
    block_number: U64,
    /// Whether the calls went through.
    success: bool,
    /// Wei that the wallet or the paymaster paid.
    #[schemars(with = "schema::Quantity")]
    actual_gas_cost: U256,
    /// Gas that was used.
    #[schemars(with = "schema::Quantity")]
    actual_gas_used: U256,
}

/// Why an operation did not succeed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Failure")]
struct FailureView {
    /// A stable word.
    kind: String,
    /// For people.
    message: String,
    /// The rule that a cosigner named.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Data of a revert.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Data>")]
    data: Option<Bytes>,
}

/// One thing that happened to an operation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TimelineEntry")]
struct EntryView {
    /// Milliseconds since the Unix epoch, as a plain number.
    at_ms: u64,
    /// The step: admit, price, sponsor, seal, await, approve, sign, submit, include; or retry, replace, return, reorg, drop.
    step: String,
    /// How long the step took, in milliseconds, as a plain number.
    took_ms: u64,
    /// What there is to say; for sign, what each cosigner saw.
    detail: Value,
}

/// The example in documents.
pub(super) fn example() -> Value {
    json!({
        "id": "order-1",
        "chainId": "0x7a69",
        "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03",
        "entryPoint": "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
        "entryPointVersion": "0.8",
        "stage": "priced",
        "userOperation": {
            "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03", "nonce": "0x0", "callData": "0x",
        },
        "timeline": [
            { "atMs": 1_790_000_000_000_u64, "step": "admit", "tookMs": 1, "detail": {} },
            { "atMs": 1_790_000_000_020_u64, "step": "price", "tookMs": 19, "detail": {} },
        ],
    })
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        Self {
            id: operation.id,
            chain_id: Chain(operation.chain),
            sender: operation.sender,
            entry_point: operation.entry_point,
            entry_point_version: operation.version,
            stage: operation.stage,
            nonce: operation.nonce,
            user_op_hash: operation.user_op_hash,
            user_operation: OperationJson(operation.user_operation),
            inclusion: operation.inclusion.map(InclusionView::from),
            approval: operation.awaiting.map(AwaitedView::from),
            failure: operation.failure.map(FailureView::from),
            timeline: operation.timeline.into_iter().map(EntryView::from).collect(),
        }
    }
}

impl From<Inclusion> for InclusionView {
    fn from(at: Inclusion) -> Self {
        Self {
            user_op_hash: at.user_op_hash,
            transaction_hash: at.transaction_hash,
            block_hash: at.block_hash,
            block_number: U64::from(at.block_number),
            success: at.success,
            actual_gas_cost: at.actual_gas_cost,
            actual_gas_used: at.actual_gas_used,
        }
    }
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        let Failure { kind, message, rule, data } = failure;
        Self { kind, message, rule, data }
    }
}

impl From<TimelineEntry> for EntryView {
    fn from(entry: TimelineEntry) -> Self {
        let TimelineEntry { at_ms, step, took_ms, detail } = entry;
        Self { at_ms, step, took_ms, detail }
    }
}
