//! What is meant to be in use at all, before anybody asks whether it is allowed.

use super::{Case, Refusal, Rule, Ruling};

/// Every feature that the request needs is on.
pub(super) fn feature(case: &Case<'_>) -> Ruling {
    let allowed = case.features.allow(&case.call.request);
    allowed.map_err(|off| Refusal::new(Rule::Feature, off.to_string()))
}
