//! A trial signature: it shows that a key works, and means nothing to anybody.

use alloy::primitives::B256;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{OnceSlot, SignableKind, printable::printable};
use crate::{CanonicalPreview, ParseError, Problem, canonical, fields, fields::Fields};

/// Keeps a canary's digest apart from every other.
const DOMAIN: &[u8] = b"countersign canary 1\0";
/// No key has a longer name.
const MAX_KEY_CHARS: usize = 64;

/// A trial of one generation of a key.
///
/// Its digest is a SHA-256 under a domain of its own, where all that chains take is Keccak-256: to
/// make it anything else's digest one has to break one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Canary {
    /// The key's name: lower-case letters, digits, `-` and `_`.
    pub key: String,
    /// The key's generation.
    pub epoch: u64,
    /// The transcript of the ceremony that made it.
    pub transcript: B256,
    /// Which trial of it.
    pub counter: u64,
}

impl Canary {
    /// A trial of a key.
    ///
    /// # Errors
    /// When the name is no key's name.
    pub fn new(name: &str, epoch: u64, transcript: B256, counter: u64) -> Result<Self, ParseError> {
        let key = key(&name.into()).map_err(|problem| ParseError::new("key", problem))?;
        Ok(Self { key, epoch, transcript, counter })
    }

    /// Reads `{"key", "epoch", "transcript", "counter"}`.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn from_json(json: &Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "canary")?;
        let read = Self {
            key: fields.required("key", key)?,
            epoch: fields.required("epoch", fields::u64)?,
            transcript: fields.required("transcript", fields::word)?,
            counter: fields.required("counter", fields::u64)?,
        };
        fields.finish()?;
        Ok(read)
    }

    /// The request as JSON; [`Canary::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "epoch": format!("{:#x}", self.epoch),
            "transcript": canonical::json(&self.transcript),
            "counter": format!("{:#x}", self.counter),
        })
    }

    /// What is signed: SHA-256 of the domain, the key's name after its length in 8 bytes, epoch,
    /// transcript, counter; numbers in 8 bytes, the highest first.
    pub fn digest(&self) -> B256 {
        let length = u64::try_from(self.key.len()).unwrap_or(u64::MAX);
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(length.to_be_bytes())
            .chain_update(self.key.as_bytes())
            .chain_update(self.epoch.to_be_bytes())
            .chain_update(self.transcript)
            .chain_update(self.counter.to_be_bytes())
            .finalize();
        B256::from_slice(&hash)
    }

    /// The trial's number for this key and generation.
    pub fn slot(&self) -> OnceSlot {
        let name = format!("{}/{}/{:#x}", self.key, self.epoch, self.transcript);
        OnceSlot::Counter { name, counter: self.counter }
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "key": self.key,
            "epoch": self.epoch,
            "transcript": canonical::json(&self.transcript),
            "counter": self.counter,
        });
        CanonicalPreview::new(SignableKind::Canary, body)
    }

    /// The canary for people.
    pub fn lines(&self) -> Vec<String> {
        let key = printable(&self.key, MAX_KEY_CHARS);
        vec![
            format!("canary {} of key {key}, epoch {}", self.counter, self.epoch),
            format!("transcript {:#x}", self.transcript),
            format!("digest {:#x}", self.digest()),
        ]
    }
}

fn key(value: &Value) -> Result<String, Problem> {
    let text = value.as_str().ok_or(Problem::WrongType { expected: "a string" })?;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    if text.is_empty() || text.len() > MAX_KEY_CHARS || !text.bytes().all(fits) {
        return Err(Problem::Invalid("is not the name of a key"));
    }
    Ok(text.to_owned())
}
