//! Reshare: another committee takes over a key, by verifiable redistribution and a complete refresh.
//!
//! `t` old parties each share their part of the secret among the new committee. Its members check what
//! they got, compare it, and build oblivious-transfer state by the rounds of a refresh.

use std::fmt;
use std::mem;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::engine::Scalar;
use crate::frame::{FrameError, Protocol};
use crate::gate::Gates;
use crate::generation::NextGeneration;
use crate::mailbox::Mailbox;
use crate::outgoing::{Guarded, Outgoing};
use crate::party::PartyId;
use crate::refresh::{RefreshRound, Renewal};
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::talk::echo::Echo;
use crate::talk::{Signed, Talk, both};
use crate::witness::Witness;

mod deal;
mod error;
mod handover;
mod judge;
mod polynomial;
mod steps;

pub use deal::deal;
use deal::{Deal, Facts};
pub use error::ReshareError;
pub use handover::{Handover, HandoverError, Seat};
use judge::{Judgement, Verdict};

/// A party of a reshare. Whoever is in both committees has two numbers, and speaks under the one that its
/// part has: dealers under the old one, receivers under the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speaker {
    /// By its number in the old committee.
    Old(PartyId),
    /// By its number in the new committee.
    New(PartyId),
}

/// Where a reshare stands, for progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReshareRound {
    /// Waiting for the dealers.
    Deals,
    /// Waiting for what the other members heard and found.
    Verdicts,
    /// The refresh that follows.
    Refresh(RefreshRound),
    /// It failed. The old generation is untouched.
    Failed,
}

/// The identities of both committees. Old and new numbers are two things.
#[derive(Clone)]
pub struct Witnesses {
    /// Checks what dealers signed, by their old numbers.
    pub old: Arc<dyn Witness>,
    /// Signs and checks what members say, by their new numbers.
    pub new: Arc<dyn Witness>,
}

/// One reshare of one member of the new committee.
///
/// All members of the new committee and the dealers must be online. The old generation stays as it is.
pub struct Reshare {
    handover: Handover,
    /// What we know of the key ourselves, if we stay.
    known: Option<Facts>,
    old: Talk,
    new: Talk,
    deals: Mailbox<Deal>,
    points: Mailbox<Signed<Zeroizing<Scalar>>>,
    verdicts: Mailbox<Echo<Verdict>>,
    renewal: Renewal,
    state: State,
    counterparties: Arc<[PartyId]>,
    gates: Arc<Gates>,
}

/// What we keep between two steps.
enum State {
    Deals,
    Verdicts(Box<Judgement>),
    Renewal,
    Over,
}

impl Reshare {
    /// Starts our part as `member` of the new committee.
    ///
    /// `share` is our share of the old generation if we stay; `gates` are the old generation's, or, for somebody
    /// new, over a ledger without bans. `session` and `handover` are equal at all parties.
    ///
    /// # Errors
    /// If the plan has us not, or otherwise; if a party that deals or stays is banned or may be; if
    /// `session` was used before.
    pub fn new(
        handover: Handover,
        member: PartyId,
        share: Option<&KeyShare>,
        session: SessionId,
        witnesses: Witnesses,
        gates: Arc<Gates>,
    ) -> Result<Self, ReshareError> {
        let seat = handover.seat(member).ok_or(ReshareError::NoPart)?;
        let fits = match (seat, share) {
            (Seat::Joins, None) => true,
            (Seat::Stays(old), Some(share)) => {
                share.me() == old && share.committee() == handover.from()
            }
            _ => false,
        };
        if !fits {
            return Err(ReshareError::NoPart);
        }
        // Reshare 1.
        let counterparties: Arc<[PartyId]> =
            handover.counterparties(share.map(KeyShare::me)).into();
        gates.must_pass(&counterparties)?;
        if !gates.take_session(derived(b"countersign/reshare receive/1", session, &handover))? {
            return Err(ReshareError::SessionReused);
        }
        let known =
            share.map(|share| Facts::of(share).ok_or(ReshareError::LastEpoch)).transpose()?;
        let wire = wire_session(session, &handover);
        let talk = |protocol, committee, session, witness| {
            Talk::new(protocol, committee, member, session, witness)
        };
        let renewal = derived(b"countersign/reshare renewal/1", session, &handover);
        Ok(Self {
            known,
            old: talk(Protocol::Reshare, handover.from(), wire, witnesses.old),
            new: talk(Protocol::Reshare, handover.to(), wire, Arc::clone(&witnesses.new)),
            deals: Mailbox::new(),
            points: Mailbox::new(),
            verdicts: Mailbox::new(),
            renewal: Renewal::new(talk(Protocol::Refresh, handover.to(), renewal, witnesses.new)),
            state: State::Deals,
            handover,
            counterparties,
            gates,
        })
    }

    /// Takes a frame that `from` delivered and gives the messages that follow from it, to members of the new
    /// committee by their new numbers.
    ///
    /// Frames may come in any order and more than once.
    ///
    /// # Errors
    /// [`ReshareError::Frame`] leaves the reshare as it was. Every other error ends it; the old
    /// generation goes on.
    pub fn receive(&mut self, from: Speaker, frame: &[u8]) -> Result<Vec<Guarded>, ReshareError> {
        if matches!(self.state, State::Over) {
            return Err(ReshareError::Over);
        }
        let result = self.gates.must_pass(&self.counterparties).map_err(ReshareError::from);
        let result = result.and_then(|()| self.take(from, frame));
        if matches!(&result, Err(error) if !error.session_goes_on()) {
            self.state = State::Over;
        }
        Ok(self.guard(result?))
    }

