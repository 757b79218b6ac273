//! Which chains, EntryPoints, factories and paymasters anything may be signed for.

use alloy::primitives::{Address, U256};
use countersign_protocol::KeyName;
use countersign_userop::{AccountSpec, ChainId, EntryPointVersion};
use serde::Deserialize;
use url::Url;

/// One chain that the daemon knows. What is not listed is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// Its id.
    pub id: ChainId,
    /// The daemon's own node: deployed accounts are read through it, never through the gateway.
    pub rpc: Url,
    /// A second node, run by somebody else: what gives something back (a barrier that ends) needs both to agree on a
    /// finalized block.
    #[serde(default)]
    pub witness: Option<Url>,
    /// The EntryPoints that may be signed for.
    pub entry_points: Vec<EntryPointConfig>,
    /// The accounts that may be signed for.
    #[serde(default)]
    pub accounts: Vec<AccountSpec>,
    /// The contracts that a plain account may take for its code by an EIP-7702 authorization. Giving code up needs no
    /// entry.
    #[serde(default)]
    pub delegates: Vec<Address>,
    /// The paymasters whose approvals may be signed.
    #[serde(default)]
    pub paymasters: Vec<PaymasterConfig>,
}

/// An EntryPoint: `"0.7"` means the canonical deployment of that version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "EntryPointEntry")]
pub struct EntryPointConfig {
    /// Its version.
    pub version: EntryPointVersion,
    /// Its address.
    pub address: Address,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EntryPointEntry {
    Canonical(EntryPointVersion),
    At { version: EntryPointVersion, address: Address },
}

impl From<EntryPointEntry> for EntryPointConfig {
    fn from(entry: EntryPointEntry) -> Self {
        match entry {
            EntryPointEntry::Canonical(version) => {
                Self { version, address: version.canonical_address() }
            }
            EntryPointEntry::At { version, address } => Self { version, address },
        }
    }
}

/// A paymaster and the key that approves for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymasterConfig {
    /// Its address.
    pub address: Address,
    /// The version of the EntryPoint that it stands on.
    pub version: EntryPointVersion,
    /// The key whose approvals it accepts; its purpose must be `paymaster`.
    pub key: KeyName,
    /// The most that approvals may cost in all that have not lapsed, in wei.
    #[serde(default = "max_outstanding_wei")]
    pub max_outstanding_wei: U256,
}

/// One ether.
fn max_outstanding_wei() -> U256 {
    U256::from(1_000_000_000_000_000_000_u64)
}
