//! The cosigner daemon: it reads before it signs.
//!
//! - [`DaemonConfig`] is what an operator configures, [`Keys`] what the daemon can sign with.
//! - [`Daemon`] is the whole of it; `cosigner` is its command line.
//! - [`Vault`] keeps the shares at rest; [`OperatorClient`] commands one's own daemon.
//! - [`Peers`], [`Frame`] and [`Inbox`] are how cosigners talk to each other.
//! - [`Signer`] answers one request: it judges, writes down, meets the others, signs.
//! - [`Store`] holds the journal, the audit chain and the bans.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod access;
mod accounts;
mod audit;
mod backup;
mod bans;
mod ceremony;
mod cli;
mod clock;
mod config;
mod daemon;
mod data_dir;
mod decision;
mod exposure;
mod facts;
mod fault;
mod gateway;
mod heads;
mod history;
mod journal;
mod judgement;
mod keys;
mod metrics;
mod operator;
mod policy_book;
mod release;
mod signing;
mod status;
mod store;
mod transport;
mod vault;
mod weighing;
mod words;
#[cfg(test)]
mod world;

pub use accounts::{AccountReader, Agreed, DeployedAccount, Fate, NonceAt, ReadError, RpcAccounts};
pub use audit::{
    AUDIT_VERSION, AuditError, AuditEvent, AuditHead, AuditRecord, Decision, Event, Place, Shown,
    Unlanded,
};
pub use bans::{Ban, KeyBans};
pub use ceremony::{CeremonyError, CeremonyId, SignedStatement};
pub use cli::main;
pub use config::{
    AuditConfig, ChainConfig, ConfigError, DaemonConfig, Deadlines, EntryPointConfig, LimitsConfig,
    LogFormat, PassphraseError, PassphraseSource, PaymasterConfig, RulesConfig,
};
pub use daemon::{Daemon, StartError};
pub use decision::{Entry, Lands, Recorded};
pub use exposure::Exposure;
pub use heads::Heads;
pub use journal::{Claim, Clash, GasTerms, Held, KeySlot, OperationTerms, Signed, Standing, Terms};
pub use judgement::{Refusal, Rule, Ruling};
pub use keys::{KeyRecord, Keys, LiveKey};
pub use metrics::{Metrics, MetricsError};
pub use operator::{OperatorClient, OperatorError};
pub use policy_book::{PolicyBook, PolicyFileError};
pub use signing::{Signer, SignerParts};
pub use store::{FORMAT_VERSION, Store, StoreError};
pub use transport::{
    Frame, FrameError, FrameKind, Inbox, InboxError, LinkStatus, Links, MAX_FRAME_BYTES, Mail,
    PeerError, Peers,
};
pub use vault::{CeremonyPapers, KdfStrength, StoredGeneration, Vault, VaultError};
pub use weighing::{IntentClaim, Weighing};
pub use words::DescriptorsError;
