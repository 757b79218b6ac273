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
    // Only a line that has the hash of something shown lacks it when it is gone.
    let Some(open) = line.strip_suffix('}') else { return line.to_owned() };
    match shown.map(serde_json::from_str::<Shown>) {
        Some(Ok(Shown { preview, reason, .. })) => {
            let preview = Value::from(preview);
            let reason = reason.map(|reason| format!(",\"reason\":{}", Value::from(reason)));
            format!("{open},\"preview\":{preview}{}}}", reason.unwrap_or_default())
        }
        None if line.contains("\"shown\":") => format!("{open},\"redacted\":true}}"),
        Some(Err(_)) | None => line.to_owned(),
    }
}
