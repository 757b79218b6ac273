//! How what a history says joins what is here: everything that either forbids is forbidden afterwards.

use alloy::primitives::{B256, U256};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::form::Line;
use super::{HistoryError, Imported};
use crate::audit::AuditHead;
use crate::heads::{SignedHead, ledger};
use crate::journal::{self, Terms};
use crate::store::StoreError;

/// No slot of one digest at a time was ever given more, whatever its replacements.
const MAX_OF_SLOT: usize = 10_000;

/// A history on its way in.
pub(super) struct Merge {
    now_ms: i64,
    counts: Imported,
    /// The slot whose digests are being read.
    slot: Option<(String, Vec<Given>)>,
}

/// A digest that a slot was given.
struct Given {
    digest: B256,
    request_hash: B256,
    terms: Box<Terms>,
    decided_at_ms: i64,
    signed_at_ms: Option<i64>,
}

impl Merge {
    pub(super) fn new(now_ms: i64) -> Self {
        Self { now_ms, counts: Imported::NOTHING, slot: None }
    }

    pub(super) fn counts(&self) -> Imported {
        self.counts
    }

    /// One line. What is inserted only if it is not here never replaces what is.
    pub(super) async fn take(
        &mut self,
        connection: &mut SqliteConnection,
        line: Line,
    ) -> Result<(), HistoryError> {
        if let Line::Slot { slot, digest, request_hash, terms, decided_at_ms, signed_at_ms } = line
        {
            let given = Given { digest, request_hash, terms, decided_at_ms, signed_at_ms };
            return self.gather(connection, slot, given).await;
        }
        self.finish(connection).await?;
        match line {
            Line::Slot { .. } | Line::End(_) => {}
            Line::Frozen { slot } => self.freeze(connection, &slot).await?,
            Line::Operation { slot, hash, valid_until } => {
                operation(connection, &slot, hash, valid_until).await?;
            }
            Line::Attempt { id, at_ms } => {
                let query = "INSERT INTO attempt (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING";
                sqlx::query(query).bind(id).bind(at_ms).execute(connection).await?;
            }
            Line::Ban { root, party, reason, at_ms } => {
                let query = "INSERT INTO ban (root, party, reason, at) VALUES (?, ?, ?, ?) \
                             ON CONFLICT DO NOTHING";
                let query = sqlx::query(query).bind(root).bind(party).bind(reason).bind(at_ms);
                let new = query.execute(connection).await?.rows_affected();
                self.counts.bans = self.counts.bans.saturating_add(new);
            }
            Line::Spoiled { root, party, count, last_at_ms } => {
                let query = "INSERT INTO spoiled (root, party, count, last_at) VALUES (?, ?, ?, ?) \
                             ON CONFLICT (root, party) DO UPDATE SET count = max(count, excluded.count), \
                             last_at = max(last_at, excluded.last_at)";
                let query = sqlx::query(query).bind(root).bind(party).bind(count).bind(last_at_ms);
                query.execute(connection).await?;
            }
            Line::Reservation { account, slot, amount, at_ms } => {
                reservation(connection, &account, &slot, &amount, at_ms).await?;
            }
            Line::Exposure { account, slot, wei, valid_until } => {
                exposure(connection, &account, &slot, &wei, valid_until).await?;
            }
            Line::Intent { signer, id, slot, at_ms } => {
                self.intent(connection, &signer, &id, &slot, at_ms).await?;
            }
            Line::Barrier { account, slot, at_ms } => {
                let query = "INSERT INTO barrier (account, slot, at) VALUES (?, ?, ?) \
                             ON CONFLICT DO NOTHING";
                sqlx::query(query).bind(account).bind(slot).bind(at_ms).execute(connection).await?;
            }
            Line::PeerHead { identity, head, at_ms } => {
                peer_head(connection, &identity, &head, at_ms).await?;
            }
            Line::Covers { count, hash } => covers(connection, AuditHead { count, hash }).await?,
        }
        Ok(())
    }

