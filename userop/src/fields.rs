//! Reads the fields of one JSON object, each by name and bound, and leaves none unread.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde_json::{Map, Value};

use crate::{ChainId, ParseError, error::Problem};

/// No byte field is longer: the size at which nodes refuse a whole transaction.
pub const MAX_FIELD_BYTES: usize = 128 * 1024;

/// The fields of an object that are not yet read. `null` counts as absent.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    read: Vec<&'static str>,
}

type Read<T> = Result<T, ParseError>;

impl<'a> Fields<'a> {
    /// The object that `json`, itself called `name`, must be.
    pub(crate) fn of(json: &'a Value, name: &'static str) -> Read<Self> {
        let object = json
            .as_object()
            .ok_or_else(|| ParseError::new(name, Problem::WrongType { expected: "an object" }))?;
        Ok(Self { object, read: Vec::new() })
    }

    /// The field's value, if it is there.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.read.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Read<Option<T>> {
        self.take(name).map(parse).transpose().map_err(|problem| ParseError::new(name, problem))
    }

    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Read<T> {
        self.optional(name, parse)?.ok_or_else(|| ParseError::new(name, Problem::Missing))
    }

    /// Fails if any of these fields is there, with the problem that gives.
    pub(crate) fn refuse(&mut self, names: &[&'static str], problem: &Problem) -> Read<()> {
        match names.iter().find(|name| self.take(name).is_some()) {
            Some(name) => Err(ParseError::new(*name, problem.clone())),
            None => Ok(()),
        }
    }

    /// Fails if a field is left that nobody read.
    pub(crate) fn finish(self) -> Read<()> {
        let left = self
            .object
            .iter()
            .find(|(name, value)| !value.is_null() && !self.read.contains(&name.as_str()));
        match left {
            Some((name, _)) => {
                Err(ParseError::new(name.chars().take(64).collect::<String>(), Problem::Unknown))
            }
            None => Ok(()),
        }
    }
}

/// Hexadecimal digits after `0x`.
fn digits<'a>(value: &'a Value, expected: &'static str) -> Result<&'a str, Problem> {
    if value.as_f64().is_some_and(|number| number < 0.0) {
        return Err(Problem::Negative);
    }
    let text = value.as_str().ok_or(Problem::WrongType { expected })?;
    let digits = match text.strip_prefix("0x") {
        Some(digits) => digits,
        None if text.starts_with('-') => return Err(Problem::Negative),
        None => return Err(Problem::NoPrefix),
    };
    match digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(digits),
        false if digits.starts_with('-') => Err(Problem::Negative),
        false => Err(Problem::NotHex),
    }
}

/// A quantity of at most 256 bits. Leading zeros pass, up to its width.
pub(crate) fn u256(value: &Value) -> Result<U256, Problem> {
    let digits = digits(value, "a hex quantity")?;
    match digits.len() {
        0 => Err(Problem::NoDigits),
        1..=64 => U256::from_str_radix(digits, 16).map_err(|_| Problem::NotHex),
        _ => Err(Problem::TooLong { max: 32 }),
    }
}

/// A quantity of at most 128 bits: the EntryPoints refuse larger gas values.
pub(crate) fn u128(value: &Value) -> Result<u128, Problem> {
    u256(value)?.try_into().map_err(|_| Problem::TooLong { max: 16 })
}

/// A quantity of at most 64 bits.
pub(crate) fn u64(value: &Value) -> Result<u64, Problem> {
    u256(value)?.try_into().map_err(|_| Problem::TooLong { max: 8 })
}

/// Bytes up to our bound.
pub(crate) fn bytes(value: &Value) -> Result<Bytes, Problem> {
    let digits = digits(value, "a hex string")?;
    if digits.len() > 2 * MAX_FIELD_BYTES {
        return Err(Problem::TooLong { max: MAX_FIELD_BYTES });
    }
    if digits.len() % 2 == 1 {
        return Err(Problem::OddHex);
    }
    hex::decode(digits).map(Bytes::from).map_err(|_| Problem::NotHex)
}

/// An address in any letter case; its checksum is not looked at.
pub(crate) fn address(value: &Value) -> Result<Address, Problem> {
    let bytes = bytes(value)?;
    match bytes.len() {
        0..20 => Err(Problem::TooShort { min: 20 }),
        20 => Ok(Address::from_slice(&bytes)),
        _ => Err(Problem::TooLong { max: 20 }),
    }
}

/// Exactly 32 bytes.
pub(crate) fn word(value: &Value) -> Result<B256, Problem> {
    let bytes = bytes(value)?;
    match bytes.len() {
        0..32 => Err(Problem::TooShort { min: 32 }),
        32 => Ok(B256::from_slice(&bytes)),
        _ => Err(Problem::TooLong { max: 32 }),
    }
}

/// A chain id, as a number or a quantity.
pub(crate) fn chain_id(value: &Value) -> Result<ChainId, Problem> {
    match value.as_u64() {
        Some(number) => Ok(ChainId::new(number)),
        None if value.is_string() => u64(value).map(ChainId::new),
        None if value.as_f64().is_some_and(|number| number < 0.0) => Err(Problem::Negative),
        None => Err(Problem::WrongType { expected: "a number or a hex quantity" }),
    }
}
