//! An operation as a person or a rule sees it: who, by what means, and every call to the leaves.

mod operation;
mod text;

use alloy::primitives::{Address, Bytes, FixedBytes, U256};
use serde::Serialize;

pub use operation::{OperationPreview, preview_operation};
pub(crate) use operation::{call_body, decimal};
pub(crate) use text::call_lines;

use crate::{
    AccountSpec, Action, Call, Effects, EntryPointVersion, Factory, UserOperation,
    account::{create_account, decode_any_account},
    decode::{Decoded, InnerCaller, decode, decode_admin, selector, unknown},
};

/// Batches within batches further down than this are not looked into.
const MAX_DEPTH: usize = 16;

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Preview {
    /// The EntryPoint version.
    pub version: EntryPointVersion,
    /// The account that acts.
    pub sender: Address,
    /// The whole nonce.
    pub nonce: U256,
    /// What deploys the sender first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Deployment>,
    /// Whose code the sender, an EOA, takes over by EIP-7702.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Address>,
    /// Who pays; the sender itself if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paymaster: Option<Address>,
    /// The most it can cost, in wei.
    pub max_cost_wei: U256,
    /// The account's calls, in order.
    pub calls: Vec<PreviewCall>,
    /// Why the account's call data could not be taken apart; `calls` is then the call to the
    /// account itself. It is named if it is a change of command, but stays not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecoded: Option<String>,
}

/// A factory that deploys the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Deployment {
    /// The contract that deploys.
    pub factory: Address,
    /// Owner and salt, if it is asked for them as the factories that we know are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_and_salt: Option<(Address, U256)>,
}

/// One call, and the calls inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PreviewCall {
    /// Who is called.
    pub to: Address,
    /// Wei sent along.
    pub value: U256,
    /// What it does.
    pub action: Action,
    /// Who makes the call: the account, or the contract whose batch it is in.
    #[serde(skip)]
    pub caller: Address,
    /// The call data itself.
    #[serde(skip)]
    pub data: Bytes,
    /// The calls in it, if it is a batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<Self>,
}

/// Takes an operation apart. Without a `spec` the account's kind is guessed from its call data.
pub fn preview(op: &UserOperation, spec: Option<&AccountSpec>) -> Preview {
    let decoded = match spec {
        _ if op.call_data().is_empty() => Ok(Vec::new()),
        Some(spec) => spec.decode_calls(op.call_data()).map_err(|error| error.to_string()),
        None => decode_any_account(op.call_data())
            .map(|(_, calls)| calls)
            .ok_or_else(|| "no account that we know executes this call data".to_owned()),
    };
    let (calls, undecoded) = match decoded {
        Ok(calls) => (calls.iter().map(|call| look_into(call, op.sender(), 0)).collect(), None),
        Err(reason) => {
            let action = decode_admin(op.call_data()).unwrap_or_else(|| unknown(op.call_data()));
            (vec![direct(op, action)], Some(reason))
        }
    };
    Preview {
        version: op.version(),
        sender: op.sender(),
        nonce: op.nonce(),
        deployment: op.factory().filter(|factory| !factory.is_eip7702()).map(deployment),
        delegate: op.eip7702_auth().map(|auth| auth.address),
        paymaster: op.paymaster().map(|paymaster| paymaster.address),
        max_cost_wei: op.max_cost_wei(),
        calls,
        undecoded,
    }
}

impl Preview {
    /// The calls that hold no other calls, in the order in which they run. Inside somebody else's
    /// batch (Multicall3) it is that contract which calls, not the account.
    pub fn leaves(&self) -> Vec<&PreviewCall> {
        let mut leaves = Vec::new();
        for call in &self.calls {
            call.collect_leaves(&mut leaves);
        }
        leaves
    }

    /// Whether every leaf is something we know by name.
    pub fn is_understood(&self) -> bool {
        self.undecoded.is_none()
            && self.leaves().iter().all(|leaf| !matches!(leaf.action, Action::Unknown { .. }))
    }

    /// What the calls do to whom, as rules ask for it. An EIP-7702 delegate is among it.
    pub fn effects(&self) -> Effects {
        let mut effects = Effects::default();
        if self.delegate.is_some() {
            effects.delegate(self.sender);
        }
        effects.add_calls(&self.calls);
        if self.undecoded.is_some() {
            effects.distrust();
        }
        effects
    }

    /// One readable line a call, inner calls indented.
    pub fn lines(&self) -> Vec<String> {
        text::lines(self)
    }
}

impl PreviewCall {
    /// Takes one call apart that `caller` makes.
    pub(crate) fn of(call: &Call, caller: Address) -> Self {
        look_into(call, caller, 0)
    }

    /// The function that its call data names, if it is long enough to name one.
    pub fn selector(&self) -> Option<FixedBytes<4>> {
        selector(&self.data)
    }

    fn collect_leaves<'a>(&'a self, leaves: &mut Vec<&'a Self>) {
        if self.inner.is_empty() {
            leaves.push(self);
        }
        for call in &self.inner {
            call.collect_leaves(leaves);
        }
    }
}

fn deployment(factory: &Factory) -> Deployment {
    Deployment { factory: factory.address, owner_and_salt: create_account(&factory.data) }
}

fn look_into(call: &Call, caller: Address, depth: usize) -> PreviewCall {
    let (action, inner, acts) = match decode(call) {
        Decoded { action: Action::Batch { .. }, .. } if depth == MAX_DEPTH => {
            (unknown(&call.data), Vec::new(), caller)
        }
        Decoded { action, inner, inner_caller: InnerCaller::Callee } => (action, inner, call.to),
        Decoded { action, inner, inner_caller: InnerCaller::Unchanged } => (action, inner, caller),
    };
    let inner = inner.iter().map(|call| look_into(call, acts, depth + 1)).collect();
    let Call { to, value, data } = call.clone();
    PreviewCall { to, value, action, caller, data, inner }
}

/// The EntryPoint's own call to the account, when it is none that executes others.
fn direct(op: &UserOperation, action: Action) -> PreviewCall {
    let (account, data) = (op.sender(), op.call_data().clone());
    let (value, inner) = (U256::ZERO, Vec::new());
    PreviewCall { to: account, value, action, caller: account, data, inner }
}
