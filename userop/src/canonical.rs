//! The one byte string of a preview, and its hash: what approvals, sessions and audit records name.
//!
//! Format 1 is JSON without white space whose keys are sorted by their bytes; numbers are decimal
//! strings or `0x` quantities, addresses and other bytes are lower-case hex. Nothing in it depends on
//! who looks: no descriptor, no language, no clock.

use std::fmt;

use alloy::primitives::{B256, hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{SignableKind, canonical_json};

/// The format that this build writes.
const FORMAT: &str = "1";
/// Keeps a preview's hash apart from every other SHA-256.
const DOMAIN: &[u8] = b"countersign preview 1\0";

/// A preview in its canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalPreview {
    bytes: Vec<u8>,
}

/// SHA-256 of a preview's canonical bytes, under its own domain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PreviewHash(B256);

impl CanonicalPreview {
    pub(crate) fn new(kind: SignableKind, body: Value) -> Self {
        let whole = serde_json::json!({ "format": FORMAT, "kind": kind.as_str(), "preview": body });
        Self { bytes: canonical_json(&plain(whole)) }
    }

    /// The bytes; they are JSON text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash that names what was shown.
    pub fn hash(&self) -> PreviewHash {
        let hash = Sha256::new().chain_update(DOMAIN).chain_update(&self.bytes).finalize();
        PreviewHash(B256::from_slice(&hash))
    }
}

impl fmt::Debug for CanonicalPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

impl PreviewHash {
    /// Wraps a hash that somebody else gives, to compare it with ours.
    pub const fn new(hash: B256) -> Self {
        Self(hash)
    }

    /// The 32 bytes.
    pub const fn as_b256(&self) -> &B256 {
        &self.0
    }
}

impl fmt::Display for PreviewHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for PreviewHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for PreviewHash {
    type Err = <B256 as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A value of ours as JSON.
pub(crate) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("our types have string keys and no serializer that fails")
}

/// `null` members are left out: an absent part and a missing one are the same thing. Numbers become text, in digits.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let present = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(present.map(|(key, value)| (key, plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Number(number) => Value::from(number.to_string()),
        leaf => leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_and_absent_ones_make_no_difference() {
        let one = serde_json::json!({ "b": [1, null, true], "a": "\"é\n", "c": null });
        let other = serde_json::json!({ "a": "\"é\n", "b": [1, null, true] });
        let (one, other) =
            [one, other].map(|body| CanonicalPreview::new(SignableKind::Message, body)).into();
        assert_eq!(one, other);
        let text = r#"{"format":"1","kind":"message","preview":{"a":"\"é\n","b":["1",null,true]}}"#;
        assert_eq!(String::from_utf8_lossy(one.as_bytes()), text);
    }

    #[test]
    fn the_kind_is_part_of_the_hash() {
        let body = || serde_json::json!({});
        let message = CanonicalPreview::new(SignableKind::Message, body());
        let typed = CanonicalPreview::new(SignableKind::TypedData, body());
        assert_ne!(message.hash(), typed.hash());
    }
}
