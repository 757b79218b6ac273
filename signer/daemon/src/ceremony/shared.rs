//! What all ceremonies of a daemon share, and the last step of each: to live or to nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_protocol::{CommitteeFile, Identity, KeyName};
use countersign_threshold::{BanLedger, Gates, KeyShare, PartyId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::manifest::CeremonyId;
use super::statement::SignedStatement;
use super::{CeremonyError, Waiting, blocking};
use crate::bans::KeyBans;
use crate::config::Deadlines;
use crate::keys::{KeyRecord, Keys, LiveKey};
use crate::store::Store;
use crate::transport::{Inbox, Links};
use crate::vault::{CeremonyPapers, Vault, VaultError};

pub(super) struct Shared {
    pub(super) me: PartyId,
    pub(super) identity: Identity,
    pub(super) committee: Arc<CommitteeFile>,
    pub(super) committee_hash: [u8; 32],
    pub(super) links: Arc<Links>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) vault: Arc<Vault>,
    pub(super) keys: Arc<Keys>,
    pub(super) store: Store,
    pub(super) deadlines: Deadlines,
    pub(super) dev: bool,
    /// When the daemon stops, ceremonies stop where they are, as in a crash.
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) running: tokio::sync::Mutex<BTreeMap<CeremonyId, Waiting>>,
    pub(super) bans: Mutex<BTreeMap<KeyName, Arc<KeyBans>>>,
}

impl Shared {
    /// Loads every usable key.
    pub(super) async fn load_live(&self) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        let live = blocking(move || {
            let open = |stored| Ok((vault.open_share(&stored)?, stored.record));
            vault.live_generations()?.into_iter().map(open).collect::<Result<Vec<_>, VaultError>>()
        })
        .await??;
        for (share, record) in live {
            self.enliven(record, share).await?;
        }
        Ok(())
    }

    /// Makes a pending generation usable: on disk first, then in memory.
    pub(super) async fn go_live(
        &self,
        record: KeyRecord,
        share: KeyShare,
        papers: CeremonyPapers,
    ) -> Result<KeyRecord, CeremonyError> {
        let (vault, ceremony) = (Arc::clone(&self.vault), record.ceremony);
        blocking(move || vault.promote(&ceremony, &papers)).await??;
        self.enliven(record.clone(), share).await?;
        Ok(record)
    }

    async fn enliven(&self, record: KeyRecord, share: KeyShare) -> Result<(), CeremonyError> {
        let bans = Arc::new(KeyBans::load(self.store.clone(), &record.public_key).await?);
        let gates = Gates::new(Arc::clone(&bans) as Arc<dyn BanLedger>);
        let mut all = self.bans.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(record.name.clone(), bans);
        drop(all);
        self.keys.insert(LiveKey { record, share, gates });
        Ok(())
    }

    /// Notes durably that a ceremony came to nothing, and erases what it left.
    pub(super) async fn note_discard(
        &self,
        id: CeremonyId,
        note: SignedStatement,
    ) -> Result<(), CeremonyError> {
        let note = serde_json::to_vec(&note).map_err(CeremonyError::Malformed)?;
        let vault = Arc::clone(&self.vault);
        Ok(blocking(move || vault.discard(&id.0, &note)).await??)
    }
}
