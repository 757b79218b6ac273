//! What a caller may ask, in the gateway's own words. The JSON of each method lives in `rpc/`.

use std::sync::Arc;

use alloy::primitives::{Address, Bytes, U256};
use countersign_protocol::IntentKey;
use countersign_userop::{AccountKind, Call, ChainId, EntryPointVersion};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::keys::Scope;
use crate::trace::TraceContext;

/// Who asks: the stable name behind an API key. Wallets and intent ids belong to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Caller {
    name: String,
    scope: Arc<Scope>,
    trace: Option<TraceContext>,
}

impl Caller {
    /// A caller by the name under which its API keys were created, free to do all that is the caller's.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), scope: Arc::default(), trace: None }
    }

    /// The same caller by a key that opens only this.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope: Arc::new(scope), ..self }
    }

    /// The same caller, in this trace.
    #[must_use]
    pub fn traced(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// The trace that the call belongs to, if it came with one.
    pub const fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What of the caller's affairs is open.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl From<String> for Caller {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<Caller> for String {
    fn from(caller: Caller) -> Self {
        caller.name
    }
}

/// A wallet to create: its owner is the child `m/index` of an MPC key.
#[derive(Debug, Clone)]
pub struct CreateWallet {
    /// Name of the MPC key whose child owns the account.
    pub key: String,
    /// Which account contract.
    pub kind: AccountKind,
    /// Which EntryPoint the account answers to.
    pub version: EntryPointVersion,
    /// The chain it lives on.
    pub chain: ChainId,
    /// Distinguishes several accounts of one owner.
    pub salt: U256,
    /// The child to use; the next unused one of the key when absent. Asking twice with the same
    /// index gives the same wallet.
    pub index: Option<u32>,
}

/// A child of an MPC key that signs by itself.
#[derive(Debug, Clone)]
pub struct CreateSigner {
    /// Name of the MPC key.
    pub key: String,
    /// The child; the next that nobody has when absent.
    pub index: Option<u32>,
}

/// Something to sign that is no operation.
#[derive(Debug, Clone)]
pub struct SignRequest {
    /// Whose signature.
    pub signer: CreateSigner,
    /// What.
    pub what: ToSign,
    /// The id of the caller's intent and its signature, for the cosigners.
    pub intent: Option<(String, CallerSignature)>,
}

/// What a child of a key can sign beside operations.
#[derive(Debug, Clone)]
pub enum ToSign {
    /// EIP-712 typed data, as `eth_signTypedData_v4` takes it.
    TypedData(serde_json::Value),
    /// An EIP-191 message.
    Message(Bytes),
    /// An EIP-7702 authorization; `authority` may be left out.
    Authorization(serde_json::Value),
    /// An EIP-1559 transaction; `from` may be left out.
    Transaction(serde_json::Value),
}

/// Which of a caller's wallets to list.
#[derive(Debug, Clone)]
pub struct ListWallets {
    /// Only those of this chain.
    pub chain: Option<ChainId>,
    /// Where the page before ended; the beginning when absent.
    pub cursor: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// Calls that one wallet shall make in one operation (EIP-5792 `wallet_sendCalls`).
#[derive(Debug, Clone)]
pub struct SendCalls {
    /// The caller's name for this intent; one is made up when absent.
    pub id: Option<String>,
    /// The chain the wallet lives on.
    pub chain: ChainId,
    /// The wallet.
    pub from: Address,
    /// The calls, in order, all or nothing.
    pub calls: Vec<Call>,
    /// Who pays.
    pub sponsor: SponsorChoice,
    /// The 192-bit nonce lane; the wallet's default lane when absent.
    pub nonce_key: Option<U256>,
    /// The caller's own signature on the intent, for the cosigners.
    pub signature: Option<CallerSignature>,
}

/// A caller's own signature on id, chain, sender, calls and expiry. The gateway carries it; cosigners verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerSignature {
    /// The last second, since 1970, at which a cosigner may sign.
    pub expiry: u64,
    /// Whose it is.
    pub signer: IntentKey,
    /// The signature.
    pub signature: Bytes,
}

/// An operation that the caller built. What it left out (`nonce`, gas, fees, factory, paymaster)
/// the gateway fills in. What it set stays as it is, but for the fees: an operation that must be
/// replaced under its nonce has to offer more.
#[derive(Debug, Clone)]
pub struct SendUserOperation {
    /// The caller's name for this intent; one is made up when absent.
    pub id: Option<String>,
    /// The chain it is for.
    pub chain: ChainId,
    /// The EntryPoint it is for; its version follows from the configuration.
    pub entry_point: Address,
    /// The operation in ERC-7769's JSON shape, without signature.
    pub op: serde_json::Value,
    /// Who pays, when the operation names no paymaster itself.
    pub sponsor: SponsorChoice,
    /// The caller's own signature on the intent, for the cosigners.
    pub signature: Option<CallerSignature>,
}

/// Who pays for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum SponsorChoice {
    /// What the chain's configuration says: our paymaster where `sponsor.by_default` is set.
    #[default]
    Default,
    /// The account itself.
    Account,
    /// Our own `SponsorPaymaster`.
    Own,
    /// An ERC-7677 paymaster service.
    Service {
        /// Where it answers.
        url: Url,
        /// Passed on as it is.
        context: serde_json::Value,
    },
}

/// EIP-5792's bound on ids, in bytes.
const ID_LIMIT: usize = 4096;

/// Holds an id against the bound. It counts by its bytes: hex digits after 0x stand for half as many.
pub(crate) fn check_id(id: &str) -> Result<(), String> {
    let bytes = match id.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => digits.len().div_ceil(2),
        _ => id.len(),
    };
    if id.is_empty() || bytes > ID_LIMIT {
        return Err(format!("has {bytes} bytes; 1 to {ID_LIMIT} are allowed"));
    }
    Ok(())
}
