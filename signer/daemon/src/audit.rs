//! The audit: one record a request, chained by hash, in the same commit as the decision.
//!
//! Without its record no request goes on, so a signature without a record does not exist. A record that is
//! changed, dropped or put in later breaks the chain for everyone who knows a later hash.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use thiserror::Error;

use crate::store::{Store, StoreError};

/// The version of [`AuditRecord`]'s form.
pub const AUDIT_VERSION: u16 = 1;

/// What is hashed before the record, so that its hash is a hash of nothing else.
const DOMAIN: &[u8] = b"countersign audit record v1";

/// What was asked, by whom, and what we said. The stored form is this struct as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// [`AUDIT_VERSION`].
    pub v: u16,
    /// Counts from one, without gaps.
    pub seq: u64,
    /// The hash of the record before; zero for the first.
    pub prev: B256,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The gateway that asked.
    pub caller: String,
    /// The key that was asked for.
    pub key: String,
    /// The child of that key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub child: Option<u32>,
    /// The caller's attempt; empty if the message was no call.
    pub attempt: String,
    /// The hash of the whole request.
    pub request_hash: B256,
    /// What would be signed, if the request got so far.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<B256>,
    /// The slot, if the request got so far.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<String>,
    /// What we said.
    pub decision: Decision,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// Why it refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What the request does, as it was shown.
    pub preview: Vec<String>,
    /// The hash of what it does, in the canonical form.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preview_hash: Option<B256>,
}

/// What we said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// We take part, for the first time in this slot or as a replacement.
    Allowed,
    /// We take part again in what was decided before.
    Repeated,
    /// We do not take part.
    Refused,
}

/// The end of the chain: how many records, and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AuditHead {
    /// How many records.
    pub count: u64,
    /// The hash of the last one; zero if there is none.
    pub hash: B256,
}

/// Where a chain does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A record is missing, or one was put in.
    #[error("record {expected} is missing: {found} follows")]
    Gap {
        /// The next number in order.
        expected: u64,
        /// The number found.
        found: i64,
    },
    /// A record is not what was written.
    #[error("record {seq} was changed")]
    Changed {
        /// Its number.
        seq: u64,
    },
    /// The records cannot be read.
    #[error("audit store")]
    Store(#[from] StoreError),
}

/// The hash that the next record carries.
fn link(prev: B256, line: &str) -> B256 {
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(prev).chain_update(line).finalize();
    B256::from_slice(&hash)
}

/// The end of the chain as it stands in this transaction.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<AuditHead, StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    let Some(row) = last else { return Ok(AuditHead::default()) };
    let corrupt = || StoreError::Corrupt { what: "audit head" };
    let hash = row.try_get::<String, _>("hash")?.parse().map_err(|_| corrupt())?;
    let count = u64::try_from(row.try_get::<i64, _>("seq")?).map_err(|_| corrupt())?;
    Ok(AuditHead { count, hash })
}

/// Adds a record to the end of the chain; its number, version and `prev` are set here.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    mut record: AuditRecord,
) -> Result<AuditHead, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "audit head" };
    let head = head(connection).await?;
    record.v = AUDIT_VERSION;
    record.seq = head.count.checked_add(1).ok_or_else(corrupt)?;
    record.prev = head.hash;
    let line = serde_json::to_string(&record).map_err(|_| corrupt())?;
    let hash = link(head.hash, &line);
    sqlx::query("INSERT INTO audit (seq, prev, hash, record) VALUES (?, ?, ?, ?)")
        .bind(i64::try_from(record.seq).map_err(|_| corrupt())?)
        .bind(format!("{:#x}", head.hash))
        .bind(format!("{hash:#x}"))
        .bind(line)
        .execute(connection)
        .await?;
    Ok(AuditHead { count: record.seq, hash })
}

impl Store {
    /// The end of the audit chain.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        head(&mut *self.connection().await).await
    }

    /// The stored lines after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn audit_lines(&self, seq: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        let from = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let rows = sqlx::query("SELECT record FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(from)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Walks the whole chain and computes every hash again.
    ///
    /// # Errors
    /// [`AuditError`] names the first record that does not hold.
    pub async fn verify_audit(&self) -> Result<AuditHead, AuditError> {
        let mut head = AuditHead::default();
        loop {
            let page = self.audit_page(head.count).await?;
            if page.is_empty() {
                return Ok(head);
            }
            for (seq, prev, hash, line) in page {
                head = follow(head, seq, &prev, &hash, &line)?;
            }
        }
    }

    async fn audit_page(
        &self,
        after: u64,
    ) -> Result<Vec<(i64, String, String, String)>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let query =
            "SELECT seq, prev, hash, record FROM audit WHERE seq > ? ORDER BY seq LIMIT 1000";
        Ok(sqlx::query_as(query).bind(after).fetch_all(&mut *connection).await?)
    }
}

/// One step along the chain.
fn follow(
    head: AuditHead,
    seq: i64,
    prev: &str,
    hash: &str,
    line: &str,
) -> Result<AuditHead, AuditError> {
    let expected = head.count.saturating_add(1);
    if u64::try_from(seq) != Ok(expected) {
        return Err(AuditError::Gap { expected, found: seq });
    }
    let changed = AuditError::Changed { seq: expected };
    let Ok(record) = serde_json::from_str::<AuditRecord>(line) else { return Err(changed) };
    let computed = link(head.hash, line);
    let holds = record.seq == expected
        && record.prev == head.hash
        && prev == format!("{:#x}", head.hash)
        && hash == format!("{computed:#x}");
    if holds { Ok(AuditHead { count: expected, hash: computed }) } else { Err(changed) }
}

#[cfg(test)]
mod tests;
