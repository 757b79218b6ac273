//! Where the time of one request went.

use std::time::Instant;

use countersign_protocol::StageTime;

/// A stopwatch with laps.
pub(super) struct Stages {
    last: Instant,
    laps: Vec<StageTime>,
}

impl Stages {
    pub(super) fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::with_capacity(4) }
    }

    /// Ends the stage that has this name.
    pub(super) fn lap(&mut self, name: &str) {
        let now = Instant::now();
        let ms = now.duration_since(self.last).as_secs_f64() * 1e3;
        self.laps.push(StageTime { name: name.to_owned(), ms });
        self.last = now;
    }

    pub(super) fn finish(self) -> Vec<StageTime> {
        self.laps
    }
}
