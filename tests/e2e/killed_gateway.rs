//! The gateway is killed where it hurts most; every intent still lands exactly once.

mod between_steps;
mod with_replacements;

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::breakable::Breakable;

const ABORT: i32 = 6;
const DEADLINE: Duration = Duration::from_secs(60);

/// Every point at which a debug build can be made to abort on the way to inclusion, in order.
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

    /// Waits until the gateway aborted at the point that it was armed with.
    async fn must_have_aborted(&mut self, point: &str) {
        let process = self.world.gateway().process();
        let status = process.wait_for_exit(DEADLINE).await.unwrap();
        assert_eq!(status.signal(), Some(ABORT), "at {point}: {status}");
    }
}
