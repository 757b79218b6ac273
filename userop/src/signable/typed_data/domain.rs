//! The domain, whose type is what its own members say.

use std::borrow::Cow;

use alloy::{
    primitives::{Address, B256, U256},
    sol_types::Eip712Domain,
};
use serde_json::{Map, Value, json};

use crate::{ChainId, ParseError, Problem, canonical, fields, fields::Fields};

/// No name or version is longer.
const MAX_TEXT: usize = 256;

/// Whether a domain may name no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainlessDomain {
    /// It must name one.
    Refused,
    /// It may name none: the signature then holds on every chain.
    Granted,
}

/// A domain with one member at least.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypedDomain {
    /// Name of the application.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its chain; never zero.
    pub chain: Option<ChainId>,
    /// The contract that verifies.
    pub verifying_contract: Option<Address>,
    /// Salt.
    pub salt: Option<B256>,
}

impl TypedDomain {
    /// Reads a domain, and compares its type with the declared one if there is one.
    pub(super) fn read(
        json: &Value,
        declared: Option<&Value>,
        chainless: ChainlessDomain,
    ) -> Result<Self, ParseError> {
        let domain = Self::members(json).map_err(|error| error.inside("domain"))?;
        let error = |field: &str, why| Err(ParseError::new(field, Problem::Invalid(why)));
        if domain.types().next().is_none() {
            return error("domain", "is empty, so that the signature would be for everything");
        }
        if domain.chain.is_none() && chainless == ChainlessDomain::Refused {
            return Err(ParseError::new("domain.chainId", Problem::Missing));
        }
        match declared {
            Some(declared) if *declared != domain.declared() => {
                error("types.EIP712Domain", "is not the type of the domain's own members, in order")
            }
            _ => Ok(domain),
        }
    }

    fn members(json: &Value) -> Result<Self, ParseError> {
        let object = json.as_object().ok_or_else(|| {
            ParseError::new("value", Problem::WrongType { expected: "an object" })
        })?;
        if let Some((name, _)) = object.iter().find(|(_, value)| value.is_null()) {
            let name: String = name.chars().take(64).collect();
            return Err(ParseError::new(name, Problem::Invalid("is null, leave it out instead")));
        }
        let mut fields = Fields::of(json, "value")?;
        let read = Self {
            name: fields.optional("name", text)?,
            version: fields.optional("version", text)?,
            chain: fields.optional("chainId", chain)?,
            verifying_contract: fields.optional("verifyingContract", fields::address)?,
            salt: fields.optional("salt", fields::word)?,
        };
        fields.finish()?;
        Ok(read)
    }

    /// Names and types of the members that are there, in the standard's order.
    pub(super) fn types(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = [
            (self.name.is_some(), ("name", "string")),
            (self.version.is_some(), ("version", "string")),
            (self.chain.is_some(), ("chainId", "uint256")),
            (self.verifying_contract.is_some(), ("verifyingContract", "address")),
            (self.salt.is_some(), ("salt", "bytes32")),
        ];
        all.into_iter().filter_map(|(there, member)| there.then_some(member))
    }

    /// `types.EIP712Domain` as it must be.
    pub(super) fn declared(&self) -> Value {
        self.types().map(|(name, kind)| json!({ "name": name, "type": kind })).collect()
    }

    /// The members as JSON.
    pub(super) fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        };
        put("name", self.name.clone().map(Value::from));
        put("version", self.version.clone().map(Value::from));
        put("chainId", self.chain.map(|chain| format!("{:#x}", chain.get()).into()));
        put("verifyingContract", self.verifying_contract.map(|a| canonical::json(&a)));
        put("salt", self.salt.map(|salt| canonical::json(&salt)));
        Value::Object(object)
    }

    pub(super) fn eip712(&self) -> Eip712Domain {
        Eip712Domain::new(
            self.name.clone().map(Cow::Owned),
            self.version.clone().map(Cow::Owned),
            self.chain.map(|chain| U256::from(chain.get())),
            self.verifying_contract,
            self.salt,
        )
    }
}

fn text(value: &Value) -> Result<String, Problem> {
    let text = value.as_str().ok_or(Problem::WrongType { expected: "a string" })?;
    match text.len() {
        0..=MAX_TEXT => Ok(text.to_owned()),
        _ => Err(Problem::TooLong { max: MAX_TEXT }),
    }
}

/// Applications write the chain as a number, a quantity or a decimal string.
fn chain(value: &Value) -> Result<ChainId, Problem> {
    let decimal = value.as_str().filter(|text| {
        !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
    });
    let chain = match decimal {
        Some(digits) => {
            digits.parse().map(ChainId::new).map_err(|_| Problem::TooLong { max: 8 })?
        }
        None => fields::chain_id(value)?,
    };
    match chain.get() {
        0 => Err(Problem::Invalid("is zero, which names no one chain")),
        _ => Ok(chain),
    }
}
