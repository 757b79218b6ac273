//! What can go wrong in a reshare and whose fault it is. Nothing here bans, and the old generation stays.

use super::Speaker;
use crate::error::ErrorClass;
use crate::frame::FrameError;
use crate::gate::GateError;
use crate::party::PartyId;
use crate::refresh::RefreshError;
use crate::talk::WrongSize;

/// Why a reshare failed.
///
/// A `dealer` is named by its number in the old committee, a `member` and a `receiver` by the number in the new.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReshareError {
    /// The plan does not give us this part.
    #[error("the plan gives us no such part")]
    NoPart,
    /// Each reshare takes a fresh session id.
    #[error("the session id was used before")]
    SessionReused,
    /// The epochs are used up.
    #[error("no epoch comes after this one")]
    LastEpoch,
    /// A party that deals or stays is banned, or it is not known whether one is.
    #[error("the gate is shut")]
    Gate(#[from] GateError),
    /// Who delivered a frame has no part in this. The reshare goes on.
    #[error("{0:?} has no such part in this reshare")]
    Stranger(Speaker),
    /// It failed before.
    #[error("the reshare is over")]
    Over,
    /// Not everything arrived yet.
    #[error("the reshare is not complete")]
    NotDone,
    /// A frame that is not what this step expects. The reshare goes on.
    #[error("{from:?} delivered a bad frame")]
    Frame {
        /// Who delivered it.
        from: Speaker,
        /// What is wrong with it.
        #[source]
        cause: FrameError,
    },
    /// A dealer tells of another key, chain code, epoch or of other public shares than we know ourselves.
    #[error("old party {dealer} lies about the key")]
    FalseFacts {
        /// Who lies.
        dealer: PartyId,
    },
    /// The dealers do not tell the same of the key, and we, who are new, cannot tell who lies.
    #[error("old parties {differ:?} say other things of the key than old party {first}")]
    FactsDiffer {
        /// The first dealer.
        first: PartyId,
        /// Those that say otherwise.
        differ: Vec<PartyId>,
    },
    /// A dealer's polynomial is too long or too short: the threshold would be another.
    #[error("old party {dealer} shares by {got} coefficients instead of {expected}")]
    WrongDegree {
        /// Who deals so.
        dealer: PartyId,
        /// The new threshold.
        expected: usize,
        /// Coefficients it committed to. If they are as many, one of them is zero.
        got: usize,
    },
    /// A dealer shares something else than its part of the key.
    #[error("old party {dealer} does not share its part of the key")]
    WrongConstant {
        /// Who does not.
        dealer: PartyId,
    },
    /// A dealer signed for one receiver what is no point of its polynomial.
    #[error("old party {dealer} gave party {receiver} a wrong point")]
    WrongPoint {
        /// Who did.
        dealer: PartyId,
        /// Who got it.
        receiver: PartyId,
    },
    /// The parts do not add up to the public key, though each is what it should be.
    #[error("the parts add up to another key")]
    AnotherKey,
    /// A dealer signed two different deals.
    #[error("old party {dealer} told different parties different things")]
    Equivocation {
        /// Who spoke twice.
        dealer: PartyId,
    },
    /// A member claims to have heard or found what was not.
    #[error("party {member} lies about what it heard or found")]
    FalseVerdict {
        /// Who lies.
        member: PartyId,
    },
    /// The refresh that follows failed.
    #[error("the refresh after the redistribution failed")]
    Refresh(#[from] RefreshError),
    /// Our own state does not fit.
    #[error("the reshare failed on our own state: {0}")]
    Engine(&'static str),
}

impl ReshareError {
    /// Whose fault this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoPart
            | Self::SessionReused
            | Self::LastEpoch
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone => ErrorClass::Caller,
            Self::Gate(gate) => gate.class(),
            Self::Refresh(refresh) => refresh.class(),
            Self::Frame { .. }
            | Self::FalseFacts { .. }
            | Self::FactsDiffer { .. }
            | Self::WrongDegree { .. }
            | Self::WrongConstant { .. }
            | Self::WrongPoint { .. }
            | Self::AnotherKey
            | Self::Equivocation { .. }
            | Self::FalseVerdict { .. } => ErrorClass::Peer,
            Self::Engine(_) => ErrorClass::Bug,
        }
    }

    /// The parties whose fault this certainly is.
    pub fn culprits(&self) -> Vec<Speaker> {
        match self {
            Self::Frame { from, .. } => vec![*from],
            Self::FalseFacts { dealer }
            | Self::WrongDegree { dealer, .. }
            | Self::WrongConstant { dealer }
            | Self::WrongPoint { dealer, .. }
            | Self::Equivocation { dealer } => vec![Speaker::Old(*dealer)],
            Self::FalseVerdict { member } => vec![Speaker::New(*member)],
            Self::Gate(gate) => gate.culprits().into_iter().map(Speaker::Old).collect(),
            Self::Refresh(refresh) => refresh.culprits().into_iter().map(Speaker::New).collect(),
            Self::NoPart
            | Self::SessionReused
            | Self::LastEpoch
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone
            | Self::FactsDiffer { .. }
            | Self::AnotherKey
            | Self::Engine(_) => Vec::new(),
        }
    }

    /// Whether the same reshare can still come to an end after this.
    pub fn session_goes_on(&self) -> bool {
        match self {
            Self::Frame { .. } | Self::Stranger(_) => true,
            Self::Refresh(refresh) => refresh.session_goes_on(),
            _ => false,
        }
    }
}

impl From<WrongSize> for ReshareError {
    fn from(WrongSize: WrongSize) -> Self {
        Self::Engine("a message of another size")
    }
}
