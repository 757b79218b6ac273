//! The durable memory of bans: which parties a root key signs with no more, for ever.
//!
//! Bans belong to the oblivious-transfer state of the root key, so they are kept under its public key and
//! cover every child. They are read from memory, because the gate asks before every message, and written
//! through: [`KeyBans::ban`](BanLedger::ban) returns when the row is synced. It has a connection of its own
//! and waits for nobody who holds the store's: whoever holds that may be waiting for a gate.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use countersign_threshold::{BanLedger, LedgerError, PartyId};
use sqlx::sqlite::SqliteConnection;

use crate::clock;
use crate::store::{Store, StoreError};

/// How long a ban waits for a commit that is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// A party that this key signs with no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The party.
    pub party: PartyId,
    /// What it did.
    pub reason: String,
}

/// The bans of one root key.
pub struct KeyBans {
    pen: Mutex<SqliteConnection>,
    root: String,
    banned: RwLock<BTreeMap<u8, String>>,
}

impl KeyBans {
    /// Loads the bans of the root key with this compressed public key.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read; then nothing may be signed with the key.
    pub async fn load(store: Store, root_public_key: &[u8; 33]) -> Result<Self, StoreError> {
        let banned = store.bans(root_public_key).await?;
        let banned = banned.into_iter().map(|ban| (ban.party.index(), ban.reason)).collect();
        let pen = Mutex::new(store.connect_apart(PATIENCE).await?);
        Ok(Self { pen, root: hex::encode(root_public_key), banned: RwLock::new(banned) })
    }

    /// Who is banned, and why.
    pub fn all(&self) -> Vec<Ban> {
        let banned = self.banned.read().unwrap_or_else(PoisonError::into_inner);
        banned
            .iter()
            .filter_map(|(party, reason)| {
                let party = PartyId::new(*party).ok()?;
                Some(Ban { party, reason: reason.clone() })
            })
            .collect()
    }

    /// Returns when the row is synced. It blocks.
    fn write(&self, peer: PartyId, reason: &str) -> Result<(), StoreError> {
        let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let query = sqlx::query(
            "INSERT INTO ban (root, party, reason, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        );
        let query = query.bind(&self.root).bind(peer.index()).bind(reason).bind(clock::now_ms());
        futures::executor::block_on(query.execute(&mut *pen))?;
        Ok(())
    }
}

impl fmt::Debug for KeyBans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyBans").field("root", &self.root).finish_non_exhaustive()
    }
}

impl BanLedger for KeyBans {
    fn is_banned(&self, peer: PartyId) -> Result<bool, LedgerError> {
        let banned = self.banned.read().unwrap_or_else(PoisonError::into_inner);
        Ok(banned.contains_key(&peer.index()))
    }

    /// The ban holds in this process from the first line on, whatever the disk says after.
    fn ban(&self, peer: PartyId, reason: &str) -> Result<(), LedgerError> {
        self.banned
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(peer.index())
            .or_insert_with(|| reason.to_owned());
        tracing::error!(party = %peer, root = %self.root, reason, "party banned for good");
        // The engine calls from threads that compute; a thread of its own keeps this true whatever
        // runtime it is called from.
        std::thread::scope(|scope| {
            let writer = std::thread::Builder::new().name("bans".to_owned());
            let writing = writer.spawn_scoped(scope, || self.write(peer, reason));
            match writing.map_err(LedgerError::new)?.join() {
                Ok(written) => written.map_err(LedgerError::new),
                Err(_) => Err(LedgerError::new("the writer of bans died")),
            }
        })
    }
}

impl Store {
    /// Who is banned for the root key with this compressed public key, and why, in the order of parties.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn bans(&self, root_public_key: &[u8; 33]) -> Result<Vec<Ban>, StoreError> {
        let mut connection = self.connection().await;
        let query = "SELECT party, reason FROM ban WHERE root = ? ORDER BY party";
        let rows: Vec<(u8, String)> = sqlx::query_as(query)
            .bind(hex::encode(root_public_key))
            .fetch_all(&mut *connection)
            .await?;
        let corrupt = |_| StoreError::Corrupt { what: "ban" };
        let ban =
            |(party, reason)| Ok(Ban { party: PartyId::new(party).map_err(corrupt)?, reason });
        rows.into_iter().map(ban).collect()
    }

    /// Counts a signature that came out wrong without a culprit against one member of its quorum.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count_spoiled(
        &self,
        root_public_key: &[u8; 33],
        peer: PartyId,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        sqlx::query(
            "INSERT INTO spoiled (root, party, count, last_at) VALUES (?, ?, 1, ?) \
             ON CONFLICT (root, party) DO UPDATE SET count = count + 1, last_at = excluded.last_at",
        )
        .bind(hex::encode(root_public_key))
        .bind(peer.index())
        .bind(clock::now_ms())
        .execute(&mut *connection)
        .await?;
        Ok(())
    }

    /// How many signatures came out wrong with each peer, without a culprit.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn spoiled(&self, root_public_key: &[u8; 33]) -> Result<Vec<(u8, u32)>, StoreError> {
        let mut connection = self.connection().await;
        let query = "SELECT party, count FROM spoiled WHERE root = ? ORDER BY party";
        Ok(sqlx::query_as(query)
            .bind(hex::encode(root_public_key))
            .fetch_all(&mut *connection)
            .await?)
    }
}

#[cfg(test)]
mod tests;
