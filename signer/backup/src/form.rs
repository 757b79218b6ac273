//! The form of a file.
//!
//! ```text
//! countersign backup 1\n
//! {the header as JSON}\n
//! for each recipient: length (4 bytes, big-endian), that many bytes of an age file
//! the sealed contents
//! SHA-256 of all before it (32 bytes)
//! ```

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::header::Header;

/// No backup is longer.
pub const MAX_BYTES: usize = 16 << 20;

const MAGIC: &[u8] = b"countersign backup ";
const VERSION: &str = "1";
const HASH_BYTES: usize = 32;

/// A backup as it was read: its form is right, nothing of it is proven.
#[derive(Clone)]
pub struct Backup {
    pub(crate) header: Header,
    pub(crate) locks: Vec<Vec<u8>>,
    /// Everything before the sealed contents, which the seal covers.
    pub(crate) covered: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Backup {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is no backup, of another version, damaged, or its header is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_BYTES {
            return Err(FormError::TooLong);
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(FormError::Foreign)?;
        let (version, rest) = line(rest).ok_or(FormError::Foreign)?;
        if version != VERSION.as_bytes() {
            let found = String::from_utf8_lossy(version).chars().take(20).collect();
            return Err(FormError::UnknownVersion { found });
        }
        let (all, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or(FormError::Damaged)?;
        if Sha256::digest(all).as_slice() != hash {
            return Err(FormError::Damaged);
        }
        let rest = rest.strip_suffix(hash).ok_or(FormError::Damaged)?;
        let (header, mut rest) = line(rest).ok_or(FormError::Damaged)?;
        let header: Header = serde_json::from_slice(header)?;
        if !header.is_plausible() {
            return Err(FormError::Implausible);
        }
        let mut locks = Vec::new();
        for _ in header.to.all() {
            let (lock, after) = framed(rest).ok_or(FormError::Damaged)?;
            locks.push(lock.to_vec());
            rest = after;
        }
        let covered = all.strip_suffix(rest).ok_or(FormError::Damaged)?.to_vec();
        Ok(Self { header, locks, covered, sealed: rest.to_vec() })
    }

    /// What the file says in clear.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Everything before the sealed contents. `None` if a lock is longer than its length can say.
pub(crate) fn covered(header: &Header, locks: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = [MAGIC, VERSION.as_bytes(), b"\n"].concat();
    bytes.extend(serde_json::to_vec(header).ok()?);
    bytes.push(b'\n');
    for lock in locks {
        bytes.extend(u32::try_from(lock.len()).ok()?.to_be_bytes());
        bytes.extend(lock);
    }
    Some(bytes)
}

/// Ends a file with its hash.
pub(crate) fn complete(covered: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut bytes = [covered, sealed].concat();
    let hash = Sha256::digest(&bytes);
    bytes.extend(hash);
    bytes
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.strip_prefix(b"\n")?))
}

fn framed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Why a file is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// It is something else.
    #[error("it is no backup: it does not begin with \"countersign backup\"")]
    Foreign,
    /// A format of another time.
    #[error("backup format {found:?} is unknown, this build knows {VERSION}")]
    UnknownVersion {
        /// What was found.
        found: String,
    },
    /// Some byte is another, or missing.
    #[error("it is damaged: its hash is another; use another copy of the file")]
    Damaged,
    /// It is longer than any backup.
    #[error("it is longer than {MAX_BYTES} bytes, which no backup is")]
    TooLong,
    /// The header does not parse.
    #[error("its header cannot be read")]
    Header(#[from] serde_json::Error),
    /// The header names what cannot be.
    #[error("its header names a key, party or threshold that cannot be")]
    Implausible,
}
