//! API keys: who may call. A key is shown once, at creation; the database keeps its SHA-256.
//!
//! Each call asks the database, so a revocation counts from the next call on, in every gateway that shares it.

mod schema;
mod scope;
mod token;

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqlitePool};

pub use scope::Scope;
pub use token::{ApiKey, KeyId, TokenError};

/// How many characters a key's name may have.
const NAME_LIMIT: usize = 64;
/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Look-ups at once.
const CONNECTIONS: u32 = 4;

/// A query over all columns that a record has.
macro_rules! concat_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, name, coalesce(caller, name) AS caller, scope, created_at, expires_at, rotated_at, revoked_at",
            $after
        )
    };
}

/// Who holds a valid key, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key's public part.
    pub key: KeyId,
    /// The caller whose wallets and operations it is for.
    pub caller: String,
    /// What of them.
    pub scope: Scope,
}

/// A key to make.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What the key is called.
    pub name: String,
    /// The caller whose wallets it is for; the key's own name when absent.
    pub caller: Option<String>,
    /// What it opens.
    pub scope: Scope,
    /// How long it lasts; for ever when absent.
    pub lasts: Option<Duration>,
}

/// What is known of a key; never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyRecord {
    /// The key's public part.
    pub id: KeyId,
    /// The name its operator gave it.
    pub name: String,
    /// The caller whose wallets it is for.
    pub caller: String,
    /// What it opens.
    pub scope: Scope,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// The second since the Unix epoch from which on it opens nothing.
    pub expires_at: Option<i64>,
    /// Seconds since the Unix epoch, once another key took its place.
    pub rotated_at: Option<i64>,
    /// Seconds since the Unix epoch, once revoked.
    pub revoked_at: Option<i64>,
}

