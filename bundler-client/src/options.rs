//! How patient a client is, and how much it takes in.

use std::time::Duration;

use crate::Reach;

/// Bounds on what a client waits for and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long a call may take with all its attempts.
    pub deadline: Duration,
    /// How often an idempotent call is tried again after every endpoint failed once.
    pub retries: u32,
    /// The pause before the first of those; it doubles from one to the next.
    pub backoff: Duration,
    /// The largest answer that is read, in bytes.
    pub max_body: usize,
    /// Which hosts are connected to.
    pub reach: Reach,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            retries: 2,
            backoff: Duration::from_millis(100),
            max_body: 2 << 20,
            reach: Reach::Anywhere,
        }
    }
}
