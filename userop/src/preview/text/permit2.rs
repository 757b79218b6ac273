//! Calls to Permit2 in words.

use alloy::primitives::U256;

use crate::{
    Permit2Allowance, Permit2Call, Permit2Transfer,
    effects::{Extent, PERMIT2_BITS},
};

pub(super) fn sentence(call: &Permit2Call) -> String {
    match call {
        Permit2Call::Approve { token, spender, amount, expiration } => {
            format!("approve {} of token {token} for {spender} until {expiration}", allowed(amount))
        }
        Permit2Call::Permit { owner, spender, allowances, deadline } => {
            let each = |a: &Permit2Allowance| {
                format!("{} of token {} until {}", allowed(&a.amount), a.token, a.expiration)
            };
            let all = join(allowances.iter().map(each));
            format!("permit {spender} to spend of {owner}: {all}; signed until {deadline}")
        }
        Permit2Call::Transfer { transfers } => join(transfers.iter().map(transfer)),
        Permit2Call::SignedTransfer { owner, transfers, nonce } => {
            let all = join(transfers.iter().map(transfer));
            format!("as {owner} signed with nonce {nonce}: {all}")
        }
        Permit2Call::Lockdown { pairs } => {
            let each = |p: &crate::Permit2Pair| format!("{} of token {}", p.spender, p.token);
            format!("revoke the allowance of {}", join(pairs.iter().map(each)))
        }
        Permit2Call::InvalidateNonces { token, spender, new_nonce } => {
            format!("void permits of token {token} for {spender} below nonce {new_nonce}")
        }
        Permit2Call::InvalidateUnorderedNonces { word, mask } => {
            format!("void signed transfers of nonces {mask:#x} in word {word}")
        }
    }
}

fn transfer(t: &Permit2Transfer) -> String {
    format!("transfer {} of token {} from {} to {}", t.amount, t.token, t.from, t.to)
}

fn allowed(amount: &U256) -> String {
    match Extent::of(*amount, PERMIT2_BITS) {
        Extent::Unlimited => "an unlimited amount".to_owned(),
        Extent::Limited => amount.to_string(),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
