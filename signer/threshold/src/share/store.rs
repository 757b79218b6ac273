//! The stored form of a share: a format version, then postcard.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyShare, ShareError};
use crate::engine::{Party, PublicKeyPackage};

const FORMAT: u16 = 1;
/// The bit of the format that keeps a share without a certificate from being read as one in use.
const INERT: u16 = 0x8000;
/// Room for the state with one peer, and for the rest.
const PER_PEER: usize = 64 * 1024;
const BASE: usize = 16 * 1024;

/// Whether a stored share may sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    InUse,
    Inert,
}

impl Standing {
    const fn format(self) -> u16 {
        match self {
            Self::InUse => FORMAT,
            Self::Inert => FORMAT | INERT,
        }
    }

    fn check(self, format: u16) -> Result<(), ShareError> {
        if format == self.format() {
            return Ok(());
        }
        Err(match self {
            Self::InUse if format == Self::Inert.format() => ShareError::Inert,
            Self::Inert if format == Self::InUse.format() => ShareError::InUse,
            Self::InUse | Self::Inert => ShareError::Version(format),
        })
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    epoch: u64,
    transcript: [u8; 32],
    package: &'a PublicKeyPackage,
    party: &'a Party,
}

#[derive(Deserialize)]
struct Loaded {
    epoch: u64,
    transcript: [u8; 32],
    package: PublicKeyPackage,
    party: Party,
}

pub(super) fn encode(
    share: &KeyShare,
    standing: Standing,
) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    let stored = Stored {
        epoch: share.epoch,
        transcript: share.transcript,
        package: &share.package,
        party: &share.party,
    };
    // One buffer of fixed size, because a growing one would leave copies of the secret behind.
    let room = PER_PEER.saturating_mul(usize::from(share.committee.parties())).saturating_add(BASE);
    let mut bytes = Zeroizing::new(vec![0; room]);
    let (version, body) = bytes.split_first_chunk_mut::<2>().ok_or(ShareError::Malformed)?;
    *version = standing.format().to_be_bytes();
    let length = postcard::to_slice(&stored, body).map_err(|_| ShareError::Malformed)?.len();
    bytes.truncate(length.saturating_add(2));
    Ok(bytes)
}

pub(super) fn decode(bytes: &[u8], standing: Standing) -> Result<KeyShare, ShareError> {
    let (version, body) = bytes.split_first_chunk::<2>().ok_or(ShareError::Malformed)?;
    standing.check(u16::from_be_bytes(*version))?;
    let (loaded, rest) =
        postcard::take_from_bytes::<Loaded>(body).map_err(|_| ShareError::Malformed)?;
    if !rest.is_empty() {
        return Err(ShareError::Malformed);
    }
    KeyShare::checked(loaded.party, loaded.package, loaded.epoch, loaded.transcript)
}
