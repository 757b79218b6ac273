//! What a collector hears, and what it never hears.

use std::time::Duration;

use countersign_devnet::{Collector, ToldSpan};
use countersign_telemetry::{Telemetry, TelemetryConfig, follow, traceparent};
use tracing::{field::Empty, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn config(collector: &Collector, sample: f64) -> TelemetryConfig {
    TelemetryConfig {
        otlp: collector.url().try_into().unwrap(),
        sample: sample.try_into().unwrap(),
    }
}

/// What the collector has when `story` was told in full.
async fn must_hear(sample: f64, story: impl FnOnce()) -> Vec<ToldSpan> {
    let collector = Collector::start().await.unwrap();
    let telemetry = Telemetry::start("told", "1.2.3", &config(&collector, sample)).unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, story);
    tokio::time::timeout(Duration::from_secs(30), telemetry.stop()).await.unwrap();
    collector.spans()
}

fn named<'a>(spans: &'a [ToldSpan], name: &str) -> &'a ToldSpan {
    spans.iter().find(|span| span.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_goes_on_where_the_caller_is_and_another_process_goes_on_from_it() {
    let mut header = None;
    let spans = must_hear(1.0, || {
        let asked = info_span!("asked", otel.kind = "server", rule = Empty);
        follow(&asked, &format!("00-{TRACE}-{CALLER}-01"));
        asked.record("rule", "cost");
        asked.in_scope(|| info_span!("step", otel.kind = "internal").in_scope(|| ()));
        header = traceparent(&asked);
    })
    .await;
    let (asked, step) = (named(&spans, "asked"), named(&spans, "step"));
    assert_eq!((asked.trace_id.as_str(), asked.parent_id.as_str()), (TRACE, CALLER));
    assert_eq!((&step.trace_id, &step.parent_id), (&asked.trace_id, &asked.span_id));
    assert_eq!((asked.program.as_str(), asked.attributes["rule"].as_str()), ("told", "cost"));
    assert_eq!(header.unwrap(), format!("00-{TRACE}-{}-01", asked.span_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_made_to_be_told_is_not() {
    let spans = must_hear(1.0, || {
        info_span!("silent", secret = "of the log").in_scope(|| {
            info_span!("told", otel.kind = "internal").in_scope(|| {
                tracing::error!(secret = "of the log", "an event");
            });
            let looked = info_span!("looked", otel.kind = "internal", told = Empty);
            looked.record("told", false);
        });
    })
    .await;
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!((spans[0].name.as_str(), spans[0].events), ("told", 0));
    assert!(!format!("{spans:?}").contains("of the log"), "{spans:#?}");
    let keys: Vec<_> = spans[0].attributes.keys().collect();
    assert!(keys.is_empty(), "nothing about this machine: {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_decides_of_its_trace_and_the_share_of_those_that_begin_here() {
    let mut headers = Vec::new();
    let spans = must_hear(0.0, || {
        let ours = info_span!("ours", otel.kind = "server");
        let (told, untold) =
            (info_span!("told", otel.kind = "server"), info_span!("untold", otel.kind = "server"));
        follow(&told, &format!("00-{TRACE}-{CALLER}-01"));
        follow(&untold, &format!("00-{TRACE}-{CALLER}-00"));
        headers = [&ours, &told, &untold].map(|span| traceparent(span).unwrap()).to_vec();
    })
    .await;
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["told"]);
    let flags: Vec<_> = headers.iter().map(|header| &header[header.len() - 2..]).collect();
    assert_eq!(flags, ["00", "01", "00"], "others do as is decided");
}

#[test]
fn without_a_collector_there_is_no_trace_to_go_on_from() {
    let span = info_span!("nobody hears", otel.kind = "server");
    follow(&span, &format!("00-{TRACE}-{CALLER}-01"));
    assert_eq!(traceparent(&span), None);
}
