//! From a finished span to the collector: a bounded queue, a thread of its own, a bounded time.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, RetryPolicy, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tonic::transport::Endpoint;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::TelemetryConfig;
use crate::watched::Watched;

/// Spans that wait for the collector; those beyond are dropped.
const QUEUE: usize = 2_048;

/// Spans in one message.
const BATCH: usize = 256;

/// How long a span waits for company.
const GATHER: Duration = Duration::from_secs(1);

/// How long the collector has to connect, and to take one message.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long what is left may take to leave when the process ends.
const FLUSH: Duration = Duration::from_secs(2);

/// The way to the collector. It works behind the program's back until it is stopped.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The collector's address is none for a connection.
    #[error("the collector's address cannot be used")]
    Address(#[from] tonic::transport::Error),
    /// The exporter does not accept its settings.
    #[error("the exporter cannot be made")]
    Exporter(#[from] ExporterBuildError),
}

impl Telemetry {
    /// Opens the way for the spans of a program. It connects when there is something to tell. Call it inside a runtime.
    ///
    /// # Errors
    /// When the exporter cannot be made; a collector that is not there is no error.
    pub fn start(
        program: &'static str,
        version: &'static str,
        config: &TelemetryConfig,
    ) -> Result<Self, TelemetryError> {
        // A channel of our own: no variable of the environment can lead spans elsewhere.
        let channel = Endpoint::from_shared(config.otlp.as_str().to_owned())?
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .connect_lazy();
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_channel(channel)
            .with_timeout(PATIENCE)
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(GATHER)
            .build();
        let processor = BatchSpanProcessor::new(Watched::new(exporter), batches);
        let begins_here = Sampler::TraceIdRatioBased(config.sample.get());
        let resource = Resource::builder_empty()
            .with_service_name(program)
            .with_attribute(KeyValue::new("service.version", version))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::ParentBased(Box::new(begins_here)))
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// What a subscriber needs for its spans to be told.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("countersign"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_told).with_max_level_hint(LevelFilter::INFO))
    }

    /// Hands over what is left, within two seconds at most.
    pub async fn stop(self) {
        let provider = self.provider;
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH));
        if !matches!(flushed.await, Ok(Ok(()))) {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}

/// Spans that name their kind, and nothing else.
fn is_told(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.fields().field("otel.kind").is_some()
}
