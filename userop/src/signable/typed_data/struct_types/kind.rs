//! The type of one member, and the names that types and members may have.

use serde_json::Value;

use crate::Problem;

/// No name is longer.
const MAX_NAME: usize = 64;
/// The most dimensions of an array.
const MAX_DIMENSIONS: usize = 3;
/// The most items of an array whose type says how many it has.
const MAX_ITEMS: usize = 4096;

/// A type that a member may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::signable::typed_data) enum Kind {
    Uint(usize),
    Int(usize),
    FixedBytes(usize),
    Address,
    Bool,
    Text,
    Bytes,
    Struct(String),
    Array(Box<Self>, Option<usize>),
}

impl Kind {
    /// Parses a type's name. Aliases as `uint` are refused: EIP-712 has none.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let (base, mut sizes) = match text.split_once('[') {
            Some((base, sizes)) => (base, Some(sizes)),
            None => (text, None),
        };
        let mut kind = match atomic(base) {
            Some(kind) => kind,
            None => Self::Struct(struct_name(base).map(|()| base.to_owned())?),
        };
        let mut dimensions = 0;
        while let Some(rest) = sizes {
            let bad = Problem::Invalid("is no array type that is known");
            let (size, after) = rest.split_once(']').ok_or_else(|| bad.clone())?;
            dimensions += 1;
            if dimensions > MAX_DIMENSIONS {
                return Err(Problem::Invalid("has too many dimensions"));
            }
            kind = Self::Array(Box::new(kind), items(size)?);
            sizes = match after {
                "" => None,
                after => Some(after.strip_prefix('[').ok_or(bad)?),
            };
        }
        Ok(kind)
    }

    /// The struct in it, under all arrays.
    pub(super) fn struct_name(&self) -> Option<&str> {
        match self {
            Self::Struct(name) => Some(name),
            Self::Array(inner, _) => inner.struct_name(),
            _ => None,
        }
    }
}

fn items(size: &str) -> Result<Option<usize>, Problem> {
    if size.is_empty() {
        return Ok(None);
    }
    let plain = !size.starts_with('0') && size.bytes().all(|b| b.is_ascii_digit());
    let items = size.parse().ok().filter(|items| plain && *items <= MAX_ITEMS);
    items.map(Some).ok_or(Problem::Invalid("has a size that is no small number"))
}

fn atomic(name: &str) -> Option<Kind> {
    match name {
        "address" => Some(Kind::Address),
        "bool" => Some(Kind::Bool),
        "string" => Some(Kind::Text),
        "bytes" => Some(Kind::Bytes),
        _ => {
            let number = |prefix| {
                let digits: &str = name.strip_prefix(prefix)?;
                digits.parse::<usize>().ok().filter(|n| n.to_string() == digits)
            };
            let bits = |n: &usize| (8..=256).contains(n) && n.is_multiple_of(8);
            if let Some(n) = number("uint").filter(bits) {
                return Some(Kind::Uint(n));
            }
            if let Some(n) = number("int").filter(bits) {
                return Some(Kind::Int(n));
            }
            number("bytes").filter(|n| (1..=32).contains(n)).map(Kind::FixedBytes)
        }
    }
}

/// Checks the name of a struct type: it must not read as one of Solidity's own.
pub(in crate::signable::typed_data) fn struct_name(name: &str) -> Result<(), Problem> {
    let own = ["EIP712Domain", "function", "tuple", "mapping", "byte", "address", "bool", "string"];
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'x');
    let solidity = ["uint", "int", "bytes", "fixed", "ufixed"].contains(&stem);
    if own.contains(&name) || solidity || atomic(name).is_some() {
        return Err(Problem::Invalid("is no name for a struct"));
    }
    // Some applications write a name space before a colon.
    identifier(&name.replacen(':', "_", 1))
}

/// The name of a member.
pub(super) fn member_name(value: &Value) -> Result<String, Problem> {
    let name = text(value)?;
    identifier(&name)?;
    Ok(name)
}

pub(super) fn text(value: &Value) -> Result<String, Problem> {
    value.as_str().map(str::to_owned).ok_or(Problem::WrongType { expected: "a string" })
}

fn identifier(name: &str) -> Result<(), Problem> {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'$';
    if name.len() > MAX_NAME {
        return Err(Problem::TooLong { max: MAX_NAME });
    }
    let fits = name.bytes().next().is_some_and(first)
        && name.bytes().all(|b| first(b) || b.is_ascii_digit());
    fits.then_some(()).ok_or(Problem::Invalid("is no identifier"))
}
