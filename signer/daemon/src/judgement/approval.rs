//! The rules for a paymaster's approval, in order.

use countersign_protocol::PaymasterApprovalRequest;
use countersign_userop::{preview, sponsor_approval_digest};

use super::{Case, Judged, Ruling, calls, cost, delegation, entry_point, paymaster, window};
use crate::exposure::Exposure;
use crate::journal::Terms;

/// What is signed is the approval's own EIP-712 digest over these very fields.
pub(super) fn weigh(
    case: &Case<'_>,
    request: &PaymasterApprovalRequest,
    judged: &mut Judged,
) -> Ruling {
    let op = &request.op;
    let rules = &case.book.rules;
    let chain = case.chain(request.chain, request.entry_point, request.version)?;
    entry_point::entry_point(chain, request.entry_point, op.version())?;
    let digest = sponsor_approval_digest(
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
    judged.claim = Some(case.claim(digest, terms));
    let preview = preview(op, None);
    judged.preview = preview.lines();
    let known = paymaster::paymaster(chain, request, case.call)?;
    calls::calls(&preview)?;
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
    Ok(())
}
