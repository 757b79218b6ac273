//! What people read of a request. It is not in the chained line, but its hash is: so it can be taken away when it is
//! old, and nobody can put another in its place. The salt keeps what was taken away from being guessed.

use alloy::primitives::B256;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::store::StoreError;

const DOMAIN: &[u8] = b"countersign audit shown v2";

/// What a record shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    salt: String,
    /// What the request does, line by line.
    pub preview: Vec<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl Shown {
    /// With a fresh salt.
    ///
    /// # Errors
    /// If there is no randomness.
    pub(crate) fn new(preview: Vec<String>, reason: Option<String>) -> Result<Self, StoreError> {
        let mut salt = [0; 16];
        OsRng.try_fill_bytes(&mut salt).map_err(|_| StoreError::Randomness)?;
        Ok(Self { salt: hex::encode(salt), preview, reason })
    }

    /// With a salt that is the same in every run.
    #[cfg(test)]
    pub(super) fn salted(salt: &str, preview: &[&str], reason: Option<&str>) -> Self {
        let preview = preview.iter().map(|&line| line.to_owned()).collect();
        Self { salt: salt.to_owned(), preview, reason: reason.map(str::to_owned) }
    }

    /// The stored form.
    pub(super) fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|_| StoreError::Corrupt { what: "shown" })
    }

    /// The hash by which the chained line knows it again.
    pub(crate) fn commitment(text: &str) -> B256 {
        B256::from_slice(&Sha256::new().chain_update(DOMAIN).chain_update(text).finalize())
    }
}

/// A line as people read it: with what it shows, or a word that it was taken away.
pub(super) fn merged(line: &str, shown: Option<&str>) -> String {
    let Ok(Value::Object(mut record)) = serde_json::from_str(line) else { return line.to_owned() };
    let Some(commitment) = record.get("shown").cloned() else { return line.to_owned() };
    match shown.map(serde_json::from_str::<Shown>) {
        Some(Ok(shown)) => {
            record.insert("preview".to_owned(), Value::from(shown.preview));
            if let Some(reason) = shown.reason {
                record.insert("reason".to_owned(), Value::from(reason));
            }
        }
        Some(Err(_)) => {}
        None => {
            record.insert("redacted".to_owned(), Value::Bool(true));
        }
    }
    record.insert("shown".to_owned(), commitment);
    Value::Object(record).to_string()
}
