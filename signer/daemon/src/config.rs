//! What an operator configures: `cosigner.toml`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_telemetry::TelemetryConfig;
use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use serde::Deserialize;

mod audit;
mod chains;
mod limits;
mod passphrase;
mod rules;

pub use audit::AuditConfig;
pub use chains::{ChainConfig, EntryPointConfig, PaymasterConfig};
pub use limits::LimitsConfig;
pub use passphrase::{PassphraseError, PassphraseSource};
pub use rules::RulesConfig;

/// The whole configuration of a daemon. `cosigner.example.toml` explains every entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaemonConfig {
    /// Where the identity, the shares, the journal and the audit log live; mode 0700.
    pub data_dir: PathBuf,
    /// Where peers and gateways connect.
    pub listen: SocketAddr,
    /// The operator's socket; `cosigner.sock` in the data directory unless given.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// Loosens what only a developer may loosen: fast key derivation, self-confirmed ceremonies.
    #[serde(default)]
    pub dev: bool,
    /// Where the passphrase of the vault comes from.
    #[serde(default)]
    pub passphrase: PassphraseSource,
    /// The committee file.
    pub committee: PathBuf,
    /// The policy file; `dev` alone does without one.
    #[serde(default)]
    pub policy: Option<PathBuf>,
    /// The file of features; `dev` alone does without one.
    #[serde(default)]
    pub features: Option<PathBuf>,
    /// A folder of ERC-7730 descriptors: words for people beside what a preview says.
    #[serde(default)]
    pub descriptors: Option<PathBuf>,
    /// Where Prometheus reads this daemon's metrics, on this machine alone; nowhere unless given.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
    /// Where spans go; nowhere unless given.
    #[serde(default)]
    pub telemetry: Option<TelemetryConfig>,
    /// How to log.
    #[serde(default)]
    pub log: LogFormat,
    /// How patient to be.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// The chains on which anything may be signed; all others are refused.
    #[serde(default)]
    pub chains: Vec<ChainConfig>,
    /// Seals and retention of the audit chain.
    #[serde(default)]
    pub audit: AuditConfig,
    /// Limits of one gateway.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Limits that hold on every chain.
    #[serde(default)]
    pub rules: RulesConfig,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How long the daemon waits, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// To connect to a peer.
    pub connect_ms: u64,
    /// For the next message of a peer within a signing session.
    pub round_ms: u64,
    /// For all of one signing session.
    pub session_ms: u64,
    /// For the next message of a peer within a ceremony.
    pub ceremony_round_ms: u64,
    /// For running sessions to end after a request to stop.
    pub shutdown_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect_ms: 2_000,
            round_ms: 3_000,
            session_ms: 10_000,
            ceremony_round_ms: 60_000,
            shutdown_ms: 5_000,
        }
    }
}

impl Deadlines {
    /// To connect to a peer.
    #[must_use]
    pub const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    /// For the next message of a peer within a signing session.
    #[must_use]
    pub const fn round(&self) -> Duration {
        Duration::from_millis(self.round_ms)
    }

    /// For all of one signing session.
    #[must_use]
    pub const fn session(&self) -> Duration {
        Duration::from_millis(self.session_ms)
    }

    /// For the next message of a peer within a ceremony.
    #[must_use]
    pub const fn ceremony_round(&self) -> Duration {
        Duration::from_millis(self.ceremony_round_ms)
    }

    /// For running sessions to end after a request to stop.
    #[must_use]
    pub const fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }
}

impl DaemonConfig {
    /// Reads a configuration file; `COSIGNER_LISTEN`, `COSIGNER_DATA_DIR` and so on override its
    /// top-level entries. Relative paths are taken from the file's own folder.
    ///
    /// # Errors
    /// Names the entry that is missing, unknown or malformed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
        let environment =
            Env::prefixed("COSIGNER_").only(&["data_dir", "listen", "socket", "committee", "log"]);
        let figment = Figment::new().merge(Toml::string(&text)).merge(environment);
        let mut config: Self = figment.extract().map_err(Box::new)?;
        let base = path.parent().unwrap_or_else(|| Path::new("."));
        config.resolve(base);
        Ok(config)
    }

    /// Parses a configuration; relative paths stay as they are.
    ///
    /// # Errors
    /// Names the entry that is missing, unknown or malformed.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Ok(Figment::new().merge(Toml::string(text)).extract().map_err(Box::new)?)
    }

    /// Where the operator's socket is.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| self.data_dir.join("cosigner.sock"))
    }

    fn resolve(&mut self, base: &Path) {
        self.data_dir = base.join(&self.data_dir);
        self.committee = base.join(&self.committee);
        self.policy = self.policy.take().map(|policy| base.join(policy));
        self.features = self.features.take().map(|file| base.join(file));
        self.descriptors = self.descriptors.take().map(|folder| base.join(folder));
        self.socket = self.socket.take().map(|socket| base.join(socket));
        self.passphrase.resolve(base);
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("the configuration {path} could not be read", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An entry is missing, unknown or malformed.
    #[error("the configuration is malformed: {0}")]
    Malformed(#[from] Box<figment::Error>),
}

#[cfg(test)]
mod tests {
    use super::DaemonConfig;

    const EXAMPLE: &str = include_str!("../cosigner.example.toml");

    #[test]
    fn the_example_parses_as_it_stands() {
        let config = DaemonConfig::from_toml(EXAMPLE).unwrap();
        assert!(!config.dev, "an example must not loosen anything");
        assert!(!config.chains.is_empty());
    }

    #[test]
    fn every_commented_entry_of_the_example_parses_too() {
        let uncommented: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        assert_ne!(uncommented, EXAMPLE);
        DaemonConfig::from_toml(&uncommented).unwrap();
    }

    #[test]
    fn an_unknown_entry_is_refused_by_name() {
        let text = EXAMPLE.replacen("data_dir", "unknown_entry = 1\ndata_dir", 1);
        let error = DaemonConfig::from_toml(&text).unwrap_err();
        assert!(error.to_string().contains("unknown_entry"), "{error}");
    }
}
