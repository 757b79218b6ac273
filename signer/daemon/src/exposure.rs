//! What a paymaster may still be made to pay: the sum, over slots, of the dearest approval not yet lapsed.
//!
//! A slot can land once, so of several approvals in one slot only the dearest counts, until the latest of
//! them lapses. A running total keeps the check independent of how many approvals are outstanding.

use alloy::primitives::{Address, U256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::store::StoreError;

/// A promise to pay, about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The chain of the paymaster.
    pub chain: u64,
    /// The paymaster.
    pub paymaster: Address,
    /// The most that this approval can cost.
    pub wei: U256,
    /// The last second at which it holds.
    pub valid_until: u64,
    /// What may be outstanding in all, this one included.
    pub cap: U256,
}

impl Exposure {
    fn account(&self) -> String {
        format!("{}/{:#x}", self.chain, self.paymaster)
    }
}

/// What would be outstanding was above the cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverCap {
    /// What would be outstanding.
    pub(crate) outstanding: U256,
}

/// Books the approval under its slot, or says what would be outstanding if that is above the cap.
pub(crate) async fn book(
    connection: &mut SqliteConnection,
    exposure: &Exposure,
    slot: &str,
    now_s: u64,
) -> Result<Result<(), OverCap>, StoreError> {
    let account = exposure.account();
    let outstanding = release_lapsed(connection, &account, now_s).await?;
    let held = held(connection, &account, slot).await?;
    let (before, until) = held.unwrap_or((U256::ZERO, 0));
    let wei = exposure.wei.max(before);
    let until = exposure.valid_until.max(until);
    let others = outstanding.checked_sub(before).ok_or_else(corrupt)?;
    let outstanding = others.saturating_add(wei);
    if outstanding > exposure.cap {
        return Ok(Err(OverCap { outstanding }));
    }
    sqlx::query(
        "INSERT INTO exposure (account, slot, wei, valid_until) VALUES (?, ?, ?, ?) \
         ON CONFLICT (account, slot) DO UPDATE SET wei = excluded.wei, valid_until = excluded.valid_until",
    )
    .bind(&account)
    .bind(slot)
    .bind(to_text(wei))
    .bind(seconds(until))
    .execute(&mut *connection)
    .await?;
    set_total(connection, &account, outstanding).await?;
    Ok(Ok(()))
}

/// Takes lapsed approvals off the total and answers with what remains.
async fn release_lapsed(
    connection: &mut SqliteConnection,
    account: &str,
    now_s: u64,
) -> Result<U256, StoreError> {
    let total = sqlx::query("SELECT wei FROM exposure_total WHERE account = ?")
        .bind(account)
        .fetch_optional(&mut *connection)
        .await?;
    let total = match total {
        Some(row) => from_text(row.try_get("wei")?)?,
        None => return Ok(U256::ZERO),
    };
    let lapsed =
        sqlx::query("DELETE FROM exposure WHERE account = ? AND valid_until < ? RETURNING wei")
            .bind(account)
            .bind(seconds(now_s))
            .fetch_all(&mut *connection)
            .await?;
    if lapsed.is_empty() {
        return Ok(total);
    }
    let mut remaining = total;
    for row in &lapsed {
        remaining = remaining.checked_sub(from_text(row.try_get("wei")?)?).ok_or_else(corrupt)?;
    }
    set_total(connection, account, remaining).await?;
    Ok(remaining)
}

async fn held(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
) -> Result<Option<(U256, u64)>, StoreError> {
    let row = sqlx::query("SELECT wei, valid_until FROM exposure WHERE account = ? AND slot = ?")
        .bind(account)
        .bind(slot)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let until = u64::try_from(row.try_get::<i64, _>("valid_until")?).map_err(|_| corrupt())?;
    Ok(Some((from_text(row.try_get("wei")?)?, until)))
}

async fn set_total(
    connection: &mut SqliteConnection,
    account: &str,
    wei: U256,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO exposure_total (account, wei) VALUES (?, ?) \
         ON CONFLICT (account) DO UPDATE SET wei = excluded.wei",
    )
    .bind(account)
    .bind(to_text(wei))
    .execute(connection)
    .await?;
    Ok(())
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "paymaster exposure" }
}

fn to_text(wei: U256) -> String {
    wei.to_string()
}

fn from_text(text: &str) -> Result<U256, StoreError> {
    U256::from_str_radix(text, 10).map_err(|_| corrupt())
}

fn seconds(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
