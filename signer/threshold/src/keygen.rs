//! Key generation: three rounds of the engine and a round in which all compare what they heard.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::committee::Committee;
use crate::engine::{
    ChainCodeCommitment, ChainCodeReveal, DkgSession, PartyIndex, ProofCommitment, Scalar,
    ZeroCommit,
};
use crate::frame::body::{Commitments, Reveals, Setup};
use crate::frame::{FrameError, Protocol};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::talk::echo::Echo;
use crate::talk::{Talk, both};
use crate::witness::Witness;

mod error;
mod steps;

pub use error::KeygenError;

/// The rounds with broadcasts of the engine.
const SPOKEN: [u8; 2] = [2, 3];

/// Where a keygen stands, for progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeygenRound {
    /// Waiting for points of the others' polynomials.
    Fragments,
    /// Waiting for commitments.
    Commitments,
    /// Waiting for proofs and the set-up of the multiplications.
    Proofs,
    /// Waiting for what the others heard.
    Echo,
    /// All is well: [`Keygen::finish`] gives the share.
    Done,
    /// It failed.
    Failed,
}

/// One keygen of one party.
///
/// All parties must be online. It costs about a second of processor time in a committee of three,
/// most of it in two calls of [`Self::receive`]: run it where blocking is allowed.
pub struct Keygen {
    talk: Talk,
    fragments: Mailbox<Zeroizing<Scalar>>,
    zero_commits: Mailbox<ZeroCommit>,
    commitments: Mailbox<Commitments>,
    setups: Mailbox<Setup>,
    reveals: Mailbox<Reveals>,
    echoes: Mailbox<Echo>,
    state: State,
}

/// What we keep between two rounds. Each step consumes it.
enum State {
    Fragments {
        engine: DkgSession,
        ours: Zeroizing<Scalar>,
    },
    Commitments {
        engine: DkgSession,
        proof: ProofCommitment,
        chain_code: ChainCodeCommitment,
    },
    Proofs {
        engine: DkgSession,
        proof: ProofCommitment,
        chain_code: (ChainCodeCommitment, ChainCodeReveal),
    },
    Echo {
        share: KeyShare,
        outcome: [u8; 32],
    },
    Done(KeyShare),
    Over,
}

impl Keygen {
    /// Starts a keygen: the machine, and its first messages.
    ///
    /// `session` must be fresh and equal at all parties. `witness` signs and checks broadcasts with
    /// the parties' identities.
    ///
    /// # Errors
    /// If we are not a member of `committee`.
    pub fn new(
        committee: Committee,
        me: PartyId,
        session: SessionId,
        witness: Arc<dyn Witness>,
    ) -> Result<(Self, Vec<Outgoing>), KeygenError> {
        if !committee.contains(me) {
            return Err(KeygenError::Stranger(me));
        }
        // Keygen 1.
        let engine =
            DkgSession::new(committee.to_engine(), me.to_engine(), session.as_bytes().to_vec());
        let points = Zeroizing::new(engine.phase1());
        let mut ours = None;
        let mut outgoing = Vec::with_capacity(points.len());
        let mut machine = Self {
            talk: Talk::new(Protocol::Keygen, committee, me, session, witness),
            fragments: Mailbox::new(),
            zero_commits: Mailbox::new(),
            commitments: Mailbox::new(),
            setups: Mailbox::new(),
            reveals: Mailbox::new(),
            echoes: Mailbox::new(),
            state: State::Over,
        };
        for (member, point) in committee.members().zip(points.iter()) {
            if member == me {
                ours = Some(Zeroizing::new(*point));
            } else {
                outgoing.push(machine.talk.direct(1, member, point)?);
            }
        }
        let ours = ours.ok_or(KeygenError::Engine("a polynomial without our point"))?;
        machine.state = State::Fragments { engine, ours };
        Ok((machine, outgoing))
    }

