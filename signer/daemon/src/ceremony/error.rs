//! Why a ceremony came to nothing.

use std::time::Duration;

use countersign_protocol::KeyName;
use countersign_threshold::{CommitteeError, KeygenError, PartyId};

use crate::store::StoreError;
use crate::transport::PeerError;
use crate::vault::VaultError;

/// Why a ceremony came to nothing, or is not known to have come to anything yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// A proposal or statement does not parse.
    #[error("a paper of the ceremony is malformed")]
    Malformed(#[source] serde_json::Error),
    /// A proposal that we take no part in.
    #[error("the proposal does not fit: {0}")]
    Unfit(&'static str),
    /// The wanted committee is none.
    #[error(transparent)]
    Committee(CommitteeError),
    /// The name is taken by a key or by another ceremony.
    #[error("the key name {name} is taken, by a key or by a ceremony that is not resolved")]
    NameTaken {
        /// The name.
        name: KeyName,
    },
    /// Too much at once.
    #[error("too many ceremonies at once")]
    Busy,
    /// There is no such ceremony waiting.
    #[error("no ceremony of this id waits for a confirmation")]
    Unknown,
    /// A peer refused to take part.
    #[error("party {party} refused: {reason}")]
    Refused {
        /// Who.
        party: PartyId,
        /// What it said.
        reason: String,
    },
    /// Our own operator refused.
    #[error("our operator refused")]
    Declined,
    /// A peer gave up; no key came of it anywhere.
    #[error("party {party} gave up: {reason}")]
    Discarded {
        /// Who.
        party: PartyId,
        /// What it said.
        reason: String,
    },
    /// Peers did not answer in time.
    #[error("{} did not answer within {after:?} {stage}", names(parties))]
    Silent {
        /// Who.
        parties: Vec<PartyId>,
        /// How long they were waited for.
        after: Duration,
        /// What was being done.
        stage: &'static str,
    },
    /// A peer cannot be reached.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// A signature or a statement is not its author's.
    #[error("party {party} sent a statement that it did not sign for this ceremony")]
    Forged {
        /// Who.
        party: PartyId,
    },
    /// A party signed two statements of which one is a lie.
    #[error("party {party} signed two statements of which one is a lie")]
    Equivocated {
        /// Who.
        party: PartyId,
    },
    /// Nobody who asks about an unknown ceremony is answered without its proposal.
    #[error("the ceremony is unknown, and what proposed it was not shown")]
    Unproven,
    /// There is no open key of this ceremony.
    #[error("no key of this ceremony waits to be resolved")]
    NoSuchKey,
    /// The ceremony has not come to a key yet.
    #[error("the ceremony still runs; wait for its end, or refuse it if it waits for your word")]
    Running,
    /// Every party acknowledged the key, which we know: too late to reject it.
    #[error("every party acknowledged the key: it can no longer be rejected")]
    Certified,
    /// Enough parties rejected the key.
    #[error("the key was given up: enough parties rejected it")]
    GivenUp,
    /// Parties acknowledged different keys.
    #[error("party {party} acknowledged another key than ours")]
    Differs {
        /// Who.
        party: PartyId,
    },
    /// The engine stopped.
    #[error("the key generation stopped: {0}")]
    Keygen(#[from] KeygenError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The share is stored and acknowledged, but not every party is known to have all acknowledgements:
    /// what becomes of the key is asked for in the background.
    #[error("the key is stored but unusable until every party acknowledged it: {cause}")]
    InDoubt {
        /// What happened.
        #[source]
        cause: Box<Self>,
    },
    /// Our own fault.
    #[error("internal: {0}")]
    Internal(&'static str),
}

fn names(parties: &[PartyId]) -> String {
    let list: Vec<String> = parties.iter().map(ToString::to_string).collect();
    match list.as_slice() {
        [one] => format!("party {one}"),
        _ => format!("parties {}", list.join(", ")),
    }
}
