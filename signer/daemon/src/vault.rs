//! The shares at rest.
//!
//! ```text
//! passphrase --argon2id--> key-encryption key --> data key of one generation --> share
//! ```
//!
//! A generation is a folder: `record.json` (public facts), `data.key` (the wrapped data key),
//! `share.sealed`, and the ceremony's papers. It is written whole under `pending/<ceremony>/`, and
//! one rename to `live/<name>/<epoch>/` says that all parties can use it: there is no moment at which
//! half a key is there. `reject.json` beside it says that we never do. A ceremony that came to nothing
//! leaves a note in `discarded/`, so that it stays nothing. Its share is erased, unless every party
//! had acknowledged it: then it could have signed, and is kept aside in `superseded/`.

use std::fmt;
use std::path::{Path, PathBuf};

use countersign_protocol::KeyName;
use countersign_threshold::{KeyShare, ShareError};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ceremony::SignedStatement;
use crate::keys::KeyRecord;

mod durable;
mod generation;
mod kdf;
mod seal;

pub use generation::{CeremonyPapers, StoredGeneration};
pub use kdf::KdfStrength;

pub(crate) use durable::{create_private_folder, write_private};

const HEADER_VERSION: u32 = 1;
const CHECK_DOMAIN: &[u8] = b"countersign vault check 1";
const FOLDERS: [&str; 4] = ["pending", "live", "discarded", "superseded"];

/// The open vault: it holds the key-encryption key in memory, and nothing else that is secret.
pub struct Vault {
    folder: PathBuf,
    kek: Zeroizing<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    kdf: kdf::KdfParams,
    /// Nothing, sealed by the key-encryption key: tells a wrong passphrase from a damaged share.
    #[serde(with = "hex::serde")]
    check: Vec<u8>,
}

impl Vault {
    /// Makes an empty vault in `folder`, locked by `passphrase`. Takes about a second of memory-hard
    /// work, unless `strength` says that this is a developer's.
    ///
    /// # Errors
    /// If a vault is there already, or cannot be written.
    pub fn create(
        folder: &Path,
        passphrase: &SecretString,
        strength: KdfStrength,
    ) -> Result<Self, VaultError> {
        create_private_folder(folder)?;
        let path = folder.join("vault.json");
        if path.exists() {
            return Err(VaultError::Exists { path });
        }
        let kdf = kdf::KdfParams::fresh(strength)?;
        let kek = kdf.derive(passphrase)?;
        let check = seal::seal(&kek, CHECK_DOMAIN, b"")?;
        let header = Header { version: HEADER_VERSION, kdf, check };
        for name in FOLDERS {
            create_private_folder(&folder.join(name))?;
        }
        write_private(&path, &serde_json::to_vec_pretty(&header)?)?;
        Ok(Self { folder: folder.to_owned(), kek })
    }

    /// Opens the vault in `folder`.
    ///
    /// # Errors
    /// [`VaultError::WrongPassphrase`] if the passphrase is another, [`VaultError::Fast`] if the
    /// vault was made for development and `strength` is not.
    pub fn open(
        folder: &Path,
        passphrase: &SecretString,
        strength: KdfStrength,
    ) -> Result<Self, VaultError> {
        let vault = Self::open_to_read(folder, passphrase, strength)?;
        vault.sweep()?;
        Ok(vault)
    }

