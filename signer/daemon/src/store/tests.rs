//! The file itself: who may hold it, which formats open, what the commit promises.

use sqlx::Row;

use super::*;

async fn pragma(store: &Store, query: &'static str) -> i64 {
    let mut connection = store.connection().await;
    sqlx::query(query).fetch_one(&mut *connection).await.unwrap().get(0)
}

#[tokio::test]
async fn a_second_holder_is_refused_until_the_first_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let first = Store::open(&path).await.unwrap();

    assert!(matches!(Store::open(&path).await, Err(StoreError::Held(_))));

    drop(first);
    Store::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();
    let mut connection = store.connection().await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut *connection).await.unwrap();
    drop(connection);
    drop(store);

    let refused = Store::open(&path).await.unwrap_err();

    assert!(matches!(refused, StoreError::NewerFormat { found: 99, known: FORMAT_VERSION, .. }));
    assert!(refused.to_string().contains("format version 99"), "{refused}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let mut other = options(&path).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE stranger (id INTEGER)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    assert!(matches!(Store::open(&path).await, Err(StoreError::Foreign { .. })));
}

#[tokio::test]
async fn every_commit_is_synced_through_the_write_ahead_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();

    assert_eq!(pragma(&store, "PRAGMA synchronous").await, 2, "FULL");
    let mut connection = store.connection().await;
    let mode: String =
        sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap().get(0);
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();
    pragma(&store, "PRAGMA user_version").await;

    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    drop(Store::open(&path).await.unwrap());

    let store = Store::open(&path).await.unwrap();

    assert_eq!(pragma(&store, "PRAGMA user_version").await, FORMAT_VERSION);
}

#[tokio::test]
async fn a_journal_keeps_its_name_and_no_two_have_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("cosigner.db"), folder.path().join("other.db"));
    let name = Store::open(&path).await.unwrap().journal_name().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.journal_name().await.unwrap(), name);
    assert_eq!(name.len(), 32);
    assert!(!store.was_never_claimed().await.unwrap());
    assert_ne!(Store::open(&other).await.unwrap().journal_name().await.unwrap(), name);
}

#[tokio::test]
async fn a_journal_of_the_first_format_gets_a_name_that_may_be_claimed_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let mut old = options(&path).create_if_missing(true).connect().await.unwrap();
    let first = include_str!("../../migrations/0001_first.sql");
    sqlx::raw_sql(first).execute(&mut old).await.unwrap();
    let marks = "PRAGMA application_id = 1129539438; PRAGMA user_version = 1";
    sqlx::raw_sql(marks).execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = Store::open(&path).await.unwrap();

    assert_eq!(store.journal_name().await.unwrap().len(), 32);
    assert!(store.was_never_claimed().await.unwrap());
    store.claim().await.unwrap();
    assert!(!store.was_never_claimed().await.unwrap());
}

#[tokio::test]
async fn a_reader_sees_what_the_holder_committed_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let holder = Store::open(&path).await.unwrap();
    let reader = Store::open_to_read(&path).await.unwrap();
    let mut connection = holder.connection().await;
    sqlx::raw_sql("INSERT INTO attempt VALUES ('x', 1)").execute(&mut *connection).await.unwrap();
    drop(connection);

    assert_eq!(pragma(&reader, "SELECT count(*) FROM attempt").await, 1);
    let mut connection = reader.connection().await;
    let written = sqlx::raw_sql("DELETE FROM attempt").execute(&mut *connection).await;
    assert!(written.is_err());
}

#[tokio::test]
async fn reading_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Store::open_to_read(&folder.path().join("cosigner.db")).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
