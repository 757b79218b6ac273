//! The format of the database: numbered steps, applied in order, each with the number it leads to.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use super::{StoreError, name};

/// "CSgn": tells our file from any other SQLite database.
const APPLICATION_ID: i64 = 0x4353_676e;

const STEPS: [&str; 4] = [
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_name.sql"),
    include_str!("../../migrations/0003_policy.sql"),
    include_str!("../../migrations/0004_heads.sql"),
];

/// The last format whose journals have no name.
const NAMELESS: i64 = 1;

/// The format that this build writes; a file with a higher one is refused.
pub const FORMAT_VERSION: i64 = 4;

/// Brings the database to [`FORMAT_VERSION`]; each step commits together with its number.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), StoreError> {
    let from = check(connection, path).await?;
    for (number, step) in (1_i64..).zip(STEPS) {
        if number <= from {
            continue;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(step).execute(&mut *transaction).await?;
        if from == NAMELESS && number == NAMELESS + 1 {
            sqlx::raw_sql(name::NEVER_CLAIMED).execute(&mut *transaction).await?;
        }
        set(&mut transaction, "application_id", APPLICATION_ID).await?;
        set(&mut transaction, "user_version", number).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// The version found, zero for a new file.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<i64, StoreError> {
    let found = pragma(connection, "PRAGMA user_version").await?;
    let application = pragma(connection, "PRAGMA application_id").await?;
    let tables = pragma(connection, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(StoreError::Foreign { path: path.to_owned(), found: application });
    }
    if found > FORMAT_VERSION {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            found,
            known: FORMAT_VERSION,
        });
    }
    Ok(found)
}

async fn pragma(connection: &mut SqliteConnection, query: &'static str) -> Result<i64, StoreError> {
    Ok(sqlx::query(query).fetch_one(connection).await?.try_get(0)?)
}

async fn set(
    connection: &mut SqliteConnection,
    name: &'static str,
    value: i64,
) -> Result<(), StoreError> {
    // PRAGMA takes no bound parameter; both parts are constants of ours.
    let statement = sqlx::AssertSqlSafe(format!("PRAGMA {name} = {value}"));
    sqlx::raw_sql(statement).execute(connection).await?;
    Ok(())
}
