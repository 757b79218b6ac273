//! What was taken of a limit, and when.

use alloy::primitives::U256;
use countersign_policy::Measure;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::store::StoreError;

/// What others than `slot` took of the limit within its window. A limit without a window has no total.
pub(super) async fn total(
    connection: &mut SqliteConnection,
    measure: &Measure<'_>,
    slot: &str,
    now_ms: i64,
) -> Result<U256, StoreError> {
    let Some(window_s) = measure.limit.window_s else { return Ok(U256::ZERO) };
    let window_ms = i64::try_from(window_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let query = "SELECT amount FROM reservation WHERE account = ? AND at > ? AND slot <> ?";
    let rows = sqlx::query(query)
        .bind(&measure.account)
        .bind(now_ms.saturating_sub(window_ms))
        .bind(slot)
        .fetch_all(connection)
        .await?;
    rows.iter().try_fold(U256::ZERO, |sum, row| Ok(sum.saturating_add(amount(row)?)))
}

/// What the slot took before: a replacement holds the larger of both.
pub(super) async fn held(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
) -> Result<Option<U256>, StoreError> {
    let row = sqlx::query("SELECT amount FROM reservation WHERE account = ? AND slot = ?")
        .bind(account)
        .bind(slot)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(amount).transpose()
}

/// Books it. The time moves on with a replacement: what may land last counts from then.
pub(super) async fn book(
    connection: &mut SqliteConnection,
    measure: &Measure<'_>,
    slot: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reservation (account, slot, amount, at) VALUES (?, ?, ?, ?) \
         ON CONFLICT (account, slot) DO UPDATE SET amount = excluded.amount, at = max(at, excluded.at)",
    )
    .bind(&measure.account)
    .bind(slot)
    .bind(measure.amount.to_string())
    .bind(now_ms)
    .execute(connection)
    .await?;
    Ok(())
}

fn amount(row: &sqlx::sqlite::SqliteRow) -> Result<U256, StoreError> {
    U256::from_str_radix(row.try_get("amount")?, 10)
        .map_err(|_| StoreError::Corrupt { what: "reservation" })
}
