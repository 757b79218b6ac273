//! What becomes of old records: what they show is taken away, or they are put into a file of their own.
//!
//! Neither breaks the chain. A redaction takes what stands beside the lines, and is on record. An archive takes whole
//! sealed segments; the database keeps their end, the seal of it, and the hash of each record, by which peers' claims
//! are still answered.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use countersign_protocol::IdentityKey;
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;
use thiserror::Error;

use super::seal::Seal;
use super::verify::{Seals, Stored, Walk};
use super::{AuditError, AuditHead, Event, append_event, base, read_head};
use crate::heads::ledger;
use crate::store::{Store, StoreError};

/// What an archive says that it is.
const FORMAT: &str = "countersign-audit";
/// The form of archives that this build writes and reads.
const VERSION: u64 = 1;
/// Records looked at in one pass.
const PASS: u32 = 5_000;

/// Why old records were not put away, or an archive does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum ArchiveError {
    /// The file could not be read or written.
    #[error("{path} could not be used", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database did not answer.
    #[error("audit store")]
    Store(#[from] StoreError),
    /// The records do not hold.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The file is something else.
    #[error("{path} is no archive that this build can read", path = path.display())]
    Alien {
        /// The file.
        path: PathBuf,
    },
}

/// The first line of an archive; the records follow, one a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u64,
    /// How many records come before it, and the hash of the last of them.
    count: i64,
    hash: String,
    seals: Vec<Seal>,
}

impl Store {
    /// Takes away what records before `before_ms` show. Gives the last of them, if there were any.
    pub(crate) async fn redact(
        &self,
        before_ms: i64,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let query = "SELECT seq, json_extract(record, '$.at_ms') FROM audit \
                     WHERE shown IS NOT NULL ORDER BY seq LIMIT ?";
        let shown: Vec<(i64, i64)> =
            sqlx::query_as(query).bind(PASS).fetch_all(&mut *transaction).await?;
        let old = shown.iter().take_while(|(_, at)| *at < before_ms).last();
        let Some((through, _)) = old.copied() else { return Ok(None) };
        let query = "UPDATE audit SET shown = NULL WHERE seq <= ? AND shown IS NOT NULL";
        sqlx::query(query).bind(through).execute(&mut *transaction).await?;
        let through =
            u64::try_from(through).map_err(|_| StoreError::Corrupt { what: "audit number" })?;
        append_event(&mut transaction, Event::Redacted { through }, now_ms).await?;
        transaction.commit().await?;
        Ok(Some(through))
    }

    /// Puts the sealed records before `before_ms` into a file in `folder`, and then out of the database. Gives the file,
    /// if there were any.
    ///
    /// # Errors
    /// If the file cannot be written: then nothing was taken away.
    pub(crate) async fn archive(
        &self,
        folder: &Path,
        before_ms: i64,
        now_ms: i64,
    ) -> Result<Option<PathBuf>, ArchiveError> {
        let Some(seal) = self.last_seal_before(before_ms).await? else { return Ok(None) };
        let through = read_head(seal.count, &seal.hash)?;
        let base = base(&mut *self.connection().await).await?;
        let from = base.count.saturating_add(1);
        let path = folder.join(format!("audit-{from:010}-{:010}.jsonl", through.count));
        self.write_archive(&path, base, through).await?;
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        self.forget(through, file.unwrap_or_default(), now_ms).await?;
        Ok(Some(path))
    }

    async fn last_seal_before(&self, before_ms: i64) -> Result<Option<Seal>, StoreError> {
        let mut connection = self.connection().await;
        let query = "SELECT seal.count, seal.hash, seal.after, seal.at, seal.signature FROM seal \
                     JOIN audit ON audit.seq = seal.count \
                     WHERE json_extract(audit.record, '$.at_ms') < ? ORDER BY seal.count DESC LIMIT 1";
        Ok(sqlx::query_as(query).bind(before_ms).fetch_optional(&mut *connection).await?)
    }

