//! Whose wish it is: a registered caller's own signature on what the operation really does.

use countersign_policy::{CallerKey, Policy};
use countersign_protocol::{IntentKey, UserOperationRequest};
use countersign_userop::AccountSpec;

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
    let refuse = |message: String| Err(Refusal::new(Rule::Intent, message));
    let Some(signed) = &request.intent else {
        if case.policy.waives_intents() {
            return Ok(Asker { name: format!("gateway:{}", case.caller), intent: None });
        }
        return refuse("no caller signed for this, and the policy does not waive it".into());
    };
    let op = &request.op;
    let calls = spec
        .decode_calls(op.call_data())
        .map_err(|error| Refusal::new(Rule::Intent, format!("call data: {error}")))?;
    let signer = match signed.verify(request.chain, op.sender(), &calls, case.now_s) {
        Ok(signer) => signer,
        Err(error) => return refuse(error.to_string()),
    };
    match caller(&case.policy, signer) {
        Some(name) => {
            let claim = IntentClaim::new(signer, &signed.id);
            Ok(Asker { name, intent: Some((signer, claim)) })
        }
        None => refuse(format!("no caller of the policy has the {signer}")),
    }
}

fn caller(policy: &Policy, signer: IntentKey) -> Option<String> {
    let key = match signer {
        IntentKey::Wallet(address) => CallerKey::Wallet(address),
        IntentKey::Ed25519(key) => CallerKey::Ed25519(key),
    };
    policy.callers().iter().find(|caller| caller.key == key).map(|caller| caller.name.clone())
}
