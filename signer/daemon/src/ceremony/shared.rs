//! What all ceremonies of a daemon share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_protocol::{CommitteeFile, Identity, KeyName};
use countersign_threshold::{BanLedger, Gates, KeyShare, PartyId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::colleagues::Colleagues;
use super::commit::{Phase, Rules};
use super::manifest::CeremonyId;
use super::note::Note;
use super::statement::{Says, SignedStatement, Statement, words};
use super::{CeremonyError, Waiting, blocking};
use crate::bans::KeyBans;
use crate::config::Deadlines;
use crate::keys::{KeyRecord, Keys, LiveKey};
use crate::store::Store;
use crate::transport::Inbox;
use crate::vault::{StoredGeneration, Vault, VaultError};

pub(super) struct Shared {
    pub(super) me: PartyId,
    pub(super) identity: Identity,
    pub(super) committee: Arc<CommitteeFile>,
    pub(super) committee_hash: [u8; 32],
    pub(super) peers: Arc<dyn Colleagues>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) vault: Arc<Vault>,
    pub(super) keys: Arc<Keys>,
    pub(super) store: Store,
    pub(super) deadlines: Deadlines,
    pub(super) dev: bool,
    /// When the daemon stops, ceremonies stop where they are, as in a crash.
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// Held while anything moves from one phase to another.
    pub(super) running: tokio::sync::Mutex<BTreeMap<CeremonyId, Waiting>>,
    pub(super) bans: Mutex<BTreeMap<KeyName, Arc<KeyBans>>>,
    /// How many notes there are of each proposer's ceremonies.
    pub(super) notes: Mutex<BTreeMap<u8, usize>>,
    /// Who was named already for saying two things.
    pub(super) named: Mutex<BTreeSet<(CeremonyId, PartyId)>>,
}

impl Shared {
    /// Loads every key that we hold the certificate of, and counts the notes.
    pub(super) async fn load(&self) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        let (usable, notes) = blocking(move || {
            let open = |stored: &StoredGeneration| {
                Ok::<_, VaultError>((vault.open_share(stored)?, stored.record.clone()))
            };
            let certified = |stored: &StoredGeneration| phase(stored) == Phase::Certified;
            let mut usable = vault.pending_generations()?;
            usable.retain(certified);
            usable.extend(vault.live_generations()?);
            let usable = usable.iter().map(open).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, VaultError>((usable, vault.discard_notes()?))
        })
        .await??;
        for note in notes {
            self.count_note(Note::parse(&note)?.proposer);
        }
        for (share, record) in usable {
            self.load_key(record, share).await?;
        }
        Ok(())
    }

    /// Makes a key usable in memory.
    pub(super) async fn load_key(
        &self,
        record: KeyRecord,
        share: KeyShare,
    ) -> Result<(), CeremonyError> {
        let bans = Arc::new(KeyBans::load(self.store.clone(), &record.public_key).await?);
        let gates = Gates::new(Arc::clone(&bans) as Arc<dyn BanLedger>);
        let mut all = self.bans.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(record.name.clone(), bans);
        drop(all);
        self.keys.insert(LiveKey { record, share, gates });
        Ok(())
    }

    /// The generation that a ceremony left and that is not live.
    pub(super) async fn pending(
        &self,
        id: CeremonyId,
    ) -> Result<Option<StoredGeneration>, CeremonyError> {
        let vault = Arc::clone(&self.vault);
        Ok(blocking(move || vault.pending_generation(&id.0)).await??)
    }

    /// Notes durably that a ceremony came to nothing, before the share is put away.
    pub(super) async fn note_discard(
        &self,
        id: CeremonyId,
        note: &Note,
    ) -> Result<(), CeremonyError> {
        let bytes = note.bytes()?;
        let vault = Arc::clone(&self.vault);
        blocking(move || vault.note_discard(&id.0, &bytes)).await??;
        self.count_note(note.proposer);
        Ok(())
    }

    /// Erases what a ceremony left that was noted as having come to nothing.
    pub(super) async fn put_away(&self, id: CeremonyId) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        Ok(blocking(move || vault.put_away(&id.0)).await??)
    }

    /// Our word that we never acknowledged a ceremony.
    pub(super) fn sign_discard(
        &self,
        id: CeremonyId,
        reason: &str,
    ) -> Result<SignedStatement, CeremonyError> {
        self.sign(id, Says::Discard { reason: words(reason) })
    }

    pub(super) fn sign(
        &self,
        ceremony: CeremonyId,
        says: Says,
    ) -> Result<SignedStatement, CeremonyError> {
        SignedStatement::make(&self.identity, self.me, &Statement { ceremony, says })
    }

    pub(super) fn rules(&self, record: &KeyRecord) -> Rules {
        let parties = self.peers.parties().into_iter().chain([self.me]).collect();
        Rules::new(self.me, parties, record.threshold)
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, BTreeMap<u8, usize>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_note(&self, proposer: u8) {
        let mut notes = self.notes();
        let count = notes.entry(proposer).or_default();
        *count = count.saturating_add(1);
    }
}

/// Where a generation that is not live is, by its papers.
pub(super) fn phase(stored: &StoredGeneration) -> Phase {
    if stored.reject.is_some() {
        Phase::Rejecting
    } else if stored.papers.certified {
        Phase::Certified
    } else {
        Phase::Acknowledged
    }
}
