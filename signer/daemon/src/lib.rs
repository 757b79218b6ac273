//! The cosigner daemon: it reads before it signs.
//!
//! - [`DaemonConfig`] is what an operator configures, [`Keys`] what the daemon can sign with.
//! - [`Peers`], [`Frame`] and [`Inbox`] are how cosigners talk to each other.
//! - [`Signer`] answers one request: it judges, writes down, meets the others, signs.
//! - [`Store`] holds the journal, the audit chain and the bans.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod accounts;
mod audit;
mod bans;
mod clock;
mod config;
mod decision;
mod exposure;
mod fault;
mod journal;
mod judgement;
mod keys;
mod signing;
mod store;
mod transport;

pub use accounts::{AccountReader, DeployedAccount, ReadError, RpcAccounts};
pub use audit::{AUDIT_VERSION, AuditError, AuditHead, AuditRecord, Decision};
pub use bans::{Ban, KeyBans};
pub use config::{
    ChainConfig, ConfigError, DaemonConfig, Deadlines, EntryPointConfig, LogFormat,
    PassphraseError, PassphraseSource, PaymasterConfig, RulesConfig,
};
pub use decision::{Entry, Recorded};
pub use exposure::Exposure;
pub use journal::{Claim, Clash, GasTerms, Held, KeySlot, OperationTerms, Standing, Terms};
pub use judgement::{Refusal, Rule, Ruling};
pub use keys::{KeyRecord, Keys, LiveKey};
pub use signing::{Signer, SignerParts};
pub use store::{FORMAT_VERSION, Store, StoreError};
pub use transport::{
    Frame, FrameError, FrameKind, Inbox, InboxError, MAX_FRAME_BYTES, Mail, PeerError, Peers,
};
