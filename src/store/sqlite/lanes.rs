//! Nonces: each sender has many lanes (192-bit keys) with a sequence each.

use sqlx::Row as _;

use super::{LaneState, Reservation, SqliteStore, StoreError, U256, key_text, operations::nonce};

const BEFORE: &str = "SELECT
        count(*) FILTER (WHERE stage IN ('draft','priced','sponsored','sealed','signed')) AS unsent,
        count(*) FILTER (WHERE stage NOT IN ('included','reverted','dropped','awaiting')) AS pending,
        count(*) FILTER (WHERE stage = 'awaiting') AS awaiting
    FROM operations e, (SELECT chain, sender FROM operations WHERE seq = ?1) me
    WHERE e.chain = me.chain AND e.sender = me.sender AND e.seq < ?1 AND e.settled = 0
        AND NOT EXISTS (SELECT 1 FROM blocked_lanes b WHERE b.chain = e.chain AND b.sender = e.sender
            AND b.entry_point = e.entry_point AND b.nonce_key = e.nonce_key)";

const IS_BLOCKED: &str = "SELECT 1 FROM blocked_lanes b
    JOIN operations o USING (chain, entry_point, sender) WHERE o.seq = ?1 AND b.nonce_key = ?2";

const IS_HELD: &str =
    "SELECT 1 FROM operations e JOIN operations me USING (chain, entry_point, sender)
    WHERE me.seq = ?1 AND e.seq < ?1 AND e.nonce_key = ?2 AND e.stage = 'awaiting'";

/// The next free sequence number of our own in a lane, 0 if there is none.
const LOCAL_NEXT: &str = "SELECT coalesce(max(e.nonce_seq) + 1, 0) AS next
    FROM operations e JOIN operations me USING (chain, entry_point, sender)
    WHERE me.seq = ?1 AND e.nonce_key = ?2 AND e.seq <> ?1";

pub(super) async fn state(
    store: &SqliteStore,
    seq: i64,
    wanted: Option<U256>,
) -> Result<LaneState, StoreError> {
    let mut tx = store.pool.begin().await?;
    let own = sqlx::query("SELECT nonce_key, nonce_seq FROM operations WHERE seq = ?1")
        .bind(seq)
        .fetch_one(&mut *tx)
        .await?;
    let reserved = nonce(&own)?;
    let mut lane = reserved.map(|nonce| nonce >> 64).or(wanted).unwrap_or_default();
    let (is_blocked, is_held) = loop {
        let key = key_text(lane);
        let blocked = sqlx::query(IS_BLOCKED).bind(seq).bind(&key).fetch_optional(&mut *tx).await?;
        let held = sqlx::query(IS_HELD).bind(seq).bind(&key).fetch_optional(&mut *tx).await?;
        let free = blocked.is_none() && held.is_none();
        if free || reserved.is_some() || wanted.is_some() {
            break (blocked.is_some(), held.is_some());
        }
        lane += U256::ONE;
    };
    let before = sqlx::query(BEFORE).bind(seq).fetch_one(&mut *tx).await?;
    let count = |column| -> Result<u32, StoreError> {
        Ok(u32::try_from(before.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
    };
    Ok(LaneState {
        reserved,
        lane,
        is_blocked,
        unsent_before: count("unsent")?,
        pending_before: count("pending")?,
        awaiting_before: count("awaiting")?,
        is_held,
    })
}

pub(super) async fn reserve(
    store: &SqliteStore,
    seq: i64,
    lane: U256,
    chain_next: u64,
    fixed: Option<u64>,
) -> Result<Reservation, StoreError> {
    let mut tx = store.begin().await?;
    let own = sqlx::query("SELECT nonce_key, nonce_seq FROM operations WHERE seq = ?1")
        .bind(seq)
        .fetch_one(&mut *tx)
        .await?;
    if let Some(reserved) = nonce(&own)? {
        return Ok(Reservation::Given(reserved));
    }
    let row = sqlx::query(LOCAL_NEXT).bind(seq).bind(key_text(lane)).fetch_one(&mut *tx).await?;
    let local_next = u64::try_from(row.try_get::<i64, _>("next")?)
        .map_err(|error| StoreError::corrupt("nonce", error))?;
    let next = local_next.max(chain_next);
    match fixed {
        Some(number) if number < next => return Ok(Reservation::Used(next)),
        Some(number) if number > next => return Ok(Reservation::Gap(next)),
        _ => {}
    }
    // SQLite's integers end at half of what the EntryPoint counts to, and LOCAL_NEXT adds one.
    let Some(number) = i64::try_from(next).ok().filter(|number| *number < i64::MAX) else {
        return Ok(Reservation::Exhausted);
    };
    sqlx::query("UPDATE operations SET nonce_key = ?2, nonce_seq = ?3 WHERE seq = ?1")
        .bind(seq)
        .bind(key_text(lane))
        .bind(number)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Reservation::Given((lane << 64) | U256::from(next)))
}
