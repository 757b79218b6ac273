//! Capabilities of EIP-5792: what a batch may ask for beside its calls, and what a wallet offers.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use countersign_protocol::IntentKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::rpc::error::{Code, RpcError};
use crate::rpc::schema::{self, Chain};
use crate::service::{CallerSignature, Capabilities, SponsorChoice};

const PAYMASTER_SERVICE: &str = "paymasterService";
const COUNTERSIGN: &str = "countersign";

/// The capabilities that a request carries, by name.
pub(in crate::rpc) type Requested = Map<String, Value>;

/// What a request may ask for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::rpc) struct RequestedCapabilities {
    paymaster_service: Option<PaymasterService>,
    countersign: Option<Countersign>,
}

/// ERC-7677: a paymaster service of the caller's choice pays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PaymasterService {
    /// Where the service answers.
    #[schemars(with = "String")]
    url: Url,
    /// Passed on to the service as it is.
    #[serde(default)]
    context: Map<String, Value>,
    /// Whether the calls may go without.
    #[serde(default, rename = "optional")]
    _optional: bool,
}

/// Our own capability: who pays without a service, and in which nonce lane.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Countersign {
    /// Who pays; the chain's configuration says so when absent.
    sponsor: Option<Payer>,
    /// The 192-bit nonce lane; the wallet's default lane when absent.
    #[schemars(with = "Option<schema::Quantity>")]
    nonce_key: Option<U256>,
    /// The caller's own signature on the intent: id, chain, sender, calls and expiry. Cosigners verify it.
    intent: Option<IntentEntry>,
    /// Whether the calls may go without.
    #[serde(default, rename = "optional")]
    _optional: bool,
}

/// A caller's signature, over EIP-712 typed data by a wallet or by an Ed25519 key; the request's `id` is part of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct IntentEntry {
    /// The last second, since 1970, at which a cosigner may sign.
    expiry: u64,
    /// The wallet that signed.
    #[schemars(with = "Option<schema::Address>")]
    wallet: Option<Address>,
    /// The Ed25519 key that signed.
    #[schemars(with = "Option<schema::Hash>")]
    ed25519: Option<B256>,
    /// The signature.
    #[schemars(with = "schema::Data")]
    signature: Bytes,
}

/// Who pays: our own paymaster, or the account itself.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Payer {
    Own,
    Account,
}

/// What the capabilities of a request come to.
#[derive(Debug)]
pub(in crate::rpc) struct Wishes {
    /// Who pays.
    pub(in crate::rpc) sponsor: SponsorChoice,
    /// The nonce lane.
    pub(in crate::rpc) nonce_key: Option<U256>,
    /// The caller's signature on the intent.
    pub(in crate::rpc) signature: Option<CallerSignature>,
}

/// Reads the capabilities of a request that stands at `path`.
pub(in crate::rpc) fn read(requested: &Requested, path: &str) -> Result<Wishes, RpcError> {
    refuse_unknown(requested, &[PAYMASTER_SERVICE, COUNTERSIGN], path)?;
    let whole = Value::Object(requested.clone());
    let RequestedCapabilities { paymaster_service, countersign } =
        serde_path_to_error::deserialize(whole).map_err(|error| {
            let field = format!("{path}.capabilities.{}", error.path());
            RpcError::field(&field, error.into_inner())
        })?;
    let Countersign { sponsor, nonce_key, intent, .. } = countersign.unwrap_or_default();
    let place = format!("{path}.capabilities.{COUNTERSIGN}.intent");
    let signature = intent.map(|entry| signature(entry, &place)).transpose()?;
    let sponsor = match (paymaster_service, sponsor) {
        (Some(_), Some(_)) => {
            let field = format!("{path}.capabilities.{COUNTERSIGN}.sponsor");
            return Err(RpcError::field(&field, "a paymasterService is named too; choose one"));
        }
        (Some(service), None) => {
            SponsorChoice::Service { url: service.url, context: Value::Object(service.context) }
        }
        (None, Some(Payer::Own)) => SponsorChoice::Own,
        (None, Some(Payer::Account)) => SponsorChoice::Account,
        (None, None) => SponsorChoice::Default,
    };
    Ok(Wishes { sponsor, nonce_key, signature })
}

/// The signature of an intent that stands at `path`.
pub(in crate::rpc) fn signature(
    entry: IntentEntry,
    path: &str,
) -> Result<CallerSignature, RpcError> {
    let IntentEntry { expiry, wallet, ed25519, signature } = entry;
    let signer = match (wallet, ed25519) {
        (Some(wallet), None) => IntentKey::Wallet(wallet),
        (None, Some(key)) => IntentKey::Ed25519(key),
        _ => return Err(RpcError::field(path, "name one signer: wallet or ed25519")),
    };
    Ok(CallerSignature { expiry, signer, signature })
}

/// EIP-5792: a capability that is not known must be marked optional.
pub(in crate::rpc) fn refuse_unknown(
    requested: &Requested,
    known: &[&str],
    path: &str,
) -> Result<(), RpcError> {
    let needed = |(name, value): &(&String, &Value)| {
        !known.contains(&name.as_str()) && value["optional"] != json!(true)
    };
    match requested.iter().find(needed) {
        None => Ok(()),
        Some((name, _)) => Err(RpcError::new(
            Code::UnsupportedCapability,
            format!("{path}.capabilities.{name}: not supported here and not marked optional"),
        )
        .with_data(json!({ "capability": name }))),
    }
}

/// What `wallet_getCapabilities` answers: capabilities by chain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Offered(BTreeMap<String, Offer>);

/// What a wallet offers on one chain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Offer {
    /// Whether calls of a batch succeed or fail together.
    atomic: Atomic,
    /// Whether a paymaster service (ERC-7677) may pay.
    paymaster_service: Supported,
    /// Our own capability: who pays (`sponsor`: "own" or "account"), the nonce lane (`nonceKey`), and the caller's own
    /// signature on the intent (`intent`).
    countersign: Supported,
}

/// Whether calls of a batch succeed or fail together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Atomic {
    /// "supported": always; "unsupported": never.
    status: String,
}

/// Whether something is offered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Supported {
    /// It is.
    supported: bool,
}

impl Offered {
    /// The wallet's capabilities on the chains that were asked for, or on all.
    pub(super) fn new(all: &Capabilities, wanted: Option<&[Chain]>) -> Self {
        let asked = |id: &u64| wanted.is_none_or(|chains| chains.iter().any(|c| c.0.get() == *id));
        let offer = |(id, has): (&u64, &crate::service::ChainCapabilities)| {
            let status = if has.atomic { "supported" } else { "unsupported" };
            let offer = Offer {
                atomic: Atomic { status: status.to_owned() },
                paymaster_service: Supported { supported: has.paymaster_service },
                countersign: Supported { supported: true },
            };
            (format!("{id:#x}"), offer)
        };
        Self(all.iter().filter(|(id, _)| asked(id)).map(offer).collect())
    }
}
