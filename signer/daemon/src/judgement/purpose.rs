//! What a key is for: one that owns accounts approves no sponsorships, one that is a plain account signs no operation,
//! and the other way round.

use countersign_protocol::{KeyPurpose, Request};
use countersign_userop::SignableKind;

use super::{Case, Refusal, Rule, Ruling};
use crate::keys::LiveKey;

/// The key is one that we hold a share of.
pub(super) fn key<'a>(case: &Case<'a>) -> Ruling<&'a LiveKey> {
    case.key.ok_or_else(|| {
        Refusal::new(Rule::Key, format!("there is no live key {:?} here", case.call.key.as_str()))
    })
}

/// The key's purpose covers this kind of request.
pub(super) fn purpose(request: &Request, key: &LiveKey) -> Ruling {
    let kind = request.kind();
    let purpose = key.record.purpose;
    if covers(purpose, kind) {
        return Ok(());
    }
    let message = format!("the key {} is for {purpose}, not for {kind}", key.record.name);
    Err(Refusal::new(Rule::Purpose, message))
}

/// What each purpose covers. What a plain account signs is covered for keys that own accounts too, but only a grant of
/// the policy lets it pass there: see [`facts`](crate::facts).
const fn covers(purpose: KeyPurpose, kind: SignableKind) -> bool {
    use SignableKind as Kind;
    match kind {
        Kind::UserOperation | Kind::OwnerProof => matches!(purpose, KeyPurpose::Accounts),
        Kind::PaymasterApproval => matches!(purpose, KeyPurpose::Paymaster),
        Kind::TypedData | Kind::Message | Kind::Authorization | Kind::Transaction => {
            matches!(purpose, KeyPurpose::Accounts | KeyPurpose::Plain)
        }
        Kind::Canary => true,
    }
}
