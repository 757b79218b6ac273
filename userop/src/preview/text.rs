//! A preview as lines of text.

mod admin;
mod entry_point;
mod permit2;

use std::fmt;

use alloy::primitives::{U256, keccak256};

use super::{Deployment, Preview, PreviewCall};
use crate::{
    Action,
    effects::{AMOUNT_BITS, Extent},
};

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

pub(super) fn lines(preview: &Preview) -> Vec<String> {
    let sequence = preview.nonce & U256::from(u64::MAX);
    let mut lines = vec![format!(
        "account {} on EntryPoint {}, nonce key {:#x} sequence {sequence}",
        preview.sender,
        preview.version,
        preview.nonce >> 64,
    )];
    if let Some(delegate) = preview.delegate {
        lines.push(format!("runs the code of {delegate} by EIP-7702"));
    }
    if let Some(Deployment { factory, owner_and_salt }) = &preview.deployment {
        let whose = match owner_and_salt {
            Some((owner, salt)) => format!(" for owner {owner} with salt {salt}"),
            None => String::new(),
        };
        lines.push(format!("is deployed by factory {factory}{whose}"));
    }
    lines.push(match preview.paymaster {
        Some(paymaster) => {
            format!("paymaster {paymaster} pays at most {} wei", preview.max_cost_wei)
        }
        None => format!("the account pays at most {} wei", preview.max_cost_wei),
    });
    if let Some(reason) = &preview.undecoded {
        lines.push(format!("not understood: {reason}"));
    }
    if preview.calls.is_empty() {
        lines.push("no calls".to_owned());
    }
    for (i, call) in preview.calls.iter().enumerate() {
        call_lines(call, &(i + 1).to_string(), &mut lines);
    }
    lines
}

/// One line a call, the calls inside it under its number.
pub(crate) fn call_lines(call: &PreviewCall, number: &str, lines: &mut Vec<String>) {
    let value = match call.value.is_zero() || call.action == Action::Send {
        true => String::new(),
        false => format!(" with {} wei", call.value),
    };
    lines.push(format!("{number}. {}{value}", sentence(call)));
    for (i, inner) in call.inner.iter().enumerate() {
        call_lines(inner, &format!("{number}.{}", i + 1), lines);
    }
}

fn sentence(call: &PreviewCall) -> String {
    let to = call.to;
    match &call.action {
        Action::Send => format!("send {} wei to {to}", call.value),
        Action::Transfer { to: recipient, amount } => {
            format!("token {to}: transfer {amount} to {recipient}")
        }
        Action::TransferFrom { from, to: recipient, amount_or_id } => {
            format!("token {to}: transfer {amount_or_id} from {from} to {recipient}")
        }
        Action::Approve { spender, amount_or_id } => {
            format!("token {to}: approve {} for {spender}", amount(amount_or_id))
        }
        Action::IncreaseAllowance { spender, amount: added } => {
            format!("token {to}: increase the allowance of {spender} by {}", amount(added))
        }
        Action::DecreaseAllowance { spender, amount: removed } => {
            format!("token {to}: decrease the allowance of {spender} by {}", amount(removed))
        }
        Action::Permit { owner, spender, amount: allowed, deadline } => format!(
            "token {to}: permit {spender} to spend {} of {owner} until {deadline}",
            amount(allowed)
        ),
        Action::ApproveAll { operator, approved: true } => {
            format!("token {to}: approve {operator} for everything")
        }
        Action::ApproveAll { operator, approved: false } => {
            format!("token {to}: revoke the approval of {operator} for everything")
        }
        Action::TransferToken { from, to: recipient, id } => {
            format!("token {to}: transfer id {id} from {from} to {recipient}")
        }
        Action::TransferTokens { from, to: recipient, ids, amounts } => format!(
            "token {to}: transfer ids {} in amounts {} from {from} to {recipient}",
            list(ids),
            list(amounts)
        ),
        Action::PermitAll { owner, spender, allowed, deadline, .. } => {
            let amount = if *allowed { "an unlimited amount" } else { "nothing" };
            format!("token {to}: permit {spender} to spend {amount} of {owner} until {deadline}")
        }
        Action::Permit2 { call } => format!("permit2 at {to}: {}", permit2::sentence(call)),
        Action::EntryPoint { call } => entry_point::sentence(to, call),
        other => account_sentence(call, other),
    }
}

fn account_sentence(call: &PreviewCall, action: &Action) -> String {
    let to = call.to;
    match action {
        Action::Upgrade { implementation, initializes } => {
            let how = if *initializes { " and initialise it" } else { "" };
            format!("{to}: upgrade to the code of {implementation}{how}")
        }
        Action::RotateOwner { new_owner } => format!("{to}: make {new_owner} the owner"),
        Action::SetGuardian { new_guardian } => format!("{to}: make {new_guardian} the guardian"),
        Action::Admin { change } => format!("{to}: {}", admin::sentence(change)),
        Action::Batch { function, stops_on_failure } => {
            let failure = if *stops_on_failure { "" } else { ", going on after failures" };
            format!("{to}: {function} of {} calls{failure}", call.inner.len())
        }
        Action::Unknown { selector: Some(selector), bytes } => {
            let hash = keccak256(&call.data);
            format!(
                "{to}: unknown function {selector} with {bytes} bytes of call data, hash {hash}"
            )
        }
        Action::Unknown { selector: None, bytes } => {
            format!("{to}: {bytes} bytes of call data, too few for a function")
        }
        _ => format!("call {to}"),
    }
}

fn amount(amount: &U256) -> String {
    match Extent::of(*amount, AMOUNT_BITS) {
        Extent::Unlimited if *amount == U256::MAX => "an unlimited amount".to_owned(),
        Extent::Unlimited => format!("an unlimited amount ({amount})"),
        Extent::Limited => amount.to_string(),
    }
}

fn list(numbers: &[U256]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
