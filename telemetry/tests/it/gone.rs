//! A collector that is gone, or takes nothing: nobody waits for it.

use std::time::Duration;

use countersign_devnet::{Collector, free_port};
use countersign_telemetry::{Telemetry, TelemetryConfig};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt as _;

/// Far more than the queue holds.
const MANY: usize = 20_000;

/// Long enough for a busy machine, and shorter than a collector's patience for so many messages would be.
const DEADLINE: Duration = Duration::from_secs(30);

/// Makes more spans than can wait, then ends.
async fn must_end(otlp: String) {
    let config = TelemetryConfig { otlp: otlp.try_into().unwrap(), sample: Default::default() };
    let telemetry = Telemetry::start("gone", "1.2.3", &config).unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    let work = tokio::task::spawn_blocking(move || {
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..MANY {
                info_span!("work", otel.kind = "internal", number).in_scope(|| ());
            }
        });
    });
    tokio::time::timeout(DEADLINE, work).await.expect("nobody waits to tell").unwrap();
    tokio::time::timeout(DEADLINE, telemetry.stop()).await.expect("an end is bounded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_holds_up_nobody() {
    must_end(format!("http://127.0.0.1:{}", free_port().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_takes_nothing_holds_up_nobody() {
    let collector = Collector::start().await.unwrap();
    collector.hang();
    must_end(collector.url()).await;
    assert!(collector.asked() > 0, "it was asked, and did not answer");
    assert_eq!(collector.spans(), []);
}
