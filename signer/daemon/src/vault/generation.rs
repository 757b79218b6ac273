//! One generation of one key: a folder.

use std::io::Write as _;
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
const REJECT: &str = "reject.json";
/// The format of a sealed share; every seal is bound to it.
const VERSION: u32 = 1;

/// What was said in the ceremony that made a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyPapers {
    /// The manifest that all parties agreed to, signed by its proposer.
    pub proposal: SignedStatement,
    /// The acknowledgements that are here; complete once the key is certified.
    pub acks: Vec<SignedStatement>,
    /// What others said against the key.
    pub refusals: Vec<SignedStatement>,
    /// Whether every party's acknowledgement was here before anything that was said against the key.
    pub certified: bool,
}

/// A generation as it lies on disk, still encrypted.
#[derive(Debug)]
pub struct StoredGeneration {
    /// The key's public facts.
    pub record: KeyRecord,
    /// What was said in its ceremony.
    pub papers: CeremonyPapers,
    /// Our own word that we never use the key.
    pub reject: Option<SignedStatement>,
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

pub(super) fn write_reject(folder: &Path, reject: &SignedStatement) -> Result<(), VaultError> {
    write_private(&folder.join(REJECT), &serde_json::to_vec_pretty(reject)?)
}

pub(super) fn papers(folder: &Path) -> Result<CeremonyPapers, VaultError> {
    Ok(serde_json::from_slice(&bytes(folder, PAPERS)?)?)
}

pub(super) fn is_certified(folder: &Path) -> Result<bool, VaultError> {
    Ok(folder.join(PAPERS).exists() && papers(folder)?.certified)
}

pub(super) fn is_rejected(folder: &Path) -> bool {
    folder.join(REJECT).exists()
}

pub(super) fn read(folder: &Path) -> Result<StoredGeneration, VaultError> {
    let reject = if is_rejected(folder) {
        Some(serde_json::from_slice(&bytes(folder, REJECT)?)?)
    } else {
        None
    };
    Ok(StoredGeneration {
        record: record(folder)?,
        papers: papers(folder)?,
        reject,
        data_key: bytes(folder, DATA_KEY)?,
        share: bytes(folder, SHARE)?,
    })
}

pub(super) fn record(folder: &Path) -> Result<KeyRecord, VaultError> {
    Ok(serde_json::from_slice(&bytes(folder, RECORD)?)?)
}

/// Takes the folder's name away, so that nobody reads it half erased, and destroys the data key first:
/// without it, whatever a disk remembers of the share is noise.
pub(super) fn erase(folder: &Path) -> Result<(), VaultError> {
    let at = |source| VaultError::File { path: folder.to_owned(), source };
    if !folder.exists() {
        return Ok(());
    }
    let nameless = durable::unfinished(folder);
    if nameless != folder {
        durable::rename(folder, &nameless)?;
    }
    let data_key = nameless.join(DATA_KEY);
    if data_key.exists() {
        overwrite(&data_key).map_err(at)?;
    }
    std::fs::remove_dir_all(&nameless).map_err(at)?;
    nameless.parent().map_or(Ok(()), durable::sync_folder)
}

/// Puts zeros where the bytes lie. The file is not truncated first: that would free its blocks, and
/// the zeros could land in others.
pub(super) fn overwrite(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    file.write_all(&vec![0_u8; length])?;
    file.sync_all()
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
