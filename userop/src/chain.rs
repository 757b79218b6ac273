//! A chain's number, as its own type so that it is never mistaken for another.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An EIP-155 chain id. JSON may write it as a number or as a `0x` quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(u64);

impl ChainId {
    /// Wraps a chain's number.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The chain's number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for ChainId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ChainId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ChainId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(ChainIdVisitor)
        } else {
            u64::deserialize(deserializer).map(Self)
        }
    }
}

struct ChainIdVisitor;

impl de::Visitor<'_> for ChainIdVisitor {
    type Value = ChainId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chain id, as a number or a 0x quantity")
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<ChainId, E> {
        Ok(ChainId(id))
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<ChainId, E> {
        u64::try_from(id)
            .map(ChainId)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(id), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ChainId, E> {
        text.strip_prefix("0x")
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(ChainId)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_quantities_alike() {
        for text in ["8453", "\"0x2105\"", "\"0x02105\""] {
            let id: ChainId = serde_json::from_str(text).unwrap();
            assert_eq!(id, ChainId::new(8453), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_chain_id() {
        for text in ["-1", "1.5", "\"8453\"", "\"0x\"", "\"0x+1\"", "\"0x10000000000000000\""] {
            assert!(serde_json::from_str::<ChainId>(text).is_err(), "{text}");
        }
    }
}