    /// Takes a frame that `from` delivered and gives the messages that follow from it.
    ///
    /// Frames may come in any order and more than once.
    ///
    /// # Errors
    /// [`KeygenError::Frame`] leaves the keygen as it was: the frame never reached the engine. Every
    /// other error ends it, and no key came of it.
    pub fn receive(&mut self, from: PartyId, frame: &[u8]) -> Result<Vec<Outgoing>, KeygenError> {
        if matches!(self.state, State::Over) {
            return Err(KeygenError::Over);
        }
        if !self.talk.knows(from) {
            return Err(KeygenError::Stranger(from));
        }
        self.accept(from, frame).map_err(|cause| KeygenError::Frame { from, cause })?;
        let mut outgoing = self.commit()?;
        outgoing.extend(self.reveal()?);
        outgoing.extend(self.assemble()?);
        self.compare()?;
        Ok(outgoing)
    }

    /// Where it stands.
    pub fn round(&self) -> KeygenRound {
        match self.state {
            State::Fragments { .. } => KeygenRound::Fragments,
            State::Commitments { .. } => KeygenRound::Commitments,
            State::Proofs { .. } => KeygenRound::Proofs,
            State::Echo { .. } => KeygenRound::Echo,
            State::Done(_) => KeygenRound::Done,
            State::Over => KeygenRound::Failed,
        }
    }

    /// Who has not sent all of the current round yet.
    pub fn waiting_for(&self) -> Vec<PartyId> {
        let arrived: Vec<PartyId> = match self.state {
            State::Fragments { .. } => self.fragments.senders().collect(),
            State::Commitments { .. } => {
                both(self.zero_commits.senders(), self.commitments.senders())
            }
            State::Proofs { .. } => both(self.setups.senders(), self.reveals.senders()),
            State::Echo { .. } => self.echoes.senders().collect(),
            State::Done(_) | State::Over => return Vec::new(),
        };
        self.talk.missing(&arrived)
    }

    /// Whether all parties heard the same and made the same key.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Keygen 6: our share of the new key.
    ///
    /// It says that every party **said** that it has the key, not that it stored it: use the key only
    /// after every party acknowledged [`KeyShare::transcript`] from durable storage.
    ///
    /// # Errors
    /// If it is not done.
    pub fn finish(self) -> Result<KeyShare, KeygenError> {
        match self.state {
            State::Done(share) => Ok(share),
            _ => Err(KeygenError::NotDone),
        }
    }

    /// Whatever is wrong with a frame is found here, before the engine sees it.
    fn accept(&mut self, from: PartyId, frame: &[u8]) -> Result<(), FrameError> {
        let Self { talk, .. } = self;
        let opened = talk.open(from, frame)?;
        match (opened.round, opened.broadcast) {
            (1, false) => talk.take(&mut self.fragments, from, &opened, Zeroizing::new),
            (2, false) => talk.take(&mut self.zero_commits, from, &opened, |message| message),
            (3, false) => talk.take(&mut self.setups, from, &opened, |message| message),
            (2, true) => talk.take_broadcast(&mut self.commitments, from, &opened, |message| {
                speaks_for_itself(from, message.1.sender_index)
            }),
            (3, true) => talk.take_broadcast(&mut self.reveals, from, &opened, |message| {
                speaks_for_itself(from, message.1.sender_index)
            }),
            (4, true) => {
                let expected = talk.everybody(&SPOKEN);
                talk.take_echo(&mut self.echoes, from, &opened, &expected)
            }
            (1, true) => Err(FrameError::Receiver(0)),
            (4, false) => Err(FrameError::Receiver(talk.me.index())),
            (round, _) => Err(FrameError::Round(round)),
        }
    }
}

fn speaks_for_itself(from: PartyId, named: PartyIndex) -> Result<(), FrameError> {
    if PartyId::from_engine(named) == from { Ok(()) } else { Err(FrameError::Parties) }
}

impl fmt::Debug for Keygen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keygen")
            .field("session", &self.talk.session)
            .field("me", &self.talk.me)
            .field("round", &self.round())
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}
