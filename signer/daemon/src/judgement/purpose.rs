//! What a key is for: one that owns accounts approves no sponsorships, and the other way round.

use countersign_protocol::{KeyPurpose, Request, RequestKind};

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
    let covered = matches!(
        (purpose, kind),
        (KeyPurpose::Accounts, RequestKind::UserOperation)
            | (KeyPurpose::Paymaster, RequestKind::PaymasterApproval)
    );
    if covered {
        return Ok(());
    }
    let message = format!("the key {} is for {purpose}, not for {kind}", key.record.name);
    Err(Refusal::new(Rule::Purpose, message))
}
