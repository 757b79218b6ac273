//! `countersign_`: wallets, operations that a dapp built itself, timelines, people's approvals, signatures on what is
//! no operation.

mod approval;
mod operation;
mod signature;
mod wallet;

use alloy::primitives::Address;
use countersign_userop::{AccountKind, EntryPointVersion};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use self::approval::AwaitedView;
use self::operation::OperationView;
use self::wallet::{NewWallet, WalletView};
use super::error::{Code, RpcError};
use super::schema::{self, Chain, OperationJson};
use super::table::{About, Call, Example, Method};
use super::wallet::capabilities::{self, Requested, RequestedCapabilities};
use crate::service;

/// The methods of this namespace.
pub(super) fn methods() -> Vec<Method> {
    let own = vec![
        create_wallet_method(),
        get_wallet_method(),
        list_wallets_method(),
        send_user_operation_method(),
        get_operation_method(),
    ];
    [own, approval::methods(), signature::methods()].concat()
}

const WALLET: &str = r#"{
    "address": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03",
    "chainId": "0x7a69",
    "owner": "0x9fce1b1b06d9d4d9a4ef0e0d7e5e0e3c4d2f9a11",
    "key": "treasury",
    "index": 0,
    "salt": "0x0",
    "entryPoint": "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
    "entryPointVersion": "0.8",
    "kind": "countersign",
    "factory": "0x1f1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "implementation": "0x2f1b2c3d4e5f60718293a4b5c6d7e8f901234567"
}"#;

fn wallet_example() -> Value {
    serde_json::from_str(WALLET).expect("the example above is JSON")
}

fn create_wallet_method() -> Method {
    Method::new(
        About {
            name: "countersign_createWallet",
            summary: "Make a wallet, or find the one there is",
            description: "The owner is the child `m/index` of an MPC key, derived by the cosigners, whose answers must \
                          agree. A child belongs, on every chain, to the caller that had it first. Nothing goes on \
                          chain: the address is counterfactual until the wallet's first operation.",
            params: &["wallet"],
            result: "wallet",
            errors: &[Code::Unauthorized, Code::UnsupportedChain, Code::Unavailable],
            example: Example {
                params: json!([{
                    "key": "treasury", "chainId": "0x7a69", "kind": "countersign", "entryPointVersion": "0.8",
                }]),
                result: wallet_example(),
            },
        },
        create_wallet,
    )
}

fn get_wallet_method() -> Method {
    Method::new(
        About {
            name: "countersign_getWallet",
            summary: "One wallet of the caller",
            description: "Wallets belong to the name of the API key that made them.",
            params: &["address", "chainId"],
            result: "wallet",
            errors: &[Code::UnsupportedChain],
            example: Example {
                params: json!(["0x5fbe74a283f7954f10aa04c2edf55578811aeb03", "0x7a69"]),
                result: wallet_example(),
            },
        },
        get_wallet,
    )
}

fn list_wallets_method() -> Method {
    Method::new(
        About {
            name: "countersign_listWallets",
            summary: "The caller's wallets, oldest first",
            description: "Page by page: all of them, or those on one chain.",
            params: &["chainId", "cursor", "limit"],
            result: "page",
            errors: &[],
            example: Example {
                params: json!([null, null, 1]),
                result: json!({ "wallets": [wallet_example()], "cursor": "1" }),
            },
        },
        list_wallets,
    )
}

fn send_user_operation_method() -> Method {
    Method::new(
        About {
            name: "countersign_sendUserOperation",
            summary: "Send an operation that the caller built, without signature",
            description: "What the operation leaves out (nonce, gas, fees, factory, paymaster) is filled in; what it sets \
                          stays as it is, each gas and fee value by itself. But an operation that must be replaced \
                          under its nonce has to offer at least 10 % more: then both fees rise, also those that were \
                          set, up to the configured ceiling. A nonce that is set must be the next one of its lane. The \
                          sender must be a wallet of the caller.",
            params: &["userOperation", "entryPoint", "options"],
            result: "sent",
            errors: &[
                Code::Rejected,
                Code::UnsupportedCapability,
                Code::UnsupportedChain,
                Code::DuplicateId,
                Code::CallsTooLarge,
            ],
            example: Example {
                params: json!([
                    { "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03", "nonce": "0x0", "callData": "0x" },
                    "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
                    { "id": "built-1", "chainId": "0x7a69" },
                ]),
                result: json!({ "id": "built-1" }),
            },
        },
        send_user_operation,
    )
}

