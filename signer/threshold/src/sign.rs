//! Signing: three rounds among exactly `t` parties.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::address;
use crate::child::ChildIndex;
use crate::digest::Digest;
use crate::engine::{
    Kept1, Kept2, KeptUnique1, KeptUnique2, Party, PartyIndex, Phase1, Phase2, Phase3, SignData,
};
use crate::frame::{self, FrameError, Header, Protocol, body};
use crate::gate::Gates;
use crate::mailbox::Mailbox;
use crate::outgoing::Gated;
use crate::party::PartyId;
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::signature::Signature;

mod error;
mod steps;

pub use error::SignError;

/// The rounds of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignRound {
    /// Commitments and the first half of the multiplications.
    First,
    /// The second half of the multiplications.
    Second,
    /// The shares of the signature.
    Last,
}

/// One attempt to sign one digest with one quorum.
///
/// It is used once: it cannot be cloned, stored or resumed, and after any failure of the engine it
/// is over. After a crash, start again with a fresh session id.
///
/// ```compile_fail,E0308
/// fn twice(attempt: &countersign_threshold::Signing) -> countersign_threshold::Signing {
///     attempt.clone()
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn store<T: serde::Serialize>() {}
/// store::<countersign_threshold::Signing>();
/// ```
pub struct Signing {
    party: Arc<Party>,
    data: SignData,
    me: PartyId,
    counterparties: Arc<[PartyId]>,
    owner: [u8; 20],
    digest: Digest,
    session: SessionId,
    gates: Arc<Gates>,
    first: Mailbox<Phase1>,
    second: Mailbox<Phase2>,
    last: Mailbox<Phase3>,
    state: State,
}

/// What we keep between two rounds. Each step consumes it.
enum State {
    AwaitFirst { unique: KeptUnique1, kept: BTreeMap<PartyIndex, Kept1> },
    AwaitSecond { unique: KeptUnique2, kept: BTreeMap<PartyIndex, Kept2> },
    AwaitLast { r: String, ours: Phase3 },
    Over,
}

impl Signing {
    /// Starts an attempt: the machine, and the first message to each other member of `quorum`.
    ///
    /// `digest` must come from a request that this party has read and approved, and that is journaled:
    /// this crate cannot tell what it means. All members must have compared engine version, committee,
    /// epoch, request and quorum before; `session` covers all of it and is fresh.
    ///
    /// # Errors
    /// If `quorum` is not exactly `t` members with us, if one of them is banned or may be, or if
    /// `session` was used before.
    pub fn new(
        share: &KeyShare,
        quorum: &[PartyId],
        child: Option<ChildIndex>,
        digest: Digest,
        session: SessionId,
        gates: Arc<Gates>,
    ) -> Result<(Self, Vec<Gated>), SignError> {
        let me = share.me();
        let counterparties: Arc<[PartyId]> = share.committee().counterparties(me, quorum)?.into();
        gates.must_pass(&counterparties)?;
        if !gates.take_session(session)? {
            return Err(SignError::SessionReused);
        }
        let party = share.party(child)?;
        let owner =
            address::of_point(&party.pk).ok_or(SignError::Engine("a key without address"))?;
        let data = SignData {
            sign_id: session.as_bytes().to_vec(),
            counterparties: counterparties.iter().map(|peer| peer.to_engine()).collect(),
            message_hash: *digest.as_bytes(),
        };
        // Sign 1.
        let (unique, kept, messages) = party
            .sign_phase1(&data)
            .map_err(|abort| error::from_abort(&abort, &gates, &counterparties))?;
        let machine = Self {
            owner,
            party,
            data,
            me,
            counterparties,
            digest,
            session,
            gates,
            first: Mailbox::new(),
            second: Mailbox::new(),
            last: Mailbox::new(),
            state: State::AwaitFirst { unique, kept },
        };
        let outgoing = messages
            .iter()
            .map(|message| machine.gated(SignRound::First, message.parties.receiver, message))
            .collect::<Result<_, _>>()?;
        Ok((machine, outgoing))
    }

    /// Takes a frame that `from` delivered and gives the messages that follow from it.
    ///
    /// Frames may come in any order and more than once. This is where the processor time goes
    /// (milliseconds at the last frame of a round).
    ///
    /// # Errors
    /// [`SignError::Frame`] leaves the session as it was: the frame never reached the engine. Every
    /// other error ends the session. If the engine caught a peer cheating, the ban is durable before
    /// this returns.
    pub fn receive(&mut self, from: PartyId, frame: &[u8]) -> Result<Vec<Gated>, SignError> {
        if matches!(self.state, State::Over) {
            return Err(SignError::Over);
        }
        if !self.counterparties.contains(&from) {
            return Err(SignError::Stranger(from));
        }
        // No check is worth running for a session that can no longer send: its outcome must not show.
        if let Err(shut) = self.gates.must_pass(&self.counterparties) {
            self.state = State::Over;
            return Err(shut.into());
        }
        self.accept(from, frame).map_err(|cause| SignError::Frame { from, cause })?;
        let mut outgoing = self.answer_first()?;
        outgoing.extend(self.answer_second()?);
        Ok(outgoing)
    }

