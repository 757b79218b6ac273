//! Wallets and the children of keys.

use sqlx::Row as _;

use super::{
    Address, Caller, ChainId, SqliteStore, StoreError, Wallet, WalletQuery, address_text, int,
    json, operations::Tx, parsed,
};

/// The last child that is not hardened.
const LAST_CHILD: u32 = (1 << 31) - 1;

pub(super) async fn claim_child(
    store: &SqliteStore,
    caller: &Caller,
    key: &str,
    named: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    let mut tx = store.begin().await?;
    let child = match named {
        Some(child) => child,
        None => match next_child(&mut tx, key).await? {
            Some(child) => child,
            None => return Ok(None),
        },
    };
    sqlx::query("INSERT OR IGNORE INTO children (key, child, caller) VALUES (?1, ?2, ?3)")
        .bind(key)
        .bind(child)
        .bind(caller.as_str())
        .execute(&mut *tx)
        .await?;
    let holder = sqlx::query("SELECT caller FROM children WHERE key = ?1 AND child = ?2")
        .bind(key)
        .bind(child)
        .fetch_one(&mut *tx)
        .await?;
    let is_ours = holder.try_get::<&str, _>("caller")? == caller.as_str();
    tx.commit().await?;
    Ok(is_ours.then_some(child))
}

/// The counter's next child that nobody named before. Children that callers name do not move it.
async fn next_child(tx: &mut Tx<'_>, key: &str) -> Result<Option<u32>, StoreError> {
    let row = sqlx::query("SELECT next FROM child_counters WHERE key = ?1")
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?;
    let next = row.map(|row| row.try_get::<i64, _>("next")).transpose()?.unwrap_or(0);
    // The first number from the counter on behind which there is a gap, or the counter itself.
    let free = sqlx::query(
        "SELECT min(n) AS free FROM (
             SELECT ?2 AS n WHERE NOT EXISTS (SELECT 1 FROM children WHERE key = ?1 AND child = ?2)
             UNION ALL SELECT child + 1 FROM children c WHERE key = ?1 AND child >= ?2
                 AND NOT EXISTS (SELECT 1 FROM children d WHERE d.key = ?1 AND d.child = c.child + 1)
         )",
    )
    .bind(key)
    .bind(next)
    .fetch_one(&mut **tx)
    .await?;
    let free: i64 = free.try_get("free")?;
    let Some(free) = u32::try_from(free).ok().filter(|free| *free <= LAST_CHILD) else {
        return Ok(None);
    };
    sqlx::query(
        "INSERT INTO child_counters (key, next) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET next = ?2",
    )
    .bind(key)
    .bind(i64::from(free) + 1)
    .execute(&mut **tx)
    .await?;
    Ok(Some(free))
}

pub(super) async fn put(
    store: &SqliteStore,
    caller: &Caller,
    wallet: &Wallet,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO wallets (caller, chain, address, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (chain, address) DO NOTHING",
    )
    .bind(caller.as_str())
    .bind(int(wallet.chain.get()))
    .bind(address_text(wallet.address))
    .bind(json("wallet", wallet)?)
    .execute(&store.pool)
    .await?;
    Ok(())
}

pub(super) async fn one(
    store: &SqliteStore,
    caller: &Caller,
    chain: ChainId,
    address: Address,
) -> Result<Option<Wallet>, StoreError> {
    let row =
        sqlx::query("SELECT body FROM wallets WHERE caller = ?1 AND chain = ?2 AND address = ?3")
            .bind(caller.as_str())
            .bind(int(chain.get()))
            .bind(address_text(address))
            .fetch_optional(&store.pool)
            .await?;
    row.map(|row| parsed("wallet", row.try_get("body")?)).transpose()
}

pub(super) async fn some(
    store: &SqliteStore,
    caller: &Caller,
    which: WalletQuery,
) -> Result<Vec<(i64, Wallet)>, StoreError> {
    sqlx::query(
        "SELECT seq, body FROM wallets WHERE caller = ?1 AND seq > ?2
             AND (?3 IS NULL OR chain = ?3) AND (?4 IS NULL OR address = ?4)
         ORDER BY seq LIMIT ?5",
    )
    .bind(caller.as_str())
    .bind(which.after)
    .bind(which.chain.map(|chain| int(chain.get())))
    .bind(which.address.map(address_text))
    .bind(which.limit)
    .fetch_all(&store.pool)
    .await?
    .iter()
    .map(|row| Ok((row.try_get("seq")?, parsed("wallet", row.try_get("body")?)?)))
    .collect()
}
