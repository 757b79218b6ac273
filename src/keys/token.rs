//! One API key as text: `csk_<id>_<secret>`. The id finds the row; the secret proves the holder.

use std::fmt;

use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const PREFIX: &str = "csk";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// The public part of a key: safe to print, to log, to list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct KeyId(String);

impl KeyId {
    /// The id as the database has it.
    pub(super) const fn stored(text: String) -> Self {
        Self(text)
    }

    /// Sixteen hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not an API key.
#[derive(Debug, thiserror::Error)]
#[error(
    "an API key reads csk_<16 hex digits>_<64 hex digits>; make one with `countersign key create NAME`"
)]
pub struct TokenError;

/// A whole key, secret included.
pub struct ApiKey {
    id: KeyId,
    text: String,
    digest: [u8; 32],
}

impl ApiKey {
    /// A new key from the system's randomness.
    pub(super) fn generate() -> Self {
        let mut bytes = [0u8; ID_BYTES + SECRET_BYTES];
        OsRng.try_fill_bytes(&mut bytes).expect("the system's randomness answers");
        let (id, secret) = bytes.split_at(ID_BYTES);
        let id = hex::encode(id);
        let text = format!("{PREFIX}_{id}_{}", hex::encode(secret));
        Self { id: KeyId(id), text, digest: digest(secret) }
    }

    /// Reads a key that a caller presented.
    ///
    /// # Errors
    /// When the text does not have the form of a key.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut parts = text.splitn(3, '_');
        let (Some(PREFIX), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError);
        };
        let mut id_bytes = [0u8; ID_BYTES];
        let mut secret_bytes = [0u8; SECRET_BYTES];
        hex::decode_to_slice(id, &mut id_bytes).map_err(|_| TokenError)?;
        hex::decode_to_slice(secret, &mut secret_bytes).map_err(|_| TokenError)?;
        Ok(Self {
            id: KeyId(hex::encode(id_bytes)),
            text: text.to_owned(),
            digest: digest(&secret_bytes),
        })
    }

    /// The public part.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The whole key as its holder sends it.
    ///
    /// # Security
    /// For the one time that its maker sees it; it goes into no log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What the database keeps of the secret.
    pub(super) const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether this is the key whose digest is stored; takes the same time wherever they differ.
    pub(super) fn matches(&self, stored: &[u8]) -> bool {
        bool::from(self.digest.as_slice().ct_eq(stored))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("secret", &"<redacted>").finish()
    }
}

fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"countersign api key v1").chain_update(secret).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote() {
        let key = ApiKey::generate();
        let read = ApiKey::parse(key.expose()).unwrap();
        assert_eq!(read.id(), key.id());
        assert!(read.matches(&key.digest()));
    }

    #[test]
    fn refuses_what_is_no_key() {
        let whole = ApiKey::generate().expose().to_owned();
        let short = &whole[..whole.len() - 2];
        let long = format!("{whole}00");
        for text in ["", "csk", "csk_", "csk__", "Bearer x", "sk_0011223344556677_00", short, &long]
        {
            assert!(ApiKey::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn two_keys_differ_in_both_parts() {
        let (a, b) = (ApiKey::generate(), ApiKey::generate());
        assert_ne!(a.id(), b.id());
        assert_ne!(a.digest(), b.digest());
    }

    #[test]
    fn does_not_print_its_secret() {
        let key = ApiKey::generate();
        let secret = key.expose().rsplit('_').next().unwrap();
        assert!(!format!("{key:?}").contains(secret));
    }
}
