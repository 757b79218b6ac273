//! Makes sure that the journal is the one that belongs to these shares.
//!
//! The journal knows what was signed and who is banned. A cosigner that has shares and starts with an empty
//! journal would sign a second digest for a slot and answer a party that it must never answer again. So
//! the journal's random name is kept beside the shares, and a cosigner with shares starts with no other.

use super::StartError;
use crate::data_dir::DataDir;
use crate::store::Store;
use crate::vault::{Vault, VaultError, write_private};

/// Checks the journal's name, or writes it down if there is no share yet.
pub(super) async fn recognise(
    data: &DataDir,
    vault: &Vault,
    store: &Store,
) -> Result<(), StartError> {
    let (path, name) = (data.journal_name(), store.journal_name().await?);
    if read(data)?.is_some_and(|known| known == name) {
        return Ok(store.claim().await?);
    }
    let has_shares =
        !vault.live_generations()?.is_empty() || !vault.pending_generations()?.is_empty();
    let older = !path.exists() && store.was_never_claimed().await?;
    if has_shares && !older {
        return Err(StartError::JournalLost { journal: data.database(), name: path });
    }
    write_private(&path, name.as_bytes())?;
    Ok(store.claim().await?)
}

/// Whether the journal is the one that the data directory knows, or none is known yet.
pub(crate) async fn is_known(data: &DataDir, store: &Store) -> Result<bool, StartError> {
    let name = store.journal_name().await?;
    Ok(read(data)?.is_some_and(|known| known == name))
}

/// Makes this journal the one of the data directory: its history was imported, or its operator answers for what it
/// has forgotten.
pub(crate) async fn adopt(data: &DataDir, store: &Store) -> Result<(), StartError> {
    write_private(&data.journal_name(), store.journal_name().await?.as_bytes())?;
    Ok(store.claim().await?)
}

fn read(data: &DataDir) -> Result<Option<String>, VaultError> {
    let path = data.journal_name();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(VaultError::File { path, source }),
    }
}
