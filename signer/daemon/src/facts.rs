//! A request in the words of the policy.

mod alone;

use alloy::primitives::{Address, U256};
use countersign_policy::{Asset, CallFacts, Facts, Flow, Grant, Time};
use countersign_userop::{
    Action, AdminChange, AdminClass, Asset as Moved, Extent, OperationPreview, Permit2Call,
    PreviewCall, SignableKind,
};

pub(crate) use alone::of_signable;

/// Who asks for what, beside what the operation shows by itself.
pub(crate) struct Asked<'a> {
    pub(crate) kind: SignableKind,
    pub(crate) caller: String,
    pub(crate) intent_signed: bool,
    pub(crate) key: &'a str,
    pub(crate) purpose: &'a str,
    pub(crate) now_s: u64,
}

/// The facts of an operation, or of an approval to pay for one.
pub(crate) fn of(asked: Asked<'_>, shown: &OperationPreview) -> Facts {
    let preview = &shown.preview;
    let mut calls = Vec::new();
    for call in &preview.calls {
        flatten(call, preview.sender, 0, &mut calls);
    }
    let mut needs = Vec::new();
    if preview.undecoded.is_some() {
        needs.push(Grant::Undecodable);
    }
    if preview.delegate.is_some() {
        needs.push(Grant::Delegate);
    }
    let pays = match asked.kind {
        SignableKind::UserOperation => preview.paymaster.is_none(),
        _ => true,
    };
    Facts {
        kind: asked.kind,
        caller: asked.caller,
        intent_signed: asked.intent_signed,
        key: asked.key.to_owned(),
        purpose: asked.purpose.to_owned(),
        chain: shown.chain.get(),
        account: Some(preview.sender),
        account_kind: shown.account_kind.map(|kind| kind.to_string()),
        entry_point: Some(shown.entry_point),
        entry_point_version: Some(preview.version.to_string()),
        deploys: preview.deployment.is_some(),
        sponsor: preview.paymaster,
        flows: flows(shown),
        calls,
        needs,
        fee_ceiling: if pays { preview.max_cost_wei } else { U256::ZERO },
        time: Time::at(asked.now_s),
        typed_data: None,
    }
}

/// What leaves the account or may be taken from it. An EntryPoint's deposit is the account's wei.
fn flows(shown: &OperationPreview) -> Vec<Flow> {
    let effects = shown.effects();
    let ours = effects.flows.iter().filter(|flow| flow.leaves(shown.preview.sender));
    ours.map(flow).collect()
}

fn flow(flow: &countersign_userop::Flow) -> Flow {
    Flow {
        asset: match flow.asset {
            Moved::Token { token } | Moved::Item { token, .. } => Asset::Token(token),
            _ => Asset::Native,
        },
        amount: if flow.extent == Extent::Unlimited { U256::MAX } else { flow.amount },
    }
}

/// Every call, a batch before what is in it: the contract that runs a batch is called too.
fn flatten(call: &PreviewCall, sender: Address, depth: usize, calls: &mut Vec<CallFacts>) {
    calls.push(facts(call, sender, depth));
    for inner in &call.inner {
        flatten(inner, sender, depth.saturating_add(1), calls);
    }
}

fn facts(call: &PreviewCall, sender: Address, depth: usize) -> CallFacts {
    let parties = parties(&call.action);
    CallFacts {
        target: call.to,
        function: function(&call.action).to_owned(),
        selector: call.selector(),
        sends_value: !call.value.is_zero(),
        depth,
        from: parties.from,
        recipient: parties.recipient,
        spender: parties.spender,
        unlimited: is_unlimited(&call.action),
        needs: needs(call, sender),
    }
}

/// What a call needs beyond a permit.
fn needs(call: &PreviewCall, sender: Address) -> Vec<Grant> {
    let mut needs = Vec::new();
    if let Some(class) = call.action.admin_class() {
        needs.push(admin(class));
    }
    if call.to == sender && call.action != Action::Send && needs.is_empty() {
        needs.push(Grant::SelfCall);
    }
    match &call.action {
        Action::Unknown { .. } => needs.push(Grant::Undecodable),
        Action::EntryPoint { .. } => needs.push(Grant::EntryPoint),
        Action::Permit { .. } | Action::PermitAll { .. } => needs.push(Grant::Permit),
        Action::Permit2 {
            call: Permit2Call::Permit { .. } | Permit2Call::SignedTransfer { .. },
        } => {
            needs.push(Grant::Permit);
        }
        _ => {}
    }
    if is_unlimited(&call.action) {
        needs.push(Grant::UnlimitedApproval);
    }
    needs
}

