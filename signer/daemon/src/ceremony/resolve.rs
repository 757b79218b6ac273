//! What became of ceremonies that a crash or a silence left open.
//!
//! A pending generation is one that we acknowledged. It goes live when every party's acknowledgement
//! is here, and it goes away when a party that did not acknowledge it says that it never will. Until
//! one of the two is certain it is kept, unusable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::wire;
use countersign_threshold::PartyId;

use super::manifest::CeremonyId;
use super::statement::{Says, SignedStatement, Statement};
use super::{CeremonyError, Shared, blocking};
use crate::vault::{CeremonyPapers, StoredGeneration};

/// How often the peers are asked.
const EVERY: Duration = Duration::from_secs(1);
/// A daemon keeps no more notes than this of ceremonies that it never heard of.
const NOTES_MAX: usize = 10_000;

impl Shared {
    /// Asks the peers about every open ceremony until none is left.
    pub(super) async fn resolve_forever(self: Arc<Self>) {
        let work = async {
            loop {
                if let Err(error) = self.resolve_all().await {
                    tracing::error!(%error, "open ceremonies could not be resolved");
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn resolve_all(&self) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        for stored in blocking(move || vault.pending_generations()).await?? {
            let id = CeremonyId(stored.record.ceremony);
            if !self.running.lock().await.contains_key(&id) {
                self.resolve(id, stored).await?;
            }
        }
        Ok(())
    }

    async fn resolve(&self, id: CeremonyId, stored: StoredGeneration) -> Result<(), CeremonyError> {
        let mut acks = self.acks_of(id, &stored.papers.acks, &stored.record.transcript);
        for party in self.links.parties().collect::<Vec<_>>() {
            let Ok(reply) = self.links.outcome(party, id.0).await else { continue };
            for ack in reply.acks {
                let ack = [SignedStatement::from_wire(ack)?];
                acks.extend(self.acks_of(id, &ack, &stored.record.transcript));
            }
            if let Some(discard) = reply.discard {
                let statement = SignedStatement::from_wire(discard)?;
                let (author, says) = statement.open(&self.committee, id)?;
                if let Says::Discard { reason } = says
                    && !acks.contains_key(&author)
                {
                    tracing::warn!(ceremony = %id, party = %author, reason, "a key is discarded");
                    return self.say_discard(id, reason).await;
                }
            }
        }
        let papers = CeremonyPapers {
            manifest: stored.papers.manifest.clone(),
            acks: acks.values().cloned().collect(),
        };
        if acks.len() < self.committee.parties().len() {
            return Ok(());
        }
        let vault = Arc::clone(&self.vault);
        let (record, share) = blocking(move || {
            let share = vault.open_share(&stored)?;
            Ok::<_, CeremonyError>((stored.record, share))
        })
        .await??;
        tracing::info!(ceremony = %id, key = %record.name, "an open ceremony is resolved: live");
        self.go_live(record, share, papers).await.map(|_| ())
    }

    /// Those of `statements` that acknowledge this very key, by author.
    fn acks_of(
        &self,
        id: CeremonyId,
        statements: &[SignedStatement],
        transcript: &[u8; 32],
    ) -> BTreeMap<PartyId, SignedStatement> {
        let fits = |statement: &SignedStatement| match statement.open(&self.committee, id) {
            Ok((party, Says::Ack { transcript: other })) if other == *transcript => {
                Some((party, statement.clone()))
            }
            _ => None,
        };
        statements.iter().filter_map(fits).collect()
    }

    /// What we answer a peer that asks about a ceremony. One that we never heard of is noted as
    /// discarded first, so that the answer stays true.
    pub(super) async fn outcome(
        &self,
        id: CeremonyId,
    ) -> Result<wire::OutcomeReply, CeremonyError> {
        let running = self.running.lock().await;
        let vault = Arc::clone(&self.vault);
        let (live, pending, note, notes) = blocking(move || {
            let ours = |stored: &StoredGeneration| stored.record.ceremony == id.0;
            let live = vault.live_generations()?.into_iter().find(ours);
            let pending = vault.pending_generations()?.into_iter().find(ours);
            let note = vault.discard_note(&id.0)?;
            Ok::<_, CeremonyError>((live, pending, note, vault.discarded_count()?))
        })
        .await??;
        if let Some(note) = note {
            let note = serde_json::from_slice(&note).map_err(CeremonyError::Malformed)?;
            return Ok(discarded(note));
        }
        for (state, stored) in [("live", live), ("acknowledged", pending)] {
            if let Some(stored) = stored {
                let acks = stored.papers.acks.into_iter().map(SignedStatement::into_wire);
                let state = state.to_owned();
                return Ok(wire::OutcomeReply { state, acks: acks.collect(), discard: None });
            }
        }
        if running.contains_key(&id) {
            let state = "running".to_owned();
            return Ok(wire::OutcomeReply { state, ..wire::OutcomeReply::default() });
        }
        if notes >= NOTES_MAX {
            return Err(CeremonyError::Busy);
        }
        // Still under the lock: no proposal of this id can slip in between.
        let reason = "this party has no memory of the ceremony".to_owned();
        let note = self.sign_discard(id, reason)?;
        self.note_discard(id, note.clone()).await?;
        Ok(discarded(note))
    }

    async fn say_discard(&self, id: CeremonyId, reason: String) -> Result<(), CeremonyError> {
        let note = self.sign_discard(id, reason)?;
        self.note_discard(id, note).await
    }

    fn sign_discard(
        &self,
        id: CeremonyId,
        reason: String,
    ) -> Result<SignedStatement, CeremonyError> {
        let statement = Statement { ceremony: id, says: Says::Discard { reason } };
        SignedStatement::make(&self.identity, self.me, &statement)
    }
}

fn discarded(note: SignedStatement) -> wire::OutcomeReply {
    let (state, discard) = ("discarded".to_owned(), Some(note.into_wire()));
    wire::OutcomeReply { state, acks: Vec::new(), discard }
}
