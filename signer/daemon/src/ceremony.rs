//! Ceremonies: what all parties do together, once, and every operator confirms. Today that is
//! keygen; [`keygen::Run::run`] tells its story.
//!
//! Each party stores its share as *pending*, durably, and then says so under its signature. Once every
//! party has said so about the same transcript the key is *certified*, and once every party is known to
//! have seen that, *live*. A party that never acknowledged may discard, durably; one that did acknowledge
//! may still reject, and enough rejections give the key up ([`commit`] has the rules, [`resolve`] the
//! asking). So a crash at any point leaves a live key at all parties or at none.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_protocol::{CommitteeFile, Identity, KeyName, KeyPurpose, wire};
use countersign_threshold::{PartyId, SessionId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bans::KeyBans;
use crate::clock;
use crate::config::Deadlines;
use crate::keys::{KeyRecord, Keys, LiveKey};
use crate::store::Store;
use crate::transport::Inbox;
use crate::vault::{Vault, VaultError};

mod colleagues;
mod commit;
mod error;
mod keygen;
mod manifest;
mod note;
mod outcome;
mod progress;
mod resolve;
mod said;
mod shared;
mod statement;

pub use error::CeremonyError;
pub use manifest::CeremonyId;
pub use statement::SignedStatement;

pub(crate) use colleagues::Colleagues;
use commit::{Event, Phase};
use keygen::{Heard, Run};
use manifest::{Manifest, Proposal};
use progress::{Progress, Stage};
use shared::{Shared, phase};

/// How many ceremonies may wait or run at once.
const RUNNING_MAX: usize = 8;
/// The longest time that a proposer may give operators to confirm: a day.
const CONFIRM_MAX_MS: u64 = 86_400_000;

/// What ceremonies need of the daemon.
pub(crate) struct CeremonyParts {
    pub(crate) me: PartyId,
    pub(crate) identity: Identity,
    pub(crate) committee: Arc<CommitteeFile>,
    pub(crate) committee_hash: [u8; 32],
    pub(crate) peers: Arc<dyn Colleagues>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) store: Store,
    pub(crate) deadlines: Deadlines,
    /// Whether ceremonies are confirmed without the operator.
    pub(crate) dev: bool,
}

struct Waiting {
    manifest: Manifest,
    /// Takes our operator's word; none is left once it was given or if none is needed.
    decision: Option<oneshot::Sender<bool>>,
}

/// All ceremonies of this daemon. Clones share them.
#[derive(Clone)]
pub(crate) struct Ceremonies {
    shared: Arc<Shared>,
}

impl fmt::Debug for Ceremonies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ceremonies").field("me", &self.shared.me).finish_non_exhaustive()
    }
}

impl Ceremonies {
    /// Loads the usable keys, and keeps asking about open ones until `stop`.
    pub(crate) async fn start(
        parts: CeremonyParts,
        stop: CancellationToken,
    ) -> Result<Self, CeremonyError> {
        let this = Self::load(parts, stop).await?;
        this.shared.tasks.spawn(Arc::clone(&this.shared).resolve_forever());
        Ok(this)
    }

    async fn load(parts: CeremonyParts, stop: CancellationToken) -> Result<Self, CeremonyError> {
        let CeremonyParts { me, identity, committee, committee_hash, peers, inbox, .. } = parts;
        let CeremonyParts { vault, keys, store, deadlines, dev, .. } = parts;
        let shared = Arc::new(Shared {
            me,
            identity,
            committee,
            committee_hash,
            peers,
            inbox,
            vault,
            keys,
            store,
            deadlines,
            dev,
            stop,
            tasks: TaskTracker::new(),
            running: tokio::sync::Mutex::default(),
            bans: Mutex::default(),
            notes: Mutex::default(),
            named: Mutex::default(),
        });
        shared.load().await?;
        Ok(Self { shared })
    }

