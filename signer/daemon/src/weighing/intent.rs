//! One intent takes one nonce, and one nonce serves one intent.

use countersign_protocol::IntentKey;
use sha2::{Digest as _, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::judgement::{Refusal, Rule, Ruling};
use crate::store::StoreError;

/// A verified intent that asks for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentClaim {
    signer: String,
    id: String,
}

impl IntentClaim {
    /// The intent of this signer with this id. Ids are kept as hashes: they may be long.
    #[must_use]
    pub fn new(signer: IntentKey, id: &str) -> Self {
        Self { signer: signer.to_string(), id: hex::encode(Sha256::digest(id.as_bytes())) }
    }

    /// Whether the intent was given no other slot, and the slot no other intent.
    pub(super) async fn may_take(
        &self,
        connection: &mut SqliteConnection,
        slot: &str,
    ) -> Result<Ruling, StoreError> {
        let query = "SELECT signer, id, slot FROM intent WHERE (signer = ? AND id = ?) OR slot = ?";
        let rows = sqlx::query(query)
            .bind(&self.signer)
            .bind(&self.id)
            .bind(slot)
            .fetch_all(connection)
            .await?;
        for row in &rows {
            let (signer, id): (String, String) = (row.try_get("signer")?, row.try_get("id")?);
            let theirs: String = row.try_get("slot")?;
            if theirs != slot {
                let message = format!("this intent was given another nonce: {theirs}");
                return Ok(Err(Refusal::new(Rule::Intent, message)));
            }
            if (signer, id) != (self.signer.clone(), self.id.clone()) {
                let message = "another intent was given this nonce";
                return Ok(Err(Refusal::new(Rule::Intent, message)));
            }
        }
        Ok(Ok(()))
    }

    pub(super) async fn take(
        &self,
        connection: &mut SqliteConnection,
        slot: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let query =
            "INSERT INTO intent (signer, id, slot, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        sqlx::query(query)
            .bind(&self.signer)
            .bind(&self.id)
            .bind(slot)
            .bind(now_ms)
            .execute(connection)
            .await?;
        Ok(())
    }
}
