//! Key generation: three rounds of the engine and a round in which all compare what they heard.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::committee::Committee;
use crate::engine::{
    ChainCodeCommitment, ChainCodeReveal, DkgSession, ProofCommitment, Scalar, ZeroCommit,
};
use crate::frame::body::{self, Body, Commitments, Reveals, Setup};
use crate::frame::{self, FrameError, Header, Opened, Protocol};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::witness::Witness;

mod broadcast;
mod echo;
mod error;

use broadcast::Signed;
use echo::{Echo, Heard, Hearsay};
pub use error::KeygenError;

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
    committee: Committee,
    me: PartyId,
    session: SessionId,
    witness: Arc<dyn Witness>,
    fragments: Mailbox<Zeroizing<Scalar>>,
    zero_commits: Mailbox<ZeroCommit>,
    commitments: Mailbox<Signed<Commitments>>,
    setups: Mailbox<Setup>,
    reveals: Mailbox<Signed<Reveals>>,
    echoes: Mailbox<Signed<Echo>>,
    heard: Hearsay,
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
            committee,
            me,
            session,
            witness,
            fragments: Mailbox::new(),
            zero_commits: Mailbox::new(),
            commitments: Mailbox::new(),
            setups: Mailbox::new(),
            reveals: Mailbox::new(),
            echoes: Mailbox::new(),
            heard: Hearsay::default(),
            state: State::Over,
        };
        for (member, point) in committee.members().zip(points.iter()) {
            if member == me {
                ours = Some(Zeroizing::new(*point));
            } else {
                outgoing.push(machine.direct(1, member, point)?);
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
        if from == self.me || !self.committee.contains(from) {
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
        self.committee.others(self.me).filter(|peer| !arrived.contains(peer)).collect()
    }

    /// Whether all parties heard the same and made the same key.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Our share of the new key.
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
        let me = self.me;
        let opened = frame::open(frame, Protocol::Keygen, &self.session, from, me)?;
        match (opened.round, opened.broadcast) {
            (1, false) => take(&mut self.fragments, from, me, &opened, Zeroizing::new),
            (2, false) => take(&mut self.zero_commits, from, me, &opened, |message| message),
            (3, false) => take(&mut self.setups, from, me, &opened, |message| message),
            (2, true) => self.take_commitments(from, &opened),
            (3, true) => self.take_reveals(from, &opened),
            (4, true) => self.take_echo(from, &opened),
            (1, true) => Err(FrameError::Receiver(0)),
            (4, false) => Err(FrameError::Receiver(me.index())),
            (round, _) => Err(FrameError::Round(round)),
        }
    }

    /// Keygen 2: all points of our share are in. Proves knowledge of it and commits to the proof.
    fn commit(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready =
            matches!(self.state, State::Fragments { .. }) && self.fragments.holds(self.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Fragments { mut engine, ours } = mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let mut points = Zeroizing::new(vec![*ours]);
        points.extend(self.fragments.take().into_values().map(|point| *point));
        let (proof, zero_commits, chain_code) =
            engine.phase2(&points).map_err(|abort| KeygenError::from_abort(&abort, self.me))?;
        let mut outgoing = Vec::new();
        for message in &zero_commits {
            let to = PartyId::from_engine(message.parties.receiver);
            outgoing.push(self.direct(2, to, message)?);
        }
        let body: Commitments = (proof.commitment, chain_code.clone());
        outgoing.push(self.broadcast(2, &encode(&body)?));
        self.state = State::Commitments { engine, proof, chain_code };
        Ok(outgoing)
    }

    /// Keygen 3: all commitments are in. Opens ours and sets up the multiplications.
    fn reveal(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready = matches!(self.state, State::Commitments { .. })
            && self.zero_commits.holds(self.peers())
            && self.commitments.holds(self.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Commitments { mut engine, proof, chain_code } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let (zero_reveals, setups, opened) =
            engine.phase3().map_err(|abort| KeygenError::from_abort(&abort, self.me))?;
        let mut outgoing = Vec::new();
        for setup in zero_reveals.into_iter().zip(setups) {
            let to = PartyId::from_engine(setup.0.parties.receiver);
            outgoing.push(self.direct(3, to, &setup)?);
        }
        let body: Reveals = (proof.proof.clone(), opened.clone());
        outgoing.push(self.broadcast(3, &encode(&body)?));
        self.state = State::Proofs { engine, proof, chain_code: (chain_code, opened) };
        Ok(outgoing)
    }

    /// Keygen 4: everything is in. Makes the share and says what we heard.
    fn assemble(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready = matches!(self.state, State::Proofs { .. })
            && self.setups.holds(self.peers())
            && self.reveals.holds(self.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Proofs { engine, proof, chain_code } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let me = self.me.to_engine();
        let mut proofs = vec![proof];
        let mut chain_commits = BTreeMap::from([(me, chain_code.0)]);
        let mut chain_reveals = BTreeMap::from([(me, chain_code.1)]);
        let mut commitments = self.commitments.take();
        for (from, reveal) in self.reveals.take() {
            let committed =
                commitments.remove(&from).ok_or(KeygenError::Engine("a lost commitment"))?;
            let index = from.to_engine();
            let (commitment, chain_commit) = committed.message;
            let (proof, chain_reveal) = reveal.message;
            proofs.push(ProofCommitment { index, proof, commitment });
            chain_commits.insert(index, chain_commit);
            chain_reveals.insert(index, chain_reveal);
        }
        let zero_commits: Vec<_> = self.zero_commits.take().into_values().collect();
        let (zero_reveals, setups): (Vec<_>, Vec<_>) = self.setups.take().into_values().unzip();
        let (party, package) = engine
            .phase4(
                &proofs,
                &zero_commits,
                &zero_reveals,
                &setups,
                &chain_commits,
                &chain_reveals,
                |_| String::new(),
            )
            .map_err(|abort| KeygenError::from_abort(&abort, self.me))?;
        let outcome = echo::outcome(&party, &package);
        let transcript = self.heard.transcript(self.committee, &self.session, &outcome);
        let share = KeyShare::checked(party, package, 0, transcript)?;
        let body = Echo { outcome, heard: self.heard.clone() };
        let body = postcard::to_allocvec(&body).map_err(|_| KeygenError::Engine("our echo"))?;
        let outgoing = vec![self.broadcast(4, &body)];
        self.state = State::Echo { share, outcome };
        Ok(outgoing)
    }

    /// Keygen 5: all echoes are in. Everybody must have heard what we heard and made what we made.
    fn compare(&mut self) -> Result<(), KeygenError> {
        let ready = matches!(self.state, State::Echo { .. }) && self.echoes.holds(self.peers());
        if !ready {
            return Ok(());
        }
        let State::Echo { share, outcome } = mem::replace(&mut self.state, State::Over) else {
            return Err(KeygenError::Over);
        };
        for (from, echo) in self.echoes.take() {
            self.heard.compare(from, &echo.message.heard, |round, speaker, heard| {
                self.is_signed(round, speaker, &heard.digest, &heard.signature)
            })?;
            if echo.message.outcome != outcome {
                return Err(KeygenError::FalseEcho { peer: from });
            }
        }
        self.state = State::Done(share);
        Ok(())
    }

    fn peers(&self) -> usize {
        usize::from(self.committee.parties()).saturating_sub(1)
    }

    fn header(&self, round: u8, sender: PartyId, receiver: Option<PartyId>) -> Header {
        Header { protocol: Protocol::Keygen, round, sender, receiver, session: self.session }
    }

    fn direct<T: Body>(&self, round: u8, to: PartyId, body: &T) -> Result<Outgoing, KeygenError> {
        let bytes = self.header(round, self.me, Some(to)).seal(&encode(body)?);
        Ok(Outgoing::Send { to, bytes })
    }
}

fn encode<T: Body>(message: &T) -> Result<Vec<u8>, KeygenError> {
    body::encode(message).ok_or(KeygenError::Engine("a message of another size"))
}

fn both(
    direct: impl Iterator<Item = PartyId>,
    broadcast: impl Iterator<Item = PartyId>,
) -> Vec<PartyId> {
    let broadcast: Vec<PartyId> = broadcast.collect();
    direct.filter(|party| broadcast.contains(party)).collect()
}

fn take<T: Body, U>(
    mailbox: &mut Mailbox<U>,
    from: PartyId,
    me: PartyId,
    opened: &Opened<'_>,
    wrap: impl FnOnce(T) -> U,
) -> Result<(), FrameError> {
    if !mailbox.knows(from, &opened.checksum)? {
        let message = body::decode(opened.body, from, me)?;
        mailbox.put(from, opened.checksum, wrap(message));
    }
    Ok(())
}

impl fmt::Debug for Keygen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keygen")
            .field("session", &self.session)
            .field("me", &self.me)
            .field("round", &self.round())
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}
