//! Why a daemon did not start.

use std::path::PathBuf;

use countersign_protocol::{CommitteeFileError, FeatureFileError, IdentityError, TlsError};

use crate::ceremony::CeremonyError;
use crate::config::PassphraseError;
use crate::metrics::MetricsError;
use crate::policy_book::PolicyFileError;
use crate::store::StoreError;
use crate::vault::VaultError;
use crate::words::DescriptorsError;

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The committee file cannot be used.
    #[error(transparent)]
    Committee(#[from] CommitteeFileError),
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Our identity is nobody's in the committee file.
    #[error("our identity {key} is no party of the committee file")]
    NotInCommittee {
        /// Our public key.
        key: String,
    },
    /// Another daemon runs on the same data.
    #[error("another process holds the data directory {path}", path = path.display())]
    Held {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// There are no features.
    #[error(transparent)]
    Features(#[from] FeatureFileError),
    /// The descriptors cannot be used.
    #[error(transparent)]
    Descriptors(#[from] DescriptorsError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are shares, and the journal is not the one that they were used with: it does not know what
    /// was signed, nor who is banned.
    #[error(
        "{journal} is not the journal of the shares in this data directory: it does not know what they \
         signed, nor whom they may never sign with again. Put the journal and {name} back as they were, \
         or import its history (`cosigner journal import`). If all is lost, these shares must never sign \
         again: let the other parties replace this one, move the accounts to another key, or answer for \
         what is forgotten (`cosigner journal waive`)",
        journal = journal.display(), name = name.display()
    )]
    JournalLost {
        /// The journal's file.
        journal: PathBuf,
        /// The file that holds the journal's name.
        name: PathBuf,
    },
    /// The live keys cannot be loaded.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// The connections cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address is taken or not ours.
    #[error("cannot listen on {at}")]
    Listen {
        /// The address or socket.
        at: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The metrics cannot be gathered or shown.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A socket without an address.
    #[error("the socket has no address")]
    Socket(#[source] std::io::Error),
    /// A worker thread panicked.
    #[error("a worker thread panicked")]
    Worker,
}
