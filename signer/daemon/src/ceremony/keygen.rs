//! One keygen at one party, from the operator's word to a live key. [`Run::run`] tells the story.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::wire;
use countersign_threshold::{KeyShare, Keygen, KeygenError, Outgoing, PartyId, SessionId};
use prost::Message as _;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::commit::{Event, Phase};
use super::manifest::{CeremonyId, Manifest, engine_session};
use super::note::Note;
use super::progress::{Progress, Stage};
use super::statement::{Identities, Says, SignedStatement};
use super::{CeremonyError, Shared, blocking};
use crate::fault;
use crate::keys::KeyRecord;
use crate::transport::{Frame, FrameKind, Mail};
use crate::vault::CeremonyPapers;

/// Rounds of the engine, the comparison of what was heard included.
const ROUNDS: usize = 4;
/// What one peer may have waiting for the engine: no honest one is more than a round ahead, and no two
/// rounds have more frames.
const WAITING_MAX: usize = 5;
/// How often the others are asked whether they hold all acknowledgements.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// One keygen at one party.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) id: CeremonyId,
    pub(super) manifest: Manifest,
    pub(super) proposal: SignedStatement,
    pub(super) mail: Mail,
    pub(super) progress: Progress,
    pub(super) heard: Heard,
}

/// What the others said so far.
#[derive(Default)]
pub(super) struct Heard {
    confirms: BTreeSet<PartyId>,
    acks: BTreeMap<PartyId, ([u8; 32], SignedStatement)>,
    rounds: VecDeque<(PartyId, Vec<u8>)>,
}

impl Heard {
    /// Keeps a frame until the engine takes it. Nobody may fill our memory meanwhile.
    fn keep_for_engine(&mut self, from: PartyId, payload: Vec<u8>) {
        let waiting = self.rounds.iter().filter(|(party, _)| *party == from).count();
        if waiting < WAITING_MAX {
            self.rounds.push_back((from, payload));
        } else {
            tracing::warn!(party = %from, "a frame of the keygen too many was dropped");
        }
    }
}

impl Run {
    /// The whole ceremony. `decision` is our operator's word; none is needed from a proposer's, nor
    /// under `dev`.
    pub(super) async fn run(
        mut self,
        decision: Option<oneshot::Receiver<bool>>,
    ) -> Result<KeyRecord, CeremonyError> {
        let outcome = match self.make_share(decision).await {
            Ok(share) => self.keep(share).await,
            Err(error) => Err(self.discard(error).await),
        };
        if let Err(error) = &outcome {
            self.progress.report(Stage::Failed, 0, 0, error.to_string());
        }
        outcome
    }

    /// Ends a ceremony that not everyone was even offered.
    pub(super) async fn abandon(&self, error: CeremonyError) -> CeremonyError {
        let error = self.discard(error).await;
        self.progress.report(Stage::Failed, 0, 0, error.to_string());
        error
    }

    async fn make_share(
        &mut self,
        decision: Option<oneshot::Receiver<bool>>,
    ) -> Result<KeyShare, CeremonyError> {
        self.await_operator(decision).await?;
        self.say_to_all(Says::Confirm).await?;
        self.await_confirmations().await?;
        self.generate().await
    }

