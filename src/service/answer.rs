//! What the gateway answers, before `rpc/` gives it the shape of each method.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use countersign_userop::{AccountKind, AccountSpec, ChainId, EntryPointVersion, SignableKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A smart account that an MPC key owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// The counterfactual address; code appears there with the first operation.
    pub address: Address,
    /// The chain it lives on.
    pub chain: ChainId,
    /// The owner that the cosigners derived: the child `m/index` of `key`.
    pub owner: Address,
    /// Name of the MPC key.
    pub key: String,
    /// The child.
    pub index: u32,
    /// Distinguishes several accounts of one owner.
    pub salt: U256,
    /// The EntryPoint that the account answers to.
    pub entry_point: Address,
    /// The account contract: kind, version, factory, implementation.
    pub account: AccountSpec,
}

/// A child of an MPC key that signs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Name of the MPC key.
    pub key: String,
    /// The child.
    pub index: u32,
    /// Its address.
    pub address: Address,
}

/// A signature on what is no operation, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSignature {
    /// Whose it is.
    pub signer: Address,
    /// The kind of what was signed.
    pub kind: SignableKind,
    /// What was signed.
    pub digest: B256,
    /// `r`, `s` and `v` (27 or 28).
    pub signature: Bytes,
    /// What was signed, in lines for people.
    pub shown: Vec<String>,
    /// A transaction as it is sent.
    pub transaction: Option<Vec<u8>>,
}

/// Some of a caller's wallets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletPage {
    /// Oldest first.
    pub wallets: Vec<Wallet>,
    /// What to ask with for those that follow; `None` when none do.
    pub cursor: Option<String>,
}

/// Names an operation from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// The caller's id, or the one that was made up.
    pub id: String,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StageName {
    /// Admitted: sender and calls are known.
    Draft,
    /// Gas and fees are known.
    Priced,
    /// Nonce and paymaster are known.
    Sponsored,
    /// Final: it has a hash.
    Sealed,
    /// Cosigners will sign it once more people approved.
    Awaiting,
    /// A quorum signed it.
    Signed,
    /// A bundler accepted it.
    Submitted,
    /// It succeeded on chain and has its confirmations.
    Included,
    /// It reverted on chain and has its confirmations.
    Reverted,
    /// It will never be on chain.
    Dropped,
}

/// One operation and its history.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The intent's id.
    pub id: String,
    /// The chain it is for.
    pub chain: ChainId,
    /// The wallet.
    pub sender: Address,
    /// The EntryPoint.
    pub entry_point: Address,
    /// Its version.
    pub version: EntryPointVersion,
    /// Where it stands.
    pub stage: StageName,
    /// The nonce, once reserved.
    pub nonce: Option<U256>,
    /// Known from `Sealed` on.
    pub user_op_hash: Option<B256>,
    /// The operation as it stands, in ERC-7769's shape.
    pub user_operation: Value,
    /// Where the chain has it.
    pub inclusion: Option<Inclusion>,
    /// Which approvals it waits for.
    pub awaiting: Option<AwaitedApproval>,
    /// Why it was dropped or reverted.
    pub failure: Option<Failure>,
    /// What happened, in order.
    pub timeline: Vec<TimelineEntry>,
}

/// What a cosigner still wants to see before it signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingApproval {
    /// Which cosigner.
    pub cosigner: String,
    /// What it said.
    pub message: String,
}

/// What an operation waits for, until when, and who approved so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AwaitedApproval {
    /// What the cosigners miss.
    pub missing: Vec<MissingApproval>,
    /// When the wait ends, in Unix milliseconds.
    pub until_ms: u64,
    /// Whose approvals are there.
    pub approvers: Vec<Address>,
}

/// An operation that waits for people, what they are shown, and what they sign.
#[derive(Debug, Clone)]
pub struct ApprovalRequest {
    /// The intent's id.
    pub id: String,
    /// The chain.
    pub chain: ChainId,
    /// The wallet.
    pub sender: Address,
    /// The operation's hash.
    pub user_op_hash: B256,
    /// What it does, in lines for people.
    pub preview: Vec<String>,
    /// The hash of the preview's canonical form.
    pub preview_hash: B256,
    /// The last second, since 1970, at which an approval of `typed_data` holds.
    pub expiry: u64,
    /// For `eth_signTypedData_v4`.
    pub typed_data: Value,
    /// What it waits for.
    pub awaiting: AwaitedApproval,
}

