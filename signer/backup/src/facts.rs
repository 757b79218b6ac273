//! What is public about the key and the share in a backup.

use serde::{Deserialize, Serialize};

/// The public facts of a share: whose it is, of which key, and of which generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The key's name: lower-case letters, digits, `-` and `_`, one to 64 of them.
    pub key: String,
    /// Which party of the committee the share belongs to, from 1.
    pub party: u8,
    /// How many parties sign together.
    pub threshold: u8,
    /// The generation of shares.
    pub epoch: u64,
    /// The hash of the ceremony that made this generation.
    pub transcript: [u8; 32],
    /// The compressed public key.
    #[serde(with = "hex::serde")]
    pub public_key: [u8; 33],
    /// The Ethereum address of the key itself.
    pub address: [u8; 20],
    /// The hash of the committee file at the time of the ceremony.
    pub committee: [u8; 32],
    /// The parties that this share signs with no more.
    pub bans: Vec<Ban>,
    /// When the backup was made, in seconds since 1970.
    pub created_at: u64,
}

/// A party that the share signs with no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The party.
    pub party: u8,
    /// What it did.
    pub reason: String,
}
