//! `gateway.toml`: what the gateway listens on, where its parts are, and how long it waits for each.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::Address;
use countersign_telemetry::TelemetryConfig;
use countersign_userop::{AccountKind, AccountSpec, ChainId, EntryPointVersion};
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use serde::Deserialize;
use url::Url;

mod chain;
mod deadlines;
mod http;

pub use chain::{ChainConfig, GasConfig, SponsorConfig};
pub use deadlines::Deadlines;
pub(crate) use deadlines::LONGEST_STEP;
pub use http::{HttpConfig, LimitsConfig, Rate, TlsConfig};

/// The whole configuration. `gateway.example.toml` explains each field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where JSON-RPC is served.
    pub listen: SocketAddr,
    /// The listener's certificate and key; without them it listens on loopback addresses only.
    pub tls: Option<TlsConfig>,
    /// Bounds and time-outs of the listener.
    #[serde(default)]
    pub http: HttpConfig,
    /// How often calls may come.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Where figures are shown to Prometheus, on a loopback address; nowhere when absent.
    pub metrics: Option<SocketAddr>,
    /// Where spans go; nowhere when absent.
    pub telemetry: Option<TelemetryConfig>,
    /// `sqlite://` URL of the gateway's state.
    pub database: String,
    /// Lowers guards that only a development machine may lower; said at start.
    #[serde(default)]
    pub dev: bool,
    /// File with the gateway's own TLS identity.
    pub identity: PathBuf,
    /// The committee file, signed by every party.
    pub committee: PathBuf,
    /// How long each part may take.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// Where callers' paymaster services may be: `https` addresses, of which only scheme, host and port
    /// count. When absent, anywhere on the public internet.
    pub paymaster_services: Option<Vec<Url>>,
    /// The file of features; `dev` alone does without one.
    #[serde(default)]
    pub features: Option<PathBuf>,
    /// How many seconds an operation waits for people's approval.
    #[serde(default = "default_approval_wait_s")]
    pub approval_wait_s: u64,
    /// How many operations this process moves at the same time.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// The chains that are served.
    #[serde(default)]
    pub chains: Vec<ChainConfig>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not readable, not TOML, or a field is wrong; the message names it.
    #[error("{0}")]
    Malformed(Box<figment::Error>),
    /// A chain appears twice.
    #[error("chain {0} is configured twice")]
    DuplicateChain(ChainId),
    /// A failover list holds one endpoint twice. Its path, which may hold a key, is not shown.
    #[error("chain {chain}: a bundler at {} is listed twice", .url.origin().ascii_serialization())]
    DuplicateBundler {
        /// The chain.
        chain: ChainId,
        /// The endpoint.
        url: Url,
    },
    /// Nothing can be sent without a bundler.
    #[error("chain {0}: no bundler is listed")]
    NoBundler(ChainId),
    /// Another process would take the operation for abandoned.
    #[error(
        "deadlines: a step could take {longest:?} with these, at most {LONGEST_STEP:?} are possible"
    )]
    DeadlinesTooLong {
        /// What they add up to.
        longest: Duration,
    },
    /// API keys would travel in clear.
    #[error("listen: {0} is beyond this machine; configure [tls], or listen on a loopback address")]
    PlainBeyondLoopback(SocketAddr),
    /// Figures are for this machine only.
    #[error("metrics: {0} is beyond this machine")]
    MetricsBeyondLoopback(SocketAddr),
    /// Zero confirmations would call an operation final that no block holds.
    #[error("chain {0}: confirmations must be at least 1")]
    NoConfirmations(ChainId),
}

impl GatewayConfig {
    /// Reads a file; `COUNTERSIGN_<FIELD>` in the environment overrides its plain fields. Relative
    /// paths are relative to the file.
    ///
    /// # Errors
    /// When the file cannot be used; the message names the field.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = Figment::from(Toml::file_exact(file))
            .merge(Env::prefixed("COUNTERSIGN_").only(&[
                "listen",
                "database",
                "dev",
                "identity",
                "committee",
                "concurrency",
            ]))
            .extract()
            .map_err(|error| ConfigError::Malformed(Box::new(error)))?;
        config.resolve(file.parent().unwrap_or_else(|| Path::new(".")));
        config.check()?;
        Ok(config)
    }

    /// The chain of this id.
    pub fn chain(&self, id: ChainId) -> Option<&ChainConfig> {
        self.chains.iter().find(|chain| chain.id == id)
    }

    fn resolve(&mut self, base: &Path) {
        self.identity = base.join(&self.identity);
        self.committee = base.join(&self.committee);
        self.features = self.features.take().map(|file| base.join(file));
        if let Some(tls) = &mut self.tls {
            tls.resolve(base);
        }
        if let Some(path) = self.database.strip_prefix("sqlite://")
            && !path.starts_with(':')
        {
            self.database = format!("sqlite://{}", base.join(path).display());
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let longest = self.deadlines.longest_step();
        if longest > LONGEST_STEP {
            return Err(ConfigError::DeadlinesTooLong { longest });
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::PlainBeyondLoopback(self.listen));
        }
        if let Some(metrics) = self.metrics.filter(|metrics| !metrics.ip().is_loopback()) {
            return Err(ConfigError::MetricsBeyondLoopback(metrics));
        }
        let mut seen = HashSet::new();
        for chain in &self.chains {
            if !seen.insert(chain.id) {
                return Err(ConfigError::DuplicateChain(chain.id));
            }
            chain.check()?;
        }
        Ok(())
    }
}

/// A day.
const fn default_approval_wait_s() -> u64 {
    24 * 60 * 60
}

const fn default_concurrency() -> usize {
    64
}

#[cfg(test)]
mod tests;
