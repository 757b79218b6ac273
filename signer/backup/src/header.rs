//! What a backup says in clear.

use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::recipient::Recipients;

/// What a backup says in clear: enough to tell files apart, and who can open them.
///
/// # Security
/// It is what the file claims. Only an opened backup proves it: the seal covers the header, and the facts inside
/// are compared with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The key's name.
    pub key: String,
    /// Which party's share it is.
    pub party: u8,
    /// How many parties sign together.
    pub threshold: u8,
    /// The generation of shares.
    pub epoch: u64,
    /// The hash of the ceremony that made this generation.
    #[serde(with = "hex::serde")]
    pub transcript: [u8; 32],
    /// Who can open it.
    pub to: Recipients,
}

impl Header {
    pub(crate) fn of(facts: &Facts, to: Recipients) -> Self {
        Self {
            key: facts.key.clone(),
            party: facts.party,
            threshold: facts.threshold,
            epoch: facts.epoch,
            transcript: facts.transcript,
            to,
        }
    }

    /// Whether it says the same as the facts inside.
    pub(crate) fn fits(&self, facts: &Facts) -> bool {
        *self == Self::of(facts, self.to.clone())
    }

    /// Whether a terminal may print it, and a party of a committee may have it.
    pub(crate) fn is_plausible(&self) -> bool {
        let plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        (1..=64).contains(&self.key.len())
            && self.key.chars().all(plain)
            && self.party > 0
            && self.threshold > 1
    }
}
