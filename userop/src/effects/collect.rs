//! Gathers the effects of calls.

use alloy::primitives::{Address, U256};

use super::{AMOUNT_BITS, AdminEffect, Asset, CalledFunction, Effects, Flow, PERMIT2_BITS};
use crate::{Action, EntryPointCall, Permit2Call, PreviewCall};

/// Whether a call's value is its own, or the whole's that it is a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Moves,
    Repeats,
}

impl Effects {
    pub(crate) fn add_calls(&mut self, calls: &[PreviewCall]) {
        for call in calls {
            self.add_call(call, Value::Moves);
        }
    }

    fn add_call(&mut self, call: &PreviewCall, value: Value) {
        let PreviewCall { to, caller, .. } = *call;
        let function =
            CalledFunction { caller, target: to, selector: call.selector(), value: call.value };
        self.calls.push(function);
        if value == Value::Moves && !call.value.is_zero() && caller != to {
            self.flows.push(Flow::out(caller, Asset::Native, call.value, to));
        }
        if let Some(class) = call.action.admin_class() {
            self.admin.push(AdminEffect { class, target: to });
        }
        match &call.action {
            Action::Unknown { .. } => self.unknown.push(function),
            Action::Permit2 { call: permit2 } => self.permit2(caller, permit2),
            Action::EntryPoint { call: entry_point } => self.deposit(caller, to, entry_point),
            action => self.tokens(caller, to, action),
        }
        for inner in &call.inner {
            // The parts of a `multicall` show the value of the whole, whose caller they keep.
            let repeats = caller != to && inner.caller == caller;
            self.add_call(inner, if repeats { Value::Repeats } else { Value::Moves });
        }
    }

    fn tokens(&mut self, caller: Address, token: Address, action: &Action) {
        let asset = Asset::Token { token };
        match action {
            Action::Transfer { to, amount } => {
                self.flows.push(Flow::out(caller, asset, *amount, *to));
            }
            Action::TransferFrom { from, to, amount_or_id } => {
                self.flows.push(Flow::out(*from, asset, *amount_or_id, *to));
            }
            Action::Approve { spender, amount_or_id: amount }
            | Action::IncreaseAllowance { spender, amount } => {
                self.allow(caller, asset, (*amount, AMOUNT_BITS), *spender);
            }
            Action::Permit { owner, spender, amount, .. } => {
                self.allow(*owner, asset, (*amount, AMOUNT_BITS), *spender);
            }
            Action::PermitAll { owner, spender, allowed: true, .. } => {
                self.allow(*owner, asset, (U256::MAX, AMOUNT_BITS), *spender);
            }
            Action::ApproveAll { operator, approved: true } => {
                self.allow(caller, asset, (U256::MAX, AMOUNT_BITS), *operator);
            }
            Action::TransferToken { from, to, id } => {
                let item = Asset::Item { token, id: *id };
                self.flows.push(Flow::out(*from, item, U256::ONE, *to));
            }
            Action::TransferTokens { from, to, ids, amounts } => {
                for (i, id) in ids.iter().enumerate() {
                    // A token that takes more ids than amounts does what it likes with the rest.
                    let amount = amounts.get(i).copied().unwrap_or(U256::MAX);
                    self.flows.push(Flow::out(*from, Asset::Item { token, id: *id }, amount, *to));
                }
            }
            _ => {}
        }
    }

    fn permit2(&mut self, caller: Address, call: &Permit2Call) {
        match call {
            Permit2Call::Approve { token, spender, amount, .. } => {
                let asset = Asset::Token { token: *token };
                self.allow(caller, asset, (*amount, PERMIT2_BITS), *spender);
            }
            Permit2Call::Permit { owner, spender, allowances, .. } => {
                for allowance in allowances {
                    let asset = Asset::Token { token: allowance.token };
                    self.allow(*owner, asset, (allowance.amount, PERMIT2_BITS), *spender);
                }
            }
            Permit2Call::Transfer { transfers } | Permit2Call::SignedTransfer { transfers, .. } => {
                for t in transfers {
                    let asset = Asset::Token { token: t.token };
                    self.flows.push(Flow::out(t.from, asset, t.amount, t.to));
                }
            }
            Permit2Call::Lockdown { .. }
            | Permit2Call::InvalidateNonces { .. }
            | Permit2Call::InvalidateUnorderedNonces { .. } => {}
        }
    }

    /// How large a stake is the call does not say, so it counts as everything.
    fn deposit(&mut self, caller: Address, entry_point: Address, call: &EntryPointCall) {
        let asset = Asset::Deposit { entry_point };
        match call {
            EntryPointCall::WithdrawTo { to, amount } => {
                self.flows.push(Flow::out(caller, asset, *amount, *to));
            }
            EntryPointCall::WithdrawStake { to } => {
                self.flows.push(Flow::out(caller, asset, U256::MAX, *to));
            }
            _ => {}
        }
    }

    fn allow(&mut self, holder: Address, asset: Asset, amount: (U256, usize), spender: Address) {
        self.flows.push(Flow::allowance(Some(holder), asset, amount, spender));
    }
}
