//! What can go wrong in signing, whose fault it is, and the one abort that leads to a ban.

use crate::child::ChildError;
use crate::committee::QuorumError;
use crate::engine::{Abort, AbortKind, AbortReason};
use crate::error::ErrorClass;
use crate::frame::FrameError;
use crate::gate::{GateError, Gates};
use crate::party::PartyId;
use crate::signature::SignatureError;

/// Why an attempt to sign failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The parties named are not a quorum.
    #[error("not a quorum")]
    Quorum(#[from] QuorumError),
    /// The child does not exist.
    #[error("no such child")]
    Child(#[from] ChildError),
    /// Each attempt takes a fresh session id.
    #[error("the session id was used before")]
    SessionReused,
    /// A frame of somebody outside the quorum. The session goes on.
    #[error("party {0} is not in this session")]
    Stranger(PartyId),
    /// The session failed before, or is finished.
    #[error("the session is over")]
    Over,
    /// The last round is not complete.
    #[error("the last round is not complete")]
    NotDone,
    /// A frame that is not what this step expects. The engine did not see it and the session goes on.
    #[error("party {from} delivered a bad frame")]
    Frame {
        /// Who delivered it.
        from: PartyId,
        /// What is wrong with it.
        #[source]
        cause: FrameError,
    },
    /// A member of the quorum is banned, or it is not known whether one is.
    #[error("the gate is shut")]
    Gate(#[from] GateError),
    /// The engine caught a peer tampering with the multiplication. The ban is durable.
    #[error("party {peer} cheated and is banned: {reason}")]
    Cheated {
        /// Who cheated.
        peer: PartyId,
        /// The check that failed.
        reason: String,
    },
    /// A peer's message contradicts its earlier ones or belongs to other parameters. No ban follows.
    #[error("party {peer} broke the protocol: {reason}")]
    Broken {
        /// Who did.
        peer: PartyId,
        /// The check that failed.
        reason: String,
    },
    /// The shares make no signature, and nobody can tell whose is wrong.
    #[error("the signature failed: {reason}")]
    Unattributed {
        /// All others of the quorum.
        suspects: Vec<PartyId>,
        /// The check that failed.
        reason: String,
    },
    /// The engine called a signature good that libsecp256k1 does not. It was not released.
    #[error("another library refuses the signature")]
    Unverified(#[source] SignatureError),
    /// The engine failed on our own state.
    #[error("the engine failed: {0}")]
    Engine(&'static str),
}

impl SignError {
    /// Whose fault this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Quorum(_)
            | Self::Child(_)
            | Self::SessionReused
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone => ErrorClass::Caller,
            Self::Frame { .. }
            | Self::Cheated { .. }
            | Self::Broken { .. }
            | Self::Unattributed { .. } => ErrorClass::Peer,
            Self::Gate(gate) => gate.class(),
            Self::Unverified(_) | Self::Engine(_) => ErrorClass::Bug,
        }
    }

    /// The peers whose fault this certainly is.
    pub fn culprits(&self) -> Vec<PartyId> {
        match self {
            Self::Frame { from, .. } => vec![*from],
            Self::Cheated { peer, .. } | Self::Broken { peer, .. } => vec![*peer],
            Self::Gate(gate) => gate.culprits(),
            Self::Unattributed { .. }
            | Self::Quorum(_)
            | Self::Child(_)
            | Self::SessionReused
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone
            | Self::Unverified(_)
            | Self::Engine(_) => Vec::new(),
        }
    }

    /// The peers one of whom may be at fault: count these failures for each, and prefer quorums
    /// without those that collect them.
    pub fn suspects(&self) -> Vec<PartyId> {
        match self {
            Self::Unattributed { suspects, .. } => suspects.clone(),
            _ => self.culprits(),
        }
    }

    /// Whether the same session can still come to an end after this.
    pub fn session_goes_on(&self) -> bool {
        matches!(self, Self::Frame { .. } | Self::Stranger(_))
    }

    /// Whether a fresh attempt, best with another quorum, may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Frame { .. }
            | Self::Cheated { .. }
            | Self::Broken { .. }
            | Self::Unattributed { .. }
            | Self::Gate(GateError::Banned(_))
            | Self::SessionReused => true,
            Self::Gate(_)
            | Self::Quorum(_)
            | Self::Child(_)
            | Self::Stranger(_)
            | Self::Over
            | Self::NotDone
            | Self::Unverified(_)
            | Self::Engine(_) => false,
        }
    }
}

/// Turns the engine's abort into our error. Only its `BanCounterparty` leads to a ban, and the ban is
/// durable, under the peer's gate, when this returns.
pub(super) fn from_abort(abort: &Abort, gates: &Gates, counterparties: &[PartyId]) -> SignError {
    let reason = abort.description();
    if let AbortKind::BanCounterparty(peer) = abort.kind {
        let peer = PartyId::from_engine(peer);
        return match gates.ban(peer, &reason) {
            Ok(()) => SignError::Cheated { peer, reason },
            Err(gate) => SignError::Gate(gate),
        };
    }
    match &abort.reason {
        AbortReason::SessionBindingMismatch { counterparty }
        | AbortReason::CommitmentMismatch { counterparty }
        | AbortReason::TrivialInstancePoint { counterparty } => {
            SignError::Broken { peer: PartyId::from_engine(*counterparty), reason }
        }
        AbortReason::SignatureVerificationFailed
        | AbortReason::ZeroDenominator
        | AbortReason::PolynomialInconsistency => {
            SignError::Unattributed { suspects: counterparties.to_vec(), reason }
        }
        AbortReason::MissingMulState { .. } | AbortReason::InvalidLocalState { .. } => {
            SignError::Engine("our state with a peer is missing or malformed")
        }
        _ => SignError::Engine("it refused what was checked before"),
    }
}
