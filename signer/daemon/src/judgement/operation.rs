//! The rules for an operation of an account that we own, in order.

use std::sync::Arc;

use alloy::primitives::keccak256;
use countersign_protocol::UserOperationRequest;
use countersign_userop::SignableKind;
use countersign_userop::{UserOperation, preview_operation};

use super::{
    Case, Judged, Ruling, account, approvers, calls, cost, delegation, entry_point, init_code,
    intent, sender, targets,
};
use crate::facts::{self, Asked};
use crate::journal::{GasTerms, OperationTerms, Terms};
use crate::keys::LiveKey;
use crate::weighing::Weighing;
use crate::words;

/// What is signed is the digest that the account's kind makes of the hash of these very fields.
pub(super) async fn weigh(
    case: &Case<'_>,
    key: &LiveKey,
    request: &UserOperationRequest,
    judged: &mut Judged,
) -> Ruling {
    let op = &request.op;
    let chain = case.chain(request.chain, request.entry_point, request.version)?;
    entry_point::entry_point(chain, request.entry_point, op.version())?;
    let spec = account::account(chain, request)?;
    let hash = op.hash(request.entry_point, request.chain);
    judged.claim = Some(case.claim(spec.owner_digest(hash), Terms::Operation(terms(op))));
    let shown = preview_operation(op, request.entry_point, request.chain, Some(spec));
    let preview = &shown.preview;
    judged.preview = shown.lines();
    let words = words::of_calls(&case.book.descriptors, request.chain, &preview.calls);
    judged.preview.extend(words);
    judged.preview_hash = Some(shown.hash());
    let owner = case.owner(key)?;
    sender::sender(case, request, spec, owner).await?;
    init_code::init_code(op, spec, owner)?;
    calls::calls(preview, &case.policy)?;
    targets::targets(preview, chain, &case.policy)?;
    delegation::delegation(op, &case.book.rules)?;
    cost::cost(op, &case.book.rules)?;
    let asker = intent::intent(case, request, spec)?;
    let signer = asker.intent.as_ref().map(|(signer, _)| *signer);
    let approved = approvers::approved(case, request.chain, *hash.as_b256(), shown.hash(), signer)?;
    let asked = Asked {
        kind: SignableKind::UserOperation,
        caller: asker.name,
        intent_signed: signer.is_some(),
        key: key.record.name.as_str(),
        purpose: key.record.purpose.as_str(),
        now_s: case.now_s,
    };
    judged.weighing = Some(Weighing {
        policy: Arc::clone(&case.policy),
        facts: facts::of(asked, &shown),
        approved,
        intent: asker.intent.map(|(_, claim)| claim),
    });
    Ok(())
}

fn terms(op: &UserOperation) -> OperationTerms {
    let (gas, fees) = (op.gas(), op.fees());
    let paymaster = op.paymaster();
    OperationTerms {
        init_code: keccak256(op.init_code()),
        calls: keccak256(op.call_data()),
        delegate: op.eip7702_auth().map(|auth| auth.address),
        paymaster: paymaster.map(|paymaster| paymaster.address),
        gas: GasTerms {
            call: gas.call,
            verification: gas.verification,
            pre_verification: gas.pre_verification,
            paymaster_verification: paymaster.map_or(0, |p| p.verification_gas_limit),
            paymaster_post_op: paymaster.map_or(0, |p| p.post_op_gas_limit),
        },
        max_fee_per_gas: fees.max_fee_per_gas,
        max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
    }
}
