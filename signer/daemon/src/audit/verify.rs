//! Walks the chain and computes everything again.

use alloy::primitives::B256;
use serde::Deserialize;
use thiserror::Error;

use super::{AuditHead, Shown, base, link};
use crate::store::{Store, StoreError};

/// Records read at a time.
const PAGE: u32 = 1_000;

/// Where a chain does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A record is missing, or one was put in.
    #[error("record {expected} is missing: {found} follows")]
    Gap {
        /// The next number in order.
        expected: u64,
        /// The number found.
        found: i64,
    },
    /// A record is not what was written.
    #[error("record {seq} was changed")]
    Changed {
        /// Its number.
        seq: u64,
    },
    /// What a record shows was taken away, and no record says so.
    #[error("what record {seq} shows is gone, and no redaction covers it")]
    Gone {
        /// Its number.
        seq: u64,
    },
    /// The records cannot be read.
    #[error("audit store")]
    Store(#[from] StoreError),
}

/// One stored line, with what stands beside it.
#[derive(Debug, sqlx::FromRow, serde::Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) prev: String,
    pub(crate) hash: String,
    pub(crate) record: String,
    pub(crate) shown: Option<String>,
}

/// What the chain is held together by, of any line.
#[derive(Deserialize)]
struct Link {
    v: u16,
    seq: u64,
    prev: B256,
    shown: Option<B256>,
    event: Option<serde_json::Value>,
}

/// A walk along a chain.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// How far it got.
    pub(crate) head: AuditHead,
    /// The first record whose words are gone, not yet covered by a redaction.
    gone: Option<u64>,
    /// The last record whose words are gone.
    last_gone: u64,
}

impl Walk {
    /// A walk that begins after `head`.
    pub(crate) fn from(head: AuditHead) -> Self {
        Self { head, ..Self::default() }
    }

    /// One step along the chain.
    pub(crate) fn step(&mut self, stored: &Stored) -> Result<(), AuditError> {
        let expected = self.head.count.saturating_add(1);
        if u64::try_from(stored.seq) != Ok(expected) {
            return Err(AuditError::Gap { expected, found: stored.seq });
        }
        let changed = || AuditError::Changed { seq: expected };
        let read: Link = serde_json::from_str(&stored.record).map_err(|_| changed())?;
        let computed = link(read.v, self.head.hash, &stored.record);
        let holds = read.seq == expected
            && read.prev == self.head.hash
            && stored.prev == format!("{:#x}", self.head.hash)
            && stored.hash == format!("{computed:#x}");
        let shows = stored.shown.as_deref().map(Shown::commitment);
        match (read.shown, shows) {
            _ if !holds => return Err(changed()),
            (Some(said), Some(found)) if said == found => {}
            (Some(_), None) => self.miss(expected),
            (None, None) => {}
            _ => return Err(changed()),
        }
        if let Some(event) = read.event {
            self.redacted(&event);
        }
        self.head = AuditHead { count: expected, hash: computed };
        Ok(())
    }

    fn miss(&mut self, seq: u64) {
        self.gone.get_or_insert(seq);
        self.last_gone = seq;
    }

    /// A redaction that is on record covers what is missing up to where it went.
    fn redacted(&mut self, event: &serde_json::Value) {
        let through = event.get("redacted").and_then(|redacted| redacted.get("through"));
        if through.and_then(serde_json::Value::as_u64).is_some_and(|to| to >= self.last_gone) {
            self.gone = None;
        }
    }

    /// The end of the walk: nothing is missing that no redaction covers.
    pub(crate) fn end(self) -> Result<AuditHead, AuditError> {
        match self.gone {
            Some(seq) => Err(AuditError::Gone { seq }),
            None => Ok(self.head),
        }
    }
}

impl Store {
    /// Walks the whole chain that is here and computes every hash again.
    ///
    /// # Errors
    /// [`AuditError`] names the first record that does not hold.
    pub async fn verify_audit(&self) -> Result<AuditHead, AuditError> {
        let base = base(&mut *self.connection().await).await?;
        let mut walk = Walk::from(base);
        loop {
            let page = self.audit_page(walk.head.count).await?;
            if page.is_empty() {
                return walk.end();
            }
            for stored in &page {
                walk.step(stored)?;
            }
        }
    }

    /// The stored lines after `seq`.
    pub(crate) async fn audit_page(&self, seq: u64) -> Result<Vec<Stored>, StoreError> {
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let query =
            "SELECT seq, prev, hash, record, shown FROM audit WHERE seq > ? ORDER BY seq LIMIT ?";
        Ok(sqlx::query_as(query).bind(after).bind(PAGE).fetch_all(&mut *connection).await?)
    }
}