/// Why a key was not created, listed or revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The name is empty, too long, or would not print on one line.
    #[error(
        "the name of a key or caller has 1 to {NAME_LIMIT} letters, digits, '-', '_' or '.', not {name:?}"
    )]
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
    /// What is stored of a key's scope cannot be read.
    #[error("the scope of a key cannot be read")]
    Scope(#[from] serde_json::Error),
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
    /// No key has this id and secret, it was revoked, or its time is over.
    #[error("unknown, expired or revoked key")]
    Unknown,
    /// What is stored of its scope cannot be read.
    #[error("the scope of a key cannot be read")]
    Scope(#[from] serde_json::Error),
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
        schema::prepare(&pool).await?;
        Ok(Self { pool })
    }

    /// Makes a key. This is the only time that its secret is seen.
    ///
    /// # Errors
    /// [`KeysError::Name`] and [`KeysError::Taken`] for a name that cannot be had.
    pub async fn create(&self, new: NewKey) -> Result<(ApiKey, KeyRecord), KeysError> {
        check_name(&new.name)?;
        new.caller.as_deref().map_or(Ok(()), check_name)?;
        let created_at = now();
        let record = KeyRecord {
            id: KeyId::stored(String::new()),
            caller: new.caller.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            scope: new.scope,
            created_at,
            expires_at: new.lasts.map(|lasts| after(created_at, lasts)),
            rotated_at: None,
            revoked_at: None,
        };
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let made = insert(&mut tx, record).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Makes a new key in the place of the live one of this name, with all that it opens. The old one goes
    /// on for `overlap`. A key that lasts a time is followed by one that lasts as long.
    ///
    /// # Errors
    /// [`KeysError::Unknown`] when no live key has the name.
    pub async fn rotate(
        &self,
        name: &str,
        overlap: Duration,
    ) -> Result<(ApiKey, KeyRecord), KeysError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let now = now();
        let row = sqlx::query(concat_columns!(
            "SELECT ",
            " FROM api_keys WHERE name = ?1 AND revoked_at IS NULL AND rotated_at IS NULL
                AND (expires_at IS NULL OR expires_at > ?2)"
        ))
        .bind(name)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let row = row.ok_or_else(|| KeysError::Unknown { wanted: name.to_owned() })?;
        let old = record(&row)?;
        let ends = after(now, overlap);
        sqlx::query("UPDATE api_keys SET rotated_at = ?1, expires_at = ?2 WHERE id = ?3")
            .bind(now)
            .bind(old.expires_at.map_or(ends, |expires_at| expires_at.min(ends)))
            .bind(old.id.as_str())
            .execute(&mut *tx)
            .await?;
        let lasted = old.expires_at.map(|expires_at| expires_at.saturating_sub(old.created_at));
        let expires_at = lasted.map(|seconds| now.saturating_add(seconds));
        let new = KeyRecord { created_at: now, expires_at, rotated_at: None, ..old };
        let made = insert(&mut tx, new).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Every key there ever was, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<KeyRecord>, KeysError> {
        let rows =
            sqlx::query(concat_columns!("SELECT ", " FROM api_keys ORDER BY created_at, rowid"))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(record).collect()
    }

    /// Ends the live key with this id, or every live key with this name.
    ///
    /// # Errors
    /// [`KeysError::Unknown`] when no live key is meant.
    pub async fn revoke(&self, id_or_name: &str) -> Result<KeyRecord, KeysError> {
        let rows = sqlx::query(concat_columns!(
            "UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL AND (id = ? OR name = ?)
             RETURNING ",
            ""
        ))
        .bind(now())
        .bind(id_or_name)
        .bind(id_or_name)
        .fetch_all(&self.pool)
        .await?;
        let newest =
            rows.last().ok_or_else(|| KeysError::Unknown { wanted: id_or_name.to_owned() });
        record(newest?)
    }

    /// Who holds a presented key.
    ///
    /// # Errors
    /// [`Denied`] when it stands for nobody.
    pub async fn authenticate(&self, presented: &str) -> Result<KeyHolder, Denied> {
        let key = ApiKey::parse(presented)?;
        let (holder, digest) = self.live(key.id()).await?;
        if key.matches(&digest) { Ok(holder) } else { Err(Denied::Unknown) }
    }

    /// Who holds a key that was accepted before, if it still is one: for connections that outlive one call.
    ///
    /// # Errors
    /// [`Denied`] once it was revoked or its time is over.
    pub async fn still_valid(&self, id: &KeyId) -> Result<KeyHolder, Denied> {
        Ok(self.live(id).await?.0)
    }

    async fn live(&self, id: &KeyId) -> Result<(KeyHolder, Vec<u8>), Denied> {
        let row = sqlx::query(
            "SELECT coalesce(caller, name) AS caller, scope, digest FROM api_keys
             WHERE id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
        )
        .bind(id.as_str())
        .bind(now())
        .fetch_optional(&self.pool)
        .await?;
        let row = row.ok_or(Denied::Unknown)?;
        let scope = scope(row.try_get("scope")?)?;
        let holder = KeyHolder { key: id.clone(), caller: row.try_get("caller")?, scope };
        Ok((holder, row.try_get("digest")?))
    }
}

type Tx<'a> = sqlx::Transaction<'a, sqlx::Sqlite>;

/// Makes a key with what the record says.
async fn insert(tx: &mut Tx<'_>, record: KeyRecord) -> Result<(ApiKey, KeyRecord), KeysError> {
    let key = ApiKey::generate();
    let record = KeyRecord { id: key.id().clone(), ..record };
    sqlx::query(
        "INSERT INTO api_keys (id, name, caller, scope, digest, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(record.id.as_str())
    .bind(&record.name)
    .bind(&record.caller)
    .bind(serde_json::to_string(&record.scope)?)
    .bind(key.digest().as_slice())
    .bind(record.created_at)
    .bind(record.expires_at)
    .execute(&mut **tx)
    .await
    .map_err(|error| match error.as_database_error() {
        Some(db) if db.is_unique_violation() => KeysError::Taken { name: record.name.clone() },
        _ => error.into(),
    })?;
    Ok((key, record))
}

fn check_name(name: &str) -> Result<(), KeysError> {
    let printable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_LIMIT || !name.chars().all(printable) {
        return Err(KeysError::Name { name: name.to_owned() });
    }
    Ok(())
}

fn record(row: &SqliteRow) -> Result<KeyRecord, KeysError> {
    Ok(KeyRecord {
        id: KeyId::stored(row.try_get("id")?),
        name: row.try_get("name")?,
        caller: row.try_get("caller")?,
        scope: scope(row.try_get("scope")?)?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        rotated_at: row.try_get("rotated_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

/// A key of the time before there were scopes opens everything.
fn scope(stored: Option<&str>) -> Result<Scope, serde_json::Error> {
    stored.map_or_else(|| Ok(Scope::default()), serde_json::from_str)
}

fn after(at: i64, lasts: Duration) -> i64 {
    at.saturating_add(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
