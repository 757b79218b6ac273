//! The store in one SQLite file: one process at a time, every commit synced.

use std::{fs::File, sync::Mutex};

use alloy::primitives::{Address, B256, U256};
use async_trait::async_trait;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Admission, Claimed, GivenApproval, Kept, LaneState, Lease, NewOperation, Progress, Reservation,
    Store, StoreError, StoredOperation, WalletQuery,
};
use crate::service::{Caller, TimelineEntry, Wallet};
use countersign_protocol::SignedApproval;
use countersign_userop::ChainId;

mod approvals;
mod lanes;
mod operations;
mod wallets;

/// SQLite behind the [`Store`] door.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    pool: SqlitePool,
    path: String,
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the database and brings its schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let path = url
            .strip_prefix("sqlite://")
            .ok_or_else(|| StoreError::UnknownDatabase(url.chars().take(16).collect()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(10))
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        sqlx::migrate!("src/store/sqlite").run(&pool).await?;
        Ok(Self { pool, path: path.to_owned(), lock: Mutex::new(None) })
    }

    /// One writer at a time: the lock is taken at the start, not at the first write.
    async fn begin(&self) -> Result<sqlx::Transaction<'_, sqlx::Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Two processes on one file would carry out one operation twice at the same time.
    fn hold(&self) -> Result<(), StoreError> {
        let path = format!("{}.lock", self.path);
        let failed = |source| StoreError::Lock { path: path.clone(), source };
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                *self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(file);
                Ok(())
            }
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Held(self.path.clone())),
            Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn claim_child(
        &self,
        caller: &Caller,
        key: &str,
        named: Option<u32>,
    ) -> Result<Option<u32>, StoreError> {
        wallets::claim_child(self, caller, key, named).await
    }

    async fn put_wallet(&self, caller: &Caller, wallet: &Wallet) -> Result<(), StoreError> {
        wallets::put(self, caller, wallet).await
    }

    async fn wallet(
        &self,
        caller: &Caller,
        chain: ChainId,
        address: Address,
    ) -> Result<Option<Wallet>, StoreError> {
        wallets::one(self, caller, chain, address).await
    }

    async fn wallets(
        &self,
        caller: &Caller,
        which: WalletQuery,
    ) -> Result<Vec<(i64, Wallet)>, StoreError> {
        wallets::some(self, caller, which).await
    }

    async fn admit(&self, new: NewOperation) -> Result<Admission, StoreError> {
        operations::admit(self, new).await
    }

    async fn operation(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<StoredOperation>, StoreError> {
        operations::by_id(self, caller, id).await
    }

    async fn operation_by_hash(
        &self,
        caller: &Caller,
        hash: B256,
    ) -> Result<Option<StoredOperation>, StoreError> {
        operations::by_hash(self, caller, hash).await
    }

    async fn traced(&self, name: &str) -> Result<Vec<StoredOperation>, StoreError> {
        operations::traced(self, name).await
    }

    async fn timeline(&self, seq: i64) -> Result<Vec<TimelineEntry>, StoreError> {
        operations::timeline(self, seq).await
    }

    async fn adopt(&self) -> Result<(), StoreError> {
        self.hold()?;
        sqlx::query(
            "UPDATE operations SET lease_owner = NULL, lease_until = 0, due_ms = 0, quarantine = NULL
             WHERE settled = 0",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn claim(
        &self,
        now_ms: u64,
        lease_ms: u64,
        limit: usize,
    ) -> Result<Vec<Claimed>, StoreError> {
        operations::claim(self, now_ms, lease_ms, limit).await
    }

    async fn save(&self, lease: &Lease, seq: i64, progress: Progress) -> Result<(), StoreError> {
        operations::save(self, lease, seq, progress).await
    }

    async fn lane_state(&self, seq: i64, lane: Option<U256>) -> Result<LaneState, StoreError> {
        lanes::state(self, seq, lane).await
    }

    async fn reserve_nonce(
        &self,
        seq: i64,
        lane: U256,
        chain_next: u64,
        fixed: Option<u64>,
    ) -> Result<Reservation, StoreError> {
        lanes::reserve(self, seq, lane, chain_next, fixed).await
    }

    async fn put_approval(
        &self,
        seq: i64,
        approval: &SignedApproval,
        entry: &TimelineEntry,
    ) -> Result<Kept, StoreError> {
        approvals::put(self, seq, approval, entry).await
    }

    async fn approvals(&self, seq: i64, hash: B256) -> Result<Vec<GivenApproval>, StoreError> {
        approvals::of(self, seq, hash).await
    }

    async fn awaiting(
        &self,
        caller: &Caller,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredOperation>, StoreError> {
        approvals::awaiting(self, caller, after, limit).await
    }

    async fn free_nonce(&self, seq: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        operations::free_nonce(&mut tx, seq).await?;
        Ok(tx.commit().await?)
    }
}

/// Addresses, hashes and nonce keys as the columns hold them: lower-case hex.
fn address_text(address: Address) -> String {
    format!("{address:#x}")
}

fn key_text(key: U256) -> String {
    format!("{key:#x}")
}

/// SQLite's integers are signed. What a caller can choose is held against that bound where it comes
/// in; of the rest (times, counts) nothing comes near it.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(what, error))
}

fn parsed<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(what, error))
}

fn now_ms() -> i64 {
    int(crate::clock::unix_ms())
}

#[cfg(test)]
mod tests;
