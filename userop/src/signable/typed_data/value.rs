//! The message as its types read it: one reading only.

mod number;

use alloy::primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};

use super::{
    path,
    struct_types::{Kind, Types},
};
use crate::{ParseError, Problem, canonical, fields};

/// The most values in one message.
const MAX_VALUES: usize = 4096;

/// A value of typed data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypedValue {
    /// A number, in decimal digits.
    Number(String),
    /// True or false.
    Bool(bool),
    /// An address.
    Address(Address),
    /// Bytes of fixed or of any length.
    Bytes(Bytes),
    /// Text.
    Text(String),
    /// A struct.
    Struct(Vec<TypedField>),
    /// An array.
    List(Vec<Self>),
}

/// One member of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypedField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: TypedValue,
}

impl TypedField {
    pub(crate) const fn new(name: String, value: TypedValue) -> Self {
        Self { name, value }
    }
}

impl TypedValue {
    /// A struct's member.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|f| f.name == name).map(|f| &f.value),
            _ => None,
        }
    }

    /// The number, if it is one that is not negative.
    pub fn number(&self) -> Option<U256> {
        match self {
            Self::Number(digits) => U256::from_str_radix(digits, 10).ok(),
            _ => None,
        }
    }

    /// The address, if it is one.
    pub const fn address(&self) -> Option<Address> {
        match self {
            Self::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// The array's items, none if it is no array.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The value as JSON, in the one form that we write.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Number(digits) => json!(digits),
            Self::Bool(value) => json!(value),
            Self::Address(address) => canonical::json(address),
            Self::Bytes(bytes) => canonical::json(bytes),
            Self::Text(text) => json!(text),
            Self::Struct(fields) => {
                Value::Object(fields.iter().map(|f| (f.name.clone(), f.value.json())).collect())
            }
            Self::List(items) => items.iter().map(Self::json).collect(),
        }
    }
}

/// Reads a message of the type `primary`.
pub(super) fn read(types: &Types, primary: &str, json: &Value) -> Result<TypedValue, ParseError> {
    let mut reader = Reader { types, left: MAX_VALUES };
    reader.read(&Kind::Struct(primary.to_owned()), json, "message")
}

struct Reader<'a> {
    types: &'a Types,
    left: usize,
}

impl Reader<'_> {
    fn read(&mut self, kind: &Kind, json: &Value, path: &str) -> Result<TypedValue, ParseError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(ParseError::new("message", Problem::TooMany { max: MAX_VALUES }));
        };
        self.left = left;
        match kind {
            Kind::Struct(name) => self.read_struct(name, json, path),
            Kind::Array(inner, size) => self.read_list(inner, *size, json, path),
            kind => leaf(kind, json).map_err(|problem| ParseError::new(path, problem)),
        }
    }

    fn read_struct(
        &mut self,
        name: &str,
        json: &Value,
        path: &str,
    ) -> Result<TypedValue, ParseError> {
        let object = json
            .as_object()
            .ok_or_else(|| ParseError::new(path, Problem::WrongType { expected: "an object" }))?;
        let types = self.types;
        let members = types.members(name);
        if let Some(extra) = object.keys().find(|key| members.iter().all(|m| m.name != **key)) {
            let extra: String = extra.chars().take(64).collect();
            return Err(ParseError::new(path::member(path, &extra), Problem::Unknown));
        }
        let mut fields = Vec::with_capacity(members.len());
        for member in members {
            let path = path::member(path, &member.name);
            let missing = || ParseError::new(path.as_str(), Problem::Missing);
            let value = object.get(&member.name).ok_or_else(missing)?;
            let value = self.read(&member.kind, value, &path)?;
            fields.push(TypedField { name: member.name.clone(), value });
        }
        Ok(TypedValue::Struct(fields))
    }

    fn read_list(
        &mut self,
        kind: &Kind,
        size: Option<usize>,
        json: &Value,
        path: &str,
    ) -> Result<TypedValue, ParseError> {
        let error = |problem| ParseError::new(path, problem);
        let items =
            json.as_array().ok_or_else(|| error(Problem::WrongType { expected: "an array" }))?;
        if size.is_some_and(|size| size != items.len()) {
            return Err(error(Problem::Invalid("has not as many items as its type says")));
        }
        let mut read = Vec::new();
        for (i, item) in items.iter().enumerate() {
            read.push(self.read(kind, item, &path::item(path, i))?);
        }
        Ok(TypedValue::List(read))
    }
}

fn leaf(kind: &Kind, json: &Value) -> Result<TypedValue, Problem> {
    match kind {
        Kind::Uint(bits) => number::unsigned(json, *bits).map(TypedValue::Number),
        Kind::Int(bits) => number::signed(json, *bits).map(TypedValue::Number),
        Kind::Bool => {
            json.as_bool().map(TypedValue::Bool).ok_or(Problem::WrongType { expected: "a boolean" })
        }
        Kind::Address => fields::address(json).map(TypedValue::Address),
        Kind::Bytes => fields::bytes(json).map(TypedValue::Bytes),
        Kind::FixedBytes(size) => fixed_bytes(json, *size),
        Kind::Text | Kind::Struct(_) | Kind::Array(..) => {
            let text = json.as_str().ok_or(Problem::WrongType { expected: "a string" })?;
            match text.len() {
                0..=fields::MAX_FIELD_BYTES => Ok(TypedValue::Text(text.to_owned())),
                _ => Err(Problem::TooLong { max: fields::MAX_FIELD_BYTES }),
            }
        }
    }
}

fn fixed_bytes(json: &Value, size: usize) -> Result<TypedValue, Problem> {
    if size == 32 {
        let word: B256 = fields::word(json)?;
        return Ok(TypedValue::Bytes(Bytes::copy_from_slice(word.as_slice())));
    }
    let bytes = fields::bytes(json)?;
    match bytes.len() {
        length if length < size => Err(Problem::TooShort { min: size }),
        length if length > size => Err(Problem::TooLong { max: size }),
        _ => Ok(TypedValue::Bytes(bytes)),
    }
}
