//! One chain of `gateway.toml`.

use super::{
    AccountKind, AccountSpec, Address, BTreeMap, ChainId, ConfigError, Deserialize, Duration,
    EntryPointVersion, HashSet, Url,
};

/// A chain: its node, its bundlers, its accounts and our paymaster there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// EIP-155 id; the node and the bundlers must report the same.
    pub id: ChainId,
    /// Our node: nonces, fees and inclusion are read here and nowhere else.
    pub rpc: Url,
    /// ERC-7769 endpoints, asked in this order.
    pub bundlers: Vec<Url>,
    /// Blocks, its own included, until an operation counts as final for callers.
    #[serde(default = "one")]
    pub confirmations: u64,
    /// Blocks for which an included operation is still watched for a reorganisation.
    #[serde(default = "default_reorg_depth")]
    pub reorg_depth: u64,
    /// How often the node is asked for a new block.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// Seconds after which a submitted operation that no block holds is sent again.
    #[serde(default = "default_resubmit_s")]
    pub resubmit_s: u64,
    /// EntryPoint addresses that differ from the canonical ones, by version.
    #[serde(default)]
    pub entry_points: BTreeMap<EntryPointVersion, Address>,
    /// The account contracts that wallets may be made of.
    #[serde(default)]
    pub accounts: Vec<AccountSpec>,
    /// Margins and ceilings of gas and fees.
    #[serde(default)]
    pub gas: GasConfig,
    /// Our own paymaster.
    pub sponsor: Option<SponsorConfig>,
}

/// Margins and ceilings of gas and fees.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GasConfig {
    /// Added to what the bundler estimates.
    pub margin_percent: u32,
    /// Added to what the node says of fees.
    pub fee_margin_percent: u32,
    /// The tip is never below this.
    pub min_priority_fee_wei: u64,
    /// No operation offers more for a unit of gas.
    pub max_fee_per_gas_wei: u64,
}

impl Default for GasConfig {
    fn default() -> Self {
        Self {
            margin_percent: 10,
            fee_margin_percent: 10,
            min_priority_fee_wei: 100_000_000,
            max_fee_per_gas_wei: 1_000_000_000_000,
        }
    }
}

/// Our own `SponsorPaymaster` on a chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SponsorConfig {
    /// The MPC key (purpose `paymaster`) that signs approvals.
    pub key: String,
    /// Pays when a caller says nothing about payment.
    #[serde(default)]
    pub by_default: bool,
    /// Seconds for which an approval holds.
    #[serde(default = "default_window_s")]
    pub window_s: u64,
    /// Gas for the paymaster's validation.
    #[serde(default = "default_paymaster_gas")]
    pub verification_gas_limit: u64,
    /// Gas for its postOp.
    #[serde(default)]
    pub post_op_gas_limit: u64,
    /// The paymaster of each EntryPoint version.
    pub paymasters: BTreeMap<EntryPointVersion, Address>,
}

impl ChainConfig {
    /// The EntryPoint of a version: configured, or canonical.
    pub fn entry_point(&self, version: EntryPointVersion) -> Address {
        self.entry_points.get(&version).copied().unwrap_or_else(|| version.canonical_address())
    }

    /// The version that an EntryPoint address stands for, if any account here uses it.
    pub fn version_at(&self, entry_point: Address) -> Option<EntryPointVersion> {
        self.versions().into_iter().find(|version| self.entry_point(*version) == entry_point)
    }

    /// Versions for which there is an account, oldest first.
    pub fn versions(&self) -> Vec<EntryPointVersion> {
        EntryPointVersion::ALL
            .into_iter()
            .filter(|version| self.accounts.iter().any(|account| account.version == *version))
            .collect()
    }

    /// The account contract of a kind and version.
    pub fn account(&self, kind: AccountKind, version: EntryPointVersion) -> Option<&AccountSpec> {
        self.accounts.iter().find(|account| account.kind == kind && account.version == version)
    }

    /// How often the node is asked for a new block.
    pub const fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.bundlers.is_empty() {
            return Err(ConfigError::NoBundler(self.id));
        }
        if self.confirmations == 0 {
            return Err(ConfigError::NoConfirmations(self.id));
        }
        let mut seen = HashSet::new();
        for url in &self.bundlers {
            if !seen.insert(url) {
                return Err(ConfigError::DuplicateBundler { chain: self.id, url: url.clone() });
            }
        }
        Ok(())
    }
}

const fn one() -> u64 {
    1
}

const fn default_reorg_depth() -> u64 {
    64
}

const fn default_poll_ms() -> u64 {
    500
}

const fn default_resubmit_s() -> u64 {
    30
}

const fn default_window_s() -> u64 {
    600
}

const fn default_paymaster_gas() -> u64 {
    60_000
}
