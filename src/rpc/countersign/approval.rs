//! People's approvals on the wire.

use alloy::primitives::{Address, B256, Bytes};
use countersign_protocol::SignedApproval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rpc::error::{Code, RpcError};
use crate::rpc::schema::{self, Chain};
use crate::rpc::table::{About, Call, Example, Method};
use crate::service::{ApprovalRequest, AwaitedApproval, MissingApproval};

/// The methods about approvals.
pub(super) fn methods() -> Vec<Method> {
    vec![list_method(), get_method(), send_method()]
}

fn list_method() -> Method {
    Method::new(
        About {
            name: "countersign_listPendingApprovals",
            summary: "The caller's operations that wait for people's approval",
            description: "Oldest first, page by page. An operation waits when the cosigners would sign it if more people \
                          approved; it holds up no other operation of its wallet, except one that needs the account \
                          that it deploys.",
            params: &["cursor"],
            result: "page",
            errors: &[],
            example: Example {
                params: json!([]),
                result: json!({ "requests": [request_example()] }),
            },
        },
        list,
    )
}

fn get_method() -> Method {
    Method::new(
        About {
            name: "countersign_getApprovalRequest",
            summary: "What a person is shown of an operation, and what they sign",
            description: "By the operation's id or userOpHash. `typedData` goes to `eth_signTypedData_v4` of a wallet as \
                          it is. Cosigners compute the hash of the operation and of the preview themselves: an \
                          approval of anything else does not hold.",
            params: &["id", "expiry"],
            result: "request",
            errors: &[Code::UnknownId, Code::NotAwaiting],
            example: Example { params: json!(["order-1"]), result: request_example() },
        },
        get,
    )
}

fn send_method() -> Method {
    Method::new(
        About {
            name: "countersign_sendApproval",
            summary: "Hand in a person's approval",
            description: "It is checked against the operation, its preview, the chain and the time, and kept; then the \
                          cosigners are asked again with all approvals that are there. Of one person the approval that \
                          holds longest counts. `data.reason` of a refusal is `chain`, `operation`, `preview`, \
                          `expired` or `signature`. Whoever asked for the operation does not count, and the cosigners \
                          see to that.",
            params: &["approval", "id"],
            result: "taken",
            errors: &[
                Code::UnknownId,
                Code::NotAwaiting,
                Code::ApprovalRefused,
                Code::CallsTooLarge,
            ],
            example: Example {
                params: json!([{
                    "approver": APPROVER, "chainId": "0x7a69", "userOpHash": HASH, "preview": PREVIEW,
                    "expiry": 1_790_003_600, "signature": format!("0x{}", "1b".repeat(65)),
                }]),
                result: json!({ "id": "order-1", "userOpHash": HASH, "approvers": [APPROVER] }),
            },
        },
        send,
    )
}

const APPROVER: &str = "0x00000000000000000000000000000000000000cc";
const HASH: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";
const PREVIEW: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

fn request_example() -> Value {
    json!({
        "id": "order-1",
        "chainId": "0x7a69",
        "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03",
        "userOpHash": HASH,
        "preview": ["send 2 ETH to 0x00000000000000000000000000000000000000aa"],
        "previewHash": PREVIEW,
        "expiry": 1_790_003_600,
        "typedData": {},
        "approval": awaited_example(),
    })
}

/// What an operation waits for, as the documents show it.
fn awaited_example() -> Value {
    json!({
        "missing": [
            { "cosigner": "cosigner-1", "message": "needs the approval of treasurers:2" },
        ],
        "untilMs": 1_790_086_400_000_u64,
        "approvers": [],
    })
}

/// What an operation waits for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AwaitedApproval")]
pub(in crate::rpc) struct AwaitedView {
    /// What each cosigner that was asked misses.
    missing: Vec<MissingView>,
    /// When the wait ends, in milliseconds since the Unix epoch, as a plain number.
    until_ms: u64,
    /// Whose approvals are there.
    #[schemars(with = "Vec<schema::Address>")]
    approvers: Vec<Address>,
}

/// What one cosigner misses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MissingApproval")]
struct MissingView {
    /// The cosigner.
    cosigner: String,
    /// What it said.
    message: String,
}

