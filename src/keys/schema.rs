//! The table of keys, as it is and as it was.

use sqlx::{Row, SqlitePool};

/// Makes the table, or brings an older one up to date.
pub(super) async fn prepare(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    first(pool).await?;
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let columns = sqlx::query("SELECT name FROM pragma_table_info('api_keys')")
        .fetch_all(&mut *tx)
        .await?
        .iter()
        .map(|row| row.try_get("name"))
        .collect::<Result<Vec<String>, _>>()?;
    for (column, add) in [
        ("caller", "ALTER TABLE api_keys ADD COLUMN caller TEXT"),
        ("scope", "ALTER TABLE api_keys ADD COLUMN scope TEXT"),
        ("expires_at", "ALTER TABLE api_keys ADD COLUMN expires_at INTEGER"),
        ("rotated_at", "ALTER TABLE api_keys ADD COLUMN rotated_at INTEGER"),
    ] {
        if !columns.iter().any(|known| known == column) {
            sqlx::query(add).execute(&mut *tx).await?;
        }
    }
    sqlx::query("DROP INDEX IF EXISTS api_keys_live_name").execute(&mut *tx).await?;
    sqlx::query(
        "CREATE UNIQUE INDEX IF NOT EXISTS api_keys_current_name
         ON api_keys (name) WHERE revoked_at IS NULL AND rotated_at IS NULL",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The table of the first release, if there is none.
pub(super) async fn first(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS api_keys (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            digest BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            revoked_at INTEGER
        )",
    )
    .execute(pool)
    .await
    .map(drop)
}