/// Some of the operations that wait for people.
#[derive(Debug, Clone)]
pub struct ApprovalPage {
    /// Oldest first.
    pub requests: Vec<ApprovalRequest>,
    /// What to ask with for those that follow; `None` when none do.
    pub cursor: Option<String>,
}

/// An approval that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The operation's id.
    pub id: String,
    /// Its hash.
    pub user_op_hash: B256,
    /// Whose approvals are there now.
    pub approvers: Vec<Address>,
}

/// Where the chain has an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inclusion {
    /// The hash under which it was included.
    pub user_op_hash: B256,
    /// The bundle's transaction.
    pub transaction_hash: B256,
    /// The block.
    pub block_hash: B256,
    /// Its number.
    pub block_number: u64,
    /// What the EntryPoint's event says.
    pub success: bool,
    /// Wei that sender or paymaster paid.
    pub actual_gas_cost: U256,
    /// Gas that was used.
    pub actual_gas_used: U256,
    /// Logs of this operation alone.
    pub logs: Vec<Value>,
}

/// Why an operation did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A stable word: `estimation_reverted`, `paymaster_refused`, `signing_refused`, `reverted`…
    pub kind: String,
    /// For people.
    pub message: String,
    /// The rule that a cosigner named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Data of a revert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Bytes>,
}

/// One thing that happened to an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// Unix time in milliseconds.
    pub at_ms: u64,
    /// The step: `admit`, `price`, `sponsor`, `seal`, `await`, `approve`, `sign`, `submit`, `include`, or
    /// what set it back: `retry`, `replace`, `return`, `reorg`, `drop`.
    pub step: String,
    /// How long the step took.
    pub took_ms: u64,
    /// What there is to say; for `sign`, what each cosigner saw.
    pub detail: Value,
}

/// EIP-5792 statuses, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsState {
    /// 100
    Pending,
    /// 200
    Confirmed,
    /// 400: not on chain, and it will not be.
    FailedOffChain,
    /// 500: on chain, reverted completely.
    Reverted,
}

/// Answer to `wallet_getCallsStatus`.
#[derive(Debug, Clone)]
pub struct CallsStatus {
    /// The id that was asked for.
    pub id: String,
    /// The chain.
    pub chain: ChainId,
    /// Where the calls stand.
    pub state: CallsState,
    /// The hash, once known.
    pub user_op_hash: Option<B256>,
    /// Where the chain has it; calls of one operation share one receipt.
    pub inclusion: Option<Inclusion>,
    /// Which approvals they wait for.
    pub awaiting: Option<AwaitedApproval>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// What a wallet can do on one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainCapabilities {
    /// Calls of a batch succeed or fail together.
    pub atomic: bool,
    /// ERC-7677 services and our own paymaster may pay.
    pub paymaster_service: bool,
}

/// Capabilities by chain.
pub type Capabilities = BTreeMap<u64, ChainCapabilities>;

/// Answer of our own paymaster (ERC-7677).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SponsorAnswer {
    /// The version decides between `paymasterAndData` and the separate fields.
    pub version: EntryPointVersion,
    /// The paymaster.
    pub paymaster: Address,
    /// Its data.
    pub data: Bytes,
    /// EntryPoint 0.9: travels outside the hash.
    pub signature: Option<Bytes>,
    /// Gas for its validation.
    pub verification_gas_limit: u128,
    /// Gas for its postOp.
    pub post_op_gas_limit: u128,
    /// Nothing more to ask for.
    pub is_final: bool,
}

/// Whether the gateway can serve, part by part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Every part that is needed answers.
    pub ready: bool,
    /// What each part said.
    pub parts: Vec<PartStatus>,
}

/// One part that the gateway leans on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartStatus {
    /// Which one: `store`, `chain 31337`, `bundler http://…`, `cosigner alice`…
    pub name: String,
    /// It answers as it should.
    pub ok: bool,
    /// What it said.
    pub message: String,
}

/// Which account kinds a chain offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedAccount {
    /// The chain.
    pub chain: ChainId,
    /// The kind.
    pub kind: AccountKind,
    /// The EntryPoint version.
    pub version: EntryPointVersion,
}
