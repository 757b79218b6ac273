//! Backups of our own share: what goes into one, how it is stored, and what an opened one must prove.
//!
//! A backup is made from the vault and its passphrase, not over the operator's socket: whoever reaches the socket
//! could otherwise have the share encrypted to a key of their own.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use countersign_backup::{Backup, Contents, Facts, FormError};
use countersign_protocol::KeyName;
use countersign_threshold::{KeyShare, PartyId, ShareError};

use crate::bans::Ban;
use crate::clock;
use crate::keys::KeyRecord;
use crate::store::{Store, StoreError};
use crate::vault::{Vault, VaultError};

/// Collects what the backup of a live key holds.
///
/// # Errors
/// If there is no such key, its share does not open, or its bans cannot be read.
pub(crate) async fn collect(
    vault: &Vault,
    store: &Store,
    key: &KeyName,
) -> Result<Contents, BackupError> {
    let ours = vault.live_generations()?.into_iter().find(|live| live.record.name == *key);
    let live = ours.ok_or_else(|| BackupError::NoSuchKey { key: key.clone() })?;
    let share = vault.open_share(&live)?;
    let bans = store.bans(&live.record.public_key).await?;
    Ok(Contents {
        facts: facts(&live.record, share.me(), &bans, clock::now_s()),
        record: serde_json::to_vec(&live.record)?,
        share: share.encode()?,
    })
}

/// Checks that an opened backup is one of the key that it names: the share's own checks, and that share, record
/// and facts say the same.
///
/// # Errors
/// If they do not.
pub(crate) fn check(contents: &Contents) -> Result<KeyRecord, BackupError> {
    let record: KeyRecord = serde_json::from_slice(&contents.record)?;
    let share = KeyShare::decode(&contents.share)?;
    let sealed = &contents.facts;
    let bans = sealed.bans.iter().map(|ban| {
        let party = PartyId::new(ban.party).map_err(|_| BackupError::Misfit)?;
        Ok(Ban { party, reason: ban.reason.clone() })
    });
    let bans = bans.collect::<Result<Vec<_>, BackupError>>()?;
    let true_facts = facts(&record, share.me(), &bans, sealed.created_at);
    let fits = record.is_of(&share) && true_facts == *sealed;
    if fits { Ok(record) } else { Err(BackupError::Misfit) }
}

fn facts(record: &KeyRecord, me: PartyId, bans: &[Ban], created_at: u64) -> Facts {
    let ban = |ban: &Ban| countersign_backup::Ban {
        party: ban.party.index(),
        reason: ban.reason.clone(),
    };
    Facts {
        key: record.name.to_string(),
        party: me.index(),
        threshold: record.threshold,
        epoch: record.epoch,
        transcript: record.transcript,
        public_key: record.public_key,
        address: record.address,
        committee: record.committee,
        bans: bans.iter().map(ban).collect(),
        created_at,
    }
}

/// Writes a backup to a new file with mode 0600, synced before it gets its name, and reads it back.
///
/// # Errors
/// If a file is there already, the disk refuses, or it gives back something else.
pub(crate) fn store(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let at = |source| BackupError::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let private = Permissions::from_mode(0o600);
    let mut file = tempfile::Builder::new().permissions(private).tempfile_in(folder).map_err(at)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(at)?;
    file.persist_noclobber(path).map_err(|refused| match refused.error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists { path: path.to_owned() },
        _ => at(refused.error),
    })?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
    read_back(path, bytes)
}

fn read_back(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let found = std::fs::read(path)
        .map_err(|source| BackupError::File { path: path.to_owned(), source })?;
    if found != bytes {
        return Err(BackupError::ReadBack { path: path.to_owned() });
    }
    Backup::parse(&found)?;
    Ok(())
}

/// Why there is no backup, or none that is good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BackupError {
    /// No live key has this name.
    #[error("there is no live key named {key}; `cosigner keys` lists them")]
    NoSuchKey {
        /// The name.
        key: KeyName,
    },
    /// The vault did not give the share.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The bans could not be read.
    #[error("the bans of the key cannot be read")]
    Store(#[from] StoreError),
    /// The record is not what a daemon of this version keeps.
    #[error("the record of the key cannot be read or written")]
    Record(#[from] serde_json::Error),
    /// The share fails its own checks.
    #[error("the share is not sound")]
    Share(#[from] ShareError),
    /// Share, record and facts say different things.
    #[error("the share does not belong to the key that the backup names")]
    Misfit,
    /// Something is there already.
    #[error("{path} is there already; a backup replaces no file", path = path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The disk refused.
    #[error("{path} could not be written and read back", path = path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The disk gave back something else.
    #[error(
        "{path} reads back as something else than was written: do not rely on it, use another disk",
        path = path.display()
    )]
    ReadBack {
        /// Where.
        path: PathBuf,
    },
    /// What was read back is no backup.
    #[error(transparent)]
    Form(#[from] FormError),
}

#[cfg(test)]
mod tests;
