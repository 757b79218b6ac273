//! One generation of one key: a folder.

use std::path::Path;

use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::durable::{self, create_private_folder, write_private};
use super::{VaultError, seal};
use crate::ceremony::SignedStatement;
use crate::keys::KeyRecord;

const RECORD: &str = "record.json";
const DATA_KEY: &str = "data.key";
const SHARE: &str = "share.sealed";
const PAPERS: &str = "ceremony.json";
/// The format of a sealed share; every seal is bound to it.
const VERSION: u32 = 1;

/// What was said in the ceremony that made a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyPapers {
    /// The manifest, as all parties agreed to it.
    pub manifest: String,
    /// The acknowledgements that are here, ours first; complete once the key is live.
    pub acks: Vec<SignedStatement>,
}

/// A generation as it lies on disk, still encrypted.
#[derive(Debug)]
pub struct StoredGeneration {
    /// The key's public facts.
    pub record: KeyRecord,
    /// What was said in its ceremony.
    pub papers: CeremonyPapers,
    data_key: Vec<u8>,
    share: Vec<u8>,
}

impl StoredGeneration {
    pub(super) fn decrypt(&self, kek: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let data_key = seal::open(kek, &context(&self.record, "data key")?, &self.data_key)?;
        let data_key: Zeroizing<[u8; 32]> =
            Zeroizing::new(data_key.as_slice().try_into().map_err(|_| VaultError::Seal)?);
        seal::open(&data_key, &context(&self.record, "share")?, &self.share)
    }
}

/// Writes a whole generation under a temporary name and then gives it its own.
pub(super) fn write(
    folder: &Path,
    kek: &[u8; 32],
    record: &KeyRecord,
    share: &[u8],
    papers: &CeremonyPapers,
) -> Result<(), VaultError> {
    let mut data_key = Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng.try_fill_bytes(&mut *data_key).map_err(|_| VaultError::Randomness)?;
    let wrapped = seal::seal(kek, &context(record, "data key")?, &*data_key)?;
    let sealed = seal::seal(&data_key, &context(record, "share")?, share)?;
    let temporary = durable::unfinished(folder);
    create_private_folder(&temporary)?;
    write_private(&temporary.join(RECORD), &serde_json::to_vec_pretty(record)?)?;
    write_private(&temporary.join(DATA_KEY), &wrapped)?;
    write_private(&temporary.join(SHARE), &sealed)?;
    write_papers(&temporary, papers)?;
    durable::sync_folder(&temporary)?;
    durable::rename(&temporary, folder)
}

pub(super) fn write_papers(folder: &Path, papers: &CeremonyPapers) -> Result<(), VaultError> {
    write_private(&folder.join(PAPERS), &serde_json::to_vec_pretty(papers)?)
}

pub(super) fn read(folder: &Path) -> Result<StoredGeneration, VaultError> {
    Ok(StoredGeneration {
        record: record(folder)?,
        papers: serde_json::from_slice(&bytes(folder, PAPERS)?)?,
        data_key: bytes(folder, DATA_KEY)?,
        share: bytes(folder, SHARE)?,
    })
}

pub(super) fn record(folder: &Path) -> Result<KeyRecord, VaultError> {
    Ok(serde_json::from_slice(&bytes(folder, RECORD)?)?)
}

/// Destroys the data key first: without it, whatever a disk remembers of the share is noise.
pub(super) fn erase(folder: &Path) -> Result<(), VaultError> {
    let at = |source| VaultError::File { path: folder.to_owned(), source };
    if !folder.exists() {
        return Ok(());
    }
    let data_key = folder.join(DATA_KEY);
    if data_key.exists() {
        let length = std::fs::metadata(&data_key).map_err(at)?.len();
        let zeros = vec![0_u8; usize::try_from(length).unwrap_or_default()];
        std::fs::write(&data_key, zeros).map_err(at)?;
        std::fs::File::open(&data_key).and_then(|file| file.sync_all()).map_err(at)?;
    }
    std::fs::remove_dir_all(folder).map_err(at)?;
    folder.parent().map_or(Ok(()), durable::sync_folder)
}

fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>, VaultError> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|source| VaultError::File { path, source })
}

/// What a seal is bound to: its format, what it holds, and every public fact of the key, so that
/// neither a share nor a fact can be swapped for another.
fn context(record: &KeyRecord, what: &str) -> Result<Vec<u8>, VaultError> {
    Ok(serde_json::to_vec(&("countersign vault", VERSION, what, record))?)
}