/// An operation that waits for people, and what they sign.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApprovalRequest")]
struct RequestView {
    /// What the operation is called here.
    id: String,
    /// The chain.
    chain_id: Chain,
    /// The wallet.
    #[schemars(with = "schema::Address")]
    sender: Address,
    /// The operation.
    #[schemars(with = "schema::Hash")]
    user_op_hash: B256,
    /// What it does, in lines for people.
    preview: Vec<String>,
    /// The hash of the preview's canonical form.
    #[schemars(with = "schema::Hash")]
    preview_hash: B256,
    /// The last second, since 1970, at which an approval of this typed data holds.
    expiry: u64,
    /// For `eth_signTypedData_v4`.
    typed_data: Value,
    /// What it waits for.
    approval: AwaitedView,
}

/// Operations that wait.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ApprovalPage")]
struct PageView {
    /// Oldest first.
    requests: Vec<RequestView>,
    /// What to ask with for those that follow; absent when none do.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A person's signature on the typed data of an approval request, with what they signed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Approval")]
struct ApprovalEntry {
    /// Who approves.
    #[schemars(with = "schema::Address")]
    approver: Address,
    /// The chain.
    chain_id: Chain,
    /// The operation.
    #[schemars(with = "schema::Hash")]
    user_op_hash: B256,
    /// The hash of the preview that was shown.
    #[schemars(with = "schema::Hash")]
    preview: B256,
    /// The last second, since 1970, at which it holds.
    expiry: u64,
    /// `r`, `s` and `v`.
    #[schemars(with = "schema::Data")]
    signature: Bytes,
}

/// What became of an approval.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TakenApproval")]
struct TakenView {
    /// What the operation is called here.
    id: String,
    /// The operation.
    #[schemars(with = "schema::Hash")]
    user_op_hash: B256,
    /// Whose approvals are there now.
    #[schemars(with = "Vec<schema::Address>")]
    approvers: Vec<Address>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Where the page before ended.
    cursor: Option<String>,
}

async fn list(call: Call, params: ListParams) -> Result<PageView, RpcError> {
    let gateway = &call.context.gateway;
    let page = gateway.pending_approvals(&call.caller, params.cursor.as_deref()).await?;
    let requests = page.requests.into_iter().map(RequestView::from).collect();
    Ok(PageView { requests, cursor: page.cursor })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetParams {
    /// The operation's id, or its userOpHash.
    id: String,
    /// The last second, since 1970, at which the approval shall hold; an hour from now when absent.
    expiry: Option<u64>,
}

async fn get(call: Call, params: GetParams) -> Result<RequestView, RpcError> {
    let gateway = &call.context.gateway;
    Ok(gateway.approval_request(&call.caller, &params.id, params.expiry).await?.into())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendParams {
    /// The approval.
    approval: ApprovalEntry,
    /// The operation that it is meant for; found by the approval's own userOpHash when absent.
    id: Option<String>,
}

async fn send(call: Call, params: SendParams) -> Result<TakenView, RpcError> {
    let ApprovalEntry { approver, chain_id, user_op_hash, preview, expiry, signature } =
        params.approval;
    let chain_id = chain_id.0;
    let approval = SignedApproval { approver, chain_id, user_op_hash, preview, expiry, signature };
    let gateway = &call.context.gateway;
    let taken = gateway.send_approval(&call.caller, params.id.as_deref(), approval).await?;
    let (id, user_op_hash, approvers) = (taken.id, taken.user_op_hash, taken.approvers);
    Ok(TakenView { id, user_op_hash, approvers })
}

impl From<ApprovalRequest> for RequestView {
    fn from(request: ApprovalRequest) -> Self {
        Self {
            id: request.id,
            chain_id: Chain(request.chain),
            sender: request.sender,
            user_op_hash: request.user_op_hash,
            preview: request.preview,
            preview_hash: request.preview_hash,
            expiry: request.expiry,
            typed_data: request.typed_data,
            approval: request.awaiting.into(),
        }
    }
}

impl From<AwaitedApproval> for AwaitedView {
    fn from(awaited: AwaitedApproval) -> Self {
        let AwaitedApproval { missing, until_ms, approvers } = awaited;
        let missing = missing.into_iter().map(MissingView::from).collect();
        Self { missing, until_ms, approvers }
    }
}

impl From<MissingApproval> for MissingView {
    fn from(missing: MissingApproval) -> Self {
        let MissingApproval { cosigner, message } = missing;
        Self { cosigner, message }
    }
}
