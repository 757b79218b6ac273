//! From passphrase to key-encryption key: argon2id.

use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;

/// RFC 9106, second recommended option: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// A header that asks for more than this is refused rather than obeyed.
const MEMORY_KIB_MAX: u32 = 4 << 20;
const PASSES_MAX: u32 = 64;

/// How hard it is to try passphrases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KdfStrength {
    /// The default.
    MemoryHard,
    /// For development only.
    Fast,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KdfParams {
    algorithm: KdfAlgorithm,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum KdfAlgorithm {
    #[serde(rename = "argon2id")]
    Argon2id,
}

impl KdfParams {
    pub(super) fn fresh(strength: KdfStrength) -> Result<Self, VaultError> {
        let mut salt = [0_u8; 16];
        rand::rngs::OsRng.try_fill_bytes(&mut salt).map_err(|_| VaultError::Randomness)?;
        let (memory_kib, passes, lanes) = match strength {
            KdfStrength::MemoryHard => (MEMORY_KIB, PASSES, LANES),
            KdfStrength::Fast => (64, 1, 1),
        };
        Ok(Self { algorithm: KdfAlgorithm::Argon2id, memory_kib, passes, lanes, salt })
    }

    pub(super) const fn is_memory_hard(&self) -> bool {
        self.memory_kib >= MEMORY_KIB && self.passes >= PASSES
    }

    pub(super) fn derive(
        &self,
        passphrase: &SecretString,
    ) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX {
            return Err(VaultError::Kdf);
        }
        let KdfAlgorithm::Argon2id = self.algorithm;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| VaultError::Kdf)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0_u8; 32]);
        argon
            .hash_password_into(passphrase.expose_secret().as_bytes(), &self.salt, &mut *key)
            .map_err(|_| VaultError::Kdf)?;
        Ok(key)
    }
}
