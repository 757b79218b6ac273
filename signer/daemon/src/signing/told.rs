//! What a trace is told of one request: by which names it is known, what came of it, and by which rule.

use countersign_protocol::{FailureClass, SignCall, SignReply};
use countersign_threshold::PartyId;
use tracing::Span;
use tracing::field::Empty;

/// The span of a whole request. It goes on the trace of the attempt that the gateway made.
pub(super) fn span_of(me: PartyId, caller: &str, call: &SignCall) -> Span {
    let span = tracing::info_span!(
        "sign",
        otel.kind = "server",
        otel.status_code = Empty,
        party = %me,
        caller,
        key = %call.key,
        request = %call.request.kind(),
        quorum = ?call.quorum,
        attempt = %hex::encode(call.attempt.0),
        trace = call.traceparent.as_deref(),
        user_op_hash = call.request.user_op_hash().map(tracing::field::display),
        outcome = Empty,
        rule = Empty,
    );
    if let Some(traceparent) = &call.traceparent {
        countersign_telemetry::follow(&span, traceparent);
    }
    span
}

/// The span of one of its stages.
macro_rules! stage {
    ($name:literal) => {
        tracing::info_span!($name, otel.kind = "internal")
    };
}
pub(super) use stage;

/// Writes down how the request ended: never a reason's text, only whose it is.
pub(super) fn tell(span: &Span, reply: &SignReply) {
    let (outcome, rule) = match reply {
        SignReply::Signed(_) => ("signed", None),
        SignReply::Refused { rule, .. } => ("refused", Some(rule)),
        SignReply::Failed { class: FailureClass::Network, .. } => ("failed: network", None),
        SignReply::Failed { class: FailureClass::Peer, .. } => ("failed: peer", None),
        SignReply::Failed { .. } => ("failed", None),
    };
    span.record("outcome", outcome);
    if let Some(rule) = rule {
        span.record("rule", rule);
    }
    if outcome != "signed" {
        span.record("otel.status_code", "ERROR");
    }
}
