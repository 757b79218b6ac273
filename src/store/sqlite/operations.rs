//! Operations: taken in once, claimed by one worker, written down after every step.

use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    Admission, B256, Caller, Claimed, Lease, NewOperation, Progress, SqliteStore, StoreError,
    StoredOperation, TimelineEntry, U256, address_text, int, json, now_ms, parsed,
};
use crate::pipeline::Stage;

const BY_ID: &str = "SELECT seq, intent, state, nonce_key, nonce_seq FROM operations
    WHERE caller = ?1 AND id = ?2";
const BY_HASH: &str = "SELECT o.seq, intent, state, nonce_key, nonce_seq FROM operations o
    JOIN hashes h ON h.seq = o.seq WHERE o.caller = ?1 AND h.hash = ?2";

pub(super) async fn admit(store: &SqliteStore, new: NewOperation) -> Result<Admission, StoreError> {
    let mut tx = store.begin().await?;
    let known = sqlx::query("SELECT body_hash FROM operations WHERE caller = ?1 AND id = ?2")
        .bind(new.intent.caller.as_str())
        .bind(&new.intent.id)
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = known {
        let same = row.try_get::<String, _>("body_hash")? == format!("{:#x}", new.body_hash);
        return Ok(if same { Admission::Same } else { Admission::Conflict });
    }
    let seq = sqlx::query(
        "INSERT INTO operations (caller, id, body_hash, chain, entry_point, sender, intent, stage,
             state, created_ms, updated_ms, trace_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)",
    )
    .bind(new.intent.caller.as_str())
    .bind(&new.intent.id)
    .bind(format!("{:#x}", new.body_hash))
    .bind(int(new.intent.wallet.chain.get()))
    .bind(address_text(new.intent.wallet.entry_point))
    .bind(address_text(new.intent.wallet.address))
    .bind(json("intent", &new.intent)?)
    .bind(new.stage.name_text())
    .bind(json("stage", &new.stage)?)
    .bind(now_ms())
    .bind(new.intent.trace.as_ref().map(|trace| trace.trace_id()))
    .execute(&mut *tx)
    .await?
    .last_insert_rowid();
    note(&mut tx, seq, &new.entry).await?;
    tx.commit().await?;
    Ok(Admission::New)
}

pub(super) async fn by_id(
    store: &SqliteStore,
    caller: &Caller,
    id: &str,
) -> Result<Option<StoredOperation>, StoreError> {
    let row = sqlx::query(BY_ID).bind(caller.as_str()).bind(id).fetch_optional(&store.pool).await?;
    row.as_ref().map(stored).transpose()
}

pub(super) async fn by_hash(
    store: &SqliteStore,
    caller: &Caller,
    hash: B256,
) -> Result<Option<StoredOperation>, StoreError> {
    let row = sqlx::query(BY_HASH)
        .bind(caller.as_str())
        .bind(format!("{hash:#x}"))
        .fetch_optional(&store.pool)
        .await?;
    row.as_ref().map(stored).transpose()
}

pub(super) async fn traced(
    store: &SqliteStore,
    name: &str,
) -> Result<Vec<StoredOperation>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, intent, state, nonce_key, nonce_seq FROM operations
         WHERE id = ?1 OR trace_id = ?2
             OR seq IN (SELECT seq FROM hashes WHERE hash = ?2)
             OR seq IN (SELECT seq FROM transactions WHERE hash = ?2)
         ORDER BY seq",
    )
    .bind(name)
    .bind(name.to_ascii_lowercase())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(stored).collect()
}

pub(super) async fn timeline(
    store: &SqliteStore,
    seq: i64,
) -> Result<Vec<TimelineEntry>, StoreError> {
    sqlx::query("SELECT body FROM timeline WHERE seq = ?1 ORDER BY n")
        .bind(seq)
        .fetch_all(&store.pool)
        .await?
        .iter()
        .map(|row| parsed("timeline entry", row.try_get("body")?))
        .collect()
}

pub(super) async fn claim(
    store: &SqliteStore,
    now_ms: u64,
    lease_ms: u64,
    limit: usize,
) -> Result<Vec<Claimed>, StoreError> {
    let lease = Lease::new();
    let rows = sqlx::query(
        "UPDATE operations SET lease_owner = ?1, lease_until = ?2
         WHERE seq IN (SELECT seq FROM operations
             WHERE settled = 0 AND due_ms <= ?3 AND (lease_owner IS NULL OR lease_until <= ?3)
                 AND quarantine IS NULL
             ORDER BY seq LIMIT ?4)
         RETURNING seq, intent, state, nonce_key, nonce_seq, attempts",
    )
    .bind(lease.as_str())
    .bind(int(now_ms + lease_ms))
    .bind(int(now_ms))
    .bind(int(limit as u64))
    .fetch_all(&store.pool)
    .await?;
    let mut readable = Vec::with_capacity(rows.len());
    for row in &rows {
        match stored(row) {
            Ok(operation) => {
                let attempts = row.try_get::<i64, _>("attempts")?;
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                readable.push(Claimed { operation, attempts, lease: lease.clone() });
            }
            Err(error) => set_aside(store, row.try_get("seq")?, &error).await?,
        }
    }
    Ok(readable)
}

/// A row that this version cannot read waits for the next start, alone.
async fn set_aside(store: &SqliteStore, seq: i64, error: &StoreError) -> Result<(), StoreError> {
    tracing::error!(seq, %error, "an operation is set aside until the next start");
    sqlx::query("UPDATE operations SET quarantine = ?2, lease_owner = NULL WHERE seq = ?1")
        .bind(seq)
        .bind(error.to_string())
        .execute(&store.pool)
        .await?;
    Ok(())
}

