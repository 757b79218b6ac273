//! The data directory: what lies where, and who holds it.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::vault::{VaultError, create_private_folder, write_private};

/// The data directory of one daemon.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the directory with mode 0700, or gives it that mode.
    pub(crate) fn create(&self) -> Result<(), VaultError> {
        create_private_folder(&self.root)
    }

    /// Holds the directory until the file is dropped; `None` if another process holds it.
    pub(crate) fn hold(&self) -> Result<Option<File>, VaultError> {
        let path = self.root.join("cosigner.lock");
        let at = |source| VaultError::File { path: path.clone(), source };
        if !path.exists() {
            write_private(&path, b"")?;
        }
        let file = File::open(&path).map_err(at)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(at(source)),
        }
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.root.join("identity.pem")
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("journal.db")
    }

    pub(crate) fn archive(&self) -> PathBuf {
        self.root.join("archive")
    }

    /// Holds the name of the journal that belongs to the shares.
    pub(crate) fn journal_name(&self) -> PathBuf {
        self.root.join("journal.id")
    }
}
