//! What became of one operation here, from every record that is about it.

use alloy::primitives::B256;

use super::shown::merged;
use crate::store::{Store, StoreError};

/// All that is on record of one operation.
#[derive(Debug)]
pub(crate) struct Story {
    /// The records about it, oldest first, as people read them.
    pub(crate) records: Vec<String>,
    /// What its slots hold.
    pub(crate) slots: Vec<Entry>,
}

/// A digest of one of its slots.
#[derive(Debug, sqlx::FromRow, serde::Serialize)]
pub(crate) struct Entry {
    /// The slot.
    pub(crate) slot: String,
    /// What was decided to be signed.
    pub(crate) digest: String,
    /// When, in milliseconds since 1970.
    pub(crate) decided_at: i64,
    /// When our last message for it left.
    pub(crate) signed_at: Option<i64>,
}

impl Store {
    /// The story of the operation with this `userOpHash`.
    pub(crate) async fn story(&self, operation: B256) -> Result<Story, StoreError> {
        let hash = format!("{operation:#x}");
        let mut connection = self.connection().await;
        let query = "SELECT record, shown FROM audit WHERE operation = ? ORDER BY seq";
        let records: Vec<(String, Option<String>)> =
            sqlx::query_as(query).bind(&hash).fetch_all(&mut *connection).await?;
        let query = "SELECT slot, digest, decided_at, signed_at FROM journal \
                     WHERE slot IN (SELECT slot FROM operation WHERE hash = ?) ORDER BY id";
        let slots = sqlx::query_as(query).bind(&hash).fetch_all(&mut *connection).await?;
        let records = records.iter().map(|(line, shown)| merged(line, shown.as_deref())).collect();
        Ok(Story { records, slots })
    }
}
