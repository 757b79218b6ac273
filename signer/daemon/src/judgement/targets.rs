//! Where no call may go: to the account itself, which would change its owner, code or guardian, and to an
//! EntryPoint, which would move its deposit or run other operations inside this one.

use alloy::primitives::Address;
use countersign_policy::{Grant, Policy};
use countersign_userop::{Action, EntryPointVersion, Preview, PreviewCall};

use super::{Refusal, Rule, Ruling};
use crate::config::ChainConfig;

/// No call, at any depth, goes where it could take the account itself, unless some policy grants such calls by name;
/// then the policy says which.
pub(super) fn targets(preview: &Preview, chain: &ChainConfig, policy: &Policy) -> Ruling {
    preview.calls.iter().try_for_each(|call| target(call, preview.sender, chain, policy))
}

/// The same of one call of `sender`.
pub(super) fn target(
    call: &PreviewCall,
    sender: Address,
    chain: &ChainConfig,
    policy: &Policy,
) -> Ruling {
    let itself = Grant::ALL.iter().any(|grant| grant.is_admin() && policy.gives(*grant));
    if call.to == sender && call.action != Action::Send && !itself {
        return Err(Refusal::new(Rule::Targets, "the account calls itself"));
    }
    if is_entry_point(call.to, chain) && !policy.gives(Grant::EntryPoint) {
        let message = format!("the account calls the EntryPoint {}", call.to);
        return Err(Refusal::new(Rule::Targets, message));
    }
    call.inner.iter().try_for_each(|inner| target(inner, sender, chain, policy))
}

fn is_entry_point(address: Address, chain: &ChainConfig) -> bool {
    chain.entry_points.iter().any(|known| known.address == address)
        || EntryPointVersion::ALL.iter().any(|version| version.canonical_address() == address)
}
