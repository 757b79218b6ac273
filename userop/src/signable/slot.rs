//! What may be signed once.

use alloy::primitives::{Address, B256, U256};
use serde::Serialize;

use crate::ChainId;

/// The one place that a signature can take. The signing key and the kind are the journal's to add:
/// two keys, and two kinds, never share a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "slot", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum OnceSlot {
    /// A number that a chain or a contract lets the signer use once.
    Nonce {
        /// The chain; `None` where a contract's domain names none.
        chain: Option<ChainId>,
        /// The contract that counts; `None` if the chain itself does.
        contract: Option<Address>,
        /// Whose number it is, where the request names somebody other than its signer.
        holder: Option<Address>,
        /// The number.
        nonce: U256,
    },
    /// Nothing counts it: the same digest again is the same signature again.
    Digest {
        /// The digest.
        digest: B256,
    },
    /// A trial: its counter goes up by one each time.
    Counter {
        /// What is tried.
        name: String,
        /// Which trial.
        counter: u64,
    },
}