fn get_operation_method() -> Method {
    Method::new(
        About {
            name: "countersign_getOperation",
            summary: "An operation with its timeline",
            description: "By the id of `wallet_sendCalls` or `countersign_sendUserOperation`, or by any userOpHash that the \
                          operation ever had. The timeline has the time of each step and what each cosigner saw.",
            params: &["id"],
            result: "operation",
            errors: &[Code::UnknownId],
            example: Example { params: json!(["order-1"]), result: operation::example() },
        },
        get_operation,
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateParams {
    /// What to make.
    wallet: NewWallet,
}

async fn create_wallet(call: Call, params: CreateParams) -> Result<WalletView, RpcError> {
    let ask = params.wallet;
    let request = service::CreateWallet {
        key: ask.key,
        kind: ask.kind.unwrap_or(AccountKind::Countersign),
        version: ask.entry_point_version.unwrap_or(EntryPointVersion::V0_8),
        chain: ask.chain_id.0,
        salt: ask.salt.unwrap_or_default(),
        index: ask.index,
    };
    Ok(call.context.gateway.create_wallet(&call.caller, request).await?.into())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetParams {
    /// The wallet.
    #[schemars(with = "schema::Address")]
    address: Address,
    /// Its chain; the first that is configured when absent.
    chain_id: Option<Chain>,
}

async fn get_wallet(call: Call, params: GetParams) -> Result<WalletView, RpcError> {
    let chain = call.context.chain(&call.caller, params.chain_id)?;
    Ok(call.context.gateway.get_wallet(&call.caller, chain, params.address).await?.into())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListParams {
    /// Only wallets of this chain.
    chain_id: Option<Chain>,
    /// What the page before gave; the beginning when absent.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 when absent.
    limit: Option<u32>,
}

/// How many wallets a page has when nothing is said.
const PAGE: u32 = 100;

/// Some of the caller's wallets.
#[derive(Debug, serde::Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WalletPage")]
struct PageView {
    /// Oldest first.
    wallets: Vec<WalletView>,
    /// What to ask with for those that follow; absent when none do.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

async fn list_wallets(call: Call, params: ListParams) -> Result<PageView, RpcError> {
    let ask = service::ListWallets {
        chain: params.chain_id.map(|chain| chain.0),
        cursor: params.cursor,
        limit: params.limit.unwrap_or(PAGE),
    };
    let page = call.context.gateway.list_wallets(&call.caller, ask).await?;
    let wallets = page.wallets.into_iter().map(WalletView::from).collect();
    Ok(PageView { wallets, cursor: page.cursor })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SendParams {
    /// The operation.
    user_operation: OperationJson,
    /// The EntryPoint it is for.
    #[schemars(with = "schema::Address")]
    entry_point: Address,
    /// What there is to say beside the operation.
    #[serde(default)]
    options: Options,
}

/// What `countersign_sendUserOperation` takes beside the operation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    /// The caller's name for the operation, at most 4096 bytes; one is made up when absent.
    id: Option<String>,
    /// The chain; the first that is configured when absent.
    chain_id: Option<Chain>,
    /// Who pays, as in `wallet_sendCalls`.
    #[serde(default)]
    #[schemars(with = "Option<RequestedCapabilities>")]
    capabilities: Requested,
}

/// Names an operation from now on.
#[derive(Debug, serde::Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SentOperation")]
struct Sent {
    /// The caller's id, or the one that was made up.
    id: String,
}

async fn send_user_operation(call: Call, params: SendParams) -> Result<Sent, RpcError> {
    let SendParams { user_operation, entry_point, options } = params;
    if let Some(id) = &options.id {
        service::check_id(id).map_err(|problem| RpcError::field("options.id", problem))?;
    }
    let wishes = capabilities::read(&options.capabilities, "options")?;
    if wishes.nonce_key.is_some() {
        let problem = "the operation's own nonce says the lane; leave this out";
        return Err(RpcError::field("options.capabilities.countersign.nonceKey", problem));
    }
    let request = service::SendUserOperation {
        id: options.id,
        chain: call.context.chain(&call.caller, options.chain_id)?,
        entry_point,
        op: user_operation.0,
        sponsor: wishes.sponsor,
        signature: wishes.signature,
    };
    let sent = call.context.gateway.send_user_operation(&call.caller, request).await?;
    Ok(Sent { id: sent.id })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OperationParams {
    /// The operation's id, or a userOpHash of it.
    id: String,
}

async fn get_operation(call: Call, params: OperationParams) -> Result<OperationView, RpcError> {
    Ok(call.context.gateway.operation(&call.caller, &params.id).await?.into())
}
