//! What a caller is told when a call fails: the one place with JSON-RPC codes.
//!
//! A caller's mistake names the field and the way out. Our own failures name nothing but an opaque id; the log has
//! the rest under the same id.

use std::borrow::Cow;
use std::error::Error;

use countersign_protocol::ApprovalError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

use super::throttle::seconds;
use crate::keys::Denied;
use crate::service::ServiceError;

/// One line of the catalogue in docs/API.md.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) code: Code,
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) remedy: &'static str,
}

macro_rules! catalogue {
    ($($code:ident = $number:literal, $meaning:literal, $remedy:literal;)*) => {
        /// Every code that this server answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code { $($code),* }

        impl Code {
            /// The number on the wire.
            pub(crate) const fn number(self) -> i32 {
                match self { $(Self::$code => $number),* }
            }

            /// The code's line in the catalogue.
            pub(crate) const fn entry(self) -> &'static Entry {
                &CATALOGUE[self as usize]
            }
        }

        /// Each code once, in the order of [`Code`].
        pub(crate) const CATALOGUE: &[Entry] = &[$(Entry {
            code: Code::$code,
            name: stringify!($code),
            meaning: $meaning,
            remedy: $remedy,
        }),*];
    };
}

catalogue! {
    Parse = -32700, "the body is not JSON", "send one JSON-RPC 2.0 object, or an array of them";
    InvalidRequest = -32600, "JSON, but no JSON-RPC 2.0 request", "give `jsonrpc`, `id`, `method` and `params`";
    MethodNotFound = -32601, "there is no such method", "`rpc.discover` lists the methods";
    InvalidParams = -32602, "a parameter is missing, unknown or malformed", "the message names the field and what it takes";
    Internal = -32603, "the server failed", "retry a read; for the rest ask for the status first. The operator finds the details in the log under `data.errorId`";
    EntryPoint = -32500, "the EntryPoint refused the operation (AAxx)", "the message carries the AA code: AA1x factory, AA2x account, AA3x paymaster";
    Paymaster = -32501, "the paymaster refused the operation", "check the paymaster's policy, or send without it";
    Opcode = -32502, "validation broke an ERC-7562 rule", "use an account and paymaster that obey the rules";
    TimeRange = -32503, "the account's or paymaster's time range is over, or has not begun", "send again: the approval is made anew";
    Throttled = -32504, "an entity of the operation is throttled or banned by the bundler", "wait, or use another bundler";
    Stake = -32505, "an entity's stake or unstake delay is too low", "stake the paymaster or factory";
    Aggregator = -32506, "the bundler does not support the aggregator", "use an account without one";
    Signature = -32507, "the account did not accept the signature", "report it: signatures are checked before they are sent";
    PaymasterDeposit = -32508, "the paymaster's deposit does not cover its pending operations", "top up the paymaster's deposit";
    Reverted = -32521, "the operation's own calls revert", "the message carries the decoded reason; correct the calls";
    LimitExceeded = -32005, "calls of this caller, to this method or about this wallet come too often", "come again after `data.retryAfterS` seconds, which HTTP says in `Retry-After` beside 429";
    Unavailable = -32050, "a part that this call needs (node, bundler, paymaster or quorum) does not answer", "retry later; `/health/ready` says when it is back";
    Deadline = -32053, "the call took too long", "ask for the status before sending again: work that began goes on";
    NoSponsor = -32054, "no paymaster of ours is configured for this chain and EntryPoint", "pay from the account, or name a `paymasterService`";
    Upstream = -32055, "bundler, paymaster service or node failed with a code of its own", "`data.code` and the message are theirs";
    NotAwaiting = -32056, "the operation does not wait for approval", "`countersign_getOperation` says where it stands";
    ApprovalRefused = -32057, "the approval does not hold for the operation", "`data.reason` says what does not fit; sign the typed data of `countersign_getApprovalRequest`";
    RequestTooLarge = -32007, "the request is larger than the server reads", "send fewer or smaller calls";
    ResponseTooLarge = -32008, "the answer is larger than the server sends", "ask for less at once";
    BatchTooLarge = -32010, "the batch has more calls than the server takes", "split the batch";
    Rejected = 4001, "a cosigner's rules refuse the request", "the message names the rule";
    Unauthorized = 4100, "no valid API key, the key is not for this method, chain or wallet, or the account belongs to another caller", "send `Authorization: Bearer csk_…` with a key of `countersign key create`";
    UnsupportedCapability = 5700, "a capability that is not marked optional is not supported here", "mark it `optional: true`, or leave it out; `wallet_getCapabilities` lists what is supported";
    UnsupportedChain = 5710, "the chain is not configured", "`wallet_getCapabilities` lists the chains";
    DuplicateId = 5720, "the id was used before, for other calls", "choose a new id; the same id with the same calls gives the first answer";
    UnknownId = 5730, "no calls of this caller have this id", "use the id that `wallet_sendCalls` answered";
    CallsTooLarge = 5740, "more or larger calls than are taken at once", "split them over several ids";
    AtomicUpgradeRejected = 5750, "the account was not upgraded to run calls atomically", "accounts here are atomic from the start; create a wallet";
    AtomicityNotSupported = 5760, "the account cannot run these calls atomically", "send one call at a time, or use a wallet of another kind";
}

