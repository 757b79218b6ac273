//! API keys: who may call. A key is shown once, at creation; the database keeps its SHA-256.
//!
//! Each call asks the database, so a revocation counts from the next call on, in every gateway that shares it.

mod token;

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqlitePool};

pub use token::{ApiKey, KeyId, TokenError};

/// How many characters a key's name may have.
const NAME_LIMIT: usize = 64;
/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Look-ups at once.
const CONNECTIONS: u32 = 4;

/// Who holds a valid key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key's public part.
    pub key: KeyId,
    /// The name its operator gave it.
    pub name: String,
}

/// What is known of a key; never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyRecord {
    /// The key's public part.
    pub id: KeyId,
    /// The name its operator gave it.
    pub name: String,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Seconds since the Unix epoch, once revoked.
    pub revoked_at: Option<i64>,
}

/// Why a key was not created, listed or revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The name is empty, too long, or would not print on one line.
    #[error("a key's name has 1 to {NAME_LIMIT} letters, digits, '-', '_' or '.', not {name:?}")]
    Name {
        /// What was given.
        name: String,
    },
    /// A live key has this name.
    #[error("a key named {name:?} is live; revoke it first or choose another name")]
    Taken {
        /// What was given.
        name: String,
    },
    /// No live key has this id or name.
    #[error("no live key has the id or name {wanted:?}; `countersign key list` shows them")]
    Unknown {
        /// What was given.
        wanted: String,
    },
    /// The database did not answer.
    #[error("the key store failed")]
    Store(#[from] sqlx::Error),
}

/// Why a caller was turned away. The three cases look alike from outside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The text is no key at all.
    #[error(transparent)]
    Malformed(#[from] TokenError),
    /// No key has this id and secret, or it was revoked.
    #[error("unknown or revoked key")]
    Unknown,
    /// The database did not answer.
    #[error("the key store failed")]
    Store(#[from] sqlx::Error),
}

/// The keys in the gateway's database.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    pool: SqlitePool,
}

impl ApiKeys {
    /// Opens the gateway's database by its URL, and makes it when it is not there.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn connect(url: &str) -> Result<Self, KeysError> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(BUSY_TIMEOUT);
        let pool =
            SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        Self::open(pool).await
    }

    /// Stands on the gateway's open database.
    ///
    /// # Errors
    /// When the table of keys can be neither found nor made.
    pub async fn open(pool: SqlitePool) -> Result<Self, KeysError> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS api_keys (
                id TEXT PRIMARY KEY NOT NULL,
                name TEXT NOT NULL,
                digest BLOB NOT NULL,
                created_at INTEGER NOT NULL,
                revoked_at INTEGER
            )",
        )
        .execute(&pool)
        .await?;
        sqlx::query(
            "CREATE UNIQUE INDEX IF NOT EXISTS api_keys_live_name
             ON api_keys (name) WHERE revoked_at IS NULL",
        )
        .execute(&pool)
        .await?;
        Ok(Self { pool })
    }

    /// Makes a key. This is the only time that its secret is seen.
    ///
    /// # Errors
    /// [`KeysError::Name`] and [`KeysError::Taken`] for a name that cannot be had.
    pub async fn create(&self, name: &str) -> Result<(ApiKey, KeyRecord), KeysError> {
        let printable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > NAME_LIMIT || !name.chars().all(printable) {
            return Err(KeysError::Name { name: name.to_owned() });
        }
        let key = ApiKey::generate();
        let record = KeyRecord {
            id: key.id().clone(),
            name: name.to_owned(),
            created_at: now(),
            revoked_at: None,
        };
        sqlx::query("INSERT INTO api_keys (id, name, digest, created_at) VALUES (?, ?, ?, ?)")
            .bind(record.id.as_str())
            .bind(name)
            .bind(key.digest().as_slice())
            .bind(record.created_at)
            .execute(&self.pool)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(db) if db.is_unique_violation() => KeysError::Taken { name: name.to_owned() },
                _ => error.into(),
            })?;
        Ok((key, record))
    }

    /// Every key there ever was, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<KeyRecord>, KeysError> {
        let rows = sqlx::query(
            "SELECT id, name, created_at, revoked_at FROM api_keys ORDER BY created_at, id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| record(row).map_err(KeysError::from)).collect()
    }

    /// Ends a live key, found by its id or its name.
    ///
    /// # Errors
    /// [`KeysError::Unknown`] when no live key is meant.
    pub async fn revoke(&self, id_or_name: &str) -> Result<KeyRecord, KeysError> {
        let row = sqlx::query(
            "UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL AND (id = ? OR name = ?)
             RETURNING id, name, created_at, revoked_at",
        )
        .bind(now())
        .bind(id_or_name)
        .bind(id_or_name)
        .fetch_optional(&self.pool)
        .await?;
        let row = row.ok_or_else(|| KeysError::Unknown { wanted: id_or_name.to_owned() })?;
        Ok(record(&row)?)
    }

    /// Who holds a presented key.
    ///
    /// # Errors
    /// [`Denied`] when it stands for nobody.
    pub async fn authenticate(&self, presented: &str) -> Result<KeyHolder, Denied> {
        let key = ApiKey::parse(presented)?;
        let row =
            sqlx::query("SELECT name, digest FROM api_keys WHERE id = ? AND revoked_at IS NULL")
                .bind(key.id().as_str())
                .fetch_optional(&self.pool)
                .await?;
        let row = row.ok_or(Denied::Unknown)?;
        if !key.matches(row.try_get::<&[u8], _>("digest")?) {
            return Err(Denied::Unknown);
        }
        Ok(KeyHolder { key: key.id().clone(), name: row.try_get("name")? })
    }

    /// Whether a key that was accepted before still is: for connections that outlive one call.
    ///
    /// # Errors
    /// [`Denied`] once it was revoked.
    pub async fn still_valid(&self, id: &KeyId) -> Result<(), Denied> {
        let live = sqlx::query("SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        live.map(|_| ()).ok_or(Denied::Unknown)
    }
}

