//! What cannot be read is not signed.

use countersign_userop::Preview;

use super::{Refusal, Rule, Ruling};

/// The call data decodes to the leaves, by the account's own encoding and no other.
pub(super) fn calls(preview: &Preview) -> Ruling {
    match &preview.undecoded {
        None => Ok(()),
        Some(reason) => Err(Refusal::new(Rule::Calls, format!("call data: {reason}"))),
    }
}
