//! The cosigner daemon: it reads before it signs.
//!
//! - [`DaemonConfig`] is what an operator configures, [`Keys`] what the daemon can sign with.
//! - [`Peers`], [`Frame`] and [`Inbox`] are how cosigners talk to each other.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod config;
mod keys;
mod transport;

pub use config::{
    ChainConfig, ConfigError, DaemonConfig, Deadlines, EntryPointConfig, LogFormat,
    PassphraseError, PassphraseSource, PaymasterConfig, RulesConfig,
};
pub use keys::{KeyRecord, Keys, LiveKey};
pub use transport::{
    Frame, FrameError, FrameKind, Inbox, InboxError, MAX_FRAME_BYTES, Mail, PeerError, Peers,
};