    async fn await_operator(
        &mut self,
        decision: Option<oneshot::Receiver<bool>>,
    ) -> Result<(), CeremonyError> {
        let Some(mut decision) = decision else { return Ok(()) };
        let limit = Duration::from_millis(self.manifest.confirm_within_ms);
        let until = in_the_future(limit);
        let me = self.shared.me;
        loop {
            tokio::select! {
                word = &mut decision => {
                    return if word == Ok(true) { Ok(()) } else { Err(CeremonyError::Declined) };
                }
                heard = self.listen(until) => match heard {
                    Ok(true) => {}
                    Ok(false) => {
                        let stage = "to confirm the ceremony";
                        return Err(CeremonyError::Silent { parties: vec![me], after: limit, stage });
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }

    async fn await_confirmations(&mut self) -> Result<(), CeremonyError> {
        let limit = Duration::from_millis(self.manifest.confirm_within_ms);
        let until = in_the_future(limit);
        let total = usize::from(self.manifest.parties);
        let mut told = BTreeSet::new();
        loop {
            for party in self.heard.confirms.difference(&told) {
                let done = told.len().saturating_add(2);
                let message = format!("party {party} confirmed");
                self.progress.about(Stage::Confirmed, *party, (done, total), message);
            }
            told.clone_from(&self.heard.confirms);
            let parties = self.missing(|heard, party| heard.confirms.contains(party));
            if parties.is_empty() {
                return Ok(());
            }
            if !self.listen(until).await? {
                let stage = "to confirm the ceremony";
                return Err(CeremonyError::Silent { parties, after: limit, stage });
            }
        }
    }

    /// The engine's rounds. Its work is heavy, so it runs where blocking is allowed.
    async fn generate(&mut self) -> Result<KeyShare, CeremonyError> {
        let (committee, me) = (self.manifest.committee()?, self.shared.me);
        let witness = Arc::new(Identities {
            identity: self.shared.identity.clone(),
            committee: Arc::clone(&self.shared.committee),
        });
        let session = engine_session(self.id);
        let (mut machine, first) =
            blocking(move || Keygen::new(committee, me, session, witness)).await??;
        self.dispatch(first).await?;
        let limit = self.shared.deadlines.ceremony_round();
        let mut until = in_the_future(limit);
        let mut round = machine.round();
        while !machine.is_done() {
            let Some((from, bytes)) = self.heard.rounds.pop_front() else {
                if !self.listen(until).await? {
                    let (parties, stage) = (machine.waiting_for(), "while the key was generated");
                    return Err(CeremonyError::Silent { parties, after: limit, stage });
                }
                continue;
            };
            let answer;
            (machine, answer) = blocking(move || {
                let answer = machine.receive(from, &bytes);
                (machine, answer)
            })
            .await?;
            match answer {
                Ok(outgoing) => self.dispatch(outgoing).await?,
                // The engine never saw it, and the keygen is as it was.
                Err(error @ KeygenError::Frame { .. }) => {
                    tracing::warn!(ceremony = %self.id, party = %from, %error, "a frame was dropped");
                }
                Err(error) => return Err(error.into()),
            }
            if machine.round() != round {
                round = machine.round();
                until = in_the_future(limit);
                let message = format!("key generation: {round:?}").to_lowercase();
                self.progress.report(Stage::Round, round as usize, ROUNDS, message);
            }
        }
        Ok(blocking(move || machine.finish()).await??)
    }

    /// Stores the share, says so, and makes the key live once everyone has said so. From the moment
    /// that our own acknowledgement is durable, we can no longer discard on our own.
    async fn keep(&mut self, share: KeyShare) -> Result<KeyRecord, CeremonyError> {
        let record = self.record(&share);
        let ack = match self.sign(Says::Ack { transcript: record.transcript }) {
            Ok(ack) => ack,
            Err(error) => return Err(self.discard(error).await),
        };
        fault::point("keygen-before-store");
        if let Err(error) = self.store(&record, share, &ack).await {
            return Err(match self.shared.pending(self.id).await {
                Ok(None) => self.discard(error).await,
                // It may be there, and a peer that asked may have been shown our acknowledgement.
                Ok(Some(_)) | Err(_) => CeremonyError::InDoubt { cause: Box::new(error) },
            });
        }
        fault::point("keygen-stored");
        self.progress.report(Stage::Stored, 1, 1, "our share is stored".to_owned());
        let outcome = match self.exchange_acks(&ack, record.transcript).await {
            Ok(()) => self.await_live().await,
            Err(error) => self.remember_acks().await.and(Err(error)),
        };
        if let Err(cause) = outcome {
            return Err(CeremonyError::InDoubt { cause: Box::new(cause) });
        }
        let message = format!("key {} is live at {}", record.name, hex_address(&record.address));
        self.progress.live(super::key_info(&record, "live"), message);
        Ok(record)
    }

    async fn store(
        &self,
        record: &KeyRecord,
        share: KeyShare,
        ack: &SignedStatement,
    ) -> Result<(), CeremonyError> {
        let papers = CeremonyPapers {
            proposal: self.proposal.clone(),
            acks: vec![ack.clone()],
            refusals: Vec::new(),
            certified: false,
        };
        let (vault, record) = (Arc::clone(&self.shared.vault), record.clone());
        Ok(blocking(move || vault.store_pending(&record, &share, &papers)).await??)
    }

    /// Puts on disk who acknowledged: they may say something else later.
    async fn remember_acks(&self) -> Result<(), CeremonyError> {
        let acks = self.heard.acks.values().map(|(_, ack)| ack.clone()).collect();
        self.shared.remember(self.id, acks).await
    }

    /// Asks the others until each holds all acknowledgements, as we do.
    async fn await_live(&self) -> Result<(), CeremonyError> {
        fault::point("keygen-acknowledged");
        self.remember_acks().await?;
        let limit = self.shared.deadlines.ceremony_round();
        let until = in_the_future(limit);
        loop {
            let standing = self.shared.settle(self.id, Event::Asked).await?;
            match standing.phase {
                Phase::Live => return Ok(()),
                Phase::GivenUp => return Err(CeremonyError::GivenUp),
                Phase::Acknowledged | Phase::Certified | Phase::Rejecting => {}
            }
            if Instant::now() >= until {
                let (parties, stage) =
                    (self.shared.peers.parties(), "that they hold all acknowledgements");
                return Err(CeremonyError::Silent { parties, after: limit, stage });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn exchange_acks(
        &mut self,
        ack: &SignedStatement,
        transcript: [u8; 32],
    ) -> Result<(), CeremonyError> {
        for party in self.shared.peers.parties() {
            // A peer that misses it can ask for it.
            let _ = self.tell(party, ack.clone()).await;
        }
        let limit = self.shared.deadlines.ceremony_round();
        let until = in_the_future(limit);
        loop {
            for (party, (other, _)) in &self.heard.acks {
                if *other != transcript {
                    return Err(CeremonyError::Differs { party: *party });
                }
            }
            let parties = self.missing(|heard, party| heard.acks.contains_key(party));
            let total = usize::from(self.manifest.parties);
            let done = total.saturating_sub(parties.len());
            let message = format!("{done} of {total} parties stored their shares");
            self.progress.report(Stage::Acknowledged, done, total, message);
            if parties.is_empty() {
                return Ok(());
            }
            if !self.listen(until).await? {
                let stage = "to acknowledge the key";
                return Err(CeremonyError::Silent { parties, after: limit, stage });
            }
        }
    }

    /// Takes the next frame into account; false when the time is over.
    async fn listen(&mut self, until: Instant) -> Result<bool, CeremonyError> {
        let Ok(next) = tokio::time::timeout_at(until, self.mail.recv()).await else {
            return Ok(false);
        };
        let (from, frame) = next.ok_or(CeremonyError::Internal("the inbox is closed"))?;
        match frame.kind {
            FrameKind::Keygen => self.heard.keep_for_engine(from, frame.payload),
            FrameKind::Ceremony => self.hear(from, &frame.payload)?,
            _ => return Err(CeremonyError::Unfit("a frame of another kind")),
        }
        Ok(true)
    }

    fn hear(&mut self, from: PartyId, payload: &[u8]) -> Result<(), CeremonyError> {
        let message = wire::SignedBytes::decode(payload)
            .map_err(|_| CeremonyError::Unfit("a statement is malformed"))?;
        let statement = SignedStatement::from_wire(message)?;
        let (party, says) = statement.open(&self.shared.committee, self.id)?;
        if party != from {
            return Err(CeremonyError::Forged { party: from });
        }
        match says {
            Says::Confirm => {
                self.heard.confirms.insert(party);
            }
            Says::Ack { transcript } => {
                let (first, _) = self.heard.acks.entry(party).or_insert((transcript, statement));
                if *first != transcript {
                    return Err(CeremonyError::Equivocated { party });
                }
            }
            Says::Discard { .. } if self.heard.acks.contains_key(&party) => {
                return Err(CeremonyError::Equivocated { party });
            }
            Says::Discard { reason } => return Err(CeremonyError::Discarded { party, reason }),
            Says::Reject { .. } => {
                let reason = "it rejects the key".to_owned();
                return Err(CeremonyError::Discarded { party, reason });
            }
        }
        Ok(())
    }

    /// Notes durably that we take no part any more, tells the others, and erases what there is.
    async fn discard(&self, error: CeremonyError) -> CeremonyError {
        let note = match self.shared.sign_discard(self.id, &error.to_string()) {
            Ok(note) => note,
            Err(failed) => return failed,
        };
        let kept = Note { proposer: self.manifest.proposer, statements: vec![note.clone()] };
        if let Err(failed) = self.shared.note_discard(self.id, &kept).await {
            tracing::error!(ceremony = %self.id, %failed, "the end of a ceremony is not on disk");
            return failed;
        }
        if let Err(failed) = self.shared.put_away(self.id).await {
            tracing::error!(ceremony = %self.id, %failed, "what a ceremony left is not erased");
        }
        for party in self.shared.peers.parties() {
            // A peer that misses it can ask for it.
            let _ = self.tell(party, note.clone()).await;
        }
        error
    }

    async fn say_to_all(&self, says: Says) -> Result<(), CeremonyError> {
        let statement = self.sign(says)?;
        for party in self.shared.peers.parties() {
            self.tell(party, statement.clone()).await?;
        }
        Ok(())
    }

    async fn tell(&self, to: PartyId, statement: SignedStatement) -> Result<(), CeremonyError> {
        let payload = statement.into_wire().encode_to_vec();
        let frame = self.frame(FrameKind::Ceremony, payload);
        Ok(self.shared.peers.send(to, frame).await?)
    }

    async fn dispatch(&self, outgoing: Vec<Outgoing>) -> Result<(), CeremonyError> {
        for message in outgoing {
            match message {
                Outgoing::Send { to, bytes } => {
                    self.shared.peers.send(to, self.frame(FrameKind::Keygen, bytes)).await?;
                }
                Outgoing::Broadcast { bytes } => {
                    for party in self.shared.peers.parties() {
                        let frame = self.frame(FrameKind::Keygen, bytes.clone());
                        self.shared.peers.send(party, frame).await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn frame(&self, kind: FrameKind, payload: Vec<u8>) -> Frame {
        Frame { session: SessionId::new(self.id.session()), kind, payload }
    }

    fn sign(&self, says: Says) -> Result<SignedStatement, CeremonyError> {
        self.shared.sign(self.id, says)
    }

    fn missing(&self, has: impl Fn(&Heard, &PartyId) -> bool) -> Vec<PartyId> {
        let mut parties = self.shared.peers.parties();
        parties.retain(|party| !has(&self.heard, party));
        parties
    }

    fn record(&self, share: &KeyShare) -> KeyRecord {
        KeyRecord {
            name: self.manifest.key.clone(),
            purpose: self.manifest.purpose,
            threshold: self.manifest.threshold,
            parties: self.manifest.parties,
            epoch: share.epoch(),
            public_key: share.public_key(),
            address: share.address(),
            transcript: *share.transcript(),
            ceremony: self.id.0,
            committee: self.manifest.committee,
            created_at: self.manifest.created_at,
        }
    }
}

/// No limit of ours reaches beyond what a clock can say.
fn in_the_future(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or(now)
}

fn hex_address(address: &[u8; 20]) -> String {
    alloy::primitives::Address::from(*address).to_string()
}

#[cfg(test)]
mod tests;
