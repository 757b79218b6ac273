//! How long the gateway waits for each of its parts.

use std::time::Duration;

use serde::Deserialize;

/// Deadlines in milliseconds, as configured.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    sign_ms: u64,
    sign_attempt_ms: u64,
    node_ms: u64,
    bundler_ms: u64,
    paymaster_ms: u64,
    shutdown_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            sign_ms: 15_000,
            sign_attempt_ms: 4_000,
            node_ms: 5_000,
            bundler_ms: 10_000,
            paymaster_ms: 10_000,
            shutdown_ms: 10_000,
        }
    }
}

/// No step of an operation may take longer.
pub(crate) const LONGEST_STEP: Duration = Duration::from_secs(100);

/// So many calls to a node are made in a step, with room.
const NODE_CALLS: u64 = 8;

impl Deadlines {
    /// What a step could take: it signs, asks one service and one bundler, and reads the chain.
    pub(crate) fn longest_step(&self) -> Duration {
        let parts = [self.sign_ms, self.paymaster_ms, self.bundler_ms];
        let node = self.node_ms.saturating_mul(NODE_CALLS);
        Duration::from_millis(parts.into_iter().fold(node, u64::saturating_add))
    }

    /// One signature, over all quorums that are tried.
    pub const fn sign(&self) -> Duration {
        Duration::from_millis(self.sign_ms)
    }

    /// One signature by one quorum; then another quorum is asked.
    pub const fn sign_attempt(&self) -> Duration {
        Duration::from_millis(self.sign_attempt_ms)
    }

    /// One call to a node.
    pub const fn node(&self) -> Duration {
        Duration::from_millis(self.node_ms)
    }

    /// One call to a bundler.
    pub const fn bundler(&self) -> Duration {
        Duration::from_millis(self.bundler_ms)
    }

    /// One call to a paymaster service.
    pub const fn paymaster(&self) -> Duration {
        Duration::from_millis(self.paymaster_ms)
    }

    /// Operations in flight when the process is told to stop.
    pub const fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }
}
