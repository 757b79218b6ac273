//! What the process tells of itself while it runs: log lines on standard error, so that standard output stays for
//! answers, and spans to a collector if one is configured.

use countersign_telemetry::Telemetry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer as _};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging for the process, and brings spans on their way to the collector. `RUST_LOG` says what is logged;
/// without it, what an operator needs. What is told to the collector does not depend on it.
///
/// # Errors
/// When logging was started before.
pub(crate) fn start(
    format: LogFormat,
    telemetry: Option<&Telemetry>,
) -> Result<(), tracing_subscriber::util::TryInitError> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,jsonrpsee=warn,sqlx=warn,hyper=warn"));
    let registry = tracing_subscriber::registry().with(telemetry.map(Telemetry::layer));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => registry.with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => registry.with(lines.json().with_filter(filter)).try_init(),
    }
}