    /// All digests of a slot are looked at together.
    async fn gather(
        &mut self,
        connection: &mut SqliteConnection,
        slot: String,
        given: Given,
    ) -> Result<(), HistoryError> {
        // Any number of approvals may stand in a slot, in any order: they need no comparison.
        if matches!(*given.terms, Terms::Approval { .. }) {
            self.finish(connection).await?;
            let new = insert(connection, &slot, &given).await?;
            self.counts.slots = self.counts.slots.saturating_add(new);
            return Ok(());
        }
        match &mut self.slot {
            Some((open, all)) if *open == slot && all.len() < MAX_OF_SLOT => all.push(given),
            Some((open, _)) if *open == slot => return Err(HistoryError::TooMany { slot }),
            _ => {
                self.finish(connection).await?;
                self.slot = Some((slot, vec![given]));
            }
        }
        Ok(())
    }

    /// Closes the slot that is being read. If one side merely knows more of the same story, that is the story; if the
    /// two tell different ones, both are kept and the slot takes nothing more.
    pub(super) async fn finish(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), HistoryError> {
        let Some((slot, given)) = self.slot.take() else { return Ok(()) };
        let here = journal::digests(connection, &slot).await?;
        let same = here.iter().zip(&given).all(|(here, given)| *here == given.digest);
        let mut new = 0_u64;
        for given in &given {
            new = new.saturating_add(insert(connection, &slot, given).await?);
        }
        if here.is_empty() {
            self.counts.slots = self.counts.slots.saturating_add(1);
        }
        if !same {
            self.freeze(connection, &slot).await?;
        }
        Ok(())
    }

    async fn freeze(
        &mut self,
        connection: &mut SqliteConnection,
        slot: &str,
    ) -> Result<(), StoreError> {
        let query = "INSERT INTO frozen (slot, at) VALUES (?, ?) ON CONFLICT DO NOTHING";
        let done = sqlx::query(query).bind(slot).bind(self.now_ms).execute(connection).await?;
        self.counts.frozen = self.counts.frozen.saturating_add(done.rows_affected());
        Ok(())
    }

