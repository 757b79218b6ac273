//! Refresh: new shares and new oblivious-transfer state for the same key, by all its parties.

use std::fmt;
use std::sync::Arc;

use crate::frame::Protocol;
use crate::gate::Gates;
use crate::generation::NextGeneration;
use crate::outgoing::{Guarded, Outgoing};
use crate::party::PartyId;
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::talk::Talk;
use crate::witness::Witness;

mod error;
mod kept;
mod renewal;
mod steps;

pub use error::RefreshError;
pub(crate) use renewal::{Basis, Renewal};

/// Where a refresh stands, for progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefreshRound {
    /// Waiting for points of the others' corrections.
    Fragments,
    /// Waiting for commitments.
    Commitments,
    /// Waiting for proofs and the set-up of the multiplications.
    Proofs,
    /// Waiting for what the others heard.
    Echo,
    /// All is well: [`Refresh::finish`] gives the next generation.
    Done,
    /// It failed. The old generation is untouched.
    Failed,
}

/// One refresh of one party.
///
/// All parties must be online; whoever is banned keeps the key from being refreshed until a reshare
/// replaces it. The old share stays as it is and may sign meanwhile. It costs about what a keygen costs,
/// most of it in two calls of [`Self::receive`]: run it where blocking is allowed.
pub struct Refresh {
    renewal: Renewal,
    session: SessionId,
    counterparties: Arc<[PartyId]>,
    gates: Arc<Gates>,
}

impl Refresh {
    /// Starts a refresh: the machine, and its first messages.
    ///
    /// `session` must be fresh and equal at all parties. `witness` signs and checks broadcasts with the
    /// parties' identities; `gates` are the key's own.
    ///
    /// # Errors
    /// If a party is banned or may be, or if `session` was used before.
    pub fn new(
        share: &KeyShare,
        session: SessionId,
        witness: Arc<dyn Witness>,
        gates: Arc<Gates>,
    ) -> Result<(Self, Vec<Guarded>), RefreshError> {
        let (committee, me) = (share.committee(), share.me());
        let counterparties: Arc<[PartyId]> = committee.others(me).collect();
        // Refresh 1.
        gates.must_pass(&counterparties)?;
        if !gates.take_session(session)? {
            return Err(RefreshError::SessionReused);
        }
        let bound = session.bound_to(share);
        let talk = Talk::new(Protocol::Refresh, committee, me, bound, witness);
        let mut renewal = Renewal::new(talk);
        let outgoing = renewal.start(share.basis().ok_or(RefreshError::LastEpoch)?)?;
        let machine = Self { renewal, session, counterparties, gates };
        let outgoing = machine.guard(outgoing);
        Ok((machine, outgoing))
    }

    /// Takes a frame that `from` delivered and gives the messages that follow from it.
    ///
    /// Frames may come in any order and more than once.
    ///
    /// # Errors
    /// [`RefreshError::Frame`] leaves the refresh as it was: the frame never reached the engine. Every
    /// other error ends it; the old generation goes on.
    pub fn receive(&mut self, from: PartyId, frame: &[u8]) -> Result<Vec<Guarded>, RefreshError> {
        // No step is worth running when its messages cannot leave.
        if let Err(shut) = self.gates.must_pass(&self.counterparties) {
            self.renewal.give_up();
            return Err(shut.into());
        }
        let outgoing = self.renewal.receive(from, frame)?;
        Ok(self.guard(outgoing))
    }

    /// Where it stands.
    pub fn round(&self) -> RefreshRound {
        self.renewal.round()
    }

    /// Who has not sent all of the current round yet.
    pub fn waiting_for(&self) -> Vec<PartyId> {
        self.renewal.waiting_for()
    }

    /// Whether all parties heard the same and made the same generation.
    pub fn is_done(&self) -> bool {
        self.round() == RefreshRound::Done
    }

    /// Refresh 7: our share of the next generation, which signs nothing before its certificate.
    ///
    /// # Errors
    /// If it is not done, or if a party was banned meanwhile.
    pub fn finish(self) -> Result<NextGeneration, RefreshError> {
        self.gates.must_pass(&self.counterparties)?;
        self.renewal.finish().map(NextGeneration::new)
    }

    fn guard(&self, outgoing: Vec<Outgoing>) -> Vec<Guarded> {
        let guarded = |outgoing| Guarded {
            outgoing,
            counterparties: Arc::clone(&self.counterparties),
            gates: Arc::clone(&self.gates),
        };
        outgoing.into_iter().map(guarded).collect()
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh")
            .field("session", &self.session)
            .field("round", &self.round())
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
