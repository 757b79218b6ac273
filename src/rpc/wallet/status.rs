//! `wallet_getCallsStatus` on the wire: EIP-5792's status numbers and receipts.

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::calls::VERSION;
use crate::rpc::countersign::AwaitedView;
use crate::rpc::error::RpcError;
use crate::rpc::schema::{self, Chain};
use crate::service::{CallsState, CallsStatus, Inclusion};

/// What `wallet_getCallsStatus` answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    /// The version of EIP-5792: "2.0.0".
    version: String,
    /// The batch.
    id: String,
    /// Its chain.
    chain_id: Chain,
    /// 100 pending · 200 confirmed · 400 not on chain, and it will not be · 500 reverted on chain · 600 partly
    /// reverted, which atomic accounts never answer.
    status: u16,
    /// Whether the calls succeed or fail together.
    atomic: bool,
    /// One receipt, once a block has the operation: its calls share one transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipts: Option<Vec<Receipt>>,
    /// `countersign`: the userOpHash once it is known, `approval` while people's approval is awaited and, after a failure, its kind, message and rule.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    capabilities: Map<String, Value>,
}

/// Where the chain has a batch; the logs are those of its own operation alone.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    /// The operation's logs.
    logs: Vec<Log>,
    /// 0x1 for success, 0x0 for a revert.
    #[schemars(with = "schema::Quantity")]
    status: U64,
    /// The block.
    #[schemars(with = "schema::Hash")]
    block_hash: B256,
    /// Its number.
    #[schemars(with = "schema::Quantity")]
    block_number: U64,
    /// Gas that the operation used.
    #[schemars(with = "schema::Quantity")]
    gas_used: U256,
    /// The bundle's transaction.
    #[schemars(with = "schema::Hash")]
    transaction_hash: B256,
}

/// One log.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Log {
    /// Who logged.
    #[schemars(with = "schema::Address")]
    address: Address,
    /// What it said.
    #[schemars(with = "schema::Data")]
    data: Bytes,
    /// Under which topics.
    #[schemars(with = "Vec<schema::Hash>")]
    topics: Vec<B256>,
}

impl Status {
    /// The standard's form of where a batch stands.
    pub(super) fn new(known: CallsStatus) -> Result<Self, RpcError> {
        let mut own = Map::new();
        if let Some(hash) = known.user_op_hash {
            own.insert("userOpHash".to_owned(), json!(hash));
        }
        if let Some(awaited) = known.awaiting {
            own.insert("approval".to_owned(), json!(AwaitedView::from(awaited)));
        }
        if let Some(failure) = &known.failure {
            own.insert("failure".to_owned(), json!(failure));
        }
        let mut capabilities = Map::new();
        if !own.is_empty() {
            capabilities.insert("countersign".to_owned(), Value::Object(own));
        }
        let receipt = known.inclusion.map(Receipt::new).transpose()?;
        Ok(Self {
            version: VERSION.to_owned(),
            id: known.id,
            chain_id: Chain(known.chain),
            status: number(known.state),
            atomic: true,
            receipts: receipt.map(|receipt| vec![receipt]),
            capabilities,
        })
    }
}

impl Receipt {
    fn new(at: Inclusion) -> Result<Self, RpcError> {
        let log = |value: Value| {
            serde_json::from_value::<Log>(value).map_err(|error| RpcError::internal(&error))
        };
        Ok(Self {
            logs: at.logs.into_iter().map(log).collect::<Result<_, _>>()?,
            status: U64::from(u64::from(at.success)),
            block_hash: at.block_hash,
            block_number: U64::from(at.block_number),
            gas_used: at.actual_gas_used,
            transaction_hash: at.transaction_hash,
        })
    }
}

const fn number(state: CallsState) -> u16 {
    match state {
        CallsState::Pending => 100,
        CallsState::Confirmed => 200,
        CallsState::FailedOffChain => 400,
        CallsState::Reverted => 500,
    }
}
