//! Signatures on what is no operation: typed data, messages, authorizations, transactions.

use alloy::primitives::{Address, B256, Bytes};
use countersign_userop::SignableKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::rpc::error::{Code, RpcError};
use crate::rpc::schema::{self, Chain};
use crate::rpc::table::{About, Call, Example, Method};
use crate::rpc::wallet::capabilities::{self, IntentEntry};
use crate::service::{self, CreateSigner, GivenSignature, SignRequest, ToSign};

const ERRORS: &[Code] = &[Code::Rejected, Code::Unauthorized, Code::Unavailable];
const SIGNER: &str = "0x9fce1b1b06d9d4d9a4ef0e0d7e5e0e3c4d2f9a11";
const SIGNATURE: &str = "0x2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a\
                         1f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a2f2c1b0a1b";

/// The methods of this file.
pub(super) fn methods() -> Vec<Method> {
    vec![
        create_signer_method(),
        sign_typed_data_method(),
        sign_message_method(),
        sign_authorization_method(),
        sign_transaction_method(),
    ]
}

fn create_signer_method() -> Method {
    Method::new(
        About {
            name: "countersign_createSigner",
            summary: "Take a child of a key that signs by itself, or find it",
            description: "The child `m/index` of an MPC key, as a plain account. Keys of the purpose `plain` are for this; a \
                          key that owns smart accounts signs so only what the cosigners' policies grant by name. A child \
                          belongs, on every chain, to the caller that had it first.",
            params: &["signer"],
            result: "signer",
            errors: ERRORS,
            example: Example {
                params: json!([{ "key": "purse" }]),
                result: json!({ "key": "purse", "index": 0, "address": SIGNER }),
            },
        },
        create_signer,
    )
}

fn sign_typed_data_method() -> Method {
    let typed = json!({
        "types": { "Mail": [{ "name": "words", "type": "string" }] },
        "primaryType": "Mail",
        "domain": { "name": "Post", "chainId": 31_337 },
        "message": { "words": "hello" },
    });
    Method::new(
        About {
            name: "countersign_signTypedData",
            summary: "Sign EIP-712 typed data",
            description: "As `eth_signTypedData_v4` takes it. The domain's type follows from the domain's own members. \
                          Cosigners count permits as approvals, and refuse domains of EntryPoints, of smart accounts and \
                          of ours. The same request again gives a signature of the same digest.",
            params: &["signer", "typedData", "id", "intent"],
            result: "signature",
            errors: ERRORS,
            example: Example {
                params: json!([{ "key": "purse", "index": 0 }, typed]),
                result: example(
                    "typedData",
                    &["typed data Mail on chain 31337", "for \"Post\"", "  words: \"hello\""],
                ),
            },
        },
        sign_typed_data,
    )
}

fn sign_message_method() -> Method {
    Method::new(
        About {
            name: "countersign_signMessage",
            summary: "Sign an EIP-191 message",
            description: "As `personal_sign`: never 32 bytes, which could be the hash of something else.",
            params: &["signer", "message", "id", "intent"],
            result: "signature",
            errors: ERRORS,
            example: Example {
                params: json!([{ "key": "purse", "index": 0 }, "0x68656c6c6f"]),
                result: example("message", &["message of 5 bytes", "| hello"]),
            },
        },
        sign_message,
    )
}

fn sign_authorization_method() -> Method {
    Method::new(
        About {
            name: "countersign_signAuthorization",
            summary: "Sign an EIP-7702 authorization",
            description: "For one chain, never for all. The delegate must be one that the cosigners are configured for; \
                          the zero address takes the code away.",
            params: &["signer", "authorization", "id", "intent"],
            result: "signature",
            errors: ERRORS,
            example: Example {
                params: json!([
                    { "key": "purse", "index": 0 },
                    { "chainId": "0x7a69", "address": "0x0000000000000000000000000000000000000000", "nonce": "0x0" },
                ]),
                result: example(
                    "authorization",
                    &["EIP-7702 authorization on chain 31337, nonce 0"],
                ),
            },
        },
        sign_authorization,
    )
}

fn sign_transaction_method() -> Method {
    let mut signed = example("transaction", &["gas costs at most 42000 wei"]);
    signed["transaction"] = json!("0x02c0");
    Method::new(
        About {
            name: "countersign_signTransaction",
            summary: "Sign an EIP-1559 transaction",
            description: "As `eth_signTransaction` takes it, complete: nothing is filled in but `from`. It is not sent. A nonce \
                          takes one transaction, or the same one with both fees at least 10 % higher.",
            params: &["signer", "transaction", "id", "intent"],
            result: "signature",
            errors: ERRORS,
            example: Example {
                params: json!([
                    { "key": "purse", "index": 0 },
                    {
                        "chainId": "0x7a69", "nonce": "0x0", "to": SIGNER, "value": "0x1", "gas": "0x5208",
                        "maxFeePerGas": "0x2", "maxPriorityFeePerGas": "0x1",
                    },
                ]),
                result: signed,
            },
        },
        sign_transaction,
    )
}

fn example(kind: &str, shown: &[&str]) -> Value {
    json!({
        "signer": SIGNER,
        "kind": kind,
        "digest": B256::repeat_byte(0x2f),
        "signature": SIGNATURE,
        "shown": shown,
    })
}

