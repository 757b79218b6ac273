//! Files that are there whole or not at all, and only for their owner.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::VaultError;

/// The ending of what is still being written.
const UNFINISHED: &str = "unfinished";

fn at(path: &Path) -> impl Fn(std::io::Error) -> VaultError + '_ {
    |source| VaultError::File { path: path.to_owned(), source }
}

/// Makes a folder with mode 0700, durably; one that is there gets that mode.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), VaultError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let permissions = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(path, permissions).map_err(at(path))
        }
        Err(source) => Err(VaultError::File { path: path.to_owned(), source }),
    }
}

/// Writes a file with mode 0600: to a temporary name, synced, renamed, and the folder synced.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let temporary = unfinished(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(at(&temporary))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(&temporary))?;
    rename(&temporary, path)
}

/// Renames, and syncs the folders of both names.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    std::fs::rename(from, to).map_err(at(from))?;
    sync_parent(to)?;
    if from.parent() == to.parent() { Ok(()) } else { sync_parent(from) }
}

/// The name under which `path` is prepared.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    path.with_extension(UNFINISHED)
}

pub(super) fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == UNFINISHED)
}

/// Everything finished in a folder, in the order of names.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let mut paths = list_all(folder)?;
    paths.retain(|path| !is_unfinished(path));
    Ok(paths)
}

/// Everything in a folder, in the order of names.
pub(super) fn list_all(folder: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let mut paths = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()
        })
        .map_err(at(folder))?;
    paths.sort();
    Ok(paths)
}

pub(super) fn sync_folder(path: &Path) -> Result<(), VaultError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(at(path))
}

fn sync_parent(path: &Path) -> Result<(), VaultError> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}
