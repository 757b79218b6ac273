//! What a trace is told of an operation's steps: how long each took, what came of it, and by which names it is known.

use tracing::{Span, field::Empty};

use super::{
    halt::{Done, Halt},
    stage::Stage,
};
use crate::{service::Failure, store::StoredOperation};

/// The span of the step that takes an operation on from this stage, in the operation's own trace.
pub(super) fn span_of(operation: &StoredOperation, stage: &Stage) -> Span {
    let Some(name) = step_from(stage) else { return Span::none() };
    let (intent, hash) = (&operation.intent, stage.hash());
    let span = tracing::info_span!(
        "step",
        otel.kind = "internal",
        otel.name = name,
        otel.status_code = Empty,
        told = Empty,
        seq = operation.seq,
        id = intent.id,
        key = intent.wallet.key,
        wallet = %intent.wallet.address,
        chain = %intent.wallet.chain,
        user_op_hash = hash.map(tracing::field::display),
        transaction_hash = Empty,
        outcome = Empty,
        failure = Empty,
        rule = Empty,
    );
    if let Some(trace) = &intent.trace {
        trace.adopt(&span);
    }
    span
}

/// Writes down what the step came to. One that only looked is not told.
pub(super) fn tell(span: &Span, outcome: &Result<Done<Stage>, Halt>) {
    match outcome {
        Ok(Done { note: None, .. }) | Err(Halt::Wait(_)) => {
            span.record("told", false);
        }
        Ok(Done { next, note: Some((step, _)) }) => {
            span.record("outcome", *step);
            if let Some(hash) = next.hash() {
                span.record("user_op_hash", tracing::field::display(hash));
            }
            if let Some(hash) = next.transaction() {
                span.record("transaction_hash", tracing::field::display(hash));
            }
            if let Stage::Reverted(_) = next {
                span.record("otel.status_code", "ERROR");
            }
        }
        Err(Halt::Retry(failure)) => failed(span, "retry", failure),
        Err(Halt::Drop(failure)) => failed(span, "drop", failure),
        Err(Halt::Renew(_, failure)) => failed(span, "renew", failure),
        Err(Halt::Store(_)) => {
            span.record("outcome", "store");
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// The kind and the rule; what people read may hold more than a collector should.
fn failed(span: &Span, outcome: &str, failure: &Failure) {
    span.record("outcome", outcome);
    span.record("failure", &failure.kind);
    span.record("otel.status_code", "ERROR");
    if let Some(rule) = &failure.rule {
        span.record("rule", rule);
    }
}

/// What is done next. Waiting for people is no step: what the cosigners are asked meanwhile stands for itself.
const fn step_from(stage: &Stage) -> Option<&'static str> {
    match stage {
        Stage::Draft(_) => Some("price"),
        Stage::Priced(_) => Some("sponsor"),
        Stage::Sponsored(_) => Some("seal"),
        Stage::Sealed(_) => Some("sign"),
        Stage::Signed(_) => Some("submit"),
        Stage::Submitted(_) => Some("include"),
        Stage::Included(_) | Stage::Reverted(_) => Some("watch"),
        Stage::Awaiting(_) | Stage::Dropped(_) => None,
    }
}