pub(super) async fn save(
    store: &SqliteStore,
    lease: &Lease,
    seq: i64,
    progress: Progress,
) -> Result<(), StoreError> {
    let stage = &progress.stage;
    let mut tx = store.begin().await?;
    let release = progress.release_until_ms;
    let written = sqlx::query(
        "UPDATE operations SET stage = ?3, state = ?4, settled = ?5, attempts = ?6, updated_ms = ?7,
             lease_owner = CASE WHEN ?8 THEN NULL ELSE lease_owner END,
             lease_until = ?9,
             due_ms = CASE WHEN EXISTS (SELECT 1 FROM approvals a WHERE a.seq = ?1 AND a.n > ?11)
                 THEN 0 ELSE ?10 END
         WHERE seq = ?1 AND lease_owner = ?2",
    )
    .bind(seq)
    .bind(lease.as_str())
    .bind(stage.name_text())
    .bind(json("stage", stage)?)
    .bind(stage.is_settled())
    .bind(i64::from(progress.attempts))
    .bind(now_ms())
    .bind(release.is_some() || stage.is_settled())
    .bind(int(progress.lease_until_ms))
    .bind(int(release.unwrap_or(0)))
    .bind(shown(stage))
    .execute(&mut *tx)
    .await?;
    if written.rows_affected() == 0 {
        return Err(StoreError::LeaseLost(seq));
    }
    if let Some(hash) = stage.hash() {
        sqlx::query("INSERT OR IGNORE INTO hashes (hash, seq) VALUES (?1, ?2)")
            .bind(format!("{hash:#x}"))
            .bind(seq)
            .execute(&mut *tx)
            .await?;
    }
    if let Stage::Included(included) | Stage::Reverted(included) = stage {
        sqlx::query("INSERT OR IGNORE INTO transactions (hash, seq) VALUES (?1, ?2)")
            .bind(format!("{:#x}", included.inclusion.transaction_hash))
            .bind(seq)
            .execute(&mut *tx)
            .await?;
    }
    if let Some(entry) = &progress.entry {
        note(&mut tx, seq, entry).await?;
    }
    settle_nonce(&mut tx, seq, stage).await?;
    if progress.blocks_lane {
        block_lane(&mut tx, seq).await?;
    }
    if progress.blocks_lane || stage.lets_others_go() || matches!(stage, Stage::Awaiting(_)) {
        wake_followers(&mut tx, seq).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// An approval that came while a step ran must not be slept over: those behind this place make the
/// operation due.
const fn shown(stage: &Stage) -> i64 {
    match stage {
        Stage::Awaiting(awaiting) => awaiting.shown,
        _ => i64::MAX,
    }
}

pub(super) type Tx<'a> = sqlx::Transaction<'a, sqlx::Sqlite>;

pub(super) async fn note(
    tx: &mut Tx<'_>,
    seq: i64,
    entry: &TimelineEntry,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO timeline (seq, body) VALUES (?1, ?2)")
        .bind(seq)
        .bind(json("timeline entry", entry)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A nonce that no cosigner was ever asked about is free again; one that they were asked about is
/// spent, and with it the lane.
async fn settle_nonce(tx: &mut Tx<'_>, seq: i64, stage: &Stage) -> Result<(), StoreError> {
    let Stage::Dropped(dropped) = stage else { return Ok(()) };
    if dropped.was_shown_to_cosigners() {
        return block_lane(tx, seq).await;
    }
    free_nonce(tx, seq).await
}

/// Nothing new goes out in the operation's lane, and nothing in other lanes waits for it.
async fn block_lane(tx: &mut Tx<'_>, seq: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR IGNORE INTO blocked_lanes (chain, entry_point, sender, nonce_key)
         SELECT chain, entry_point, sender, nonce_key FROM operations
         WHERE seq = ?1 AND nonce_key IS NOT NULL",
    )
    .bind(seq)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a nonce back that no cosigner ever saw.
pub(super) async fn free_nonce(tx: &mut Tx<'_>, seq: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE operations SET nonce_key = NULL, nonce_seq = NULL WHERE seq = ?1")
        .bind(seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Later operations of the sender wait for this one; they are due now.
async fn wake_followers(tx: &mut Tx<'_>, seq: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE operations SET due_ms = 0 WHERE stage = 'draft' AND seq > ?1
         AND (chain, sender) = (SELECT chain, sender FROM operations WHERE seq = ?1)",
    )
    .bind(seq)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) fn stored(row: &SqliteRow) -> Result<StoredOperation, StoreError> {
    Ok(StoredOperation {
        seq: row.try_get("seq")?,
        intent: parsed("intent", row.try_get("intent")?)?,
        stage: parsed("stage", row.try_get("state")?)?,
        nonce: nonce(row)?,
    })
}

/// The whole nonce of a row, if it has one: 192 bits of key, 64 bits of sequence.
pub(super) fn nonce(row: &SqliteRow) -> Result<Option<U256>, StoreError> {
    let key: Option<String> = row.try_get("nonce_key")?;
    let seq: Option<i64> = row.try_get("nonce_seq")?;
    let (Some(key), Some(seq)) = (key, seq) else { return Ok(None) };
    let key: U256 = key.parse().map_err(|error| StoreError::corrupt("nonce key", error))?;
    let seq = u64::try_from(seq).map_err(|error| StoreError::corrupt("nonce", error))?;
    Ok(Some((key << 64) | U256::from(seq)))
}