const fn admin(class: AdminClass) -> Grant {
    match class {
        AdminClass::Guardian => Grant::Guardian,
        AdminClass::Module => Grant::Module,
        AdminClass::Role => Grant::Role,
        AdminClass::Upgrade => Grant::Upgrade,
        AdminClass::Delegate => Grant::Delegate,
        // A class that is newer than this: as grave as another owner.
        _ => Grant::Owner,
    }
}

fn is_unlimited(action: &Action) -> bool {
    let endless = |amount: &U256| amount.bit_len() == 256;
    match action {
        Action::Approve { amount_or_id: amount, .. }
        | Action::IncreaseAllowance { amount, .. }
        | Action::Permit { amount, .. } => endless(amount),
        Action::PermitAll { allowed, .. } => *allowed,
        Action::ApproveAll { approved, .. } => *approved,
        Action::Permit2 { call: Permit2Call::Approve { amount, .. } } => amount.bit_len() >= 160,
        Action::Permit2 { call: Permit2Call::Permit { allowances, .. } } => {
            allowances.iter().any(|allowance| allowance.amount.bit_len() >= 160)
        }
        _ => false,
    }
}

/// The function by the name that policies use.
pub(crate) const fn function(action: &Action) -> &'static str {
    match action {
        Action::Send => "send",
        Action::Transfer { .. } => "transfer",
        Action::TransferFrom { .. } => "transferFrom",
        Action::Approve { .. } => "approve",
        Action::IncreaseAllowance { .. } => "increaseAllowance",
        Action::DecreaseAllowance { .. } => "decreaseAllowance",
        Action::Permit { .. } | Action::PermitAll { .. } => "permit",
        Action::ApproveAll { .. } => "setApprovalForAll",
        Action::TransferToken { .. } | Action::TransferTokens { .. } => "safeTransferFrom",
        Action::Permit2 { .. } => "permit2",
        Action::EntryPoint { .. } => "entryPoint",
        Action::Upgrade { .. } => "upgrade",
        Action::RotateOwner { .. } => "rotateOwner",
        Action::SetGuardian { .. } => "setGuardian",
        Action::Admin { change: AdminChange::Freeze } => "freeze",
        Action::Admin { .. } => "admin",
        Action::Batch { .. } => "batch",
        _ => "unknown",
    }
}

/// Those whom a call names.
#[derive(Default)]
struct Parties {
    from: Option<Address>,
    recipient: Option<Address>,
    spender: Option<Address>,
}

fn parties(action: &Action) -> Parties {
    let none = Parties::default();
    match action {
        Action::Transfer { to, .. } => Parties { recipient: Some(*to), ..none },
        Action::TransferFrom { from, to, .. }
        | Action::TransferToken { from, to, .. }
        | Action::TransferTokens { from, to, .. } => {
            Parties { from: Some(*from), recipient: Some(*to), ..none }
        }
        Action::Approve { spender, .. }
        | Action::IncreaseAllowance { spender, .. }
        | Action::DecreaseAllowance { spender, .. } => Parties { spender: Some(*spender), ..none },
        Action::Permit { owner, spender, .. } | Action::PermitAll { owner, spender, .. } => {
            Parties { from: Some(*owner), spender: Some(*spender), ..none }
        }
        Action::ApproveAll { operator, .. } => Parties { spender: Some(*operator), ..none },
        Action::Upgrade { implementation, .. } => {
            Parties { recipient: Some(*implementation), ..none }
        }
        Action::RotateOwner { new_owner } => Parties { recipient: Some(*new_owner), ..none },
        Action::SetGuardian { new_guardian } => Parties { recipient: Some(*new_guardian), ..none },
        _ => none,
    }
}
