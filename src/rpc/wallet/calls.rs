//! `wallet_sendCalls` on the wire: reading the batch, and refusing what cannot be done before anything begins.

use alloy::primitives::{Address, Bytes, U256};
use countersign_userop::Call as AccountCall;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capabilities::{self, Requested, RequestedCapabilities};
use crate::rpc::error::{Code, RpcError};
use crate::rpc::schema::{self, Chain};
use crate::service::check_id;

/// The version of EIP-5792 that is spoken here.
pub(super) const VERSION: &str = "2.0.0";
/// How many calls one batch may have.
const CALLS_LIMIT: usize = 256;

/// The batch that `wallet_sendCalls` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SendCalls {
    /// The version of EIP-5792: "2.0.0".
    pub(super) version: String,
    /// The caller's name for the batch, at most 4096 bytes; one is made up when absent. Sending the same batch
    /// again under the same id gives the same answer and sends nothing twice.
    pub(super) id: Option<String>,
    /// The wallet; may be left out when the caller has exactly one on the chain.
    #[schemars(with = "Option<schema::Address>")]
    pub(super) from: Option<Address>,
    /// The chain of all calls.
    pub(super) chain_id: Chain,
    /// Whether the calls must succeed or fail together. Here they always do.
    pub(super) atomic_required: bool,
    /// The calls, in order.
    pub(super) calls: Vec<WireCall>,
    /// What the batch asks for beside its calls, by capability.
    #[serde(default)]
    #[schemars(with = "Option<RequestedCapabilities>")]
    pub(super) capabilities: Requested,
}

/// One call of a batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireCall {
    /// Whom to call.
    #[schemars(with = "Option<schema::Address>")]
    to: Option<Address>,
    /// The call data.
    #[serde(default)]
    #[schemars(with = "Option<schema::Data>")]
    data: Bytes,
    /// Wei to send along.
    #[serde(default)]
    #[schemars(with = "Option<schema::Quantity>")]
    value: U256,
    /// What this call asks for, by capability.
    #[serde(default)]
    capabilities: Requested,
}

/// What `wallet_sendCalls` answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Sent {
    /// Names the batch from now on.
    pub(super) id: String,
}

impl SendCalls {
    /// Holds the batch against the standard's rules and this server's bounds.
    pub(super) fn check(&self) -> Result<(), RpcError> {
        if self.version != VERSION {
            let problem = format!("{:?} is not spoken here, {VERSION:?} is", self.version);
            return Err(RpcError::field("calls.version", problem));
        }
        if let Some(id) = &self.id {
            check_id(id).map_err(|problem| RpcError::field("calls.id", problem))?;
        }
        if self.calls.is_empty() {
            return Err(RpcError::field("calls.calls", "needs at least one call"));
        }
        if self.calls.len() > CALLS_LIMIT {
            let problem = format!("{} calls; at most {CALLS_LIMIT} go at once", self.calls.len());
            return Err(RpcError::new(Code::CallsTooLarge, problem));
        }
        for (index, call) in self.calls.iter().enumerate() {
            let path = format!("calls.calls[{index}]");
            capabilities::refuse_unknown(&call.capabilities, &[], &path)?;
        }
        Ok(())
    }

    /// The calls as the account makes them.
    pub(super) fn account_calls(&self) -> Result<Vec<AccountCall>, RpcError> {
        let read = |(index, call): (usize, &WireCall)| {
            let to = call.to.ok_or_else(|| {
                let problem = "missing; an account deploys code by calling a deployer contract";
                RpcError::field(&format!("calls.calls[{index}].to"), problem)
            })?;
            Ok(AccountCall { to, value: call.value, data: call.data.clone() })
        };
        self.calls.iter().enumerate().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use countersign_userop::ordered;

    fn batch(change: impl FnOnce(&mut Value)) -> Result<SendCalls, RpcError> {
        let mut batch = json!({
            "version": "2.0.0", "chainId": "0x7a69", "atomicRequired": true,
            "calls": [{ "to": "0x00000000000000000000000000000000000000aa", "value": "0x1" }],
        });
        change(&mut batch);
        let read: SendCalls = serde_json::from_value(batch).unwrap();
        read.check()?;
        read.account_calls()?;
        Ok(read)
    }

    fn must_refuse(change: impl FnOnce(&mut Value)) -> String {
        ordered(&batch(change).unwrap_err().to_response()["error"]).to_string()
    }

    #[test]
    fn an_id_counts_by_bytes_and_hex_digits_by_two() {
        assert!(batch(|b| b["id"] = json!("x".repeat(4096))).is_ok());
        assert!(batch(|b| b["id"] = json!("x".repeat(4097))).is_err());
        assert!(batch(|b| b["id"] = json!(format!("0x{}", "a".repeat(8192)))).is_ok());
        assert!(batch(|b| b["id"] = json!(format!("0x{}", "a".repeat(8193)))).is_err());
        assert!(batch(|b| b["id"] = json!("")).is_err());
    }

    #[test]
    fn each_refusal_names_its_field() {
        insta::assert_snapshot!(
            [
                must_refuse(|b| b["version"] = json!("1.0")),
                must_refuse(|b| b["calls"] = json!([])),
                must_refuse(|b| b["calls"] = vec![b["calls"][0].clone(); 257].into()),
                must_refuse(|b| b["calls"][0] = json!({ "data": "0x6080" })),
                must_refuse(|b| b["calls"][0]["capabilities"] = json!({ "gas": {} })),
            ]
            .join("\n")
        );
    }

    #[test]
    fn an_unknown_capability_that_is_optional_does_no_harm() {
        assert!(
            batch(|b| b["calls"][0]["capabilities"] = json!({ "gas": { "optional": true } }))
                .is_ok()
        );
    }
}
