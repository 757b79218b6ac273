//! How the audit chain is sealed, and how long what is kept.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// Seals and retention. What is not given takes the default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// After how many records the chain is sealed.
    pub seal_records: u64,
    /// After how many minutes at the latest.
    pub seal_minutes: u64,
    /// After how many days what records show is taken away; never unless given.
    pub redact_days: Option<u32>,
    /// After how many days sealed records go to an archive; never unless given.
    pub archive_days: Option<u32>,
    /// The folder of the archives; `archive` in the data directory unless given.
    pub archive: Option<PathBuf>,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            seal_records: 256,
            seal_minutes: 10,
            redact_days: None,
            archive_days: None,
            archive: None,
        }
    }
}

impl AuditConfig {
    /// The longest time for which records stay unsealed.
    pub(crate) fn seal_after(&self) -> Duration {
        Duration::from_secs(self.seal_minutes.max(1).saturating_mul(60))
    }
}
