//! Gives back what an operation took of limits when it can land no more.
//!
//! Nobody's word is enough for that: two nodes must agree on a finalized block in which another operation used the
//! nonce up, or which lies after the last second at which the chain takes any of ours while the nonce is still unused.
//! What cannot be proven is given back by time alone, when its window is over.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, U256};
use countersign_userop::ChainId;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio_util::sync::CancellationToken;

use crate::accounts::{AccountReader, Fate, NonceAt};
use crate::audit::{self, Event, Unlanded};
use crate::clock;
use crate::policy_book::PolicyBook;
use crate::store::{Store, StoreError};

/// How long between two passes.
const PACE: Duration = Duration::from_secs(60);
/// Slots that one pass asks about.
const SLOTS: u32 = 20;
/// How far the clocks of chain and cosigner may lie apart, in seconds.
const SLACK_S: u64 = 3_600;

/// Asks about slots, a few at a time, round after round.
pub(crate) struct Release {
    pub(crate) store: Store,
    pub(crate) accounts: Arc<dyn AccountReader>,
    pub(crate) policy: PolicyBook,
}

/// A slot that takes something of a limit.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Holding {
    slot: String,
    /// When it was first decided, in milliseconds since 1970.
    decided_at: i64,
}

impl Release {
    /// Runs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut after = String::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PACE) => {}
            }
            match self.pass(&after, clock::now_ms()).await {
                Ok(next) => after = next,
                Err(error) => tracing::error!(%error, "reservations could not be looked through"),
            }
        }
    }

    /// One pass over the slots after `after`. Gives where the next one begins.
    async fn pass(&self, after: &str, now_ms: i64) -> Result<String, StoreError> {
        let windows =
            self.policy.current().limits().iter().filter_map(|limit| limit.window_s).max();
        // What no limit counts any more need not be asked about.
        let Some(window_s) = windows else { return Ok(String::new()) };
        let window_ms = i64::try_from(window_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let since = now_ms.saturating_sub(window_ms);
        let holdings = self.store.holdings(after, since).await?;
        for holding in &holdings {
            self.look(holding, now_ms).await?;
        }
        Ok(holdings.last().map(|last| last.slot.clone()).unwrap_or_default())
    }

    async fn look(&self, holding: &Holding, now_ms: i64) -> Result<(), StoreError> {
        let Some(at) = place(&holding.slot) else { return Ok(()) };
        let decided_s = u64::try_from(holding.decided_at.div_euclid(1_000)).unwrap_or_default();
        match self.accounts.fate(at, decided_s.saturating_sub(SLACK_S)).await {
            Ok(fate) => {
                if let Some(because) = self.store.give_back(&holding.slot, fate, now_ms).await? {
                    tracing::info!(slot = holding.slot, ?because, "reservations were given back");
                }
            }
            Err(error) => {
                tracing::debug!(slot = holding.slot, %error, "a nonce's fate could not be read");
            }
        }
        Ok(())
    }
}

/// The nonce of an operation's slot: kind, chain, EntryPoint, sender, nonce, key.
fn place(slot: &str) -> Option<NonceAt> {
    let mut parts = slot.split('/');
    if parts.next()? != "userOperation" {
        return None;
    }
    let chain = ChainId::new(parts.next()?.parse().ok()?);
    let (entry_point, sender) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let nonce = U256::from_str_radix(parts.next()?.strip_prefix("0x")?, 16).ok()?;
    Some(NonceAt { chain, entry_point, sender, nonce })
}

/// Why none of ours can land in the slot, if that is so.
fn unlanded(ours: &[(B256, Option<u64>)], fate: Fate) -> Option<(Unlanded, u64)> {
    match fate {
        Fate::Unknown => None,
        Fate::UsedBy(operation, block) => {
            let other = ours.iter().all(|(hash, _)| *hash != operation);
            other.then_some((Unlanded::OtherOperation(operation), block.number))
        }
        Fate::Unused(block) => {
            let ends: Option<Vec<u64>> = ours.iter().map(|(_, until)| *until).collect();
            let last = ends?.into_iter().max()?;
            (last < block.time_s).then_some((Unlanded::WindowPassed(last), block.number))
        }
    }
}

/// What can land in the slot by our signature; nothing if not every digest's operation is known.
async fn ours(
    connection: &mut SqliteConnection,
    slot: &str,
) -> Result<Vec<(B256, Option<u64>)>, StoreError> {
    let query = "SELECT hash, valid_until FROM operation WHERE slot = ?";
    let rows: Vec<(String, Option<i64>)> =
        sqlx::query_as(query).bind(slot).fetch_all(&mut *connection).await?;
    let query = sqlx::query_scalar("SELECT count(*) FROM journal WHERE slot = ?").bind(slot);
    let digests: i64 = query.fetch_one(connection).await?;
    if usize::try_from(digests) != Ok(rows.len()) {
        return Ok(Vec::new());
    }
    let read = |(hash, until): &(String, Option<i64>)| {
        let hash = hash.parse().map_err(|_| StoreError::Corrupt { what: "operation" })?;
        Ok((hash, until.map(|until| u64::try_from(until).unwrap_or(u64::MAX))))
    };
    rows.iter().map(read).collect()
}

impl Store {
    /// Slots of operations that took something of a limit after `since_ms`, in order.
    async fn holdings(&self, after: &str, since_ms: i64) -> Result<Vec<Holding>, StoreError> {
        let mut connection = self.connection().await;
        let query = "SELECT reservation.slot AS slot, min(journal.decided_at) AS decided_at \
                     FROM reservation JOIN journal ON journal.slot = reservation.slot \
                     WHERE reservation.slot > ? AND reservation.at > ? \
                     GROUP BY reservation.slot ORDER BY reservation.slot LIMIT ?";
        let query = sqlx::query_as(query).bind(after).bind(since_ms).bind(SLOTS);
        Ok(query.fetch_all(&mut *connection).await?)
    }

    /// Gives a slot's reservations back if that fate means that none of ours can land, and puts that on record, in one
    /// commit. What was decided for the slot since the chain was asked is looked at too.
    async fn give_back(
        &self,
        slot: &str,
        fate: Fate,
        now_ms: i64,
    ) -> Result<Option<Unlanded>, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let ours = ours(&mut transaction, slot).await?;
        let because = if ours.is_empty() { None } else { unlanded(&ours, fate) };
        let Some((because, block)) = because else {
            transaction.rollback().await?;
            return Ok(None);
        };
        let query = sqlx::query("DELETE FROM reservation WHERE slot = ?").bind(slot);
        query.execute(&mut *transaction).await?;
        let event = Event::GivenBack { slot: slot.to_owned(), because: because.clone(), block };
        audit::append_event(&mut transaction, event, now_ms).await?;
        transaction.commit().await?;
        Ok(Some(because))
    }
}

#[cfg(test)]
mod tests;
