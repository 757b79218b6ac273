//! Wallets and the children of keys.

use sqlx::Row as _;

use super::{
    Address, Caller, ChainId, SqliteStore, StoreError, Wallet, address_text, int, json, parsed,
};

pub(super) async fn take_child_index(store: &SqliteStore, key: &str) -> Result<u32, StoreError> {
    let row = sqlx::query(
        "INSERT INTO child_counters (key, next) VALUES (?1, 1)
         ON CONFLICT (key) DO UPDATE SET next = next + 1 RETURNING next - 1 AS taken",
    )
    .bind(key)
    .fetch_one(&store.pool)
    .await?;
    let taken: i64 = row.try_get("taken")?;
    u32::try_from(taken).map_err(|error| StoreError::corrupt("child counter", error))
}

pub(super) async fn put(
    store: &SqliteStore,
    caller: &Caller,
    wallet: &Wallet,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query(
        "INSERT INTO wallets (caller, chain, address, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (chain, address) DO NOTHING",
    )
    .bind(caller.as_str())
    .bind(int(wallet.chain.get()))
    .bind(address_text(wallet.address))
    .bind(json("wallet", wallet)?)
    .execute(&mut *tx)
    .await?;
    // A child that was named is not given to the next wallet that names none.
    sqlx::query(
        "INSERT INTO child_counters (key, next) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET next = max(next, ?2)",
    )
    .bind(&wallet.key)
    .bind(int(u64::from(wallet.index) + 1))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
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

pub(super) async fn all(store: &SqliteStore, caller: &Caller) -> Result<Vec<Wallet>, StoreError> {
    sqlx::query("SELECT body FROM wallets WHERE caller = ?1 ORDER BY seq")
        .bind(caller.as_str())
        .fetch_all(&store.pool)
        .await?
        .iter()
        .map(|row| parsed("wallet", row.try_get("body")?))
        .collect()
}
