//! What the database knows of heads.

use std::collections::BTreeMap;

use countersign_protocol::IdentityKey;
use countersign_threshold::PartyId;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::signed::{Head, SignedHead};
use crate::audit::{self, AuditHead, Event};
use crate::store::{Store, StoreError};

/// The era of the journal, in this transaction.
pub(crate) async fn era(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'era'");
    let era: String = query.fetch_one(connection).await?;
    era.parse().map_err(|_| StoreError::Corrupt { what: "era" })
}

/// Sets the era, in this transaction.
pub(crate) async fn set_era(connection: &mut SqliteConnection, era: u64) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE meta SET value = ? WHERE name = 'era'").bind(era.to_string());
    query.execute(connection).await?;
    Ok(())
}

/// Remembers that a head is covered though it is not in our own chain.
pub(crate) async fn remember(
    connection: &mut SqliteConnection,
    head: AuditHead,
    source: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO lineage (count, hash, source) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(count(head)?)
    .bind(format!("{:#x}", head.hash))
    .bind(source)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the head is one of our own chain, or of a history that was imported, archived or waived.
pub(crate) async fn covers(
    connection: &mut SqliteConnection,
    head: AuditHead,
) -> Result<bool, StoreError> {
    if head.count == 0 {
        return Ok(true);
    }
    let query = "SELECT EXISTS (SELECT 1 FROM audit WHERE seq = ?1 AND hash = ?2) \
                 OR EXISTS (SELECT 1 FROM lineage WHERE count = ?1 AND hash = ?2)";
    let query = sqlx::query_scalar(query).bind(count(head)?).bind(format!("{:#x}", head.hash));
    Ok(query.fetch_one(connection).await?)
}

pub(crate) fn count(head: AuditHead) -> Result<i64, StoreError> {
    i64::try_from(head.count).map_err(|_| StoreError::Corrupt { what: "head" })
}

/// Keeps the head of one peer.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    identity: &str,
    head: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO peer_head (identity, head, at) VALUES (?, ?, ?) \
         ON CONFLICT (identity) DO UPDATE SET head = excluded.head, at = excluded.at",
    )
    .bind(identity)
    .bind(head)
    .bind(now_ms)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// The era of this journal.
    pub(crate) async fn era(&self) -> Result<u64, StoreError> {
        era(&mut *self.connection().await).await
    }

    /// Begins era `to`, unless a later one has begun. Gives the era that it is now.
    pub(crate) async fn raise_era(&self, to: u64) -> Result<u64, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let era = era(&mut transaction).await?.max(to);
        set_era(&mut transaction, era).await?;
        transaction.commit().await?;
        Ok(era)
    }

    /// Whether our history covers this head.
    pub(crate) async fn covers(&self, head: AuditHead) -> Result<bool, StoreError> {
        covers(&mut *self.connection().await, head).await
    }

    /// The head of each of these parties that is kept here.
    pub(crate) async fn peer_heads(
        &self,
        parties: &BTreeMap<PartyId, IdentityKey>,
    ) -> Result<BTreeMap<PartyId, SignedHead>, StoreError> {
        let mut connection = self.connection().await;
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT identity, head FROM peer_head")
            .fetch_all(&mut *connection)
            .await?;
        let mut known = BTreeMap::new();
        for (identity, head) in rows {
            let party = parties.iter().find(|(_, key)| key.to_string() == identity);
            let Some((party, _)) = party else { continue };
            let head = hex::decode(head).ok().and_then(|bytes| SignedHead::decode(&bytes));
            known.insert(*party, head.ok_or(StoreError::Corrupt { what: "peer head" })?);
        }
        Ok(known)
    }

    /// Keeps the heads of peers, and puts what happened with them on record.
    pub(crate) async fn keep_heads(
        &self,
        heads: &[(IdentityKey, SignedHead)],
        events: &[Event],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for (key, head) in heads {
            let (key, head) = (key.to_string(), hex::encode(head.encode()));
            keep(&mut transaction, &key, &head, now_ms).await?;
        }
        for event in events {
            audit::append_event(&mut transaction, event.clone(), now_ms).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes the operator's waiver down, and gives the head with which its era begins.
    pub(crate) async fn waive(
        &self,
        reason: &str,
        conflicts: &[(PartyId, Head)],
        to: u64,
        now_ms: i64,
    ) -> Result<AuditHead, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for (_, head) in conflicts {
            remember(&mut transaction, head.at, "waived").await?;
        }
        set_era(&mut transaction, to).await?;
        let named = |(party, head): &(PartyId, Head)| (party.index(), head.at.count, head.at.hash);
        let heads = conflicts.iter().map(named).collect();
        let event = Event::JournalWaived { reason: reason.to_owned(), era: to, heads };
        let head = audit::append_event(&mut transaction, event, now_ms).await?;
        transaction.commit().await?;
        Ok(head)
    }
}
