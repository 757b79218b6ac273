//! Where no call may go: to the account itself, which would change its owner, code or guardian, and to an
//! EntryPoint, which would move its deposit or run other operations inside this one.

use alloy::primitives::Address;
use countersign_userop::{Action, EntryPointVersion, Preview, PreviewCall};

use super::{Refusal, Rule, Ruling};
use crate::config::ChainConfig;

/// No call, at any depth, goes where it could take the account itself.
pub(super) fn targets(preview: &Preview, chain: &ChainConfig) -> Ruling {
    preview.calls.iter().try_for_each(|call| target(call, preview.sender, chain))
}

fn target(call: &PreviewCall, sender: Address, chain: &ChainConfig) -> Ruling {
    if call.to == sender && call.action != Action::Send {
        return Err(Refusal::new(Rule::Targets, "the account calls itself"));
    }
    if is_entry_point(call.to, chain) {
        let message = format!("the account calls the EntryPoint {}", call.to);
        return Err(Refusal::new(Rule::Targets, message));
    }
    call.inner.iter().try_for_each(|inner| target(inner, sender, chain))
}

fn is_entry_point(address: Address, chain: &ChainConfig) -> bool {
    chain.entry_points.iter().any(|known| known.address == address)
        || EntryPointVersion::ALL.iter().any(|version| version.canonical_address() == address)
}
