//! Walks the chain and computes everything again.

use std::collections::VecDeque;

use alloy::primitives::B256;
use countersign_protocol::IdentityKey;
use serde::Deserialize;
use thiserror::Error;

use super::seal::Seal;
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
    /// A seal is not our identity's, or not over what is here.
    #[error("the seal over {count} records does not hold")]
    Seal {
        /// How many records it covers.
        count: i64,
    },
    /// Records that were sealed are gone from the end.
    #[error("the chain was cut off: {sealed} records were sealed, {found} are here")]
    CutOff {
        /// How many were sealed.
        sealed: i64,
        /// How many there are.
        found: u64,
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

/// What was found of a chain that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verified {
    /// Where it begins: after what was archived.
    pub(crate) base: AuditHead,
    /// Where it ends.
    pub(crate) head: AuditHead,
    /// How many records the last seal covers.
    pub(crate) sealed: u64,
}

/// The seals along a chain.
pub(super) struct Seals {
    key: IdentityKey,
    rest: VecDeque<Seal>,
    last: i64,
}

impl Seals {
    /// Those that come after `base`, at which a seal may stand itself.
    pub(super) fn after(base: AuditHead, seals: Vec<Seal>, key: IdentityKey) -> Self {
        let last = i64::try_from(base.count).unwrap_or(i64::MAX);
        let rest = seals.into_iter().filter(|seal| seal.count > last).collect();
        Self { key, rest, last }
    }

    /// The walk came to `head`: a seal over it must hold.
    pub(super) fn pass(&mut self, head: AuditHead) -> Result<(), AuditError> {
        let Some(seal) = self.rest.front() else { return Ok(()) };
        if u64::try_from(seal.count) != Ok(head.count) {
            return Ok(());
        }
        if !seal.holds(&self.key, head, self.last) {
            return Err(AuditError::Seal { count: seal.count });
        }
        self.last = seal.count;
        self.rest.pop_front();
        Ok(())
    }

    /// The walk ended at `head`: no seal may be over more. Gives how many records the last one covers.
    pub(super) fn end(self, head: AuditHead) -> Result<u64, AuditError> {
        match self.rest.back() {
            Some(seal) => Err(AuditError::CutOff { sealed: seal.count, found: head.count }),
            None => Ok(u64::try_from(self.last).unwrap_or_default()),
        }
    }
}

/// A walk along a chain.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// How far it got.
    pub(crate) head: AuditHead,
    /// First and last of each run of records whose words are gone, not yet covered by a redaction.
    gone: VecDeque<(u64, u64)>,
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
        match self.gone.back_mut() {
            Some((_, last)) if last.saturating_add(1) == seq => *last = seq,
            _ => self.gone.push_back((seq, seq)),
        }
    }

    /// A redaction that is on record covers what is missing up to where it went.
    fn redacted(&mut self, event: &serde_json::Value) {
        let through = event.get("redacted").and_then(|redacted| redacted.get("through"));
        let Some(through) = through.and_then(serde_json::Value::as_u64) else { return };
        self.gone.retain(|(_, last)| *last > through);
        if let Some((first, _)) = self.gone.front_mut() {
            *first = through.saturating_add(1).max(*first);
        }
    }

    /// The end of the walk: nothing is missing that no redaction covers.
    pub(crate) fn end(self) -> Result<AuditHead, AuditError> {
        match self.gone.front() {
            Some((seq, _)) => Err(AuditError::Gone { seq: *seq }),
            None => Ok(self.head),
        }
    }
}

impl Store {
    /// Walks the whole chain that is here and computes every hash and checks every seal of `key` again.
    ///
    /// # Errors
    /// [`AuditError`] names the first record or seal that does not hold.
    pub(crate) async fn verify_audit(&self, key: &IdentityKey) -> Result<Verified, AuditError> {
        let base = base(&mut *self.connection().await).await?;
        let mut walk = Walk::from(base);
        // Read first: a seal that a running daemon adds meanwhile may be over records that the walk does not see.
        let mut seals = Seals::after(base, self.seals(base.count).await?, *key);
        loop {
            let page = self.audit_page(walk.head.count).await?;
            if page.is_empty() {
                let head = walk.end()?;
                return Ok(Verified { base, head, sealed: seals.end(head)? });
            }
            for stored in &page {
                walk.step(stored)?;
                seals.pass(walk.head)?;
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
