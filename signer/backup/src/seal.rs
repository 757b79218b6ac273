//! Makes a backup, and opens one.

use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use rand::TryRngCore as _;
use zeroize::Zeroizing;

use crate::contents::Contents;
use crate::form::{self, Backup, MAX_BYTES};
use crate::header::Header;
use crate::identity::Identity;
use crate::locks::{self, LockError};
use crate::recipient::Recipients;

/// A key seals one file once, so the nonce is always the same.
const NONCE: [u8; 12] = [0; 12];
const TAG_BYTES: usize = 16;

/// Makes a backup that these recipients open, and gives the bytes of the file.
///
/// # Errors
/// If the facts are none of a key, everything is too long, or the operating system gives no randomness.
pub fn seal(contents: &Contents, to: Recipients) -> Result<Vec<u8>, SealError> {
    let header = Header::of(&contents.facts, to);
    if header.is_plausible() { seal_under(&header, contents) } else { Err(SealError::Facts) }
}

fn seal_under(header: &Header, contents: &Contents) -> Result<Vec<u8>, SealError> {
    let mut key = Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng.try_fill_bytes(&mut *key).map_err(|_| SealError::Randomness)?;
    let locks = locks::lock(&key, &header.to).ok_or(SealError::Lock)?;
    let covered = form::covered(header, &locks).ok_or(SealError::TooLong)?;
    let mut sealed = contents.encode(TAG_BYTES).ok_or(SealError::TooLong)?;
    ChaCha20Poly1305::new((&*key).into())
        .encrypt_in_place(Nonce::from_slice(&NONCE), &covered, &mut *sealed)
        .map_err(|_| SealError::TooLong)?;
    let file = form::complete(&covered, &sealed);
    if file.len() > MAX_BYTES { Err(SealError::TooLong) } else { Ok(file) }
}

impl Backup {
    /// Decrypts the contents with the identities of enough recipients. Identities that are none of its
    /// recipients' are passed over.
    ///
    /// # Errors
    /// If too few identities fit, any byte is another than was sealed, or the header and the facts differ.
    pub fn open(&self, identities: &[Identity]) -> Result<Contents, OpenError> {
        let key = locks::unlock(&self.header.to, &self.locks, identities)?;
        let mut bytes = Zeroizing::new(self.sealed.clone());
        ChaCha20Poly1305::new((&*key).into())
            .decrypt_in_place(Nonce::from_slice(&NONCE), &self.covered, &mut *bytes)
            .map_err(|_| OpenError::Changed)?;
        let contents = Contents::decode(&bytes).ok_or(OpenError::Unreadable)?;
        if self.header.fits(&contents.facts) { Ok(contents) } else { Err(OpenError::Header) }
    }
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No key has these facts.
    #[error("no key has such a name, party or threshold")]
    Facts,
    /// It would be longer than a backup can be.
    #[error("the backup would be longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The pieces could not be made or encrypted.
    #[error("the file's key could not be encrypted to its recipients")]
    Lock,
    /// The operating system gave no randomness.
    #[error("no randomness")]
    Randomness,
}

/// Why a backup did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The key did not come together.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Some byte is another than was sealed.
    #[error("it was changed after it was made: header, locks and contents do not belong together")]
    Changed,
    /// What was sealed is no contents of this version.
    #[error("what was sealed in it cannot be read")]
    Unreadable,
    /// The facts inside are others than those in clear.
    #[error("its header says something else than what was sealed in it")]
    Header,
}

#[cfg(test)]
mod tests;
