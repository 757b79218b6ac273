//! `pm_`: ERC-7677 for our own paymaster, for operations that others build and sign.

use alloy::primitives::{Address, Bytes, U128};
use countersign_userop::EntryPointVersion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{Code, RpcError};
use super::schema::{self, Chain, OperationJson};
use super::table::{About, Call, Example, Method};
use crate::service::SponsorAnswer;

const PARAMS: &[&str] = &["userOperation", "entryPoint", "chainId", "context"];

/// The methods of this namespace.
pub(super) fn methods() -> Vec<Method> {
    vec![
        Method::new(
            About {
                name: "pm_getPaymasterStubData",
                summary: "Paymaster fields to estimate gas with",
                description: "ERC-7677. Well formed, as long as the real ones, signed by nobody.",
                params: PARAMS,
                result: "fields",
                errors: &[Code::UnsupportedChain, Code::NoSponsor],
                example: example(Some(false)),
            },
            stub_data,
        ),
        Method::new(
            About {
                name: "pm_getPaymasterData",
                summary: "Paymaster fields, approved by a quorum",
                description: "ERC-7677. Approves the operation as it is given: change nothing but the account's signature \
                              after it. The approval ends with its time window.",
                params: PARAMS,
                result: "fields",
                errors: &[
                    Code::Rejected,
                    Code::UnsupportedChain,
                    Code::NoSponsor,
                    Code::Unavailable,
                ],
                example: example(None),
            },
            data,
        ),
    ]
}

fn example(is_final: Option<bool>) -> Example {
    let mut result = json!({
        "paymaster": "0x3f1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "paymasterData": "0x0000ffffffff000000000000",
        "paymasterVerificationGasLimit": "0xea60",
        "paymasterPostOpGasLimit": "0x0",
    });
    if let Some(is_final) = is_final {
        result["isFinal"] = json!(is_final);
    }
    Example {
        params: json!([
            {
                "sender": "0x5fbe74a283f7954f10aa04c2edf55578811aeb03", "nonce": "0x0", "callData": "0x",
                "callGasLimit": "0x5208", "verificationGasLimit": "0x186a0", "preVerificationGas": "0xc9f2",
                "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x5f5e100",
            },
            "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
            "0x7a69",
            {},
        ]),
        result,
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SponsorParams {
    /// The operation, without paymaster and signature.
    user_operation: OperationJson,
    /// The EntryPoint it is for.
    #[schemars(with = "schema::Address")]
    entry_point: Address,
    /// The chain it is for.
    chain_id: Chain,
    /// Not used by our paymaster.
    #[serde(default, rename = "context")]
    #[schemars(rename = "context", with = "Option<Map<String, Value>>")]
    _context: Option<Map<String, Value>>,
}

async fn stub_data(call: Call, params: SponsorParams) -> Result<Fields, RpcError> {
    let SponsorParams { user_operation, entry_point, chain_id, .. } = params;
    let gateway = &call.context.gateway;
    let answer =
        gateway.sponsor_stub(&call.caller, chain_id.0, entry_point, user_operation.0).await?;
    let is_final = Some(answer.is_final);
    Ok(Fields { is_final, ..Fields::from(answer) })
}

async fn data(call: Call, params: SponsorParams) -> Result<Fields, RpcError> {
    let SponsorParams { user_operation, entry_point, chain_id, .. } = params;
    let gateway = &call.context.gateway;
    let answer =
        gateway.sponsor_data(&call.caller, chain_id.0, entry_point, user_operation.0).await?;
    Ok(Fields::from(answer))
}

/// An operation's paymaster fields: `paymasterAndData` for EntryPoint 0.6, the separate ones for later versions.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymasterFields")]
struct Fields {
    /// EntryPoint 0.6: address and data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Data>")]
    paymaster_and_data: Option<Bytes>,
    /// The paymaster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Address>")]
    paymaster: Option<Address>,
    /// What it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Data>")]
    paymaster_data: Option<Bytes>,
    /// EntryPoint 0.9: the approval, outside the operation's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Data>")]
    paymaster_signature: Option<Bytes>,
    /// Gas for its validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Quantity>")]
    paymaster_verification_gas_limit: Option<U128>,
    /// Gas for its postOp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Quantity>")]
    paymaster_post_op_gas_limit: Option<U128>,
    /// Of stub data: whether they are the real ones already.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_final: Option<bool>,
}

impl From<SponsorAnswer> for Fields {
    fn from(answer: SponsorAnswer) -> Self {
        if answer.version == EntryPointVersion::V0_6 {
            let joined = [answer.paymaster.as_slice(), &answer.data].concat();
            return Self { paymaster_and_data: Some(joined.into()), ..Self::default() };
        }
        Self {
            paymaster: Some(answer.paymaster),
            paymaster_data: Some(answer.data),
            paymaster_signature: answer.signature,
            paymaster_verification_gas_limit: Some(U128::from(answer.verification_gas_limit)),
            paymaster_post_op_gas_limit: Some(U128::from(answer.post_op_gas_limit)),
            ..Self::default()
        }
    }
}
