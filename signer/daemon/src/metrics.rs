//! What Prometheus may know of this daemon. Every daemon counts for itself, and shows it on this machine alone.

mod listener;

use std::fmt;
use std::time::Duration;

use countersign_protocol::{SignReply, wire};
use metrics::{Gauge, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use thiserror::Error;

use crate::journal::Standing;
use crate::judgement::{Refusal, Rule};

pub(crate) use listener::Watched;

const DECISIONS: &str = "cosigner_decisions_total";
const JOURNAL_REFUSALS: &str = "cosigner_journal_refusals_total";
const ANSWERS: &str = "cosigner_answers_total";
const STAGES: &str = "cosigner_stage_seconds";
const ENGINE_SESSIONS: &str = "cosigner_engine_sessions";
const BANS: &str = "cosigner_bans";

/// Upper ends of the latency buckets, in seconds: from a decision's commit to a session's deadline.
const BUCKETS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Why there are no metrics.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The buckets are none.
    #[error("the metrics cannot be set up")]
    SetUp(#[source] metrics_exporter_prometheus::BuildError),
    /// Others than this machine could read them.
    #[error("metrics are shown on this machine alone, and {0} is no loopback address")]
    NotLoopback(std::net::SocketAddr),
    /// The address is taken or not ours.
    #[error("cannot show metrics on {at}")]
    Listen {
        /// The address.
        at: std::net::SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// What one daemon counts.
pub struct Metrics {
    recorder: PrometheusRecorder,
    engine_sessions: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A session whose engine is at work, until it is dropped.
#[must_use = "a session that is dropped is over"]
pub(crate) struct AtWork(Gauge);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl Metrics {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// [`MetricsError::SetUp`].
    pub fn new() -> Result<Self, MetricsError> {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
        let recorder = builder.map_err(MetricsError::SetUp)?.build_recorder();
        let about = |text: &'static str| text.into();
        let count = Some(Unit::Count);
        recorder.describe_counter(
            DECISIONS.into(),
            count,
            about("Decisions, by what was said and the rule that refused."),
        );
        recorder.describe_counter(
            JOURNAL_REFUSALS.into(),
            count,
            about("Requests that the journal refused, by rule."),
        );
        recorder.describe_counter(
            ANSWERS.into(),
            count,
            about("Answers to calls: signed, refused, or failed by class."),
        );
        recorder.describe_histogram(
            STAGES.into(),
            Some(Unit::Seconds),
            about("How long each stage of a signature took."),
        );
        recorder.describe_gauge(
            ENGINE_SESSIONS.into(),
            count,
            about("Sessions whose engine is at work."),
        );
        recorder.describe_gauge(
            BANS.into(),
            count,
            about("Parties that a key signs with no more."),
        );
        let engine_sessions = recorder.register_gauge(&Key::from_name(ENGINE_SESSIONS), &METADATA);
        engine_sessions.set(0);
        Ok(Self { recorder, engine_sessions })
    }

    /// A decision that is on record.
    pub(crate) fn decided(&self, verdict: &Result<Standing, Refusal>) {
        let (decision, rule) = match verdict {
            Ok(Standing::Same) => ("repeated", ""),
            Ok(_) => ("allowed", ""),
            Err(refusal) => ("refused", refusal.rule.name()),
        };
        self.count(DECISIONS, &[("decision", decision), ("rule", rule)]);
        if let Err(Refusal { rule: rule @ (Rule::Journal | Rule::Rollback), .. }) = verdict {
            self.count(JOURNAL_REFUSALS, &[("rule", rule.name())]);
        }
    }

    /// What a call was answered with.
    pub(crate) fn answered(&self, reply: &SignReply) {
        let (outcome, class) = match reply {
            SignReply::Signed(_) => ("signed", ""),
            SignReply::Refused { .. } => ("refused", ""),
            SignReply::Failed { class, .. } => ("failed", class.as_str()),
        };
        self.count(ANSWERS, &[("outcome", outcome), ("class", class)]);
    }

    /// A stage of a signature, that took so long.
    pub(crate) fn stage(&self, name: &'static str, took: Duration) {
        let key = Key::from_parts(STAGES, vec![Label::from_static_parts("stage", name)]);
        self.recorder.register_histogram(&key, &METADATA).record(took.as_secs_f64());
    }

    /// A session whose engine begins to work.
    pub(crate) fn engine_session(&self) -> AtWork {
        self.engine_sessions.increment(1);
        AtWork(self.engine_sessions.clone())
    }

    /// Everything as Prometheus reads it, with the bans as they are now.
    pub(crate) fn render(&self, bans: &[wire::BanInfo]) -> String {
        for ban in bans {
            let party = Label::new("party", ban.party.to_string());
            let labels = vec![Label::new("key", ban.key.clone()), party];
            self.recorder.register_gauge(&Key::from_parts(BANS, labels), &METADATA).set(1);
        }
        let handle = self.recorder.handle();
        handle.run_upkeep();
        handle.render()
    }

    fn count(&self, name: &'static str, labels: &[(&'static str, &str)]) {
        let labels: Vec<Label> =
            labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA).increment(1);
    }
}

#[cfg(test)]
mod tests;
