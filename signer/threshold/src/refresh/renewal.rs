//! The rounds of a refresh, without gates: from a basis to the next generation's share.

use std::mem;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::kept::{KeptCommitments, KeptProofs};
use super::{RefreshError, RefreshRound};
use crate::engine::{DLogProof, Party, ProofCommitment, PublicKeyPackage, Scalar, ZeroCommit};
use crate::frame::body::{Commitment, Setup};
use crate::frame::{FrameError, Protocol};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::share::KeyShare;
use crate::talk::echo::Echo;
use crate::talk::{Talk, both};

/// The rounds with broadcasts of the engine.
const SPOKEN: [u8; 2] = [2, 3];

/// What is refreshed: points of the key's polynomial, and which generation comes next.
pub(crate) struct Basis {
    pub(crate) party: Arc<Party>,
    pub(crate) package: PublicKeyPackage,
    /// A hash over how the basis came about, equal at all parties.
    pub(crate) origin: [u8; 32],
    /// The epoch of the generation to come.
    pub(crate) epoch: u64,
}

/// One party's rounds. It takes frames from the beginning, and sends its own from [`Self::start`] on.
pub(crate) struct Renewal {
    pub(super) talk: Talk,
    pub(super) fragments: Mailbox<Zeroizing<Scalar>>,
    pub(super) zero_commits: Mailbox<ZeroCommit>,
    pub(super) commitments: Mailbox<Commitment>,
    pub(super) setups: Mailbox<Setup>,
    pub(super) reveals: Mailbox<DLogProof>,
    pub(super) echoes: Mailbox<Echo>,
    pub(super) state: State,
}

/// What we keep between two rounds. Each step consumes it.
pub(super) enum State {
    /// There is no basis yet.
    Waiting,
    Fragments {
        basis: Basis,
        ours: Zeroizing<Scalar>,
    },
    Commitments {
        basis: Basis,
        correction: Zeroizing<Scalar>,
        proof: ProofCommitment,
        kept: KeptCommitments,
    },
    Proofs {
        basis: Basis,
        correction: Zeroizing<Scalar>,
        proof: ProofCommitment,
        kept: KeptProofs,
    },
    Echo {
        share: KeyShare,
        outcome: [u8; 32],
    },
    Done(KeyShare),
    Over,
}

impl Renewal {
    pub(crate) fn new(talk: Talk) -> Self {
        debug_assert_eq!(talk.protocol, Protocol::Refresh);
        Self {
            talk,
            fragments: Mailbox::new(),
            zero_commits: Mailbox::new(),
            commitments: Mailbox::new(),
            setups: Mailbox::new(),
            reveals: Mailbox::new(),
            echoes: Mailbox::new(),
            state: State::Waiting,
        }
    }

    pub(crate) fn receive(
        &mut self,
        from: PartyId,
        frame: &[u8],
    ) -> Result<Vec<Outgoing>, RefreshError> {
        if matches!(self.state, State::Over) {
            return Err(RefreshError::Over);
        }
        if !self.talk.knows(from) {
            return Err(RefreshError::Stranger(from));
        }
        self.accept(from, frame).map_err(|cause| RefreshError::Frame { from, cause })?;
        self.advance()
    }

    /// Takes every step that all is there for.
    pub(super) fn advance(&mut self) -> Result<Vec<Outgoing>, RefreshError> {
        let mut outgoing = self.commit()?;
        outgoing.extend(self.reveal()?);
        outgoing.extend(self.assemble()?);
        self.compare()?;
        Ok(outgoing)
    }

    pub(crate) fn round(&self) -> RefreshRound {
        match self.state {
            State::Waiting | State::Fragments { .. } => RefreshRound::Fragments,
            State::Commitments { .. } => RefreshRound::Commitments,
            State::Proofs { .. } => RefreshRound::Proofs,
            State::Echo { .. } => RefreshRound::Echo,
            State::Done(_) => RefreshRound::Done,
            State::Over => RefreshRound::Failed,
        }
    }

    pub(crate) fn waiting_for(&self) -> Vec<PartyId> {
        let arrived: Vec<PartyId> = match self.state {
            State::Waiting | State::Fragments { .. } => self.fragments.senders().collect(),
            State::Commitments { .. } => {
                both(self.zero_commits.senders(), self.commitments.senders())
            }
            State::Proofs { .. } => both(self.setups.senders(), self.reveals.senders()),
            State::Echo { .. } => self.echoes.senders().collect(),
            State::Done(_) | State::Over => return Vec::new(),
        };
        self.talk.missing(&arrived)
    }

    /// Ends it without a generation.
    pub(crate) fn give_up(&mut self) {
        self.state = State::Over;
    }

    pub(crate) fn finish(mut self) -> Result<KeyShare, RefreshError> {
        match mem::replace(&mut self.state, State::Over) {
            State::Done(share) => Ok(share),
            _ => Err(RefreshError::NotDone),
        }
    }

    /// Whatever is wrong with a frame is found here, before the engine sees it.
    fn accept(&mut self, from: PartyId, frame: &[u8]) -> Result<(), FrameError> {
        let Self { talk, .. } = self;
        let opened = talk.open(from, frame)?;
        let fits = |_: &_| Ok(());
        match (opened.round, opened.broadcast) {
            (1, false) => talk.take(&mut self.fragments, from, &opened, Zeroizing::new),
            (2, false) => talk.take(&mut self.zero_commits, from, &opened, |message| message),
            (3, false) => talk.take(&mut self.setups, from, &opened, |message| message),
            (2, true) => talk.take_broadcast(&mut self.commitments, from, &opened, fits),
            (3, true) => talk.take_broadcast(&mut self.reveals, from, &opened, |_| Ok(())),
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
