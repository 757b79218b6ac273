//! Figures for people who run the gateway and for people who decide, as Prometheus reads them.
//!
//! Labels are names from the configuration, from our own tables, or of a bounded number that others choose. Neither
//! addresses of endpoints nor anything secret is ever one.

mod bounded;
mod listener;

use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_histogram, histogram};
use countersign_userop::{Call, UserOperation};

use self::bounded::Bounded;
pub use self::listener::{MetricsError, MetricsServer};
use crate::quorum::{QuorumError, QuorumSignature};
use crate::service::{Failure, Inclusion, Wallet};

/// Rules and stages are named by cosigners, selectors by callers.
static RULES: Bounded = Bounded::new(64);
static STAGES: Bounded = Bounded::new(64);
static SELECTORS: Bounded = Bounded::new(256);

/// Says what each figure is, and begins those at zero that shall not be missing while nothing happens.
fn describe() {
    describe_histogram!("countersign_step_seconds", "how long a step of an operation took");
    describe_histogram!("countersign_signing_seconds", "how long a quorum took for a signature");
    describe_histogram!(
        "countersign_cosigner_stage_seconds",
        "where a cosigner's time for a signature went"
    );
    for (name, about) in [
        ("countersign_signing_total", "signatures asked for, by what came of it"),
        ("countersign_operations_total", "operations that ended, by how"),
        ("countersign_gas_limit_total", "gas that landed operations were allowed"),
        ("countersign_gas_used_total", "gas that landed operations used"),
        ("countersign_endpoint_errors_total", "endpoints that gave no proper answer"),
        ("countersign_paymaster_denials_total", "operations that no paymaster would pay for"),
        ("countersign_calls_landed_total", "calls on chain by selector, and how they ended"),
        ("countersign_rpc_calls_total", "calls of the API by method and code, 0 for success"),
    ] {
        describe_counter!(name, about);
    }
    for outcome in ["succeeded", "denied", "failed"] {
        counter!("countersign_signing_total", "outcome" => outcome, "rule" => "").increment(0);
    }
    for outcome in ["included", "reverted", "dropped"] {
        let labels = [("outcome", outcome), ("kind", ""), ("rule", "")];
        counter!("countersign_operations_total", &labels).increment(0);
    }
    for endpoint in ["node", "bundler", "paymaster", "quorum"] {
        counter!("countersign_endpoint_errors_total", "endpoint" => endpoint).increment(0);
    }
}

/// A step of an operation is done.
pub(crate) fn step(name: &str, took_ms: u64) {
    let seconds = Duration::from_millis(took_ms).as_secs_f64();
    histogram!("countersign_step_seconds", "step" => name.to_owned()).record(seconds);
}

/// A quorum was asked.
pub(crate) fn signing(answer: &Result<QuorumSignature, QuorumError>, took: Duration) {
    let (outcome, rule) = match answer {
        Ok(_) => ("succeeded", String::new()),
        Err(QuorumError::Refused(refusal)) => ("denied", RULES.keep(&refusal.rule)),
        Err(QuorumError::Unapproved(_)) => ("denied", "approval".to_owned()),
        Err(_) => ("failed", String::new()),
    };
    counter!("countersign_signing_total", "outcome" => outcome, "rule" => rule).increment(1);
    let Ok(signed) = answer else { return };
    let quorum = signed.quorum.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    histogram!("countersign_signing_seconds", "quorum" => quorum).record(took.as_secs_f64());
    for saw in &signed.saw {
        for stage in saw.stages.iter().filter(|stage| stage.ms.is_finite() && stage.ms >= 0.0) {
            let labels = [("party", saw.cosigner.clone()), ("stage", STAGES.keep(&stage.name))];
            histogram!("countersign_cosigner_stage_seconds", &labels).record(stage.ms / 1_000.0);
        }
    }
}

/// An operation is on chain.
pub(crate) fn landed(
    wallet: &Wallet,
    op: &UserOperation,
    inclusion: &Inclusion,
    failure: Option<&Failure>,
) {
    let outcome = if inclusion.success { "included" } else { "reverted" };
    ended(outcome, failure);
    let chain = wallet.chain.to_string();
    let gas = op.gas();
    let paymaster = op.paymaster().map_or(0, |paymaster| {
        paymaster.verification_gas_limit.saturating_add(paymaster.post_op_gas_limit)
    });
    let allowed = [gas.verification, gas.pre_verification, paymaster];
    let allowed = allowed.into_iter().fold(gas.call, u128::saturating_add);
    let limit = u64::try_from(allowed).unwrap_or(u64::MAX);
    counter!("countersign_gas_limit_total", "chain" => chain.clone()).increment(limit);
    let used = inclusion.actual_gas_used.saturating_to::<u64>();
    counter!("countersign_gas_used_total", "chain" => chain).increment(used);
    let outcome = if inclusion.success { "succeeded" } else { "reverted" };
    for call in wallet.account.decode_calls(op.call_data()).unwrap_or_default() {
        let labels = [("selector", selector(&call)), ("outcome", outcome.to_owned())];
        counter!("countersign_calls_landed_total", &labels).increment(1);
    }
}

/// An operation will not be on chain.
pub(crate) fn dropped(failure: &Failure) {
    ended("dropped", Some(failure));
}

fn ended(outcome: &'static str, failure: Option<&Failure>) {
    let kind = failure.map_or_else(String::new, |failure| failure.kind.clone());
    let rule = failure.and_then(|failure| failure.rule.as_deref()).unwrap_or_default();
    let labels = [("outcome", outcome.to_owned()), ("kind", kind), ("rule", RULES.keep(rule))];
    counter!("countersign_operations_total", &labels).increment(1);
}

/// A step could not be done.
pub(crate) fn halted(failure: &Failure) {
    if let Some(endpoint) = endpoint(&failure.kind) {
        counter!("countersign_endpoint_errors_total", "endpoint" => endpoint).increment(1);
    }
    let reason = match failure.kind.as_str() {
        "sponsor_refused" => RULES.keep(failure.rule.as_deref().unwrap_or_default()),
        "paymaster_refused" => "service".to_owned(),
        _ => return,
    };
    counter!("countersign_paymaster_denials_total", "reason" => reason).increment(1);
}

/// A call of the API was answered; 0 is success.
pub(crate) fn answered(method: &'static str, code: i32) {
    let code = code.to_string();
    counter!("countersign_rpc_calls_total", "method" => method, "code" => code).increment(1);
}

fn endpoint(kind: &str) -> Option<&'static str> {
    match kind {
        "node_unavailable" => Some("node"),
        "bundler_unavailable" => Some("bundler"),
        "paymaster_unavailable" => Some("paymaster"),
        "quorum_unavailable" => Some("quorum"),
        _ => None,
    }
}

/// The function that a call names; a plain transfer names none.
fn selector(call: &Call) -> String {
    match call.data.get(..4) {
        Some(bytes) => SELECTORS.keep(&format!("0x{}", hex::encode(bytes))),
        None => String::new(),
    }
}
