//! Whose wish it is: a registered caller's own signature on what the operation really does.

use alloy::primitives::Address;
use countersign_policy::{CallerKey, Policy};
use countersign_protocol::{
    IntentError, IntentKey, SignableRequest, SignedIntent, UserOperationRequest,
};
use countersign_userop::{AccountSpec, Signable};

use super::{Case, Refusal, Rule, Ruling};
use crate::weighing::IntentClaim;

/// Who asked.
pub(super) struct Asker {
    /// The caller's name in the policy, or the gateway's where signatures are waived.
    pub(super) name: String,
    /// The intent that takes a nonce, and the key that signed it; none where it is waived.
    pub(super) intent: Option<(IntentKey, IntentClaim)>,
}

/// The intent verifies over the calls that we decode ourselves, by a key that the policy registers; or the policy waives
/// it, by name.
pub(super) fn intent(
    case: &Case<'_>,
    request: &UserOperationRequest,
    spec: &AccountSpec,
) -> Ruling<Asker> {
    let Some(signed) = &request.intent else { return waived(case) };
    let op = &request.op;
    let calls = spec
        .decode_calls(op.call_data())
        .map_err(|error| Refusal::new(Rule::Intent, format!("call data: {error}")))?;
    registered(case, signed, signed.verify(request.chain, op.sender(), &calls, case.now_s))
}

/// The same of what stands alone, to be signed by `owner`. A canary is nobody's wish: it means nothing.
pub(super) fn signable(
    case: &Case<'_>,
    request: &SignableRequest,
    owner: Address,
) -> Ruling<Asker> {
    match (&request.intent, &request.signable) {
        (Some(signed), signable) => {
            registered(case, signed, signed.verify_signable(signable, owner, case.now_s))
        }
        (None, Signable::Canary(_)) => Ok(by_gateway(case)),
        (None, _) => waived(case),
    }
}

fn by_gateway(case: &Case<'_>) -> Asker {
    Asker { name: format!("gateway:{}", case.caller), intent: None }
}

fn waived(case: &Case<'_>) -> Ruling<Asker> {
    if case.policy.waives_intents() {
        return Ok(by_gateway(case));
    }
    let message = "no caller signed for this, and the policy does not waive it";
    Err(Refusal::new(Rule::Intent, message))
}

/// The caller of the policy whose key it verified by.
fn registered(
    case: &Case<'_>,
    signed: &SignedIntent,
    verified: Result<IntentKey, IntentError>,
) -> Ruling<Asker> {
    let signer = verified.map_err(|error| Refusal::new(Rule::Intent, error.to_string()))?;
    let Some(name) = caller(&case.policy, signer) else {
        let message = format!("no caller of the policy has the {signer}");
        return Err(Refusal::new(Rule::Intent, message));
    };
    let claim = IntentClaim::new(signer, &signed.id);
    Ok(Asker { name, intent: Some((signer, claim)) })
}

fn caller(policy: &Policy, signer: IntentKey) -> Option<String> {
    let key = match signer {
        IntentKey::Wallet(address) => CallerKey::Wallet(address),
        IntentKey::Ed25519(key) => CallerKey::Ed25519(key),
    };
    policy.callers().iter().find(|caller| caller.key == key).map(|caller| caller.name.clone())
}
