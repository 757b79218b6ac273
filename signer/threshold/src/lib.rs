//! The threshold ECDSA engine. Pure: bytes in, bytes out.
#![deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)]

mod address;
mod child;
mod committee;
mod digest;
mod engine;
mod error;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod frame;
mod gate;
mod keygen;
mod ledger;
mod mailbox;
mod outgoing;
mod party;
mod session;
mod share;
mod sign;
mod signature;
mod witness;

pub use child::{ChildError, ChildIndex};
pub use committee::{Committee, CommitteeError, MAX_PARTIES, QuorumError};
pub use digest::Digest;
pub use error::ErrorClass;
pub use frame::FrameError;
pub use gate::{GateError, Gates};
pub use keygen::{Keygen, KeygenError, KeygenRound};
pub use ledger::{BanLedger, LedgerError};
pub use outgoing::{Gated, Outgoing};
pub use party::{PartyId, PartyIdError};
pub use session::SessionId;
pub use share::{KeyShare, ShareError};
pub use sign::{SignError, SignRound, Signing};
pub use signature::{Signature, SignatureError};
pub use witness::Witness;

/// The scheme and version of the engine, for peers to compare before they meet in a session.
pub const ENGINE: &str = "dkls23-secp256k1/0.6.2 frames/1";
