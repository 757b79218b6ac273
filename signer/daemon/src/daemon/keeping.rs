//! What keeps the audit chain: seals while it grows, and what its retention asks for.

use std::path::PathBuf;
use std::time::Duration;

use countersign_protocol::Identity;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::AuditConfig;
use crate::store::Store;

/// How often it is looked for records that are old by now.
const LOOK: Duration = Duration::from_secs(3_600);

/// Keeps the chain until `stop`.
pub(super) struct Keeper {
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) config: AuditConfig,
    pub(super) archive: PathBuf,
}

impl Keeper {
    /// Seals after so many records and so much time, and puts away what is old.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut retention = tokio::time::interval(LOOK);
        let mut sealing = tokio::time::interval(self.config.seal_after());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.store.is_due() => self.seal().await,
                _ = sealing.tick() => self.seal().await,
                _ = retention.tick() => self.put_away().await,
            }
        }
    }

    async fn seal(&self) {
        match self.store.seal(&self.identity, clock::now_ms()).await {
            Ok(count) => self.store.due_at(count.saturating_add(self.config.seal_records.max(1))),
            Err(error) => tracing::error!(%error, "the audit chain could not be sealed"),
        }
    }

    async fn put_away(&self) {
        let now = clock::now_ms();
        let before = |days: u32| now.saturating_sub(i64::from(days).saturating_mul(86_400_000));
        if let Some(days) = self.config.redact_days {
            match self.store.redact(before(days), now).await {
                Ok(None) => {}
                Ok(Some(through)) => tracing::info!(through, "old records were redacted"),
                Err(error) => tracing::error!(%error, "old records could not be redacted"),
            }
        }
        if let Some(days) = self.config.archive_days {
            match self.store.archive(&self.archive, before(days), now).await {
                Ok(None) => {}
                Ok(Some(file)) => {
                    tracing::info!(file = %file.display(), "old records were archived");
                }
                Err(error) => tracing::error!(%error, "old records could not be archived"),
            }
        }
    }
}
