//! Takes a history in, in one transaction: all of it, once it proved to be whole and our own, or nothing.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::HistoryError;
use super::form::{End, FORMAT, Header, Line, MAX_LINE, Owner, Probe, Tally, VERSION};
use super::merge::Merge;
use crate::audit::{self, AuditHead, Event};
use crate::heads::ledger;
use crate::store::Store;

/// What an import brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Imported {
    /// How many slots were new here.
    pub(crate) slots: u64,
    /// How many slots it knows otherwise than we do.
    pub(crate) frozen: u64,
    /// How many bans were new here.
    pub(crate) bans: u64,
    /// The era of this journal from now on.
    pub(crate) era: u64,
}

/// Merges the history in the file into the store. No daemon runs on it.
pub(crate) async fn import(
    store: &Store,
    owner: &Owner,
    path: &Path,
    now_ms: i64,
) -> Result<Imported, HistoryError> {
    let at = |source| HistoryError::File { path: path.to_owned(), source };
    let file = BufReader::new(File::open(path).map_err(at)?);
    let mut reader = Reader { file, tally: Tally::default(), path };
    let mut connection = store.connection().await;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    match take_in(&mut transaction, owner, &mut reader, now_ms).await {
        Ok(imported) => {
            transaction.commit().await?;
            Ok(imported)
        }
        Err(error) => {
            transaction.rollback().await?;
            Err(error)
        }
    }
}

async fn take_in(
    connection: &mut SqliteConnection,
    owner: &Owner,
    reader: &mut Reader<'_>,
    now_ms: i64,
) -> Result<Imported, HistoryError> {
    let header = header(reader, owner)?;
    let theirs = AuditHead { count: header.count, hash: header.hash };
    let covered = ledger::covers(connection, theirs).await?;
    let mut merge = Merge::new(now_ms);
    let end = loop {
        match reader.line()? {
            Line::End(end) => break end,
            line => merge.take(connection, line).await?,
        }
    };
    merge.finish(connection).await?;
    reader.must_end(&end, owner)?;
    let (known, merged) = (ledger::era(connection).await?, merge.counts());
    // What peers know of the history that we did not have is older than what comes now.
    let era = if covered { known } else { known.max(header.era).saturating_add(1) };
    let imported = Imported { era, ..merged };
    if !covered || merged != (Imported { era: merged.era, ..Imported::NOTHING }) {
        ledger::set_era(connection, era).await?;
        let Imported { slots, frozen, .. } = imported;
        let AuditHead { count, hash } = theirs;
        let event = Event::JournalImported { count, hash, era, slots, frozen };
        audit::append_event(connection, event, now_ms).await?;
    }
    Ok(imported)
}

impl Imported {
    /// Everything was known already.
    pub(super) const NOTHING: Self = Self { slots: 0, frozen: 0, bans: 0, era: 0 };
}

/// The first line, if the rest is ours to read.
fn header(reader: &mut Reader<'_>, owner: &Owner) -> Result<Header, HistoryError> {
    let text = reader.next()?;
    let probe: Probe = serde_json::from_slice(&text).map_err(|_| HistoryError::Alien)?;
    if probe.format != FORMAT {
        return Err(HistoryError::Alien);
    }
    if probe.version != VERSION {
        return Err(HistoryError::Newer { found: probe.version, known: VERSION });
    }
    let header: Header = serde_json::from_slice(&text)
        .map_err(|error| HistoryError::Malformed { line: 1, reason: error.to_string() })?;
    let ours = [Some(owner.committee), owner.former].into_iter().flatten().map(hex::encode);
    if !ours.into_iter().any(|committee| committee == header.committee) {
        return Err(HistoryError::OtherCommittee { found: header.committee });
    }
    if header.party != owner.party {
        return Err(HistoryError::OtherParty { found: header.party, ours: owner.party });
    }
    if header.identity != owner.identity.public() {
        return Err(HistoryError::OtherIdentity { found: header.identity.to_string() });
    }
    Ok(header)
}

/// Reads bounded lines, and counts and hashes them.
struct Reader<'a> {
    file: BufReader<File>,
    tally: Tally,
    path: &'a Path,
}

impl Reader<'_> {
    /// The next line, counted unless it is the end.
    fn line(&mut self) -> Result<Line, HistoryError> {
        let text = self.read()?;
        let number = self.tally.lines.saturating_add(1);
        let line = serde_json::from_slice(&text)
            .map_err(|error| HistoryError::Malformed { line: number, reason: error.to_string() })?;
        if !matches!(line, Line::End(_)) {
            self.tally.add(&text);
        }
        Ok(line)
    }

    fn next(&mut self) -> Result<Vec<u8>, HistoryError> {
        let text = self.read()?;
        self.tally.add(&text);
        Ok(text)
    }

    /// A line without its line feed. One that has none was cut off.
    fn read(&mut self) -> Result<Vec<u8>, HistoryError> {
        let at = |source| HistoryError::File { path: self.path.to_owned(), source };
        let mut text = Vec::new();
        let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        self.file.by_ref().take(most).read_until(b'\n', &mut text).map_err(at)?;
        if text.pop() == Some(b'\n') {
            return Ok(text);
        }
        let lines = self.tally.lines;
        if text.len().saturating_add(1) >= MAX_LINE {
            let reason = format!("it is longer than {MAX_LINE} bytes");
            return Err(HistoryError::Malformed { line: lines.saturating_add(1), reason });
        }
        Err(HistoryError::Truncated { lines })
    }

    fn must_end(&mut self, end: &End, owner: &Owner) -> Result<(), HistoryError> {
        if !std::mem::take(&mut self.tally).ends_with(end, &owner.identity.public()) {
            return Err(HistoryError::Changed);
        }
        let rest = self.file.fill_buf();
        let rest =
            rest.map_err(|source| HistoryError::File { path: self.path.to_owned(), source })?;
        if rest.is_empty() { Ok(()) } else { Err(HistoryError::Trailing) }
    }
}