    /// An intent that was given another slot here, or a slot that another intent has here: neither moves, and the
    /// slot of the history takes nothing more.
    async fn intent(
        &mut self,
        connection: &mut SqliteConnection,
        signer: &str,
        id: &str,
        slot: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO intent (signer, id, slot, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let done = sqlx::query(insert).bind(signer).bind(id).bind(slot).bind(at_ms);
        if done.execute(&mut *connection).await?.rows_affected() == 1 {
            return Ok(());
        }
        let query = sqlx::query("SELECT slot FROM intent WHERE signer = ? AND id = ?");
        let held = query.bind(signer).bind(id).fetch_optional(&mut *connection).await?;
        match held.map(|row| row.try_get::<String, _>("slot")).transpose()? {
            Some(held) if held == slot => Ok(()),
            Some(held) if held == spent(slot, signer, id) => Ok(()),
            Some(_) => self.freeze(connection, slot).await,
            None => {
                // The slot is another intent's here. This one is used up all the same.
                let used = spent(slot, signer, id);
                let done = sqlx::query(insert).bind(signer).bind(id).bind(used).bind(at_ms);
                done.execute(&mut *connection).await?;
                self.freeze(connection, slot).await
            }
        }
    }
}

/// In the place of a slot that another intent has: no slot reads like it.
fn spent(slot: &str, signer: &str, id: &str) -> String {
    format!("{slot} was given to {signer}/{id}")
}

/// Gives how many rows are new.
async fn insert(
    connection: &mut SqliteConnection,
    slot: &str,
    given: &Given,
) -> Result<u64, StoreError> {
    let terms = serde_json::to_string(&given.terms)
        .map_err(|_| StoreError::Corrupt { what: "journal terms" })?;
    let digest = format!("{:#x}", given.digest);
    let query = "INSERT INTO journal (slot, digest, request_hash, terms, decided_at, signed_at) \
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (slot, digest) DO NOTHING";
    let done = sqlx::query(query)
        .bind(slot)
        .bind(&digest)
        .bind(format!("{:#x}", given.request_hash))
        .bind(terms)
        .bind(given.decided_at_ms)
        .bind(given.signed_at_ms)
        .execute(&mut *connection)
        .await?;
    let signed =
        "UPDATE journal SET signed_at = ? WHERE slot = ? AND digest = ? AND signed_at IS NULL";
    let signed = sqlx::query(signed).bind(given.signed_at_ms).bind(slot).bind(digest);
    signed.execute(connection).await?;
    Ok(done.rows_affected())
}

/// A window that one side does not know is none.
async fn operation(
    connection: &mut SqliteConnection,
    slot: &str,
    hash: B256,
    valid_until: Option<i64>,
) -> Result<(), StoreError> {
    let query = "INSERT INTO operation (slot, hash, valid_until) VALUES (?, ?, ?) \
                 ON CONFLICT (slot, hash) DO UPDATE SET valid_until = max(valid_until, excluded.valid_until)";
    let query = sqlx::query(query).bind(slot).bind(format!("{hash:#x}")).bind(valid_until);
    query.execute(connection).await?;
    Ok(())
}

/// The larger amount, from the later time on.
async fn reservation(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
    amount: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT amount FROM reservation WHERE account = ? AND slot = ?");
    let held = query.bind(account).bind(slot).fetch_optional(&mut *connection).await?;
    let held = held.map(|row| number(row.try_get("amount")?)).transpose()?;
    let amount = number(amount)?.max(held.unwrap_or_default());
    let query = "INSERT INTO reservation (account, slot, amount, at) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (account, slot) DO UPDATE SET amount = excluded.amount, at = max(at, excluded.at)";
    let query = sqlx::query(query).bind(account).bind(slot).bind(amount.to_string()).bind(at_ms);
    query.execute(connection).await?;
    Ok(())
}

/// The dearer approval, until the later end; and what that adds to the paymaster's total.
async fn exposure(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
    wei: &str,
    valid_until: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT wei FROM exposure WHERE account = ? AND slot = ?");
    let held = query.bind(account).bind(slot).fetch_optional(&mut *connection).await?;
    let held = held.map(|row| number(row.try_get("wei")?)).transpose()?.unwrap_or_default();
    let wei = number(wei)?.max(held);
    let query = "INSERT INTO exposure (account, slot, wei, valid_until) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (account, slot) DO UPDATE SET wei = excluded.wei, \
                 valid_until = max(valid_until, excluded.valid_until)";
    let query = sqlx::query(query).bind(account).bind(slot).bind(wei.to_string()).bind(valid_until);
    query.execute(&mut *connection).await?;
    let query = sqlx::query("SELECT wei FROM exposure_total WHERE account = ?").bind(account);
    let total = query.fetch_optional(&mut *connection).await?;
    let total = total.map(|row| number(row.try_get("wei")?)).transpose()?.unwrap_or_default();
    let total = total.saturating_add(wei.saturating_sub(held));
    let query = "INSERT INTO exposure_total (account, wei) VALUES (?, ?) \
                 ON CONFLICT (account) DO UPDATE SET wei = excluded.wei";
    sqlx::query(query).bind(account).bind(total.to_string()).execute(connection).await?;
    Ok(())
}

/// The higher head.
async fn peer_head(
    connection: &mut SqliteConnection,
    identity: &countersign_protocol::IdentityKey,
    head: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    let corrupt = || StoreError::Corrupt { what: "peer head" };
    let read = |text: &str| {
        let signed = hex::decode(text).ok().and_then(|bytes| SignedHead::decode(&bytes));
        let head = signed.and_then(|signed| signed.open(identity)).ok_or_else(corrupt)?;
        Ok::<_, StoreError>((head.era, head.at.count))
    };
    let name = identity.to_string();
    let query = sqlx::query("SELECT head FROM peer_head WHERE identity = ?").bind(&name);
    let held = query.fetch_optional(&mut *connection).await?;
    let held = held.map(|row| read(row.try_get("head")?)).transpose()?;
    if held.is_none_or(|held| read(head).is_ok_and(|theirs| theirs > held)) {
        read(head)?;
        ledger::keep(connection, &name, head, at_ms).await?;
    }
    Ok(())
}

/// What is of our own chain needs no second mention.
async fn covers(connection: &mut SqliteConnection, head: AuditHead) -> Result<(), StoreError> {
    if !ledger::covers(connection, head).await? {
        ledger::remember(connection, head, "imported").await?;
    }
    Ok(())
}

fn number(text: &str) -> Result<U256, StoreError> {
    U256::from_str_radix(text, 10).map_err(|_| StoreError::Corrupt { what: "amount" })
}
