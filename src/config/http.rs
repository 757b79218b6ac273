//! What the JSON-RPC listener takes: TLS, bounds, time-outs, origins and rates.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// The certificate chain and the key that the listener shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate chain, in PEM.
    pub cert: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

impl TlsConfig {
    pub(super) fn resolve(&mut self, base: &Path) {
        self.cert = base.join(&self.cert);
        self.key = base.join(&self.key);
    }
}

/// Bounds and time-outs of a connection, and which pages may call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The largest request that is read, in bytes.
    pub body_bytes: u32,
    /// How many calls one batch may have.
    pub batch: u32,
    /// How deep the parameters of a call may nest.
    pub depth: usize,
    /// Connections at once.
    pub connections: u32,
    call_ms: u64,
    request_ms: u64,
    /// Origins of web pages that may call, as browsers write them; none by default.
    pub cors_origins: Vec<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            batch: 32,
            depth: 32,
            connections: 512,
            call_ms: 30_000,
            request_ms: 45_000,
            cors_origins: Vec::new(),
        }
    }
}

impl HttpConfig {
    /// The longest that a call may take; work that began goes on behind it.
    #[must_use]
    pub const fn call(&self) -> Duration {
        Duration::from_millis(self.call_ms)
    }

    /// The longest that a request may take, from its first byte to its answer.
    #[must_use]
    pub const fn request(&self) -> Duration {
        Duration::from_millis(self.request_ms)
    }
}

/// How often calls may come. Whoever comes more often is told when to come again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Calls of one caller.
    pub caller: Option<Rate>,
    /// Calls about one wallet.
    pub wallet: Option<Rate>,
    /// Calls of one caller to one method, by method.
    pub methods: BTreeMap<String, Rate>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many tokens come in a second.
    pub per_s: NonZeroU32,
    /// How many there are at most.
    pub burst: NonZeroU32,
}
