//! The rounds: frames in, processor time on threads of their own, messages out under the gates.

use std::sync::Arc;

use countersign_protocol::SignCall;
use countersign_threshold::{Gated, PartyId, SessionId, SignError, SignRound, Signing};
use tokio::time::Instant;

use super::engines::EngineFailure;
use super::failure::Failure;
use super::meeting::{Met, rendezvous};
use super::{Inner, LiveKey};
use crate::clock;
use crate::fault;
use crate::journal::{Claim, Signed};
use crate::judgement;
use crate::transport::{Frame, FrameKind, PeerError};

/// What is fixed once the quorum agreed.
pub(super) struct Session {
    pub(super) key: Arc<LiveKey>,
    pub(super) claim: Claim,
    pub(super) session: SessionId,
    pub(super) deadline: Instant,
}

impl Inner {
    /// Runs the protocol to a verified signature.
    pub(super) async fn run(
        &self,
        session: Session,
        call: &SignCall,
        met: Met,
    ) -> Result<[u8; 65], Failure> {
        self.rounds(&session, call, met).await.map_err(Failure::in_rounds)
    }

    async fn rounds(
        &self,
        session: &Session,
        call: &SignCall,
        met: Met,
    ) -> Result<[u8; 65], Failure> {
        let Met { mut mail, mut early, mut keeping, .. } = met;
        let (mut machine, messages) = self.begin(session, call).await?;
        self.release(session, call, messages)?;
        while !machine.is_done() {
            let (from, frame) = match early.pop_front() {
                Some(letter) => letter,
                None => {
                    let missing = machine.waiting_for();
                    self.next(&mut mail, session.deadline, missing, "rounds").await?
                }
            };
            if frame.kind != FrameKind::Round {
                return Err(Failure::peer(from, format!("party {from} opened twice")));
            }
            let receive = move || {
                let outcome = machine.receive(from, &frame.payload);
                (machine, outcome)
            };
            let (back, outcome) = self.compute(session, call, receive).await?;
            machine = back;
            match outcome {
                Ok(messages) => {
                    if messages.iter().any(|message| message.round() == SignRound::Last) {
                        keeping.done().await?;
                    }
                    self.release(session, call, messages)?;
                }
                Err(error) if error.session_goes_on() => {
                    tracing::warn!(party = %from, %error, "a bad frame was dropped");
                }
                Err(error) => return Err(self.blame(session, error).await),
            }
        }
        match self.compute(session, call, move || machine.finish()).await? {
            Ok(signature) => Ok(signature.to_bytes()),
            Err(error) => Err(self.blame(session, error).await),
        }
    }

    async fn begin(
        &self,
        session: &Session,
        call: &SignCall,
    ) -> Result<(Signing, Vec<Gated>), Failure> {
        let key = Arc::clone(&session.key);
        let child =
            judgement::child(call).map_err(|_| Failure::internal("the child does not exist"))?;
        let digest = judgement::digest(&session.claim);
        let name = session.session;
        let mut quorum: Vec<PartyId> = self.others(&call.quorum);
        quorum.push(self.book.me);
        quorum.sort();
        let begin =
            move || Signing::new(&key.share, &quorum, child, digest, name, Arc::clone(&key.gates));
        Ok(self.compute(session, call, begin).await??)
    }

    /// Milliseconds of arithmetic, on a thread of their own, until the session's deadline.
    async fn compute<T: Send + 'static>(
        &self,
        session: &Session,
        call: &SignCall,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let root = session.key.share.public_key();
        match self.engines.compute(&root, session.deadline, work).await {
            Ok(done) => Ok(done),
            Err(EngineFailure::Late) => Err(Failure::veiled(self.others(&call.quorum))),
            Err(EngineFailure::Died) => Err(Failure::internal("the engine died")),
        }
    }

    /// Puts messages on their way, each while the gates of the whole quorum are held.
    fn release(
        &self,
        session: &Session,
        call: &SignCall,
        messages: Vec<Gated>,
    ) -> Result<(), Failure> {
        let place = rendezvous(&call.attempt.0);
        let mut is_marked = false;
        for message in messages {
            let (to, round) = (message.to(), message.round());
            let pushed = message.release(|payload| {
                let frame = Frame { session: place, kind: FrameKind::Round, payload };
                self.peers.push(to, frame)
            });
            pushed.map_err(SignError::from)?.map_err(unreachable)?;
            if round == SignRound::Last && !is_marked {
                self.mark_signed(&session.claim);
                is_marked = true;
            }
            fault::point(match round {
                SignRound::First => "round-1-sent",
                SignRound::Second => "round-2-sent",
                SignRound::Last => "round-3-sent",
            });
        }
        Ok(())
    }

    /// From here on the digest counts as signed, whatever follows. Its slot was bound before the first message, so
    /// that nothing waits for this note, which is for people; a daemon that stops in order finishes it.
    fn mark_signed(&self, claim: &Claim) {
        let Claim { slot, digest, .. } = claim;
        self.marks.add(Signed { slot: slot.clone(), digest: *digest, at_ms: clock::now_ms() });
        let (store, marks) = (self.store.clone(), Arc::clone(&self.marks));
        self.tasks.spawn(async move {
            if let Err(error) = marks.write(&store).await {
                tracing::error!(%error, "a signature could not be noted as such");
            }
        });
    }

    /// Counts a spoiled signature against everyone who may have spoiled it.
    async fn blame(&self, session: &Session, error: SignError) -> Failure {
        if matches!(error, SignError::Unattributed { .. }) {
            let root = session.key.share.public_key();
            for suspect in error.suspects() {
                tracing::warn!(party = %suspect, "a spoiled signature counts against this party");
                if let Err(error) = self.store.count_spoiled(&root, suspect).await {
                    tracing::error!(%error, "a spoiled signature could not be counted");
                }
            }
        }
        error.into()
    }
}

fn unreachable(error: PeerError) -> Failure {
    Failure::silent(vec![error.party()], "sending")
}
