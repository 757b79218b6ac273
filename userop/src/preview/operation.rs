//! A preview with all that it takes to say where the operation runs, and its canonical form.

use alloy::primitives::{Address, B256, U256, keccak256};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Preview, PreviewCall, preview};
use crate::{
    AccountKind, AccountSpec, CanonicalPreview, ChainId, Effects, PreviewHash, SignableKind,
    UserOperation, canonical,
};

/// What an operation does, on which chain and EntryPoint, at whose cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationPreview {
    /// The chain.
    pub chain: ChainId,
    /// The EntryPoint's address there.
    pub entry_point: Address,
    /// The kind of account, where it was given and not guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_kind: Option<AccountKind>,
    /// The chain that the EIP-7702 authorization is for; zero is every chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation_chain: Option<ChainId>,
    /// Keccak-256 of the init code; it is empty if nothing is deployed.
    pub init_code_hash: B256,
    /// Keccak-256 of the account's call data.
    pub call_data_hash: B256,
    /// What it does.
    #[serde(flatten)]
    pub preview: Preview,
}

/// Takes an operation apart, for its place. Without a `spec` the account's kind is guessed from its
/// call data, and stays unnamed.
pub fn preview_operation(
    op: &UserOperation,
    entry_point: Address,
    chain: ChainId,
    spec: Option<&AccountSpec>,
) -> OperationPreview {
    OperationPreview {
        chain,
        entry_point,
        account_kind: spec.map(|spec| spec.kind),
        delegation_chain: op.eip7702_auth().map(|auth| auth.chain_id),
        init_code_hash: keccak256(op.init_code()),
        call_data_hash: keccak256(op.call_data()),
        preview: preview(op, spec),
    }
}

impl OperationPreview {
    /// The one byte string of what is shown. It binds every byte of the call data and init code.
    pub fn canonical(&self) -> CanonicalPreview {
        CanonicalPreview::new(SignableKind::UserOperation, self.body())
    }

    /// The hash that names what is shown.
    pub fn hash(&self) -> PreviewHash {
        self.canonical().hash()
    }

    /// What the operation does to whom.
    pub fn effects(&self) -> Effects {
        self.preview.effects()
    }

    /// The calls that hold no other calls.
    pub fn leaves(&self) -> Vec<&PreviewCall> {
        self.preview.leaves()
    }

    /// Whether every leaf is something we know by name.
    pub fn is_understood(&self) -> bool {
        self.preview.is_understood()
    }

    /// Who pays: the paymaster, else the account.
    pub fn payer(&self) -> Address {
        self.preview.paymaster.unwrap_or(self.preview.sender)
    }

    /// The preview for people: the place, then one line a fact and a call.
    pub fn lines(&self) -> Vec<String> {
        let kind = self.account_kind.map(|kind| format!(", a {kind} account")).unwrap_or_default();
        let mut lines = vec![format!(
            "chain {}, EntryPoint {} at {}{kind}",
            self.chain, self.preview.version, self.entry_point
        )];
        if self.delegation_chain.is_some_and(|chain| chain.get() == 0) {
            lines.push("the EIP-7702 authorization holds on every chain".to_owned());
        }
        lines.extend(self.preview.lines());
        lines
    }

    pub(crate) fn body(&self) -> Value {
        let preview = &self.preview;
        json!({
            "chain": self.chain,
            "entryPoint": canonical::json(&self.entry_point),
            "entryPointVersion": preview.version,
            "accountKind": self.account_kind,
            "sender": canonical::json(&preview.sender),
            "nonce": decimal(preview.nonce),
            "deployment": deployment(self),
            "delegate": preview.delegate.map(|delegate| json!({
                "address": canonical::json(&delegate),
                "chain": self.delegation_chain,
            })),
            "payer": canonical::json(&self.payer()),
            "paymaster": canonical::json(&preview.paymaster),
            "maxCostWei": decimal(preview.max_cost_wei),
            "callDataHash": canonical::json(&self.call_data_hash),
            "decoded": preview.undecoded.is_none(),
            "calls": preview.calls.iter().map(call_body).collect::<Vec<_>>(),
        })
    }
}

fn deployment(preview: &OperationPreview) -> Option<Value> {
    preview.preview.deployment.as_ref().map(|deployment| {
        let owner_and_salt = deployment.owner_and_salt;
        json!({
            "factory": canonical::json(&deployment.factory),
            "initCodeHash": canonical::json(&preview.init_code_hash),
            "owner": canonical::json(&owner_and_salt.map(|(owner, _)| owner)),
            "salt": owner_and_salt.map(|(_, salt)| decimal(salt)),
        })
    })
}

/// A call with everything in it: what is named, and what is not by its length and hash.
pub(crate) fn call_body(call: &PreviewCall) -> Value {
    json!({
        "caller": canonical::json(&call.caller),
        "to": canonical::json(&call.to),
        "value": decimal(call.value),
        "selector": canonical::json(&call.selector()),
        "dataLength": call.data.len(),
        "dataHash": canonical::json(&keccak256(&call.data)),
        "action": canonical::json(&call.action),
        "inner": call.inner.iter().map(call_body).collect::<Vec<_>>(),
    })
}

pub(crate) fn decimal(number: U256) -> String {
    number.to_string()
}
