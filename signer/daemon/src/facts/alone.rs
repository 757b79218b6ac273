//! What stands alone, in the words of the policy.

use alloy::primitives::{Address, U256};
use countersign_policy::{Facts, Grant, Time};
use countersign_protocol::KeyPurpose;
use countersign_userop::{Extent, PermitShape, Signable, Transaction, TypedData};

use super::{Asked, flatten, flow};

/// The facts of what stands alone, signed by `owner`.
pub(crate) fn of_signable(
    asked: Asked<'_>,
    purpose: KeyPurpose,
    signable: &Signable,
    owner: Address,
) -> Facts {
    let mut calls = Vec::new();
    if let Signable::Transaction(one) = signable
        && let Some(call) = one.call()
    {
        flatten(&call, owner, 0, &mut calls);
    }
    let effects = signable.effects();
    let ours = |flow: &&countersign_userop::Flow| match signable {
        // Whoever is named as holder: a signature of ours can be worth something for accounts of ours only.
        Signable::TypedData(_) => true,
        _ => flow.leaves(owner),
    };
    Facts {
        kind: asked.kind,
        caller: asked.caller,
        intent_signed: asked.intent_signed,
        key: asked.key.to_owned(),
        purpose: asked.purpose.to_owned(),
        chain: signable.chain().map_or(0, countersign_userop::ChainId::get),
        account: Some(account(signable, owner)),
        account_kind: None,
        entry_point: None,
        entry_point_version: None,
        deploys: matches!(signable, Signable::Transaction(one) if one.to.is_none()),
        sponsor: None,
        flows: effects.flows.iter().filter(ours).map(flow).collect(),
        calls,
        needs: needs(signable, purpose),
        fee_ceiling: match signable {
            Signable::Transaction(one) => one.max_cost_wei(),
            _ => U256::ZERO,
        },
        time: Time::at(asked.now_s),
        typed_data: match signable {
            Signable::TypedData(data) => Some(words(data)),
            _ => None,
        },
    }
}

/// The account that acts: the signer itself, but for a proof towards a smart account.
const fn account(signable: &Signable, owner: Address) -> Address {
    match signable {
        Signable::OwnerProof(one) => one.account,
        _ => owner,
    }
}

/// What the whole needs beyond a permit; what its calls need they say themselves.
fn needs(signable: &Signable, purpose: KeyPurpose) -> Vec<Grant> {
    let plain = (purpose == KeyPurpose::Accounts).then_some(Grant::PlainAccount);
    match signable {
        Signable::TypedData(data) => typed_data_needs(data),
        // What cannot be shown cannot be read.
        Signable::Message(one) => {
            one.text().is_none().then_some(Grant::Undecodable).into_iter().collect()
        }
        Signable::Authorization(_) => plain.into_iter().chain([Grant::Delegate]).collect(),
        Signable::Transaction(one) => plain.into_iter().chain(creation(one)).collect(),
        Signable::OwnerProof(_) => vec![Grant::Owner],
        Signable::Canary(_) => Vec::new(),
    }
}

/// The code of a new contract is not looked into.
fn creation(transaction: &Transaction) -> Option<Grant> {
    transaction.to.is_none().then_some(Grant::Undecodable)
}

fn typed_data_needs(data: &TypedData) -> Vec<Grant> {
    let mut needs = Vec::new();
    let permit = data.permit();
    if permit.as_ref().is_none_or(|permit| permit.shape == PermitShape::Lookalike) {
        needs.push(Grant::RawTypedData);
    }
    if let Some(permit) = &permit {
        needs.push(Grant::Permit);
        if permit.flows.iter().any(|flow| flow.extent == Extent::Unlimited) {
            needs.push(Grant::UnlimitedApproval);
        }
    }
    if data.chain().is_none() {
        needs.push(Grant::EveryChain);
    }
    needs
}

/// The domain's name, the primary type and the verifying contract.
fn words(data: &TypedData) -> (String, String, Option<Address>) {
    let domain = data.domain();
    let name = domain.name.clone().unwrap_or_default();
    (name, data.primary_type().to_owned(), domain.verifying_contract)
}