/// A failed call.
#[derive(Debug)]
pub(crate) struct RpcError {
    code: Code,
    message: Cow<'static, str>,
    data: Option<Value>,
}

impl RpcError {
    /// A failure with this code; the message says what happened.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// A field that does not hold what it should.
    pub(crate) fn field(path: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParams, format!("{path}: {problem}"))
            .with_data(json!({ "field": path }))
    }

    /// Our own failure: the caller gets an id, the log the chain of causes under it.
    pub(crate) fn internal(error: &(dyn Error + 'static)) -> Self {
        let id = hex::encode(rand::random::<[u8; 8]>());
        tracing::error!(error_id = %id, error = %chain(error), "call failed");
        Self::new(Code::Internal, "internal error").with_data(json!({ "errorId": id }))
    }

    /// What a bundler, paymaster or node said: under the standard's codes as it is, under ours when it is its own.
    fn upstream(code: i64, message: String, data: Option<Value>) -> Self {
        let standard = CATALOGUE.iter().map(|entry| entry.code).find(|known| {
            let passes = (Code::EntryPoint..=Code::Reverted).contains(known);
            i64::from(known.number()) == code && (passes || *known == Code::InvalidParams)
        });
        match (standard, data) {
            (Some(code), None) => Self::new(code, message),
            (Some(code), Some(data)) => Self::new(code, message).with_data(data),
            (None, data) => {
                Self::new(Code::Upstream, message).with_data(json!({ "code": code, "data": data }))
            }
        }
    }

    /// Adds what a program can act on.
    pub(crate) fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// After how many seconds the same call may be made, if it came too soon.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        let data = self.data.as_ref().filter(|_| self.code == Code::LimitExceeded)?;
        data["retryAfterS"].as_u64()
    }

    /// The failure's code.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The body of an answer that refuses a whole HTTP request, which has no id yet.
    pub(crate) fn to_response(&self) -> Value {
        let mut error = json!({ "code": self.code.number(), "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        json!({ "jsonrpc": "2.0", "id": null, "error": error })
    }
}

impl From<Denied> for RpcError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => Self::internal(&error),
            Denied::Scope(error) => Self::internal(&error),
            // One answer for all: a caller learns nothing about which keys exist.
            _ => Self::new(Code::Unauthorized, "unknown, expired or revoked API key"),
        }
    }
}