    /// Where it stands.
    pub fn round(&self) -> ReshareRound {
        match self.state {
            State::Deals => ReshareRound::Deals,
            State::Verdicts(_) => ReshareRound::Verdicts,
            State::Renewal => ReshareRound::Refresh(self.renewal.round()),
            State::Over => ReshareRound::Failed,
        }
    }

    /// Who has not sent all of the current round yet.
    pub fn waiting_for(&self) -> Vec<Speaker> {
        match self.state {
            State::Deals => {
                let arrived = both(self.points.senders(), self.deals.senders());
                let missing = self.handover.dealers().iter();
                let missing = missing.copied().filter(|dealer| !arrived.contains(dealer));
                missing.map(Speaker::Old).collect()
            }
            State::Verdicts(_) => {
                let arrived: Vec<PartyId> = self.verdicts.senders().collect();
                self.new.missing(&arrived).into_iter().map(Speaker::New).collect()
            }
            State::Renewal => self.renewal.waiting_for().into_iter().map(Speaker::New).collect(),
            State::Over => Vec::new(),
        }
    }

    /// Whether all members hold the same new generation.
    pub fn is_done(&self) -> bool {
        self.round() == ReshareRound::Refresh(RefreshRound::Done)
    }

    /// Reshare 7: our share of the new committee's generation, which signs nothing before its certificate.
    ///
    /// # Errors
    /// If it is not done, or if a party was banned meanwhile.
    pub fn finish(self) -> Result<NextGeneration, ReshareError> {
        self.gates.must_pass(&self.counterparties)?;
        if !matches!(self.state, State::Renewal) {
            return Err(ReshareError::NotDone);
        }
        Ok(NextGeneration::new(self.renewal.finish()?))
    }

    fn take(&mut self, from: Speaker, frame: &[u8]) -> Result<Vec<Outgoing>, ReshareError> {
        let mut outgoing = match from {
            Speaker::Old(dealer) => {
                if !self.handover.dealers().contains(&dealer) {
                    return Err(ReshareError::Stranger(from));
                }
                self.accept_deal(dealer, frame)
                    .map_err(|cause| ReshareError::Frame { from, cause })?;
                Vec::new()
            }
            Speaker::New(member) => {
                if !self.new.knows(member) {
                    return Err(ReshareError::Stranger(from));
                }
                match self.accept_verdict(member, frame) {
                    Ok(()) => Vec::new(),
                    // A member that is further than we are.
                    Err(FrameError::Protocol(kind)) if kind == Protocol::Refresh as u8 => {
                        self.renewal.receive(member, frame)?
                    }
                    Err(cause) => return Err(ReshareError::Frame { from, cause }),
                }
            }
        };
        outgoing.extend(self.judge()?);
        outgoing.extend(self.compare()?);
        Ok(outgoing)
    }

    fn accept_deal(&mut self, dealer: PartyId, frame: &[u8]) -> Result<(), FrameError> {
        let opened = self.old.open(dealer, frame)?;
        match (opened.round, opened.broadcast) {
            (1, true) => self.old.take_spoken(&mut self.deals, dealer, &opened),
            (1, false) => self.old.take_signed(&mut self.points, dealer, &opened, Zeroizing::new),
            (round, _) => Err(FrameError::Round(round)),
        }
    }

    fn accept_verdict(&mut self, member: PartyId, frame: &[u8]) -> Result<(), FrameError> {
        let opened = self.new.open(member, frame)?;
        match (opened.round, opened.broadcast) {
            (2, true) => {
                let dealers = self.handover.dealers().iter();
                let expected: Vec<(u8, PartyId)> = dealers.map(|dealer| (1, *dealer)).collect();
                self.new.take_echo(&mut self.verdicts, member, &opened, &expected)
            }
            (2, false) => Err(FrameError::Receiver(member.index())),
            (round, _) => Err(FrameError::Round(round)),
        }
    }

    fn guard(&self, outgoing: Vec<Outgoing>) -> Vec<Guarded> {
        let guarded = |outgoing| Guarded {
            outgoing,
            counterparties: Arc::clone(&self.counterparties),
            gates: Arc::clone(&self.gates),
        };
        outgoing.into_iter().map(guarded).collect()
    }

    fn take_state(&mut self) -> State {
        mem::replace(&mut self.state, State::Over)
    }
}

/// The session as the frames of dealers and verdicts name it.
fn wire_session(session: SessionId, handover: &Handover) -> SessionId {
    derived(b"countersign/reshare session/1", session, handover)
}

fn derived(domain: &[u8], session: SessionId, handover: &Handover) -> SessionId {
    let mut hasher = Sha256::new();
    hasher.update(domain);
    hasher.update(session.as_bytes());
    hasher.update(handover.digest());
    SessionId::new(hasher.finalize().into())
}

impl fmt::Debug for Reshare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reshare")
            .field("handover", &self.handover)
            .field("me", &self.new.me)
            .field("round", &self.round())
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witnesses").finish_non_exhaustive()
    }
}
