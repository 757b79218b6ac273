//! `wallet_`: EIP-5792, version 2.0.0.

mod calls;
pub(super) mod capabilities;
mod status;

use alloy::primitives::Address;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use self::calls::{SendCalls, Sent};
use self::capabilities::Offered;
use self::status::Status;
use super::error::{Code, RpcError};
use super::schema::{self, Chain};
use super::table::{About, Call, Example, Method};
use crate::service;

/// The methods of this namespace.
pub(super) fn methods() -> Vec<Method> {
    vec![get_capabilities_method(), send_calls_method(), get_calls_status_method()]
}

fn get_capabilities_method() -> Method {
    Method::new(
        About {
            name: "wallet_getCapabilities",
            summary: "What a wallet can do, by chain",
            description: "EIP-5792. Chains are keys in hex; a chain that the wallet is not on is left out.",
            params: &["address", "chainIds"],
            result: "capabilities",
            errors: &[],
            example: Example {
                params: json!(["0x5fbe74a283f7954f10aa04c2edf55578811aeb03", ["0x7a69"]]),
                result: json!({ "0x7a69": {
                    "atomic": { "status": "supported" },
                    "paymasterService": { "supported": true },
                    "countersign": { "supported": true },
                } }),
            },
        },
        get_capabilities,
    )
}

fn send_calls_method() -> Method {
    Method::new(
        About {
            name: "wallet_sendCalls",
            summary: "Send calls from a wallet, as one operation",
            description: "EIP-5792, version 2.0.0. Answers as soon as the calls are durably accepted; \
                          `wallet_getCallsStatus` follows them. A wallet's first calls deploy it.",
            params: &["calls"],
            result: "sent",
            errors: &[
                Code::Rejected,
                Code::UnsupportedCapability,
                Code::UnsupportedChain,
                Code::DuplicateId,
                Code::CallsTooLarge,
                Code::AtomicityNotSupported,
            ],
            example: Example {
                params: json!([{
                    "version": "2.0.0",
                    "id": "order-1",
                    "from": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03",
                    "chainId": "0x7a69",
                    "atomicRequired": true,
                    "calls": [
                        { "to": "0x00000000000000000000000000000000000000aa", "value": "0x1" },
                        { "to": "0x00000000000000000000000000000000000000bb", "data": "0x1234" },
                    ],
                    "capabilities": { "countersign": { "sponsor": "own" } },
                }]),
                result: json!({ "id": "order-1" }),
            },
        },
        send_calls,
    )
}

fn get_calls_status_method() -> Method {
    Method::new(
        About {
            name: "wallet_getCallsStatus",
            summary: "Where calls stand",
            description: "EIP-5792. Status numbers: 100 pending, 200 confirmed, 400 failed off chain, 500 reverted.",
            params: &["id"],
            result: "status",
            errors: &[Code::UnknownId],
            example: Example {
                params: json!(["order-1"]),
                result: json!({
                    "version": "2.0.0", "id": "order-1", "chainId": "0x7a69", "status": 100, "atomic": true,
                }),
            },
        },
        get_calls_status,
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CapabilitiesParams {
    /// The wallet.
    #[schemars(with = "schema::Address")]
    address: Address,
    /// The chains to answer for; all when absent.
    chain_ids: Option<Vec<Chain>>,
}

async fn get_capabilities(call: Call, params: CapabilitiesParams) -> Result<Offered, RpcError> {
    let all = call.context.gateway.capabilities(&call.caller, params.address).await?;
    Ok(Offered::new(&all, params.chain_ids.as_deref()))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendCallsParams {
    /// The batch.
    calls: SendCalls,
}

async fn send_calls(call: Call, params: SendCallsParams) -> Result<Sent, RpcError> {
    let batch = params.calls;
    batch.check()?;
    let wishes = capabilities::read(&batch.capabilities, "calls")?;
    let gateway = &call.context.gateway;
    let from = match batch.from {
        Some(from) => from,
        None => gateway.only_wallet(&call.caller, batch.chain_id.0).await?.address,
    };
    if batch.atomic_required {
        must_be_atomic(&call, from, batch.chain_id).await?;
    }
    let request = service::SendCalls {
        chain: batch.chain_id.0,
        from,
        calls: batch.account_calls()?,
        sponsor: wishes.sponsor,
        nonce_key: wishes.nonce_key,
        signature: wishes.signature,
        id: batch.id,
    };
    let sent = gateway.send_calls(&call.caller, request).await?;
    Ok(Sent { id: sent.id })
}

async fn must_be_atomic(call: &Call, wallet: Address, chain: Chain) -> Result<(), RpcError> {
    let all = call.context.gateway.capabilities(&call.caller, wallet).await?;
    match all.get(&chain.0.get()) {
        Some(here) if !here.atomic => {
            let problem = format!("{wallet} cannot run calls atomically");
            Err(RpcError::new(Code::AtomicityNotSupported, problem))
        }
        _ => Ok(()),
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatusParams {
    /// What `wallet_sendCalls` answered.
    id: String,
}

async fn get_calls_status(call: Call, params: StatusParams) -> Result<Status, RpcError> {
    Status::new(call.context.gateway.calls_status(&call.caller, &params.id).await?)
}
