//! Whose signature a request says it is: our own key's, or our child's, where the request names an address at all.
//! A signature by another key would be worth nothing there, or something elsewhere.

use alloy::primitives::Address;
use countersign_userop::Signable;

use super::{Refusal, Rule, Ruling};

/// The authority of an authorization, the sender of a transaction and the new owner of a proof are `owner`.
pub(super) fn signer(signable: &Signable, owner: Address) -> Ruling {
    let (what, named) = match signable {
        Signable::Authorization(one) => ("authority", one.authority),
        Signable::Transaction(one) => ("sender", one.from),
        Signable::OwnerProof(one) => ("new owner", one.new_owner),
        Signable::TypedData(_) | Signable::Message(_) | Signable::Canary(_) => return Ok(()),
    };
    if named == owner {
        return Ok(());
    }
    let message = format!("the {what} is {named}, our address is {owner}");
    Err(Refusal::new(Rule::Signer, message))
}
