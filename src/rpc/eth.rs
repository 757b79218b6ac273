//! `eth_`: the read methods of ERC-7769. Sending goes by `countersign_sendUserOperation`: operations come unsigned.
//!
//! The standard's parameters, then an optional chain id, for a gateway that serves several chains.

use alloy::primitives::{Address, B256};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Code, RpcError};
use super::schema::{self, Chain, OperationJson};
use super::table::{About, Call, Example, Method};

const HASH: &str = "0x11f2b1e6ad26e0b9c4c1c0f6f0d3b7a94f0f6c9a0d5d1f0b3c6f4a7e2d9c8b5a";
const FROM_BUNDLER: &[Code] = &[Code::UnsupportedChain, Code::Unavailable, Code::Upstream];
const FROM_ESTIMATION: &[Code] = &[
    Code::UnsupportedChain,
    Code::EntryPoint,
    Code::Paymaster,
    Code::Opcode,
    Code::TimeRange,
    Code::Throttled,
    Code::Stake,
    Code::Aggregator,
    Code::Signature,
    Code::PaymasterDeposit,
    Code::Reverted,
    Code::Unavailable,
    Code::Upstream,
];

/// The methods of this namespace.
pub(super) fn methods() -> Vec<Method> {
    vec![
        chain_id_method(),
        supported_entry_points_method(),
        estimate_method(),
        by_hash_method(),
        receipt_method(),
    ]
}

fn chain_id_method() -> Method {
    Method::new(
        About {
            name: "eth_chainId",
            summary: "The chain that is meant when a call names none",
            description: "The first chain that is configured. `wallet_getCapabilities` lists all of a wallet's.",
            params: &[],
            result: "chainId",
            errors: &[],
            example: Example { params: json!([]), result: json!("0x7a69") },
        },
        chain_id,
    )
}

fn supported_entry_points_method() -> Method {
    Method::new(
        About {
            name: "eth_supportedEntryPoints",
            summary: "The EntryPoints that wallets here use",
            description: "ERC-7769.",
            params: &["chainId"],
            result: "entryPoints",
            errors: &[Code::UnsupportedChain],
            example: Example {
                params: json!([]),
                result: json!(["0x4337084d9e255ff0702461cf8895ce9e3b5ff108"]),
            },
        },
        supported_entry_points,
    )
}

fn estimate_method() -> Method {
    Method::new(
        About {
            name: "eth_estimateUserOperationGas",
            summary: "Gas that an operation needs",
            description: "ERC-7769, answered by the bundler. Needs no real signature. The state override helps a wallet \
                          that has no balance yet.",
            params: &["userOperation", "entryPoint", "stateOverride", "chainId"],
            result: "gas",
            errors: FROM_ESTIMATION,
            example: Example {
                params: json!([
                    { "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03", "nonce": "0x0", "callData": "0x" },
                    "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
                ]),
                result: json!({
                    "preVerificationGas": "0xc9f2", "verificationGasLimit": "0x186a0", "callGasLimit": "0x5208",
                }),
            },
        },
        estimate,
    )
}

fn by_hash_method() -> Method {
    Method::new(
        About {
            name: "eth_getUserOperationByHash",
            summary: "An operation that the bundler knows, or null",
            description: "ERC-7769, answered by the bundler. `countersign_getOperation` says more of one's own.",
            params: &["userOpHash", "chainId"],
            result: "userOperation",
            errors: FROM_BUNDLER,
            example: Example { params: json!([HASH]), result: Value::Null },
        },
        by_hash,
    )
}

fn receipt_method() -> Method {
    Method::new(
        About {
            name: "eth_getUserOperationReceipt",
            summary: "The receipt that the bundler has, or null",
            description: "ERC-7769, answered by the bundler, whose word may outlive a reorganisation: \
                          `wallet_getCallsStatus` reads the chain instead.",
            params: &["userOpHash", "chainId"],
            result: "receipt",
            errors: FROM_BUNDLER,
            example: Example { params: json!([HASH]), result: Value::Null },
        },
        receipt,
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoParams {}

async fn chain_id(call: Call, _: NoParams) -> Result<Chain, RpcError> {
    call.context.chain(&call.caller, None).map(Chain)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChainParams {
    /// The chain; the first that is configured when absent.
    chain_id: Option<Chain>,
}

/// EntryPoint addresses.
#[derive(Debug, serde::Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct EntryPoints(#[schemars(with = "Vec<schema::Address>")] Vec<Address>);

async fn supported_entry_points(call: Call, params: ChainParams) -> Result<EntryPoints, RpcError> {
    let chain = call.context.chain(&call.caller, params.chain_id)?;
    Ok(EntryPoints(call.context.gateway.supported_entry_points(chain)?))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EstimateParams {
    /// The operation; gas and fees may be left out.
    user_operation: OperationJson,
    /// The EntryPoint it is for.
    #[schemars(with = "schema::Address")]
    entry_point: Address,
    /// State to pretend during the estimation, as in `eth_call`.
    state_override: Option<Value>,
    /// The chain; the first that is configured when absent.
    chain_id: Option<Chain>,
}

async fn estimate(call: Call, params: EstimateParams) -> Result<Value, RpcError> {
    let chain = call.context.chain(&call.caller, params.chain_id)?;
    let EstimateParams { user_operation, entry_point, state_override, .. } = params;
    let gateway = &call.context.gateway;
    Ok(gateway.estimate_gas(chain, entry_point, user_operation.0, state_override).await?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HashParams {
    /// The operation's hash.
    #[schemars(with = "schema::Hash")]
    user_op_hash: B256,
    /// The chain; the first that is configured when absent.
    chain_id: Option<Chain>,
}

async fn by_hash(call: Call, params: HashParams) -> Result<Value, RpcError> {
    let chain = call.context.chain(&call.caller, params.chain_id)?;
    Ok(call.context.gateway.user_operation_by_hash(chain, params.user_op_hash).await?)
}

async fn receipt(call: Call, params: HashParams) -> Result<Value, RpcError> {
    let chain = call.context.chain(&call.caller, params.chain_id)?;
    Ok(call.context.gateway.user_operation_receipt(chain, params.user_op_hash).await?)
}
