//! EIP-712 typed data of strangers: read strictly, shown as it is hashed.

mod domain;
mod path;
mod permit;
mod reserved;
mod shown;
mod struct_types;
mod value;

use alloy::{
    dyn_abi::TypedData as Eip712,
    primitives::{Address, B256},
};
use serde_json::Value;

pub use domain::{ChainlessDomain, TypedDomain};
pub use permit::{Permit, PermitShape};
pub use value::{TypedField, TypedValue};

use self::struct_types::Types;
use super::OnceSlot;
use crate::{ChainId, Effects, ParseError, Problem, fields::Fields};

/// No typed data is longer as JSON text; [`TypedData::from_slice`] holds it to that.
const MAX_JSON_BYTES: usize = 128 * 1024;

/// Typed data as `eth_signTypedData_v4` takes it, with its digest.
///
/// What it cannot be: an operation (the domain of EntryPoint 0.8 and later, or an EntryPoint as
/// verifying contract), anything of ours, anything that a Safe or another account takes for its
/// owner's word on a hash that this data only carries. Those are kinds of their own, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedData {
    domain: TypedDomain,
    primary_type: String,
    encoded_type: String,
    types: Types,
    message: TypedValue,
    digest: B256,
}

impl TypedData {
    /// Reads typed data from JSON text.
    ///
    /// # Errors
    /// As [`TypedData::from_json`], and if the text is too long or no JSON.
    pub fn from_slice(text: &[u8], chainless: ChainlessDomain) -> Result<Self, ParseError> {
        let error = |problem| ParseError::new("typedData", problem);
        if text.len() > MAX_JSON_BYTES {
            return Err(error(Problem::TooLong { max: MAX_JSON_BYTES }));
        }
        let json =
            serde_json::from_slice(text).map_err(|_| error(Problem::Invalid("is no JSON")))?;
        Self::from_json(&json, chainless)
    }

    /// Reads `{"types", "primaryType", "domain", "message"}`.
    ///
    /// The domain's type follows from the members that the domain has; `types.EIP712Domain` may be
    /// left out, and must say the same if it is there. Every struct has exactly the members of its
    /// type. Types that contain themselves are refused.
    ///
    /// # Errors
    /// Names the field that is wrong, with its path.
    pub fn from_json(json: &Value, chainless: ChainlessDomain) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "typedData")?;
        let primary_type = fields.required("primaryType", name_of_type)?;
        let declared = required(&mut fields, "types")?;
        let domain = required(&mut fields, "domain")?;
        let message = required(&mut fields, "message")?;
        fields.finish()?;
        let domain = TypedDomain::read(domain, declared.get("EIP712Domain"), chainless)?;
        let types = Types::read(declared, &primary_type)?;
        reserved::refuse(&domain, &types)?;
        let message = value::read(&types, &primary_type, message)?;
        let refused = |_| ParseError::new("types", Problem::Invalid("cannot be hashed"));
        let resolver = types.resolver().map_err(refused)?;
        let encoded_type = resolver.encode_type(&primary_type).map_err(refused)?;
        let eip712 = Eip712 {
            domain: domain.eip712(),
            resolver,
            primary_type: primary_type.clone(),
            message: message.json(),
        };
        let digest = eip712.eip712_signing_hash().map_err(refused)?;
        Ok(Self { domain, primary_type, encoded_type, types, message, digest })
    }

    /// The domain.
    pub const fn domain(&self) -> &TypedDomain {
        &self.domain
    }

    /// The chain that the domain names. Without one the signature holds on every chain.
    pub const fn chain(&self) -> Option<ChainId> {
        self.domain.chain
    }

    /// The name of the message's type.
    pub fn primary_type(&self) -> &str {
        &self.primary_type
    }

    /// The types as they are hashed: EIP-712's `encodeType`.
    pub fn encoded_type(&self) -> &str {
        &self.encoded_type
    }

    /// The message, a struct.
    pub const fn message(&self) -> &TypedValue {
        &self.message
    }

    /// What is signed.
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// The request as JSON, in the one form that we write; [`TypedData::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "types": self.types.json(&self.domain),
            "primaryType": self.primary_type,
            "domain": self.domain.json(),
            "message": self.message.json(),
        })
    }

    /// Fails if one of these contracts is to verify it: EntryPoints that only the caller knows, and
    /// accounts that the signing key owns.
    ///
    /// # Errors
    /// Names the domain's `verifyingContract`.
    pub fn refuse_verified_by(&self, contracts: &[Address]) -> Result<(), ParseError> {
        match self.domain.verifying_contract {
            Some(contract) if contracts.contains(&contract) => Err(ParseError::new(
                "domain.verifyingContract",
                Problem::Invalid("is an EntryPoint or an account of the key's own"),
            )),
            _ => Ok(()),
        }
    }

    /// The approval in it, if it is one, or looks like one.
    pub fn permit(&self) -> Option<Permit> {
        permit::recognise(self)
    }

    /// What it allows, so far as we can tell. Only permits are looked into.
    pub fn effects(&self) -> Effects {
        self.permit().map(|permit| Effects::of_flows(permit.flows)).unwrap_or_default()
    }

    /// A permit's nonce where its contract uses each once, else the digest.
    pub fn slot(&self) -> OnceSlot {
        let slot = self.permit().and_then(|permit| permit.slot);
        slot.unwrap_or(OnceSlot::Digest { digest: self.digest })
    }
}

fn required<'a>(fields: &mut Fields<'a>, name: &'static str) -> Result<&'a Value, ParseError> {
    fields.take(name).ok_or_else(|| ParseError::new(name, Problem::Missing))
}

fn name_of_type(value: &Value) -> Result<String, Problem> {
    let name = value.as_str().ok_or(Problem::WrongType { expected: "a string" })?;
    struct_types::struct_name(name)?;
    Ok(name.to_owned())
}
