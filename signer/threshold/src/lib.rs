//! The threshold ECDSA engine. Pure: bytes in, bytes out.
//!
//! A committee of `n` parties holds a secp256k1 key that never exists whole; any `t` of them sign with
//! it. This crate wraps the DKLs23 protocol of `dkls23-secp256k1` and adds what that library leaves to
//! its caller. It knows no clock, disk, socket or runtime: a protocol is a machine that takes frames and
//! gives frames, so that a whole run, with loss, disorder and lying parties, is a unit test.
//! `signer/PROTOCOL.md` numbers the steps that the code cites.
//!
//! The cryptography below has not been audited.
//!
//! # A tour
//!
//! - [`Committee`] and [`PartyId`]: who there is. [`KeyShare`]: what one of them holds.
//! - [`Keygen`]: makes a share. [`Witness`] lends it the identity that signs broadcasts.
//! - [`Refresh`]: makes the [`NextGeneration`] of the shares of a key, which signs with a [`Certificate`] only.
//! - [`deal`] and [`Reshare`]: hand the key to another committee, by a [`Handover`].
//! - [`Signing`]: makes a [`Signature`] with exactly `t` parties, for the root or a [`ChildIndex`].
//! - [`Gates`], [`BanLedger`], [`Gated`], [`Guarded`]: why no message leaves to a peer that ever cheated.
//! - [`KeygenError`], [`RefreshError`], [`ReshareError`], [`SignError`]: each has an [`ErrorClass`] and knows its `culprits()`.
//!
//! # One signature
//!
//! ```
//! # use std::sync::Arc;
//! # use countersign_threshold::*;
//! # struct NoBans;
//! # impl BanLedger for NoBans {
//! #     fn is_banned(&self, _: PartyId) -> Result<bool, LedgerError> { Ok(false) }
//! #     fn ban(&self, _: PartyId, _: &str) -> Result<(), LedgerError> { Ok(()) }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let committee = Committee::for_accounts(3, 2)?;
//! # let shares = fixtures::deal(committee, "guide")?;
//! let quorum = [PartyId::new(1)?, PartyId::new(3)?];
//! let (digest, session) = (Digest::new([1; 32]), SessionId::new([2; 32]));
//! let start = |share: &KeyShare| {
//!     let gates = Gates::new(Arc::new(NoBans)); // one for a key, kept as long as the process
//!     Signing::new(share, &quorum, None, digest, session, gates)
//! };
//! let (mut one, mut from_one) = start(&shares[0])?;
//! let (mut three, mut from_three) = start(&shares[2])?;
//! while let (Some(to_three), Some(to_one)) = (from_one.pop(), from_three.pop()) {
//!     let (to_three, to_one) = (to_three.release(|bytes| bytes)?, to_one.release(|bytes| bytes)?);
//!     from_three = three.receive(quorum[0], &to_three)?;
//!     from_one = one.receive(quorum[1], &to_one)?;
//! }
//! assert_eq!(one.finish()?, three.finish()?);
//! # Ok(())
//! # }
//! ```
//!
//! # What the caller owes
//!
//! 1. **Channels** are encrypted and mutually authenticated; `from` is whom the channel proves, never
//!    what a frame claims.
//! 2. **Meaning.** The [`Digest`] was recomputed from a request that this party read and approved, and
//!    the decision is durable before the first message is released. Once a message of
//!    [`SignRound::Last`] is released, the digest counts as signed.
//! 3. **Sessions.** The [`SessionId`] is fresh for each attempt and covers all that the parties agree
//!    on: [`ENGINE`], committee, key, [`KeyShare::epoch`], [`KeyShare::transcript`], request, quorum.
//! 4. **One [`Gates`] for a root key** in a process, over a [`BanLedger`] that is synced to disk and part
//!    of every backup. A restored ledger must never forget a ban.
//! 5. **Silence after a ban.** [`SignError::Cheated`] and a shut gate are for the operator. The peer, and
//!    others of the quorum, get no frame, no reason and no abort notice that differ from one to the other.
//!    Nobody hears of it at all before [`Gates::settle`] returned.
//! 6. **Suspects.** Count [`SignError::suspects`] for each peer and prefer quorums without those that
//!    collect failures.
//! 7. **One live holder** of a share, and no resumed sessions: after a crash, attempts start afresh.
//! 8. **Time.** [`Signing::receive`] computes for milliseconds, [`Keygen::receive`],
//!    [`Refresh::receive`] and [`Reshare::receive`] for a second.
//!    Call them where blocking is allowed; deadlines are the caller's.
//! 9. **Storage.** [`KeyShare::encode`] is the secret itself. Encrypt it, and use a new key only after
//!    every party acknowledged its transcript from durable storage. A [`NextGeneration`] is stored beside
//!    the old share, which signs until the certificate is here.
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
mod generation;
mod keygen;
mod ledger;
mod mailbox;
mod outgoing;
mod party;
mod refresh;
mod reshare;
mod session;
mod share;
mod sign;
mod signature;
mod talk;
mod witness;

pub use child::{ChildError, ChildIndex};
pub use committee::{Committee, CommitteeError, MAX_PARTIES, QuorumError};
pub use digest::Digest;
pub use error::ErrorClass;
pub use frame::FrameError;
pub use gate::{GateError, Gates};
pub use generation::{Acknowledgement, Certificate, CertificateError, NextGeneration};
pub use keygen::{Keygen, KeygenError, KeygenRound};
pub use ledger::{BanLedger, LedgerError};
pub use outgoing::{Gated, Guarded, Outgoing};
pub use party::{PartyId, PartyIdError};
pub use refresh::{Refresh, RefreshError, RefreshRound};
pub use reshare::{
    Handover, HandoverError, Reshare, ReshareError, ReshareRound, Seat, Speaker, Witnesses, deal,
};
pub use session::SessionId;
pub use share::{KeyShare, ShareError};
pub use sign::{SignError, SignRound, Signing};
pub use signature::{Signature, SignatureError};
pub use witness::Witness;

/// The scheme and version of the engine, for peers to compare before they meet in a session.
pub const ENGINE: &str = "dkls23-secp256k1/0.6.2 frames/1";
