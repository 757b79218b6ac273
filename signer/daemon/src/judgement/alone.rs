//! The rules for what stands alone, in order: typed data, messages, authorizations, transactions, owner proofs and
//! canaries.

use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::rlp;
use countersign_protocol::SignableRequest;
use countersign_userop::{ChainId, Signable, Transaction};

use super::{
    Case, Judged, Refusal, Rule, Ruling, approvers, canary, cost, delegation, intent, signer,
    targets, typed_data,
};
use crate::facts::{self, Asked};
use crate::journal::{GasTerms, OperationTerms, Terms};
use crate::keys::LiveKey;
use crate::weighing::Weighing;
use crate::words;

/// What is signed is the digest that the kind makes of these very fields; no kind can ask for another's.
pub(super) async fn weigh(
    case: &Case<'_>,
    key: &LiveKey,
    request: &SignableRequest,
    judged: &mut Judged,
) -> Ruling {
    let signable = &request.signable;
    let owner = case.owner(key)?;
    let digest = signable.digest();
    let mut claim = case.claim(digest, terms(signable));
    // Two children of one key are two signers, also where the request names no account.
    claim.slot.slot.subject.get_or_insert(owner);
    judged.claim = Some(claim);
    judged.preview = signable.lines();
    judged.preview.extend(words::of_signable(&case.book.descriptors, signable));
    let preview_hash = signable.canonical().hash();
    judged.preview_hash = Some(preview_hash);
    signer::signer(signable, owner)?;
    kind(case, key, signable, owner).await?;
    let asker = intent::signable(case, request, owner)?;
    let by = asker.intent.as_ref().map(|(signer, _)| *signer);
    let chain = signable.chain().unwrap_or(ChainId::new(0));
    let approved = approvers::approved(case, chain, digest, preview_hash, by)?;
    let asked = Asked {
        kind: signable.kind(),
        caller: asker.name,
        intent_signed: by.is_some(),
        key: key.record.name.as_str(),
        purpose: key.record.purpose.as_str(),
        now_s: case.now_s,
    };
    judged.weighing = Some(Weighing {
        policy: Arc::clone(&case.policy),
        facts: facts::of_signable(asked, key.record.purpose, signable, owner),
        approved,
        intent: asker.intent.map(|(_, claim)| claim),
    });
    Ok(())
}

/// The rules of its kind.
async fn kind(case: &Case<'_>, key: &LiveKey, signable: &Signable, owner: Address) -> Ruling {
    let chain = signable.chain().map(|chain| case.configured(chain)).transpose()?;
    match (signable, chain) {
        (Signable::TypedData(data), _) => typed_data::typed_data(case, key, data, owner).await,
        (Signable::Authorization(one), Some(chain)) => delegation::configured(one, chain),
        (Signable::Transaction(one), Some(chain)) => {
            cost::within(one.fees, one.max_cost_wei(), &case.book.rules)?;
            match one.call() {
                Some(call) => targets::target(&call, owner, chain, &case.policy),
                None => Ok(()),
            }
        }
        (Signable::Canary(one), _) => canary::canary(case, key, one),
        (Signable::Message(_), _) | (Signable::OwnerProof(_), Some(_)) => Ok(()),
        (_, None) => Err(Refusal::new(Rule::Chain, "it names no chain")),
    }
}

/// What a later request in the slot is measured against.
fn terms(signable: &Signable) -> Terms {
    match signable {
        Signable::Transaction(one) => Terms::Transaction(OperationTerms {
            init_code: B256::ZERO,
            calls: effect(one),
            delegate: None,
            paymaster: None,
            gas: GasTerms { call: u128::from(one.gas), ..GasTerms::default() },
            max_fee_per_gas: one.fees.max_fee_per_gas,
            max_priority_fee_per_gas: one.fees.max_priority_fee_per_gas,
        }),
        _ => Terms::Once,
    }
}

/// What a transaction does, apart from what it pays for gas.
fn effect(one: &Transaction) -> B256 {
    let mut bytes = Vec::new();
    let unsigned = one.unsigned();
    let parts: [&dyn rlp::Encodable; 4] =
        [&unsigned.to, &unsigned.value, &unsigned.input, &unsigned.access_list];
    parts.iter().for_each(|part| part.encode(&mut bytes));
    keccak256(bytes)
}
