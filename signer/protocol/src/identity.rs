//! The Ed25519 key that a cosigner or a gateway is known by.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A process's own key pair. It signs TLS handshakes, committee files and ceremony broadcasts;
/// never anything that a chain would accept.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
}

impl Identity {
    /// A fresh identity from the operating system's randomness.
    ///
    /// # Errors
    /// If the operating system gives no randomness.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        rand::rngs::OsRng.try_fill_bytes(&mut *seed).map_err(|_| IdentityError::Randomness)?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// Makes a fresh identity and stores it at `path` (PKCS #8 PEM, mode 0600).
    ///
    /// # Errors
    /// If a file is there already: an identity is never overwritten.
    pub fn create(path: &Path) -> Result<Self, IdentityError> {
        let at = |source| IdentityError::File { path: path.to_owned(), source };
        let identity = Self::generate()?;
        let pem = identity.key.to_pkcs8_pem(LineEnding::LF).map_err(|_| IdentityError::Encoding)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(at)?;
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::File::open(folder).and_then(|d| d.sync_all()).map_err(at)?;
        }
        Ok(identity)
    }

    /// Reads an identity from `path`.
    ///
    /// # Errors
    /// If the file is missing, open to others than its owner, or not an Ed25519 key.
    pub fn load(path: &Path) -> Result<Self, IdentityError> {
        let at = |source| IdentityError::File { path: path.to_owned(), source };
        let mode = std::fs::metadata(path).map_err(at)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(IdentityError::OpenToOthers { path: path.to_owned(), mode: mode & 0o777 });
        }
        let pem = Zeroizing::new(std::fs::read_to_string(path).map_err(at)?);
        let key = SigningKey::from_pkcs8_pem(&pem)
            .map_err(|_| IdentityError::NotAKey { path: path.to_owned() })?;
        Ok(Self { key })
    }

    /// The public half: what others pin.
    #[must_use]
    pub fn public(&self) -> IdentityKey {
        IdentityKey(self.key.verifying_key().to_bytes())
    }

    /// Signs `body` under `domain`, which keeps one kind of statement from standing for another.
    #[must_use]
    pub fn sign(&self, domain: &str, body: &[u8]) -> IdentitySignature {
        IdentitySignature(self.key.sign(&statement(domain, body)).to_bytes())
    }

    /// The key pair as PKCS #8 for the TLS stack.
    pub(crate) fn expose_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
        let der = self.key.to_pkcs8_der().map_err(|_| IdentityError::Encoding)?;
        Ok(Zeroizing::new(der.as_bytes().to_vec()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public", &self.public()).finish_non_exhaustive()
    }
}

fn statement(domain: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"countersign identity statement\0".to_vec();
    bytes.extend(u32::try_from(domain.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(domain.as_bytes());
    bytes.extend(Sha256::digest(body));
    bytes
}

/// The public key of an [`Identity`]: 32 bytes of Ed25519, written as hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityKey([u8; 32]);

/// `SubjectPublicKeyInfo` of an Ed25519 key, up to the key's own bytes (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

impl IdentityKey {
    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as a certificate's `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.0].concat()
    }

    /// The key inside a `SubjectPublicKeyInfo`, if it is exactly one of Ed25519.
    #[must_use]
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok().map(Self)
    }

    /// What people compare out of band.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.spki()).into())
    }

    /// Whether `signature` is this key's, over `body` under `domain`.
    #[must_use]
    pub fn verifies(&self, domain: &str, body: &[u8], signature: &IdentitySignature) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&statement(domain, body), &signature).is_ok()
    }
}

impl FromStr for IdentityKey {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let bytes: [u8; 32] = hex::decode(text)
            .ok()
            .and_then(|b| b.try_into().ok())
            .ok_or(IdentityError::NotAPublicKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| IdentityError::NotAPublicKey)?;
        if key.is_weak() {
            return Err(IdentityError::NotAPublicKey);
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for IdentityKey {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<IdentityKey> for String {
    fn from(key: IdentityKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({self})")
    }
}

/// SHA-256 of a key's `SubjectPublicKeyInfo`; written in groups that can be read aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, pair) in self.0.chunks(2).enumerate() {
            let gap = if position == 0 { "" } else { " " };
            write!(f, "{gap}{}", hex::encode(pair))?;
        }
        Ok(())
    }
}

/// An Ed25519 signature by an [`Identity`], written as hex.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentitySignature([u8; 64]);

impl IdentitySignature {
    /// The signature's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl TryFrom<&[u8]> for IdentitySignature {
    type Error = IdentityError;

    fn try_from(bytes: &[u8]) -> Result<Self, IdentityError> {
        bytes.try_into().map(Self).map_err(|_| IdentityError::NotASignature)
    }
}

impl TryFrom<String> for IdentitySignature {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        hex::decode(text).map_err(|_| IdentityError::NotASignature)?.as_slice().try_into()
    }
}

impl From<IdentitySignature> for String {
    fn from(signature: IdentitySignature) -> Self {
        hex::encode(signature.0)
    }
}

impl fmt::Debug for IdentitySignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentitySignature({})", hex::encode(self.0))
    }
}

/// Why an identity could not be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    Randomness,
    /// The key did not encode.
    #[error("the identity key could not be encoded")]
    Encoding,
    /// The file could not be read or written.
    #[error("the identity file {path} could not be used", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error("the identity file {path} is open to others (mode {mode:o}); set it to 600", path = path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("the file {path} holds no Ed25519 key", path = path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The text is not a public key.
    #[error("an identity key is 32 bytes of Ed25519 as hex")]
    NotAPublicKey,
    /// The bytes are not a signature.
    #[error("an identity signature is 64 bytes as hex")]
    NotASignature,
}

#[cfg(test)]
mod tests {
    use super::{Identity, IdentityError, IdentityKey};

    #[test]
    fn a_stored_identity_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.pem");
        let made = Identity::create(&path).unwrap();
        assert_eq!(Identity::load(&path).unwrap().public(), made.public());
        assert!(matches!(Identity::create(&path), Err(IdentityError::File { .. })));
    }

    #[test]
    fn an_identity_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.pem");
        Identity::create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Identity::load(&path).unwrap_err();
        assert!(matches!(error, IdentityError::OpenToOthers { mode: 0o640, .. }), "{error}");
    }

    #[test]
    fn a_signature_holds_for_its_domain_body_and_key_only() {
        let (one, two) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let signature = one.sign("committee", b"body");
        assert!(one.public().verifies("committee", b"body", &signature));
        assert!(!one.public().verifies("keygen", b"body", &signature));
        assert!(!one.public().verifies("committee", b"other", &signature));
        assert!(!two.public().verifies("committee", b"body", &signature));
    }

    #[test]
    fn a_key_survives_text_and_spki() {
        let key = Identity::generate().unwrap().public();
        assert_eq!(key.to_string().parse::<IdentityKey>().unwrap(), key);
        assert_eq!(IdentityKey::from_spki(&key.spki()), Some(key));
        assert_eq!(key.fingerprint().to_string().split(' ').count(), 16);
        assert!("00".repeat(32).parse::<IdentityKey>().is_err());
    }

    #[test]
    fn the_private_half_is_never_printed() {
        let identity = Identity::generate().unwrap();
        let secret = hex::encode(identity.key.to_bytes());
        assert!(!format!("{identity:?}").contains(&secret));
    }
}