    /// Whether every message of the last round is in, so that [`Self::finish`] will not wait.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::AwaitLast { .. }) && self.last.holds(self.counterparties.len())
    }

    /// Who has not sent the current round's message yet.
    pub fn waiting_for(&self) -> Vec<PartyId> {
        let arrived: Vec<PartyId> = match self.state {
            State::AwaitFirst { .. } => self.first.senders().collect(),
            State::AwaitSecond { .. } => self.second.senders().collect(),
            State::AwaitLast { .. } => self.last.senders().collect(),
            State::Over => return Vec::new(),
        };
        self.counterparties.iter().copied().filter(|peer| !arrived.contains(peer)).collect()
    }

    /// The session this attempt runs under.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Assembles the signature and has libsecp256k1 verify it against the owner's address.
    ///
    /// # Errors
    /// [`SignError::Unattributed`] if somebody's last message was garbage: nobody can tell whose, so
    /// count it against each of [`SignError::suspects`] and prefer other quorums. An unverified
    /// signature is never returned.
    pub fn finish(mut self) -> Result<Signature, SignError> {
        let done = self.is_done();
        let State::AwaitLast { r, ours } = mem::replace(&mut self.state, State::Over) else {
            return Err(SignError::NotDone);
        };
        if !done {
            return Err(SignError::NotDone);
        }
        let mut shares: Vec<Phase3> = self.last.take().into_values().collect();
        shares.push(ours);
        // Sign 7. We bring s to its low form ourselves, below.
        let (s, recovery_id) = self
            .party
            .sign_phase4(&self.data, &r, &shares, false)
            .map_err(|abort| error::from_abort(&abort, &self.gates, &self.counterparties))?;
        // Sign 8.
        let (r, s) = (scalar(&r)?, scalar(&s)?);
        Signature::verified(self.digest, &self.owner, r, s, recovery_id)
            .map_err(SignError::Unverified)
    }

    /// Sign 2 to 4: whatever is wrong with a frame is found before the engine sees it.
    fn accept(&mut self, from: PartyId, frame: &[u8]) -> Result<(), FrameError> {
        let opened = frame::open(frame, Protocol::Sign, &self.session, from, self.me)?;
        if opened.broadcast {
            return Err(FrameError::Receiver(0));
        }
        let (bytes, checksum) = (opened.body, opened.checksum);
        match SignRound::from_number(opened.round).ok_or(FrameError::Round(opened.round))? {
            SignRound::First => take(&mut self.first, from, self.me, checksum, bytes),
            SignRound::Second => take(&mut self.second, from, self.me, checksum, bytes),
            SignRound::Last => take(&mut self.last, from, self.me, checksum, bytes),
        }
    }

    fn gated<T: body::Body>(
        &self,
        round: SignRound,
        to: PartyIndex,
        message: &T,
    ) -> Result<Gated, SignError> {
        let to = PartyId::from_engine(to);
        let header = Header {
            protocol: Protocol::Sign,
            round: round.number(),
            sender: self.me,
            receiver: Some(to),
            session: self.session,
        };
        let body = body::encode(message).ok_or(SignError::Engine("a message of another size"))?;
        Ok(Gated {
            to,
            round,
            bytes: header.seal(&body),
            counterparties: Arc::clone(&self.counterparties),
            gates: Arc::clone(&self.gates),
        })
    }
}

fn take<T: body::Body>(
    mailbox: &mut Mailbox<T>,
    from: PartyId,
    me: PartyId,
    checksum: [u8; 32],
    bytes: &[u8],
) -> Result<(), FrameError> {
    if !mailbox.knows(from, &checksum)? {
        mailbox.put(from, checksum, body::decode(bytes, from, me)?);
    }
    Ok(())
}

/// A scalar as the engine writes it.
fn scalar(hex: &str) -> Result<[u8; 32], SignError> {
    let broken = || SignError::Engine("a scalar that is not 32 bytes of hex");
    if hex.len() != 64 {
        return Err(broken());
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| broken())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| broken())?;
    }
    Ok(bytes)
}

impl SignRound {
    fn number(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Last => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::First, Self::Second, Self::Last].into_iter().find(|round| round.number() == number)
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing")
            .field("session", &self.session)
            .field("me", &self.me)
            .field("counterparties", &self.counterparties)
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}
