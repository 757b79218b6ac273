//! People's approvals, and the operations that wait for them.

use countersign_protocol::SignedApproval;
use sqlx::Row as _;

use super::{
    B256, Caller, GivenApproval, Kept, SqliteStore, StoreError, StoredOperation, TimelineEntry,
    address_text, int, json,
    operations::{note, stored},
    parsed,
};

/// A call to a cosigner carries no more.
const MOST: i64 = 64;

const AWAITING: &str = "SELECT seq, intent, state, nonce_key, nonce_seq FROM operations
    WHERE caller = ?1 AND stage = 'awaiting' AND seq > ?2 ORDER BY seq LIMIT ?3";

pub(super) async fn put(
    store: &SqliteStore,
    seq: i64,
    approval: &SignedApproval,
    entry: &TimelineEntry,
) -> Result<Kept, StoreError> {
    let (hash, approver) =
        (format!("{:#x}", approval.user_op_hash), address_text(approval.approver));
    let mut tx = store.begin().await?;
    let known = sqlx::query(
        "SELECT count(*) AS many,
             max(CASE WHEN approver = ?3 THEN expiry END) AS expiry
         FROM approvals WHERE seq = ?1 AND hash = ?2",
    )
    .bind(seq)
    .bind(&hash)
    .bind(&approver)
    .fetch_one(&mut *tx)
    .await?;
    let before: Option<i64> = known.try_get("expiry")?;
    if before.is_some_and(|before| before >= int(approval.expiry)) {
        return Ok(Kept::Known);
    }
    if before.is_none() && known.try_get::<i64, _>("many")? >= MOST {
        return Ok(Kept::TooMany);
    }
    sqlx::query("DELETE FROM approvals WHERE seq = ?1 AND hash = ?2 AND approver = ?3")
        .bind(seq)
        .bind(&hash)
        .bind(&approver)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO approvals (seq, hash, approver, expiry, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(seq)
    .bind(&hash)
    .bind(&approver)
    .bind(int(approval.expiry))
    .bind(json("approval", approval)?)
    .execute(&mut *tx)
    .await?;
    note(&mut tx, seq, entry).await?;
    sqlx::query("UPDATE operations SET due_ms = 0 WHERE seq = ?1")
        .bind(seq)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Kept::New)
}

pub(super) async fn of(
    store: &SqliteStore,
    seq: i64,
    hash: B256,
) -> Result<Vec<GivenApproval>, StoreError> {
    sqlx::query("SELECT n, body FROM approvals WHERE seq = ?1 AND hash = ?2 ORDER BY n")
        .bind(seq)
        .bind(format!("{hash:#x}"))
        .fetch_all(&store.pool)
        .await?
        .iter()
        .map(|row| {
            let approval = parsed("approval", row.try_get("body")?)?;
            Ok(GivenApproval { place: row.try_get("n")?, approval })
        })
        .collect()
}

pub(super) async fn awaiting(
    store: &SqliteStore,
    caller: &Caller,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredOperation>, StoreError> {
    let rows = sqlx::query(AWAITING)
        .bind(caller.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&store.pool)
        .await?;
    rows.iter().map(stored).collect()
}
