//! What becomes of a key once its share is stored: the others are asked, and the rules of
//! [`super::commit`] say what follows. The same goes for what a crash or a silence left open.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use countersign_protocol::wire;
use countersign_threshold::PartyId;

use super::commit::{Action, Answer, Event, Phase, Stance, Standing, step};
use super::manifest::CeremonyId;
use super::note::Note;
use super::said::Said;
use super::shared::phase;
use super::statement::{Says, SignedStatement};
use super::{CeremonyError, Shared, blocking};
use crate::fault;
use crate::vault::{CeremonyPapers, StoredGeneration};

/// How often the peers are asked.
const EVERY: Duration = Duration::from_secs(1);

/// What one party answered, with the signatures.
struct Testimony {
    stance: Stance,
    said: Said,
}

impl Shared {
    /// Asks the peers about every open ceremony until the daemon stops.
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

    /// Asks once about every open ceremony. What goes wrong with one does not hold up the others.
    pub(super) async fn resolve_all(&self) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        for stored in blocking(move || vault.pending_generations()).await?? {
            let id = CeremonyId(stored.record.ceremony);
            if self.running.lock().await.contains_key(&id) {
                continue;
            }
            if let Err(error) = self.settle(id, Event::Asked).await {
                tracing::error!(ceremony = %id, %error, "a ceremony could not be resolved");
            }
        }
        Ok(())
    }

    /// Asks all others about a stored key and does what follows; says where it is then.
    pub(super) async fn settle(
        &self,
        id: CeremonyId,
        event: Event,
    ) -> Result<Standing, CeremonyError> {
        let Some(stored) = self.pending(id).await? else { return self.settled(id).await };
        let testimonies = self.ask_all(id, &stored).await;
        let _nothing_else_moves = self.running.lock().await;
        let Some(stored) = self.pending(id).await? else { return self.settled(id).await };
        let mut said = Said::stored(&self.committee, &stored)?;
        let standing = said.standing(phase(&stored));
        testimonies.values().for_each(|testimony| said.merge(&testimony.said));
        self.name_liars(id, &said);
        let answers = testimonies.iter().map(|(party, t)| (*party, plain(*party, t))).collect();
        let (now, actions) = step(&self.rules(&stored.record), &standing, event, &answers);
        for action in actions {
            self.act(action, id, &stored, &mut said).await?;
        }
        Ok(now)
    }

    /// Keeps what others said about a stored key.
    pub(super) async fn remember(
        &self,
        id: CeremonyId,
        statements: Vec<SignedStatement>,
    ) -> Result<(), CeremonyError> {
        let _nothing_else_moves = self.running.lock().await;
        let stored = self.pending(id).await?.ok_or(CeremonyError::NoSuchKey)?;
        let mut said = Said::stored(&self.committee, &stored)?;
        for statement in statements {
            said.take(&self.committee, (id, &stored.record.transcript), statement)?;
        }
        self.write_papers(id, &stored, &said, stored.papers.certified).await
    }

    /// Where a ceremony is that left nothing pending.
    async fn settled(&self, id: CeremonyId) -> Result<Standing, CeremonyError> {
        let vault = Arc::clone(&self.vault);
        let (live, note) = blocking(move || {
            let live = vault.live_generations()?;
            let ours = |stored: &StoredGeneration| stored.record.ceremony == id.0;
            Ok::<_, CeremonyError>((live.iter().any(ours), vault.discard_note(&id.0)?))
        })
        .await??;
        match note {
            _ if live => Ok(Said::default().standing(Phase::Live)),
            Some(_) => Ok(Said::default().standing(Phase::GivenUp)),
            None => Err(CeremonyError::NoSuchKey),
        }
    }

    /// Makes one step durable.
    async fn act(
        &self,
        action: Action,
        id: CeremonyId,
        stored: &StoredGeneration,
        said: &mut Said,
    ) -> Result<(), CeremonyError> {
        let (vault, key) = (Arc::clone(&self.vault), &stored.record.name);
        let certified = stored.papers.certified;
        match action {
            Action::Remember => self.write_papers(id, stored, said, certified).await,
            Action::Certify => {
                self.write_papers(id, stored, said, true).await?;
                self.load_certified(id).await?;
                tracing::info!(ceremony = %id, %key, "every party acknowledged the key");
                Ok(())
            }
            Action::GoLive => {
                blocking(move || vault.promote(&id.0)).await??;
                tracing::info!(ceremony = %id, %key, "the key is live at every party");
                Ok(())
            }
            Action::Reject => {
                let transcript = stored.record.transcript;
                let reject = self.sign(id, Says::Reject { transcript })?;
                said.take(&self.committee, (id, &transcript), reject.clone())?;
                blocking(move || vault.reject(&id.0, &reject)).await??;
                fault::point("reject-written");
                self.keys.remove(key);
                tracing::warn!(ceremony = %id, %key, "we rejected a key; it is never used here");
                Ok(())
            }
            Action::GiveUp => self.give_up(id, stored, said).await,
        }
    }

    async fn give_up(
        &self,
        id: CeremonyId,
        stored: &StoredGeneration,
        said: &Said,
    ) -> Result<(), CeremonyError> {
        let key = &stored.record.name;
        let (proposer, _) = stored.papers.proposal.open_proposal(&self.committee)?;
        let note = Note { proposer: proposer.index(), statements: said.refusals() };
        self.note_discard(id, &note).await?;
        fault::point("rc-written");
        self.keys.remove(key);
        self.put_away(id).await?;
        if phase(stored) == Phase::Certified {
            tracing::error!(
                ceremony = %id, %key,
                "THE KEY IS SUPERSEDED: enough parties rejected it. It signs no more; its share is kept \
                 aside. Its name is free"
            );
        } else {
            tracing::warn!(ceremony = %id, %key, "a key was given up; its name is free");
        }
        Ok(())
    }

    async fn write_papers(
        &self,
        id: CeremonyId,
        stored: &StoredGeneration,
        said: &Said,
        certified: bool,
    ) -> Result<(), CeremonyError> {
        let papers = CeremonyPapers {
            proposal: stored.papers.proposal.clone(),
            acks: said.acks(),
            refusals: said.refusals_but(self.me),
            certified,
        };
        let vault = Arc::clone(&self.vault);
        Ok(blocking(move || vault.update_papers(&id.0, &papers)).await??)
    }

    async fn load_certified(&self, id: CeremonyId) -> Result<(), CeremonyError> {
        let vault = Arc::clone(&self.vault);
        let opened = blocking(move || {
            let Some(stored) = vault.pending_generation(&id.0)? else { return Ok(None) };
            let share = vault.open_share(&stored)?;
            Ok::<_, CeremonyError>(Some((stored.record, share)))
        });
        let (record, share) = opened.await??.ok_or(CeremonyError::NoSuchKey)?;
        self.load_key(record, share).await
    }

    async fn ask_all(
        &self,
        id: CeremonyId,
        stored: &StoredGeneration,
    ) -> BTreeMap<PartyId, Testimony> {
        let about = (id, &stored.record.transcript);
        let asked = self.peers.parties().into_iter().map(|party| async move {
            let proposal = stored.papers.proposal.clone();
            let reply = self.peers.outcome(party, id, proposal).await.ok()?;
            match self.testimony(party, about, reply) {
                Ok(testimony) => Some((party, testimony)),
                Err(error) => {
                    tracing::warn!(ceremony = %id, %party, %error, "an answer is as good as none");
                    None
                }
            }
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }

    fn testimony(
        &self,
        from: PartyId,
        about: (CeremonyId, &[u8; 32]),
        reply: wire::OutcomeReply,
    ) -> Result<Testimony, CeremonyError> {
        // Two statements an author are the most that an honest party holds.
        let most = self.committee.parties().len().saturating_mul(2);
        if reply.acks.len().saturating_add(reply.rejects.len()) > most {
            return Err(CeremonyError::Unfit("it holds too many statements"));
        }
        let mut said = Said::default();
        for statement in reply.acks.into_iter().chain(reply.rejects) {
            said.take(&self.committee, about, SignedStatement::from_wire(statement)?)?;
        }
        // Whoever acknowledged another key holds the certificate of another, if any.
        let ours = said.acknowledges(from);
        let stance = match reply.state.as_str() {
            "running" | "acknowledged" => Stance::Open,
            "certified" | "live" if !ours => Stance::Open,
            "certified" => Stance::Certified,
            "live" => Stance::Live,
            "rejecting" | "discarded" if !said.refusals().is_empty() => Stance::Never,
            _ => return Err(CeremonyError::Unfit("its state is unknown, or not proven")),
        };
        Ok(Testimony { stance, said })
    }

    /// Tells the operator, once a ceremony, who signed two things of which one is a lie.
    fn name_liars(&self, id: CeremonyId, said: &Said) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        for lie in said.equivocations() {
            if named.insert((id, lie.party)) {
                let [one, other] = &lie.statements;
                tracing::error!(
                    ceremony = %id, party = %lie.party, one = one.body(), other = other.body(),
                    "a party signed two statements of which one is a lie: that is proven"
                );
            }
        }
    }
}

fn plain(from: PartyId, testimony: &Testimony) -> Answer {
    let Standing { acks, discards, rejects, .. } = testimony.said.standing(Phase::Acknowledged);
    let (stance, differs) = (testimony.stance, testimony.said.differs(from));
    Answer { stance, acks, discards, rejects, differs }
}
