//! The daemon's database: one SQLite file, one writer, every commit synced before it is answered.
//!
//! What may be lost without harm is not kept here. What is kept here is what a signature depends on: the
//! [journal](crate::journal), the [audit](crate::audit) chain and the [bans](crate::bans).

mod name;
mod schema;

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard, Notify};

pub use schema::FORMAT_VERSION;

/// Why the store did not answer. None of these lets a signature leave.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer daemon wrote this file; an older one cannot know what the rows mean.
    #[error("{path} has format version {found}, this build knows up to {known}")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: i64,
        /// What this build writes.
        known: i64,
    },
    /// The file is a database, but not one of ours.
    #[error("{path} is not a cosigner's database (application id {found:#010x})")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i64,
    },
    /// Another process holds the store. One share has one live holder.
    #[error("{0} is held by another process")]
    Held(PathBuf),
    /// The lock file could not be opened or locked.
    #[error("cannot lock {path}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// The operating system gave no randomness.
    #[error("no randomness")]
    Randomness,
    /// A stored row does not read back as what was written.
    #[error("stored {what} does not read back")]
    Corrupt {
        /// Which column or record.
        what: &'static str,
    },
}

/// The single writer. Cheap to clone; all clones share one connection and one lock on the file.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Mutex<SqliteConnection>>,
    path: Arc<Path>,
    due: Arc<Due>,
    _holder: Arc<Option<File>>,
}

/// When the audit chain is to be sealed.
#[derive(Debug, Default)]
struct Due {
    at: AtomicU64,
    now: Notify,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or creates the database at `path` and holds it until the last clone is dropped.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another process has it open, [`StoreError::NewerFormat`] if a newer daemon
    /// wrote it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let holder = hold(path)?;
        let mut connection = options(path).create_if_missing(true).connect().await?;
        schema::migrate(&mut connection, path).await?;
        Ok(Self::over(connection, path, Some(holder)))
    }

    /// Opens an existing database for reading while a daemon may hold it, as `cosigner audit` does.
    ///
    /// # Errors
    /// As [`Self::open`], without [`StoreError::Held`].
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let mut connection = options(path).read_only(true).connect().await?;
        schema::check(&mut connection, path).await?;
        Ok(Self::over(connection, path, None))
    }

    fn over(connection: SqliteConnection, path: &Path, holder: Option<File>) -> Self {
        Self {
            writer: Arc::new(Mutex::new(connection)),
            path: path.into(),
            due: Arc::default(),
            _holder: Arc::new(holder),
        }
    }

    pub(crate) async fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        let mut writer = self.writer.lock().await;
        if writer.is_in_transaction() {
            self.mend(&mut writer).await;
        }
        writer
    }

    /// Nobody holds the connection, so no transaction is open. One that was given up is rolled back by the next command.
    /// If it still seems open then, SQLite ended it by itself, as it does when the disk is full, and the connection never
    /// finds out: it is replaced.
    async fn mend(&self, writer: &mut SqliteConnection) {
        if writer.ping().await.is_ok() && !writer.is_in_transaction() {
            return;
        }
        match options(&self.path).connect().await {
            Ok(fresh) => *writer = fresh,
            // Whoever asked finds the connection unusable, and says so.
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }

    /// Says that the audit chain has grown to `count`.
    pub(crate) fn grown(&self, count: u64) {
        if count >= self.due.at.load(Ordering::Relaxed) {
            self.due.now.notify_one();
        }
    }

    /// The chain is to be sealed when it has grown to `count`.
    pub(crate) fn due_at(&self, count: u64) {
        self.due.at.store(count, Ordering::Relaxed);
    }

    /// Returns when the chain is to be sealed because it has grown.
    pub(crate) async fn is_due(&self) {
        self.due.now.notified().await;
    }

    /// Another connection to the same file, for what must not wait for whoever holds the first one.
    /// SQLite still lets only one of them write at a time; this one is as patient as `patience`.
    pub(crate) async fn connect_apart(
        &self,
        patience: Duration,
    ) -> Result<SqliteConnection, StoreError> {
        Ok(options(&self.path).busy_timeout(patience).connect().await?)
    }

    /// Writes everything to the main file and closes it; for a clean shutdown.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the write-ahead log cannot be folded in.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await?;
        connection.ping().await?;
        Ok(())
    }
}

/// Files that SQLite makes take the mode of the main file, so that one is made first with mode 0600.
fn hold(path: &Path) -> Result<File, StoreError> {
    let lock = path.with_extension("lock");
    let open = |path: &Path| {
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    };
    let failed = |source| StoreError::Lock { path: lock.clone(), source };
    open(path).map_err(failed)?;
    let file = open(&lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Held(path.to_owned())),
        Err(std::fs::TryLockError::Error(source)) if source.kind() == ErrorKind::WouldBlock => {
            Err(StoreError::Held(path.to_owned()))
        }
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(2))
        .disable_statement_logging()
}

#[cfg(test)]
mod tests;
