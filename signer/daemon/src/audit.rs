//! The audit: one record a request, chained by hash, in the same commit as the decision.
//!
//! Without its record no request goes on, so a signature without a record does not exist. A record that is
//! changed, dropped or put in later breaks the chain for everyone who knows a later hash: the [seals](seal) that our
//! identity signs, and the peers, to whom every session shows the [head](crate::heads).
//!
//! What people read of a request, its preview and the reason of a refusal, stands [beside](shown) the chained line, which
//! holds its hash: it can be taken away when it is old, and the chain still holds.

mod event;
mod record;
mod retention;
mod seal;
mod shown;
mod story;
mod verify;

use alloy::primitives::B256;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

pub use event::{AuditEvent, Event, Unlanded};
pub(crate) use record::link;
pub use record::{AUDIT_VERSION, AuditRecord, Decision, Place};
#[cfg(test)]
use retention::ArchiveError;
pub(crate) use retention::verify_archive;
pub use shown::Shown;
pub(crate) use story::Story;
pub use verify::AuditError;

use crate::store::{Store, StoreError};

/// The end of the chain: how many records, and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AuditHead {
    /// How many records.
    pub count: u64,
    /// The hash of the last one; zero if there is none.
    pub hash: B256,
}

/// The end of the chain as it stands in this transaction.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<AuditHead, StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = last else { return base(connection).await };
    read_head(row.try_get("seq")?, row.try_get("hash")?)
}

/// Where the chain begins that is still here: nowhere, or after the records that were archived.
pub(crate) async fn base(connection: &mut SqliteConnection) -> Result<AuditHead, StoreError> {
    let query = "SELECT value FROM meta WHERE name = 'audit_base'";
    let base: Option<String> = sqlx::query_scalar(query).fetch_optional(connection).await?;
    let Some(base) = base else { return Ok(AuditHead::default()) };
    let (count, hash) = base.split_once(' ').ok_or(StoreError::Corrupt { what: "audit base" })?;
    read_head(count.parse().map_err(|_| StoreError::Corrupt { what: "audit base" })?, hash)
}

pub(crate) fn read_head(count: i64, hash: &str) -> Result<AuditHead, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "audit head" };
    let hash = hash.parse().map_err(|_| corrupt())?;
    Ok(AuditHead { count: u64::try_from(count).map_err(|_| corrupt())?, hash })
}

/// Adds a record to the end of the chain; its place, and the hash of what is shown, are set here.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    mut record: AuditRecord,
    shown: &Shown,
) -> Result<AuditHead, StoreError> {
    let (place, head) = Place::after(head(connection).await?)?;
    let text = shown.text()?;
    record.place = place;
    record.shown = Some(Shown::commitment(&text));
    let operation = record.operation.map(|hash| format!("{hash:#x}"));
    let line = serde_json::to_string(&record).map_err(|_| corrupt())?;
    write(connection, head, &line, Some(text), operation).await
}

/// Adds something that happened beside requests.
pub(crate) async fn append_event(
    connection: &mut SqliteConnection,
    event: Event,
    now_ms: i64,
) -> Result<AuditHead, StoreError> {
    let (place, head) = Place::after(head(connection).await?)?;
    let line = serde_json::to_string(&AuditEvent { place, at_ms: now_ms, event });
    write(connection, head, &line.map_err(|_| corrupt())?, None, None).await
}

async fn write(
    connection: &mut SqliteConnection,
    head: AuditHead,
    line: &str,
    shown: Option<String>,
    operation: Option<String>,
) -> Result<AuditHead, StoreError> {
    let (count, hash) = (head.count.saturating_add(1), link(AUDIT_VERSION, head.hash, line));
    let insert =
        "INSERT INTO audit (seq, prev, hash, record, shown, operation) VALUES (?, ?, ?, ?, ?, ?)";
    sqlx::query(insert)
        .bind(i64::try_from(count).map_err(|_| corrupt())?)
        .bind(format!("{:#x}", head.hash))
        .bind(format!("{hash:#x}"))
        .bind(line)
        .bind(shown)
        .bind(operation)
        .execute(connection)
        .await?;
    Ok(AuditHead { count, hash })
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "audit head" }
}

impl Store {
    /// The end of the audit chain.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        head(&mut *self.connection().await).await
    }

    /// The records after `seq` as people read them, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn audit_lines(&self, seq: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        let from = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let query = "SELECT record, shown FROM audit WHERE seq > ? ORDER BY seq LIMIT ?";
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as(query).bind(from).bind(limit).fetch_all(&mut *connection).await?;
        Ok(rows.iter().map(|(line, shown)| shown::merged(line, shown.as_deref())).collect())
    }

    /// Adds something that happened beside requests to the chain.
    pub(crate) async fn note_event(
        &self,
        event: Event,
        now_ms: i64,
    ) -> Result<AuditHead, StoreError> {
        use sqlx::Connection as _;
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let head = append_event(&mut transaction, event, now_ms).await?;
        transaction.commit().await?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests;