impl From<ServiceError> for RpcError {
    fn from(error: ServiceError) -> Self {
        let text = error.to_string();
        match error {
            ServiceError::UnknownWallet(address) => {
                Self::new(Code::Unauthorized, text).with_data(json!({ "address": address }))
            }
            ServiceError::ForeignChild { index, .. } => {
                Self::new(Code::Unauthorized, text).with_data(json!({ "index": index }))
            }
            ServiceError::OutOfScope(_) => Self::new(Code::Unauthorized, text),
            ServiceError::NotAtomic(_) => Self::new(Code::AtomicityNotSupported, text),
            ServiceError::UnknownId(_) => Self::new(Code::UnknownId, text),
            ServiceError::DuplicateId(_) => Self::new(Code::DuplicateId, text),
            ServiceError::UnsupportedChain(_) => Self::new(Code::UnsupportedChain, text),
            ServiceError::UnsupportedEntryPoint(_) => Self::field("entryPoint", text),
            ServiceError::UnsupportedAccount { .. } => Self::field("kind", text),
            ServiceError::Invalid { field, message } => Self::field(&field, message),
            ServiceError::TooLarge(_) => Self::new(Code::CallsTooLarge, text),
            ServiceError::NotAwaiting { .. } => Self::new(Code::NotAwaiting, text),
            ServiceError::Approval(error) => Self::new(Code::ApprovalRefused, text)
                .with_data(json!({ "reason": reason(&error) })),
            ServiceError::NoSponsor => Self::new(Code::NoSponsor, text),
            ServiceError::Refused { rule, .. } => {
                Self::new(Code::Rejected, text).with_data(json!({ "rule": rule }))
            }
            ServiceError::Unavailable(_)
            | ServiceError::QuorumUnavailable(_)
            | ServiceError::ShuttingDown => Self::new(Code::Unavailable, text),
            ServiceError::Throttled(throttled) => Self::new(Code::LimitExceeded, text).with_data(
                json!({ "retryAfterS": seconds(throttled.again_in), "of": throttled.of }),
            ),
            ServiceError::Upstream { code, message, data } => Self::upstream(code, message, data),
            ServiceError::Reverted { reason, data } => {
                Self::new(Code::Reverted, text).with_data(json!({ "reason": reason, "data": data }))
            }
            error => Self::internal(&error),
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        Self::owned(error.code.number(), error.message, error.data)
    }
}

/// What does not fit about an approval, in a stable word.
const fn reason(error: &ApprovalError) -> &'static str {
    match error {
        ApprovalError::Chain { .. } => "chain",
        ApprovalError::Operation { .. } => "operation",
        ApprovalError::Preview { .. } => "preview",
        ApprovalError::Expired { .. } => "expired",
        _ => "signature",
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes_is_as_published() {
        let table: String = CATALOGUE
            .iter()
            .map(|e| format!("{:>6} {:<22} {}\n", e.code.number(), e.name, e.meaning))
            .collect();
        insta::assert_snapshot!(table);
    }

    #[test]
    fn no_number_stands_for_two_codes() {
        let mut numbers: Vec<_> = CATALOGUE.iter().map(|e| e.code.number()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), CATALOGUE.len());
    }

    #[test]
    fn a_bundlers_word_on_fields_keeps_its_code_and_its_own_codes_are_wrapped() {
        let told = |code| {
            let error = ServiceError::Upstream { code, message: "sender".into(), data: None };
            RpcError::from(error).to_response()["error"].clone()
        };
        assert_eq!(told(-32_602)["code"], -32_602);
        assert_eq!(told(-32_500)["code"], -32_500);
        assert_eq!(
            (&told(-32_601)["code"], &told(-32_601)["data"]["code"]),
            (&json!(-32_055), &json!(-32_601))
        );
    }

    #[test]
    fn an_internal_failure_tells_the_caller_an_id_and_nothing_else() {
        let secret = std::io::Error::other("password is hunter2");
        let answer = RpcError::internal(&secret).to_response();
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        assert_eq!(answer["error"]["data"]["errorId"].as_str().map(str::len), Some(16));
    }
}
