//! What can go wrong in a refresh and whose fault it is. Nothing here bans: a failed refresh throws its new
//! oblivious-transfer state away and never touches the old.

use crate::engine::{Abort, AbortReason};
use crate::error::ErrorClass;
use crate::frame::FrameError;
use crate::gate::GateError;
use crate::party::PartyId;
use crate::share::ShareError;
use crate::talk::WrongSize;
use crate::talk::echo::Lie;

/// Why a refresh failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Each refresh takes a fresh session id.
    #[error("the session id was used before")]
    SessionReused,
    /// The epochs are used up.
    #[error("no epoch comes after this one")]
    LastEpoch,
    /// A party is banned, or it is not known whether one is.
    #[error("the gate is shut")]
    Gate(#[from] GateError),
    /// Who delivered a frame is not in the committee. The refresh goes on.
    #[error("party {0} is not another member of the committee")]
    Stranger(PartyId),
    /// It failed before.
    #[error("the refresh is over")]
    Over,
    /// Not everything arrived yet.
    #[error("the refresh is not complete")]
    NotDone,
    /// A frame that is not what this step expects. The engine did not see it and the refresh goes on.
    #[error("party {from} delivered a bad frame")]
    Frame {
        /// Who delivered it.
        from: PartyId,
        /// What is wrong with it.
        #[source]
        cause: FrameError,
    },
    /// A party signed two different broadcasts of one round. Another party holds the other one.
    #[error("party {peer} told different parties different things in round {round}")]
    Equivocation {
        /// Who spoke twice.
        peer: PartyId,
        /// In which round.
        round: u8,
    },
    /// A party claims to have heard or made something that cannot be.
    #[error("party {peer} lies about what it heard or made")]
    FalseEcho {
        /// Who lies.
        peer: PartyId,
    },
    /// A peer's proof or commitment does not hold.
    #[error("party {peer} broke the protocol: {reason}")]
    Broken {
        /// Who did.
        peer: PartyId,
        /// The check that failed.
        reason: String,
    },
    /// The corrections do not fit, and nobody can tell whose is wrong.
    #[error("the refresh failed: {0}")]
    Unattributed(String),
    /// The engine made a share whose parts do not fit.
    #[error("the engine made a bad share")]
    Share(#[from] ShareError),
    /// The engine failed on our own state.
    #[error("the engine failed: {0}")]
    Engine(&'static str),
}

impl RefreshError {
    /// Whose fault this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::SessionReused
            | Self::LastEpoch
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone => ErrorClass::Caller,
            Self::Gate(gate) => gate.class(),
            Self::Frame { .. }
            | Self::Equivocation { .. }
            | Self::FalseEcho { .. }
            | Self::Broken { .. }
            | Self::Unattributed(_) => ErrorClass::Peer,
            Self::Share(_) | Self::Engine(_) => ErrorClass::Bug,
        }
    }

    /// The peers whose fault this certainly is.
    pub fn culprits(&self) -> Vec<PartyId> {
        match self {
            Self::Frame { from: peer, .. }
            | Self::Equivocation { peer, .. }
            | Self::FalseEcho { peer }
            | Self::Broken { peer, .. } => vec![*peer],
            Self::Gate(gate) => gate.culprits(),
            Self::SessionReused
            | Self::LastEpoch
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone
            | Self::Unattributed(_)
            | Self::Share(_)
            | Self::Engine(_) => Vec::new(),
        }
    }

    /// Whether the same refresh can still come to an end after this.
    pub fn session_goes_on(&self) -> bool {
        matches!(self, Self::Frame { .. } | Self::Stranger(_))
    }

    pub(super) fn from_abort(abort: &Abort, me: PartyId) -> Self {
        let reason = abort.description();
        let blamed = match &abort.reason {
            AbortReason::ProofVerificationFailed { counterparty }
            | AbortReason::ZeroShareDecommitFailed { counterparty }
            | AbortReason::MultiplicationVerificationFailed { counterparty, .. } => *counterparty,
            AbortReason::MissingCommittedPoint { party } => *party,
            AbortReason::PolynomialInconsistency => return Self::Unattributed(reason),
            _ => return Self::Engine("it refused what was checked before"),
        };
        match PartyId::from_engine(blamed) {
            // Our proof is of the sum of what the others sent us.
            peer if peer == me => Self::Unattributed(reason),
            peer => Self::Broken { peer, reason },
        }
    }
}

impl From<Lie> for RefreshError {
    fn from(lie: Lie) -> Self {
        match lie {
            Lie::Equivocation { peer, round } => Self::Equivocation { peer, round },
            Lie::FalseEcho { peer } => Self::FalseEcho { peer },
        }
    }
}

impl From<WrongSize> for RefreshError {
    fn from(WrongSize: WrongSize) -> Self {
        Self::Engine("a message of another size")
    }
}
