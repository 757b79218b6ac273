//! What a process tells a collector of traces: spans over OTLP, and nothing but the spans that were made to be told.
//!
//! - [`TelemetryConfig`] says where the collector is, on this machine, and how many of the traces that begin here it gets.
//! - [`Telemetry`] brings spans there behind the back of whatever makes them: a collector that is slow, gone or full
//!   holds nothing up, and what it does not take is lost.
//! - [`follow`] and [`traceparent`] carry a trace between processes, in the form of W3C Trace Context.
//!
//! A span is told only if it names the field `otel.kind`, and not if it recorded `told = false`; events, whose texts are for the log, are never told. So what
//! leaves can be read off the places that make such spans: ids, hashes, keys' names, rules, outcomes.

mod config;
mod export;
mod remote;
mod watched;

pub use config::{Collector, CollectorError, SampleRatio, TelemetryConfig};
pub use export::{Telemetry, TelemetryError};
pub use remote::{follow, traceparent};
