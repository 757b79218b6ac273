//! The journal: one digest a slot, durable before any message of the protocol leaves.
//!
//! A slot is what can land on chain once. A digest that was given a slot keeps it for good: nothing frees a
//! slot, neither a failed session nor a crash, because a cosigner cannot prove that no signature exists.
//! The one way on is a [`replacement`], whose rules make it safe that both may be signed.

mod replacement;

use std::fmt;

use alloy::primitives::{Address, B256, U256};
use countersign_protocol::{KeyName, Slot};
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

pub use replacement::{Clash, GasTerms, OperationTerms};

use crate::decision::Lands;
use crate::store::{Store, StoreError};

/// What can land on chain once: of two requests with the same slot at most one digest may be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySlot {
    /// Kind of request, chain, domain, account and nonce. The kind is part of it, so that an approval
    /// never competes with the operation that it pays for.
    pub slot: Slot,
    /// The key that is asked to sign.
    pub key: KeyName,
}

/// The stored form. The key's name comes last, so that no name can imitate another slot.
impl fmt::Display for KeySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.slot, self.key)
    }
}

/// What is kept of a request beside its digest, to measure the next one in its slot against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// Of an operation: what a replacement may not change, and what it must raise.
    Operation(OperationTerms),
    /// Of a transaction: replaced by the same rules; it has no paymaster, and one gas limit.
    Transaction(OperationTerms),
    /// Of what is never replaced: one digest, as often as it is asked for.
    Once,
    /// Of an approval: any number may stand in one slot.
    Approval {
        /// The paymaster that pays.
        paymaster: Address,
        /// The most that it pays.
        max_cost_wei: U256,
        /// When the approval lapses.
        valid_until: u64,
    },
}

/// A digest that asks for its slot.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The slot.
    pub slot: KeySlot,
    /// What would be signed.
    pub digest: B256,
    /// The hash of the request that it came from.
    pub request_hash: B256,
    /// What a later request is measured against.
    pub terms: Terms,
}

/// How a claim stands to its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The slot was free, or takes any number.
    Fresh,
    /// The same digest again: a new session for what was already decided.
    Same,
    /// A replacement within the rules.
    Replaces(B256),
    /// Another digest holds the slot.
    Taken(Clash),
}

/// How `claim` stands to what its slot holds. Reads only; [`enter`] writes, in the same transaction.
pub(crate) async fn standing(
    connection: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Standing, StoreError> {
    if is_frozen(connection, &claim.slot.to_string()).await? {
        return Ok(Standing::Taken(Clash::Frozen));
    }
    if matches!(claim.terms, Terms::Approval { .. }) {
        return Ok(Standing::Fresh);
    }
    let latest =
        sqlx::query("SELECT digest, terms FROM journal WHERE slot = ? ORDER BY id DESC LIMIT 1")
            .bind(claim.slot.to_string())
            .fetch_optional(connection)
            .await?;
    let Some(row) = latest else { return Ok(Standing::Fresh) };
    let holder: B256 = row
        .try_get::<String, _>("digest")?
        .parse()
        .map_err(|_| StoreError::Corrupt { what: "journal digest" })?;
    if holder == claim.digest {
        return Ok(Standing::Same);
    }
    let held: Terms = serde_json::from_str(row.try_get("terms")?)
        .map_err(|_| StoreError::Corrupt { what: "journal terms" })?;
    let allowed = match (&held, &claim.terms) {
        (Terms::Operation(held), Terms::Operation(next))
        | (Terms::Transaction(held), Terms::Transaction(next)) => held.may_be_replaced_by(next),
        (Terms::Once, Terms::Once) => Err(Clash::Once),
        _ => return Err(StoreError::Corrupt { what: "journal terms" }),
    };
    Ok(match allowed {
        Ok(()) => Standing::Replaces(holder),
        Err(clash) => Standing::Taken(clash),
    })
}

/// Gives the slot to the claim. The caller has looked at [`standing`] in the same transaction.
pub(crate) async fn enter(
    connection: &mut SqliteConnection,
    claim: &Claim,
    now_ms: i64,
) -> Result<(), StoreError> {
    let terms = serde_json::to_string(&claim.terms)
        .map_err(|_| StoreError::Corrupt { what: "journal terms" })?;
    sqlx::query(
        "INSERT INTO journal (slot, digest, request_hash, terms, decided_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (slot, digest) DO NOTHING",
    )
    .bind(claim.slot.to_string())
    .bind(format!("{:#x}", claim.digest))
    .bind(format!("{:#x}", claim.request_hash))
    .bind(terms)
    .bind(now_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// Every digest that the slot was given, oldest first.
pub(crate) async fn digests(
    connection: &mut SqliteConnection,
    slot: &str,
) -> Result<Vec<B256>, StoreError> {
    let query = sqlx::query_scalar("SELECT digest FROM journal WHERE slot = ? ORDER BY id");
    let digests: Vec<String> = query.bind(slot).fetch_all(connection).await?;
    let parse = |digest: &String| {
        digest.parse().map_err(|_| StoreError::Corrupt { what: "journal digest" })
    };
    digests.iter().map(parse).collect()
}

/// Whether histories disagree about the slot: then nothing more is signed for it, not even what was signed before.
async fn is_frozen(connection: &mut SqliteConnection, slot: &str) -> Result<bool, StoreError> {
    let query = sqlx::query_scalar("SELECT count(*) > 0 FROM frozen WHERE slot = ?").bind(slot);
    Ok(query.fetch_one(connection).await?)
}

/// Notes what may land in the slot, to know later that something else did.
pub(crate) async fn may_land(
    connection: &mut SqliteConnection,
    slot: &str,
    lands: &Lands,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO operation (slot, hash, valid_until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(slot)
    .bind(format!("{:#x}", lands.hash))
    .bind(lands.valid_until.map(|until| i64::try_from(until).unwrap_or(i64::MAX)))
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Notes that our last-round messages left: from here on the digests count as signed whatever followed.
    ///
    /// Their slots were bound at the decision already, so a crash just before this note frees nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`]: nothing was noted.
    pub async fn mark_signed(&self, signed: &[Signed]) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for Signed { slot, digest, at_ms } in signed {
            let query = "UPDATE journal SET signed_at = ? \
                         WHERE slot = ? AND digest = ? AND signed_at IS NULL";
            let query = sqlx::query(query).bind(at_ms).bind(slot.to_string());
            query.bind(format!("{digest:#x}")).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Every digest that a slot was given, oldest first, with the time at which it counted as signed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn slot_history(&self, slot: &KeySlot) -> Result<Vec<Held>, StoreError> {
        let mut connection = self.connection().await;
        let rows = sqlx::query("SELECT digest, signed_at FROM journal WHERE slot = ? ORDER BY id")
            .bind(slot.to_string())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter()
            .map(|row| {
                let digest = row
                    .try_get::<String, _>("digest")?
                    .parse()
                    .map_err(|_| StoreError::Corrupt { what: "journal digest" })?;
                Ok(Held { digest, signed_at_ms: row.try_get("signed_at")? })
            })
            .collect()
    }
}

/// A digest that counts as signed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The slot that it holds.
    pub slot: KeySlot,
    /// The digest.
    pub digest: B256,
    /// When our last-round message for it left, in milliseconds.
    pub at_ms: i64,
}

/// A digest that holds, or held, a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The digest.
    pub digest: B256,
    /// When our last-round message for it left; `None` if it never did.
    pub signed_at_ms: Option<i64>,
}

#[cfg(test)]
mod tests;
