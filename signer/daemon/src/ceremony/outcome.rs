//! What we answer a peer that asks what became of a ceremony.

use std::sync::Arc;

use countersign_protocol::wire;

use super::commit::Phase;
use super::manifest::{CeremonyId, Manifest};
use super::note::Note;
use super::shared::phase;
use super::statement::SignedStatement;
use super::{CeremonyError, Shared, blocking};
use crate::vault::{CeremonyPapers, StoredGeneration};

/// A daemon keeps no more notes than this of one proposer's ceremonies.
pub(super) const NOTES_MAX: usize = 10_000;

impl Shared {
    /// What became of a ceremony here. One that we never heard of is noted as discarded first, so that
    /// the answer stays true; that needs the proposal, or anyone could have us write notes.
    pub(super) async fn outcome(
        &self,
        id: CeremonyId,
        proposal: Option<wire::SignedBytes>,
    ) -> Result<wire::OutcomeReply, CeremonyError> {
        let running = self.running.lock().await;
        let vault = Arc::clone(&self.vault);
        let (live, pending, note) = blocking(move || {
            let ours = |stored: &StoredGeneration| stored.record.ceremony == id.0;
            let live = vault.live_generations()?.into_iter().find(ours);
            Ok::<_, CeremonyError>((
                live,
                vault.pending_generation(&id.0)?,
                vault.discard_note(&id.0)?,
            ))
        })
        .await??;
        if let Some(note) = note {
            return Ok(Note::parse(&note)?.into_reply());
        }
        if let Some(stored) = live {
            return Ok(reply("live", stored.papers, None));
        }
        if let Some(stored) = pending {
            let state = state(phase(&stored));
            return Ok(reply(state, stored.papers, stored.reject));
        }
        if running.contains_key(&id) {
            let state = "running".to_owned();
            return Ok(wire::OutcomeReply { state, ..wire::OutcomeReply::default() });
        }
        let proposal = proposal.ok_or(CeremonyError::Unproven)?;
        let proposal = SignedStatement::from_wire(proposal)?;
        let (proposer, text) = proposal.open_proposal(&self.committee)?;
        if Manifest::id_of(text) != id {
            return Err(CeremonyError::Unproven);
        }
        self.room_for_notes(proposer.index())?;
        // Still under the lock: no proposal of this id can slip in between.
        let statement = self.sign_discard(id, "this party has no memory of the ceremony")?;
        let note = Note { proposer: proposer.index(), statements: vec![statement] };
        self.note_discard(id, &note).await?;
        Ok(note.into_reply())
    }

    /// Refuses a proposer whose ceremonies came to nothing too often: each leaves a note for ever.
    pub(super) fn room_for_notes(&self, proposer: u8) -> Result<(), CeremonyError> {
        let notes = self.notes().get(&proposer).copied().unwrap_or_default();
        if notes < NOTES_MAX { Ok(()) } else { Err(CeremonyError::Busy) }
    }
}

/// A phase by the name that peers know.
pub(super) const fn state(phase: Phase) -> &'static str {
    match phase {
        Phase::Acknowledged => "acknowledged",
        Phase::Certified => "certified",
        Phase::Live => "live",
        Phase::Rejecting => "rejecting",
        Phase::GivenUp => "discarded",
    }
}

fn reply(
    state: &str,
    papers: CeremonyPapers,
    reject: Option<SignedStatement>,
) -> wire::OutcomeReply {
    let wire = |statements: Vec<SignedStatement>| {
        statements.into_iter().map(SignedStatement::into_wire).collect()
    };
    let rejects = papers.refusals.into_iter().chain(reject).collect();
    wire::OutcomeReply { state: state.to_owned(), acks: wire(papers.acks), rejects: wire(rejects) }
}