    /// Opens the vault in `folder` for reading what is live, while a daemon may be at work in it: nothing that
    /// was left unfinished is touched.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub(crate) fn open_to_read(
        folder: &Path,
        passphrase: &SecretString,
        strength: KdfStrength,
    ) -> Result<Self, VaultError> {
        let path = folder.join("vault.json");
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(VaultError::Missing { path });
            }
            other => other.map_err(|source| VaultError::File { path: path.clone(), source })?,
        };
        let header: Header = serde_json::from_slice(&bytes)?;
        if header.version != HEADER_VERSION {
            return Err(VaultError::UnknownVersion { version: header.version });
        }
        if strength == KdfStrength::MemoryHard && !header.kdf.is_memory_hard() {
            return Err(VaultError::Fast);
        }
        let kek = header.kdf.derive(passphrase)?;
        seal::open(&kek, CHECK_DOMAIN, &header.check).map_err(|_| VaultError::WrongPassphrase)?;
        Ok(Self { folder: folder.to_owned(), kek })
    }

    /// Stores a new generation and the papers of its ceremony durably, unusable yet. It costs some
    /// synced writes: run it where blocking is allowed.
    ///
    /// # Errors
    /// If anything could not be written and synced; then nothing was stored.
    pub fn store_pending(
        &self,
        record: &KeyRecord,
        share: &KeyShare,
        papers: &CeremonyPapers,
    ) -> Result<(), VaultError> {
        let encoded = share.encode()?;
        generation::write(&self.pending(&record.ceremony), &self.kek, record, &encoded, papers)
    }

    /// Writes down what was said about a pending generation since.
    ///
    /// # Errors
    /// If there is no such generation, or the disk refuses.
    pub fn update_papers(
        &self,
        ceremony: &[u8; 32],
        papers: &CeremonyPapers,
    ) -> Result<(), VaultError> {
        generation::write_papers(&self.pending(ceremony), papers)
    }

    /// Marks a pending generation as one that we never use.
    ///
    /// # Errors
    /// If there is no such generation, or the disk refuses.
    pub fn reject(
        &self,
        ceremony: &[u8; 32],
        statement: &SignedStatement,
    ) -> Result<(), VaultError> {
        generation::write_reject(&self.pending(ceremony), statement)
    }

    /// Makes a certified generation live: every party holds the certificate.
    ///
    /// # Errors
    /// If there is no such generation, we hold no certificate of it, we rejected it, its name is taken,
    /// or the disk refuses.
    pub fn promote(&self, ceremony: &[u8; 32]) -> Result<(), VaultError> {
        let from = self.pending(ceremony);
        let record = generation::record(&from)?;
        if generation::is_rejected(&from) {
            return Err(VaultError::Rejected { name: record.name });
        }
        if !generation::papers(&from)?.certified {
            return Err(VaultError::Uncertified { name: record.name });
        }
        let name = self.folder.join("live").join(record.name.as_str());
        let to = name.join(record.epoch.to_string());
        if to.exists() {
            return Err(VaultError::NameTaken { name: record.name });
        }
        create_private_folder(&name)?;
        durable::rename(&from, &to)
    }

    /// Notes durably that a ceremony came to nothing. What it left is still there:
    /// [`Vault::put_away`] goes next, and the next start does it if a crash comes between.
    ///
    /// # Errors
    /// If the note could not be written.
    pub fn note_discard(&self, ceremony: &[u8; 32], note: &[u8]) -> Result<(), VaultError> {
        write_private(&self.discarded(ceremony), note)
    }

    /// Erases what a ceremony left that came to nothing, or keeps it aside if it was certified.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn put_away(&self, ceremony: &[u8; 32]) -> Result<(), VaultError> {
        let folder = self.pending(ceremony);
        if generation::is_certified(&folder)? {
            let aside = self.folder.join("superseded");
            create_private_folder(&aside)?;
            return durable::rename(&folder, &aside.join(hex::encode(ceremony)));
        }
        generation::erase(&folder)
    }

    /// The note of a ceremony that came to nothing.
    ///
    /// # Errors
    /// If it is there but cannot be read.
    pub fn discard_note(&self, ceremony: &[u8; 32]) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.discarded(ceremony);
        match std::fs::read(&path) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(VaultError::File { path, source }),
        }
    }

    /// The notes of all ceremonies that came to nothing.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn discard_notes(&self) -> Result<Vec<Vec<u8>>, VaultError> {
        let read = |path: PathBuf| {
            std::fs::read(&path).map_err(|source| VaultError::File { path, source })
        };
        durable::list(&self.folder.join("discarded"))?.into_iter().map(read).collect()
    }

    /// The generation that a ceremony left and that is not live.
    ///
    /// # Errors
    /// If it is there but cannot be read.
    pub fn pending_generation(
        &self,
        ceremony: &[u8; 32],
    ) -> Result<Option<StoredGeneration>, VaultError> {
        let folder = self.pending(ceremony);
        if folder.exists() { generation::read(&folder).map(Some) } else { Ok(None) }
    }

    /// All generations that are stored but not live.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn pending_generations(&self) -> Result<Vec<StoredGeneration>, VaultError> {
        let folders = durable::list(&self.folder.join("pending"))?;
        folders.iter().map(|folder| generation::read(folder)).collect()
    }

    /// The newest generation of every live key.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn live_generations(&self) -> Result<Vec<StoredGeneration>, VaultError> {
        let mut newest = Vec::new();
        for name in durable::list(&self.folder.join("live"))? {
            let mut generations = durable::list(&name)?
                .iter()
                .map(|folder| generation::read(folder))
                .collect::<Result<Vec<_>, _>>()?;
            generations.sort_by_key(|generation| generation.record.epoch);
            newest.extend(generations.pop());
        }
        Ok(newest)
    }

    /// Whether a key of this name is live or pending.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn has_name(&self, name: &KeyName) -> Result<bool, VaultError> {
        let pending = self.pending_generations()?;
        Ok(self.folder.join("live").join(name.as_str()).exists()
            || pending.iter().any(|generation| generation.record.name == *name))
    }

    /// Decrypts a generation's share and checks it against its record.
    ///
    /// # Errors
    /// If any byte of it was changed, or it belongs to another key.
    pub fn open_share(&self, stored: &StoredGeneration) -> Result<KeyShare, VaultError> {
        let damaged = || VaultError::Damaged { name: stored.record.name.clone() };
        let encoded = stored.decrypt(&self.kek).map_err(|_| damaged())?;
        let share = KeyShare::decode(&encoded)?;
        if stored.record.is_of(&share) { Ok(share) } else { Err(damaged()) }
    }

    fn pending(&self, ceremony: &[u8; 32]) -> PathBuf {
        self.folder.join("pending").join(hex::encode(ceremony))
    }

    fn discarded(&self, ceremony: &[u8; 32]) -> PathBuf {
        self.folder.join("discarded").join(format!("{}.json", hex::encode(ceremony)))
    }

    /// Finishes what a crash interrupted: half-written folders, and generations that were noted as
    /// discarded but not put away.
    fn sweep(&self) -> Result<(), VaultError> {
        for folder in durable::list_all(&self.folder.join("pending"))? {
            if durable::is_unfinished(&folder) {
                generation::erase(&folder)?;
                continue;
            }
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            let mut ceremony = [0; 32];
            if hex::decode_to_slice(name.unwrap_or_default(), &mut ceremony).is_ok()
                && self.discarded(&ceremony).exists()
            {
                self.put_away(&ceremony)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why the vault did not give or take a share.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The passphrase is another.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// There is no vault.
    #[error("there is no vault at {path}; run `cosigner init` first", path = path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is a vault already.
    #[error("a vault is at {path} already", path = path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// The vault is a developer's.
    #[error(
        "the vault's passphrase is derived fast, which only a configuration with dev = true may use"
    )]
    Fast,
    /// A format of another time.
    #[error("vault format {version} is unknown")]
    UnknownVersion {
        /// What was found.
        version: u32,
    },
    /// A key of this name is there.
    #[error("a key named {name} is there already")]
    NameTaken {
        /// The name.
        name: KeyName,
    },
    /// We said that we never use the key.
    #[error("key {name} was rejected by us")]
    Rejected {
        /// The name.
        name: KeyName,
    },
    /// Not every party is known to have acknowledged the key.
    #[error("key {name} has no certificate")]
    Uncertified {
        /// The name.
        name: KeyName,
    },
    /// A stored share was changed, or is not the one that its record tells of.
    #[error("the stored share of key {name} is damaged")]
    Damaged {
        /// The key.
        name: KeyName,
    },
    /// The share does not hold together.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A paper does not parse.
    #[error("a file of the vault is malformed")]
    Json(#[from] serde_json::Error),
    /// The operating system refused.
    #[error("the vault's file {path} could not be used", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    Randomness,
    /// The key derivation refused its parameters.
    #[error("the key derivation parameters are out of bounds")]
    Kdf,
    /// Sealing failed.
    #[error("sealing failed")]
    Seal,
}

#[cfg(test)]
pub(crate) mod tests;
