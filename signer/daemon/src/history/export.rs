//! Writes a history while the daemon may run: one reading transaction sees one state of the database.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use alloy::primitives::B256;
use futures::TryStreamExt as _;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{FromRow, Row as _};

use super::HistoryError;
use super::form::{FORMAT, Header, Line, Owner, Tally, VERSION};
use crate::heads::{SignedHead, ledger};
use crate::store::{Store, StoreError};
use crate::{audit, clock};

/// Writes the whole history to `path`, mode 0600, and gives how many lines it has. The file gets its name when it is
/// complete and on disk.
pub(crate) async fn export(store: &Store, owner: &Owner, path: &Path) -> Result<u64, HistoryError> {
    let at = |source| HistoryError::File { path: path.to_owned(), source };
    let partial = path.with_extension("partial");
    let mut open = std::fs::OpenOptions::new();
    let file =
        open.create(true).truncate(true).write(true).mode(0o600).open(&partial).map_err(at)?;
    let mut writer = Writer { out: BufWriter::new(file), tally: Tally::default(), path };
    let mut connection = store.connection().await;
    let mut transaction = connection.begin().await?;
    writer.put(&header(&mut transaction, owner).await?)?;
    for query in QUERIES {
        writer.all(&mut transaction, *query).await?;
    }
    transaction.rollback().await?;
    let lines = writer.end(owner)?;
    std::fs::rename(&partial, path).map_err(at)?;
    Ok(lines)
}

async fn header(connection: &mut SqliteConnection, owner: &Owner) -> Result<Header, HistoryError> {
    let head = audit::head(connection).await?;
    Ok(Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        committee: hex::encode(owner.committee),
        party: owner.party,
        identity: owner.identity.public(),
        era: ledger::era(connection).await?,
        count: head.count,
        hash: head.hash,
        at_ms: clock::now_ms(),
    })
}

/// A query and what makes a line of each of its rows.
type Query = (&'static str, fn(&SqliteRow) -> Result<Line, StoreError>);

/// Everything that a signature depends on, table by table.
const QUERIES: &[Query] = &[
    (
        "SELECT slot, digest, request_hash, terms, decided_at, signed_at FROM journal ORDER BY slot, id",
        slot,
    ),
    ("SELECT slot FROM frozen", |row| Ok(Line::Frozen { slot: row.try_get(0)? })),
    ("SELECT slot, hash, valid_until FROM operation", operation),
    ("SELECT id, at FROM attempt", |row| {
        let (id, at_ms) = FromRow::from_row(row)?;
        Ok(Line::Attempt { id, at_ms })
    }),
    ("SELECT root, party, reason, at FROM ban", |row| {
        let (root, party, reason, at_ms) = FromRow::from_row(row)?;
        Ok(Line::Ban { root, party, reason, at_ms })
    }),
    ("SELECT root, party, count, last_at FROM spoiled", |row| {
        let (root, party, count, last_at_ms) = FromRow::from_row(row)?;
        Ok(Line::Spoiled { root, party, count, last_at_ms })
    }),
    ("SELECT account, slot, amount, at FROM reservation", |row| {
        let (account, slot, amount, at_ms) = FromRow::from_row(row)?;
        Ok(Line::Reservation { account, slot, amount, at_ms })
    }),
    ("SELECT account, slot, wei, valid_until FROM exposure", |row| {
        let (account, slot, wei, valid_until) = FromRow::from_row(row)?;
        Ok(Line::Exposure { account, slot, wei, valid_until })
    }),
    ("SELECT signer, id, slot, at FROM intent", |row| {
        let (signer, id, slot, at_ms) = FromRow::from_row(row)?;
        Ok(Line::Intent { signer, id, slot, at_ms })
    }),
    ("SELECT account, slot, at FROM barrier", |row| {
        let (account, slot, at_ms) = FromRow::from_row(row)?;
        Ok(Line::Barrier { account, slot, at_ms })
    }),
    ("SELECT identity, head, at FROM peer_head", peer_head),
    ("SELECT seq, hash FROM audit UNION ALL SELECT count, hash FROM lineage", |row| {
        let (count, hash): (i64, String) = FromRow::from_row(row)?;
        let head = audit::read_head(count, &hash)?;
        Ok(Line::Covers { count: head.count, hash: head.hash })
    }),
];

fn slot(row: &SqliteRow) -> Result<Line, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "journal terms" };
    Ok(Line::Slot {
        slot: row.try_get("slot")?,
        digest: hash(row, "digest")?,
        request_hash: hash(row, "request_hash")?,
        terms: Box::new(serde_json::from_str(row.try_get("terms")?).map_err(|_| corrupt())?),
        decided_at_ms: row.try_get("decided_at")?,
        signed_at_ms: row.try_get("signed_at")?,
    })
}

fn operation(row: &SqliteRow) -> Result<Line, StoreError> {
    let (slot, valid_until) = (row.try_get("slot")?, row.try_get("valid_until")?);
    Ok(Line::Operation { slot, hash: hash(row, "hash")?, valid_until })
}

fn peer_head(row: &SqliteRow) -> Result<Line, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "peer head" };
    let identity = row.try_get::<String, _>("identity")?.parse().map_err(|_| corrupt())?;
    let head: String = row.try_get("head")?;
    let known = hex::decode(&head).ok().and_then(|bytes| SignedHead::decode(&bytes));
    known.ok_or_else(corrupt)?;
    Ok(Line::PeerHead { identity, head, at_ms: row.try_get("at")? })
}

fn hash(row: &SqliteRow, column: &'static str) -> Result<B256, StoreError> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|_| StoreError::Corrupt { what: "journal hash" })
}

struct Writer<'a> {
    out: BufWriter<File>,
    tally: Tally,
    path: &'a Path,
}

impl Writer<'_> {
    async fn all(
        &mut self,
        connection: &mut SqliteConnection,
        (query, line): Query,
    ) -> Result<(), HistoryError> {
        let mut rows = sqlx::query(query).fetch(connection);
        while let Some(row) = rows.try_next().await? {
            self.put(&line(&row)?)?;
        }
        Ok(())
    }

    fn put(&mut self, line: &impl serde::Serialize) -> Result<(), HistoryError> {
        let at = |source| HistoryError::File { path: self.path.to_owned(), source };
        let text = serde_json::to_vec(line).map_err(|error| at(error.into()))?;
        self.tally.add(&text);
        self.out.write_all(&text).and_then(|()| self.out.write_all(b"\n")).map_err(at)
    }

    fn end(mut self, owner: &Owner) -> Result<u64, HistoryError> {
        let end = std::mem::take(&mut self.tally).sign(&owner.identity);
        let lines = end.lines;
        self.put(&Line::End(end))?;
        let at = |source| HistoryError::File { path: self.path.to_owned(), source };
        let file = self.out.into_inner().map_err(|error| at(error.into_error()))?;
        file.sync_all().map_err(at)?;
        Ok(lines)
    }
}
