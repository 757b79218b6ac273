//! Where the time of one request went.

use std::sync::Arc;
use std::time::Instant;

use countersign_protocol::StageTime;

use crate::metrics::Metrics;

/// A stopwatch with laps.
pub(super) struct Stages {
    last: Instant,
    laps: Vec<StageTime>,
    metrics: Arc<Metrics>,
}

impl Stages {
    pub(super) fn start(metrics: Arc<Metrics>) -> Self {
        Self { last: Instant::now(), laps: Vec::with_capacity(4), metrics }
    }

    /// Ends the stage that has this name.
    pub(super) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        let took = now.duration_since(self.last);
        let ms = took.as_secs_f64() * 1e3;
        self.metrics.stage(name, took);
        self.laps.push(StageTime { name: name.to_owned(), ms });
        self.last = now;
    }

    pub(super) fn finish(self) -> Vec<StageTime> {
        self.laps
    }
}