/// A child of a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSigner {
    /// Name of the MPC key.
    key: String,
    /// The child; the next unused one of the key when absent.
    index: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateParams {
    /// Which key, and which child of it.
    signer: NewSigner,
}

/// A child of a key that signs by itself.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Signer")]
struct SignerView {
    /// Name of the MPC key.
    key: String,
    /// The child.
    index: u32,
    /// Its address.
    #[schemars(with = "schema::Address")]
    address: Address,
}

async fn create_signer(call: Call, params: CreateParams) -> Result<SignerView, RpcError> {
    let NewSigner { key, index } = params.signer;
    let ask = CreateSigner { key, index };
    let service::Signer { key, index, address } =
        call.context.gateway.create_signer(&call.caller, ask).await?;
    Ok(SignerView { key, index, address })
}

/// A child of a key, by its number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignerOf {
    /// Name of the MPC key.
    key: String,
    /// The child.
    index: u32,
}

/// A signature, checked before it is given.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Signature")]
struct SignatureView {
    /// Whose it is.
    #[schemars(with = "schema::Address")]
    signer: Address,
    /// The kind of what was signed.
    #[schemars(with = "String")]
    kind: SignableKind,
    /// What was signed.
    #[schemars(with = "schema::Hash")]
    digest: B256,
    /// `r`, `s` and `v` (27 or 28).
    #[schemars(with = "schema::Data")]
    signature: Bytes,
    /// What was signed, in lines for people.
    shown: Vec<String>,
    /// A transaction as `eth_sendRawTransaction` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Data>")]
    transaction: Option<Bytes>,
}

impl From<GivenSignature> for SignatureView {
    fn from(given: GivenSignature) -> Self {
        let GivenSignature { signer, kind, digest, signature, shown, transaction } = given;
        Self { signer, kind, digest, signature, shown, transaction: transaction.map(Bytes::from) }
    }
}

/// Whose wish it is, where the cosigners want to know.
type Wish = (Option<String>, Option<IntentEntry>);

async fn sign(
    call: Call,
    signer: SignerOf,
    what: ToSign,
    (id, intent): Wish,
) -> Result<SignatureView, RpcError> {
    let intent = match (id, intent) {
        (_, None) => None,
        (None, Some(_)) => {
            return Err(RpcError::field("id", "an intent is signed over an id: give it here"));
        }
        (Some(id), Some(entry)) => {
            service::check_id(&id).map_err(|problem| RpcError::field("id", problem))?;
            Some((id, capabilities::signature(entry, "intent")?))
        }
    };
    let signer = CreateSigner { key: signer.key, index: Some(signer.index) };
    let ask = SignRequest { signer, what, intent };
    Ok(call.context.gateway.sign(&call.caller, ask).await?.into())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TypedDataParams {
    /// Whose signature.
    signer: SignerOf,
    /// Types, primary type, domain and message.
    typed_data: Map<String, Value>,
    /// The id that the intent is signed over.
    id: Option<String>,
    /// The caller's own signature on this wish. Cosigners verify it.
    intent: Option<IntentEntry>,
}

async fn sign_typed_data(call: Call, params: TypedDataParams) -> Result<SignatureView, RpcError> {
    let what = ToSign::TypedData(Value::Object(params.typed_data));
    sign(call, params.signer, what, (params.id, params.intent)).await
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MessageParams {
    /// Whose signature.
    signer: SignerOf,
    /// The message's bytes.
    #[schemars(with = "schema::Data")]
    message: Bytes,
    /// The id that the intent is signed over.
    id: Option<String>,
    /// The caller's own signature on this wish. Cosigners verify it.
    intent: Option<IntentEntry>,
}

async fn sign_message(call: Call, params: MessageParams) -> Result<SignatureView, RpcError> {
    let what = ToSign::Message(params.message);
    sign(call, params.signer, what, (params.id, params.intent)).await
}

/// Who may lend its code to the signer, on which chain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewAuthorization {
    /// The chain.
    chain_id: Chain,
    /// The contract whose code the signer runs; zero for none.
    #[schemars(with = "schema::Address")]
    address: Address,
    /// The signer's transaction nonce.
    #[schemars(with = "schema::Quantity")]
    nonce: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuthorizationParams {
    /// Whose signature.
    signer: SignerOf,
    /// What is authorized.
    authorization: NewAuthorization,
    /// The id that the intent is signed over.
    id: Option<String>,
    /// The caller's own signature on this wish. Cosigners verify it.
    intent: Option<IntentEntry>,
}

async fn sign_authorization(
    call: Call,
    params: AuthorizationParams,
) -> Result<SignatureView, RpcError> {
    let NewAuthorization { chain_id, address, nonce } = params.authorization;
    let json = json!({ "chainId": chain_id, "address": address, "nonce": nonce });
    let what = ToSign::Authorization(json);
    sign(call, params.signer, what, (params.id, params.intent)).await
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TransactionParams {
    /// Whose signature.
    signer: SignerOf,
    /// The transaction.
    transaction: Map<String, Value>,
    /// The id that the intent is signed over.
    id: Option<String>,
    /// The caller's own signature on this wish. Cosigners verify it.
    intent: Option<IntentEntry>,
}

async fn sign_transaction(
    call: Call,
    params: TransactionParams,
) -> Result<SignatureView, RpcError> {
    let what = ToSign::Transaction(Value::Object(params.transaction));
    sign(call, params.signer, what, (params.id, params.intent)).await
}