    async fn write_archive(
        &self,
        path: &Path,
        base: AuditHead,
        through: AuditHead,
    ) -> Result<(), ArchiveError> {
        let at = |source| ArchiveError::File { path: path.to_owned(), source };
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder).map_err(at)?;
        let partial = path.with_extension("partial");
        let mut open = std::fs::OpenOptions::new();
        let open = open.create(true).truncate(true).write(true).mode(0o600).open(&partial);
        let mut out = std::io::BufWriter::new(open.map_err(at)?);
        let seals = self.seals(base.count).await?;
        let within =
            |seal: &Seal| u64::try_from(seal.count).is_ok_and(|count| count <= through.count);
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            count: ledger::count(base)?,
            hash: format!("{:#x}", base.hash),
            seals: seals.into_iter().filter(within).collect(),
        };
        let mut put = |line: Result<String, serde_json::Error>| {
            let line = line.map_err(std::io::Error::from);
            line.and_then(|line| writeln!(out, "{line}")).map_err(at)
        };
        put(serde_json::to_string(&header))?;
        let mut seq = base.count;
        while seq < through.count {
            let mut page = self.audit_page(seq).await?;
            page.retain(|stored| u64::try_from(stored.seq).is_ok_and(|seq| seq <= through.count));
            let Some(last) = page.last() else { break };
            seq = u64::try_from(last.seq).unwrap_or(u64::MAX);
            for stored in &page {
                put(serde_json::to_string(stored))?;
            }
        }
        let file = out.into_inner().map_err(|error| at(error.into_error()))?;
        file.sync_all().map_err(at)?;
        std::fs::rename(&partial, path).map_err(at)?;
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)
    }

    /// Takes records out that are in an archive.
    async fn forget(
        &self,
        through: AuditHead,
        file: String,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let count = ledger::count(through)?;
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let event = Event::Archived { through: through.count, file };
        append_event(&mut transaction, event, now_ms).await?;
        for query in [
            "INSERT INTO lineage (count, hash, source) SELECT seq, hash, 'archived' FROM audit \
             WHERE seq <= ? ON CONFLICT DO NOTHING",
            "DELETE FROM audit WHERE seq <= ?",
            "DELETE FROM seal WHERE count < ?",
        ] {
            sqlx::query(query).bind(count).execute(&mut *transaction).await?;
        }
        let query = "INSERT INTO meta (name, value) VALUES ('audit_base', ?) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let base = format!("{count} {:#x}", through.hash);
        sqlx::query(query).bind(base).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// Walks an archive and computes everything again. Gives where it begins and ends. What its records showed may be gone:
/// the redaction that covers them may stand in a later segment.
///
/// # Errors
/// The first record or seal that does not hold.
pub(crate) fn verify_archive(
    path: &Path,
    key: &IdentityKey,
) -> Result<(AuditHead, AuditHead), ArchiveError> {
    use std::io::BufRead as _;
    let at = |source| ArchiveError::File { path: path.to_owned(), source };
    let alien = || ArchiveError::Alien { path: path.to_owned() };
    let file = std::fs::File::open(path).map_err(at)?;
    let mut lines = std::io::BufReader::new(file).lines();
    let header = lines.next().ok_or_else(alien)?.map_err(at)?;
    let header: Header = serde_json::from_str(&header).map_err(|_| alien())?;
    if header.format != FORMAT || header.version != VERSION {
        return Err(alien());
    }
    let base = read_head(header.count, &header.hash)?;
    let (mut walk, mut seals) = (Walk::from(base), Seals::after(base, header.seals, *key));
    for line in lines {
        let line = line.map_err(at)?;
        let stored: Stored = serde_json::from_str(&line).map_err(|_| alien())?;
        walk.step(&stored)?;
        seals.pass(walk.head)?;
    }
    let head = walk.head;
    // An archive ends with a seal, or it was cut off.
    if seals.end(head)? != head.count {
        return Err(AuditError::CutOff { sealed: 0, found: head.count }.into());
    }
    Ok((base, head))
}
