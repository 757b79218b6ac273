//! The gateway is killed where it hurts most; every intent still lands exactly once.

mod among_duplicates;
mod at_the_end;
mod between_steps;
mod unsponsored;
mod with_replacements;

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde_json::Value;

use crate::breakable::Breakable;

const ABORT: i32 = 6;
const DEADLINE: Duration = Duration::from_secs(60);

/// Every point at which a debug build can be made to abort on the way to inclusion, in order. Those of other
/// ends, `reverted` and `dropped`, and of another way, `replaced`, have stories of their own.
const POINTS: [&str; 11] = [
    "draft",
    "reserved",
    "priced",
    "approved",
    "sponsored",
    "sealed",
    "countersigned",
    "signed",
    "accepted",
    "submitted",
    "included",
];

impl Breakable {
    /// Restarts the gateway so that it aborts at `point`, which it may do at once.
    fn must_arm(&mut self, point: &str) {
        self.world.gateway().set_env("COUNTERSIGN_FAULT", point);
        self.world.gateway().restart_unready().unwrap();
    }

    /// Sends a batch to a gateway that aborts at `point` on the way, and starts it again without a fault.
    async fn must_kill_once(&mut self, point: &str, batch: &Value) {
        self.must_lose(point, "wallet_sendCalls", batch).await;
        self.must_restart_gateway().await;
    }

    /// Makes a call of a gateway that then aborts at `point`. It may die before it answers.
    async fn must_lose(&mut self, point: &str, method: &str, params: &Value) {
        self.must_arm(point);
        self.world.gateway().wait_until_ready().await.unwrap();
        let _lost = self.rpc().call::<Value>(method, params.clone()).await;
        self.must_have_aborted(point).await;
    }

    /// Waits until the gateway aborted at the point that it was armed with.
    async fn must_have_aborted(&mut self, point: &str) {
        let process = self.world.gateway().process();
        let status = process.wait_for_exit(DEADLINE).await.unwrap();
        assert_eq!(status.signal(), Some(ABORT), "at {point}: {status}");
    }
}
