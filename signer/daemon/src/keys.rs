//! The keys that this daemon can sign with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use countersign_protocol::{KeyName, KeyPurpose};
use countersign_threshold::{Gates, KeyShare};
use serde::{Deserialize, Serialize};

/// The public facts of a key, stored beside its share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The key's name; no two keys ever share one.
    pub name: KeyName,
    /// What it may sign.
    pub purpose: KeyPurpose,
    /// How many parties sign together.
    pub threshold: u8,
    /// How many parties hold a share.
    pub parties: u8,
    /// The generation of shares.
    pub epoch: u64,
    /// The compressed public key, as hex.
    #[serde(with = "hex::serde")]
    pub public_key: [u8; 33],
    /// The Ethereum address of the key itself, as hex.
    #[serde(with = "hex::serde")]
    pub address: [u8; 20],
    /// The hash of the ceremony that made this generation.
    #[serde(with = "hex::serde")]
    pub transcript: [u8; 32],
    /// The ceremony's id.
    #[serde(with = "hex::serde")]
    pub ceremony: [u8; 32],
    /// The hash of the committee file at the time.
    #[serde(with = "hex::serde")]
    pub committee: [u8; 32],
    /// Seconds since 1970.
    pub created_at: u64,
}

impl KeyRecord {
    /// Whether a share is one of this key and this generation.
    pub(crate) fn is_of(&self, share: &KeyShare) -> bool {
        let committee = share.committee();
        share.public_key() == self.public_key
            && share.address() == self.address
            && share.epoch() == self.epoch
            && *share.transcript() == self.transcript
            && committee.threshold() == self.threshold
            && committee.parties() == self.parties
    }
}

/// A key that every party acknowledged: it can sign.
pub struct LiveKey {
    /// Its public facts.
    pub record: KeyRecord,
    /// Our share of it.
    pub share: KeyShare,
    /// The gates that every signing message leaves through: one set a key, shared by all sessions.
    pub gates: Arc<Gates>,
}

impl fmt::Debug for LiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveKey").field("record", &self.record).finish_non_exhaustive()
    }
}

/// All live keys of this daemon.
#[derive(Debug, Default)]
pub struct Keys {
    live: RwLock<BTreeMap<KeyName, Arc<LiveKey>>>,
}

impl Keys {
    /// The live key of this name.
    #[must_use]
    pub fn get(&self, name: &KeyName) -> Option<Arc<LiveKey>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All live keys.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<LiveKey>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Makes a key unusable. What signs with it at this moment comes to its end.
    pub fn remove(&self, name: &KeyName) {
        self.live.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Makes a key usable. A name that is taken keeps its key.
    pub fn insert(&self, key: LiveKey) -> Arc<LiveKey> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(live.entry(key.record.name.clone()).or_insert_with(|| Arc::new(key)))
    }
}
