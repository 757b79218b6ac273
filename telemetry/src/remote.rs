//! A trace that goes on in another process.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const HEADER: &str = "traceparent";

/// Makes a span the child of the one that a `traceparent` names. It must not have been entered yet; one that is
/// malformed, or a span that is not told, changes nothing.
pub fn follow(span: &Span, traceparent: &str) {
    let headers = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&headers);
    if parent.span().span_context().is_valid() {
        // Without a collector nothing has a parent.
        let _ = span.set_parent(parent);
    }
}

/// The `traceparent` by which others go on from this span; none if it is not told.
#[must_use]
pub fn traceparent(span: &Span) -> Option<String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
    headers.remove(HEADER)
}