    /// Waits until all that ran has seen the request to stop.
    pub(crate) async fn ended(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Proposes a keygen to all other parties and runs it in the background. The last event says
    /// how it ended.
    pub(crate) async fn propose_keygen(
        &self,
        key: KeyName,
        purpose: KeyPurpose,
        threshold: u8,
        confirm_within_ms: u64,
        events: mpsc::Sender<wire::CeremonyEvent>,
    ) -> Result<CeremonyId, CeremonyError> {
        let shared = &self.shared;
        let parties = u8::try_from(shared.committee.parties().len())
            .map_err(|_| CeremonyError::Internal("a committee of more than 255"))?;
        let confirm_within_ms = confirm_within_ms.min(CONFIRM_MAX_MS);
        let proposal = Proposal { key, purpose, threshold, confirm_within_ms };
        let me = shared.me.index();
        let manifest = Manifest::new(proposal, parties, me, shared.committee_hash, clock::now_s())?;
        let text = manifest.text()?;
        let (manifest, id) = Manifest::parse(&text)?;
        let signed = SignedStatement::proposal(&shared.identity, shared.me, text);
        let progress = Progress::new(id, Some(events));
        let run = self.admit(id, manifest, signed.clone(), progress, None).await?;
        let total = usize::from(parties);
        run.progress.report(Stage::Proposed, 1, total, format!("proposed ceremony {id}"));
        let this = self.clone();
        self.spawn(id, async move {
            for party in this.shared.peers.parties() {
                if let Err(error) = this.offer(party, signed.clone()).await {
                    return Err(run.abandon(error).await);
                }
            }
            run.run(None).await
        });
        Ok(id)
    }

    /// Considers a peer's proposal: if it fits, it waits for our operator's word.
    pub(crate) async fn consider(
        &self,
        from: PartyId,
        proposal: wire::SignedBytes,
    ) -> Result<(), CeremonyError> {
        let shared = &self.shared;
        let signed = SignedStatement::from_wire(proposal)?;
        let (author, text) = signed.open_proposal(&shared.committee)?;
        let (manifest, id) = Manifest::parse(text)?;
        if author != from || manifest.proposer != from.index() {
            return Err(CeremonyError::Forged { party: from });
        }
        if manifest.committee != shared.committee_hash
            || usize::from(manifest.parties) != shared.committee.parties().len()
        {
            return Err(CeremonyError::Unfit("its committee file is another than ours"));
        }
        if manifest.confirm_within_ms > CONFIRM_MAX_MS {
            return Err(CeremonyError::Unfit("it waits too long for confirmations"));
        }
        let (decide, decision) = oneshot::channel();
        let (decide, decision) =
            if shared.dev { (None, None) } else { (Some(decide), Some(decision)) };
        let waits = decide.is_some();
        let progress = Progress::new(id, None);
        let key = manifest.key.clone();
        let run = self.admit(id, manifest, signed.clone(), progress, decide).await?;
        tracing::warn!(
            ceremony = %id, %key, proposer = %from, waits,
            "a keygen was proposed; `cosigner confirm` agrees to it"
        );
        self.spawn(id, run.run(decision));
        Ok(())
    }

    /// Our operator's word on a waiting ceremony.
    pub(crate) async fn decide(
        &self,
        id: CeremonyId,
        agree: bool,
    ) -> Result<KeyName, CeremonyError> {
        let mut running = self.shared.running.lock().await;
        let waiting = running.get_mut(&id).ok_or(CeremonyError::Unknown)?;
        let decision = waiting.decision.take().ok_or(CeremonyError::Unknown)?;
        // A ceremony that ended in the meantime no longer listens.
        decision.send(agree).map_err(|_| CeremonyError::Unknown)?;
        Ok(waiting.manifest.key.clone())
    }

    /// Our operator's word that a key which not every party is known to have acknowledged shall not come
    /// about. Gives how many parties rejected it, us included, and how many must.
    pub(crate) async fn reject(&self, id: CeremonyId) -> Result<(usize, usize), CeremonyError> {
        let shared = &self.shared;
        if shared.running.lock().await.contains_key(&id) {
            return Err(CeremonyError::Running);
        }
        let stored = shared.pending(id).await?.ok_or(CeremonyError::NoSuchKey)?;
        let standing = shared.settle(id, Event::OperatorRejects).await?;
        let have = standing.rejects.union(&standing.discards).count();
        match standing.phase {
            Phase::Rejecting | Phase::GivenUp => Ok((have, shared.rules(&stored.record).needed())),
            Phase::Acknowledged | Phase::Certified | Phase::Live => Err(CeremonyError::Certified),
        }
    }

    /// All ceremonies that wait, run, or left a key that is not resolved.
    pub(crate) async fn list(&self) -> Result<Vec<wire::CeremonyInfo>, CeremonyError> {
        let running = self.shared.running.lock().await;
        let info = |id: &CeremonyId, manifest: &Manifest, state: &str| wire::CeremonyInfo {
            ceremony: id.0.to_vec(),
            kind: "keygen".to_owned(),
            key: manifest.key.to_string(),
            purpose: manifest.purpose.to_string(),
            threshold: u32::from(manifest.threshold),
            proposer: u32::from(manifest.proposer),
            state: state.to_owned(),
        };
        let state = |waiting: &Waiting| {
            if waiting.decision.is_some() { "waiting" } else { "running" }
        };
        let mut all: Vec<_> =
            running.iter().map(|(id, w)| info(id, &w.manifest, state(w))).collect();
        let vault = Arc::clone(&self.shared.vault);
        for stored in blocking(move || vault.pending_generations()).await?? {
            let id = CeremonyId(stored.record.ceremony);
            if !running.contains_key(&id) {
                let (_, text) = stored.papers.proposal.open_proposal(&self.shared.committee)?;
                let (manifest, _) = Manifest::parse(text)?;
                all.push(info(&id, &manifest, outcome::state(phase(&stored))));
            }
        }
        Ok(all)
    }

    /// What became of a ceremony, for a peer that asks and shows what proposed it.
    pub(crate) async fn outcome(
        &self,
        id: [u8; 32],
        proposal: Option<wire::SignedBytes>,
    ) -> Result<wire::OutcomeReply, CeremonyError> {
        self.shared.outcome(CeremonyId(id), proposal).await
    }

    /// The public facts of all keys, those included that are not live.
    pub(crate) async fn keys(&self) -> Result<Vec<wire::KeyInfo>, CeremonyError> {
        // Nothing moves between the two looks.
        let _nothing_moves = self.shared.running.lock().await;
        let vault = Arc::clone(&self.shared.vault);
        let open = blocking(move || vault.pending_generations()).await??;
        let is_open = |key: &Arc<LiveKey>| {
            open.iter().any(|stored| stored.record.ceremony == key.record.ceremony)
        };
        let mut live = self.shared.keys.all();
        live.retain(|key| !is_open(key));
        let mut keys: Vec<_> = live.iter().map(|key| key_info(&key.record, "live")).collect();
        for stored in open {
            let state = match phase(&stored) {
                Phase::Acknowledged => "pending",
                other => outcome::state(other),
            };
            keys.push(key_info(&stored.record, state));
        }
        Ok(keys)
    }

    /// Every ban of every key.
    pub(crate) fn bans(&self) -> Vec<wire::BanInfo> {
        let bans = self.shared.bans.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = |(key, bans): (&KeyName, &Arc<KeyBans>)| {
            let key = key.to_string();
            let info = move |ban: crate::bans::Ban| wire::BanInfo {
                key: key.clone(),
                party: u32::from(ban.party.index()),
                reason: ban.reason,
            };
            bans.all().into_iter().map(info).collect::<Vec<_>>()
        };
        bans.iter().flat_map(of_key).collect()
    }

    /// Takes a ceremony up, if its key's name is free and it did not end before.
    async fn admit(
        &self,
        id: CeremonyId,
        manifest: Manifest,
        proposal: SignedStatement,
        progress: Progress,
        decision: Option<oneshot::Sender<bool>>,
    ) -> Result<Run, CeremonyError> {
        let shared = Arc::clone(&self.shared);
        let mut running = self.shared.running.lock().await;
        if running.len() >= RUNNING_MAX {
            return Err(CeremonyError::Busy);
        }
        shared.room_for_notes(manifest.proposer)?;
        let (vault, name) = (Arc::clone(&shared.vault), manifest.key.clone());
        let (taken, ended) = blocking(move || {
            Ok::<_, VaultError>((vault.has_name(&name)?, vault.discard_note(&id.0)?.is_some()))
        })
        .await??;
        let twin = running.values().any(|other| other.manifest.key == manifest.key);
        if taken || twin {
            return Err(CeremonyError::NameTaken { name: manifest.key });
        }
        if ended {
            return Err(CeremonyError::Unfit("it ended before"));
        }
        let members = shared.peers.parties();
        let mail = shared
            .inbox
            .open(SessionId::new(id.session()), &members)
            .map_err(|_| CeremonyError::Unfit("it ran before"))?;
        running.insert(id, Waiting { manifest: manifest.clone(), decision });
        drop(running);
        Ok(Run { shared, id, manifest, proposal, mail, progress, heard: Heard::default() })
    }

    async fn offer(&self, party: PartyId, signed: SignedStatement) -> Result<(), CeremonyError> {
        let reply = self.shared.peers.propose(party, signed).await?;
        if reply.accepted {
            return Ok(());
        }
        Err(CeremonyError::Refused { party, reason: statement::words(&reply.reason) })
    }

    /// Runs a ceremony in the background and forgets it when it ended.
    fn spawn(
        &self,
        id: CeremonyId,
        work: impl Future<Output = Result<KeyRecord, CeremonyError>> + Send + 'static,
    ) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            tokio::select! {
                () = shared.stop.cancelled() => {}
                outcome = work => {
                    if let Err(error) = outcome {
                        tracing::error!(ceremony = %id, %error, "a ceremony came to nothing");
                    }
                    shared.running.lock().await.remove(&id);
                }
            }
        });
    }
}

/// Runs what blocks (disk, heavy arithmetic) where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CeremonyError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| CeremonyError::Internal("a worker panicked"))
}

fn key_info(record: &KeyRecord, state: &str) -> wire::KeyInfo {
    wire::KeyInfo {
        name: record.name.to_string(),
        purpose: record.purpose.to_string(),
        state: state.to_owned(),
        threshold: u32::from(record.threshold),
        parties: u32::from(record.parties),
        epoch: u32::try_from(record.epoch).unwrap_or(u32::MAX),
        public_key: record.public_key.to_vec(),
        address: record.address.to_vec(),
        ceremony: record.ceremony.to_vec(),
        created_at: record.created_at,
    }
}

#[cfg(test)]
mod tests;
