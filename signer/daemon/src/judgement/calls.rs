//! What cannot be read is not signed.

use countersign_policy::{Grant, Policy};
use countersign_userop::Preview;

use super::{Refusal, Rule, Ruling};

/// The call data decodes to the leaves, by the account's own encoding and no other; unless a policy grants by name what
/// does not decode, which is then a call of the account to itself too.
pub(super) fn calls(preview: &Preview, policy: &Policy) -> Ruling {
    let granted = policy.gives(Grant::Undecodable) && policy.gives(Grant::SelfCall);
    match &preview.undecoded {
        None => Ok(()),
        Some(_) if granted => Ok(()),
        Some(reason) => Err(Refusal::new(Rule::Calls, format!("call data: {reason}"))),
    }
}
