//! The rules for a paymaster's approval, in order.

use std::sync::Arc;

use countersign_protocol::PaymasterApprovalRequest;
use countersign_userop::SignableKind;
use countersign_userop::preview_sponsorship;

use super::{
    Case, Judged, Ruling, approvers, calls, cost, delegation, entry_point, paymaster, window,
};
use crate::exposure::Exposure;
use crate::facts::{self, Asked};
use crate::journal::Terms;
use crate::keys::LiveKey;
use crate::weighing::Weighing;
use crate::words;

/// What is signed is the approval's own EIP-712 digest over these very fields.
pub(super) fn weigh(
    case: &Case<'_>,
    key: &LiveKey,
    request: &PaymasterApprovalRequest,
    judged: &mut Judged,
) -> Ruling {
    let op = &request.op;
    let rules = &case.book.rules;
    let chain = case.chain(request.chain, request.entry_point, request.version)?;
    entry_point::entry_point(chain, request.entry_point, op.version())?;
    let shown = preview_sponsorship(
        op,
        request.paymaster,
        request.entry_point,
        request.chain,
        request.delegate,
        request.window,
    );
    let wei = op.max_cost_wei();
    let valid_until = request.window.valid_until();
    let terms = Terms::Approval { paymaster: request.paymaster, max_cost_wei: wei, valid_until };
    judged.claim = Some(case.claim(shown.digest, terms));
    judged.preview = shown.lines();
    let calls = &shown.operation.preview.calls;
    judged.preview.extend(words::of_calls(&case.book.descriptors, request.chain, calls));
    let preview_hash = shown.canonical().hash();
    judged.preview_hash = Some(preview_hash);
    let known = paymaster::paymaster(chain, request, case.call)?;
    calls::calls(&shown.operation.preview, &case.policy)?;
    delegation::approved_delegate(op, request.delegate, rules)?;
    cost::cost(op, rules)?;
    window::window(request.window, case.now_s, rules)?;
    judged.exposure = Some(Exposure {
        chain: request.chain.get(),
        paymaster: request.paymaster,
        wei,
        valid_until,
        cap: known.max_outstanding_wei,
    });
    let approved = approvers::approved(case, request.chain, shown.digest, preview_hash, None)?;
    let asked = Asked {
        kind: SignableKind::PaymasterApproval,
        caller: format!("gateway:{}", case.caller),
        intent_signed: false,
        key: key.record.name.as_str(),
        purpose: key.record.purpose.as_str(),
        now_s: case.now_s,
    };
    judged.weighing = Some(Weighing {
        policy: Arc::clone(&case.policy),
        facts: facts::of(asked, &shown.operation),
        approved,
        intent: None,
    });
    Ok(())
}
