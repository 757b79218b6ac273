//! The encrypted backup of one party's own share of one key.
//!
//! ```text
//! share, record, facts --ChaCha20-Poly1305--> content        under a key made for this file alone
//! that key --Shamir, any k of m--> one piece a recipient --age--> locks
//! ```
//!
//! A file ([`Backup`]) is a [`Header`] in clear, one lock for each recipient, the sealed [`Contents`], and a
//! SHA-256 of all that. The seal covers the header and every lock, so that no byte of a file is without a
//! guard once it is opened; the hash finds a byte that a disk changed, without any identity.
//!
//! [`seal()`] makes a file, [`Backup::parse`] reads one, [`Backup::open`] decrypts it with the
//! [`Identity`] of k recipients. [`one_generation`] refuses files that were made at different epochs, and
//! [`lint()`] refuses a recipient who could open the files of as many parties as sign together.
//!
//! The share and the record of the key are opaque here: whoever opens a backup checks that the share belongs to
//! the key. No I/O is done here, and no clock is read.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod contents;
mod facts;
mod form;
mod generation;
mod header;
mod identity;
mod lint;
mod locks;
mod recipient;
mod seal;
mod shamir;

pub use contents::Contents;
pub use facts::{Ban, Facts};
pub use form::{Backup, FormError, MAX_BYTES};
pub use generation::{MixError, one_generation};
pub use header::Header;
pub use identity::{Identity, IdentityError};
pub use lint::{LintError, Readers, lint};
pub use locks::LockError;
pub use recipient::{Recipient, RecipientError, Recipients};
pub use seal::{OpenError, SealError, seal};