fn record(row: &SqliteRow) -> Result<KeyRecord, sqlx::Error> {
    Ok(KeyRecord {
        id: KeyId::stored(row.try_get("id")?),
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn must_open() -> ApiKeys {
        let pool =
            SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        ApiKeys::open(pool).await.unwrap()
    }

    #[tokio::test]
    async fn accepts_the_key_that_it_made() {
        let keys = must_open().await;
        let (key, record) = keys.create("shop").await.unwrap();
        let caller = keys.authenticate(key.expose()).await.unwrap();
        assert_eq!(caller, KeyHolder { key: record.id, name: "shop".into() });
    }

    #[tokio::test]
    async fn refuses_the_right_id_with_another_secret() {
        let keys = must_open().await;
        let (key, _) = keys.create("shop").await.unwrap();
        let last = if key.expose().ends_with('0') { "1" } else { "0" };
        let forged = format!("{}{last}", &key.expose()[..key.expose().len() - 1]);
        assert!(matches!(keys.authenticate(&forged).await, Err(Denied::Unknown)));
    }

    #[tokio::test]
    async fn a_revoked_key_is_refused_at_once_and_its_name_is_free_again() {
        let keys = must_open().await;
        let (key, record) = keys.create("shop").await.unwrap();
        assert!(keys.still_valid(&record.id).await.is_ok());
        keys.revoke("shop").await.unwrap();
        assert!(matches!(keys.authenticate(key.expose()).await, Err(Denied::Unknown)));
        assert!(matches!(keys.still_valid(&record.id).await, Err(Denied::Unknown)));
        assert!(matches!(keys.revoke("shop").await, Err(KeysError::Unknown { .. })));
        keys.create("shop").await.unwrap();
        let listed = keys.list().await.unwrap();
        assert_eq!(listed.iter().filter(|k| k.revoked_at.is_none()).count(), 1);
        assert_eq!(listed.len(), 2);
    }

    #[tokio::test]
    async fn two_live_keys_never_share_a_name() {
        let keys = must_open().await;
        keys.create("shop").await.unwrap();
        assert!(matches!(keys.create("shop").await, Err(KeysError::Taken { .. })));
        for name in ["", "two words", "line\nbreak", &"x".repeat(65)] {
            assert!(matches!(keys.create(name).await, Err(KeysError::Name { .. })), "{name:?}");
        }
    }

    #[tokio::test]
    async fn the_database_never_sees_the_secret() {
        let keys = must_open().await;
        let (key, _) = keys.create("shop").await.unwrap();
        let secret = key.expose().rsplit('_').next().unwrap();
        let row = sqlx::query("SELECT * FROM api_keys").fetch_one(&keys.pool).await.unwrap();
        let digest: Vec<u8> = row.get("digest");
        assert_ne!(hex::encode(&digest), secret);
        assert_eq!(digest, key.digest());
    }
}
