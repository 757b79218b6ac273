//! Whose operation: the sender must be an account that our own owner controls, by computation if it stands
//! where the factory puts it, else by what our own node reads of it.

use alloy::primitives::Address;
use countersign_protocol::UserOperationRequest;
use countersign_userop::AccountSpec;

use super::{Case, Refusal, Rule, Ruling};

/// The sender is the counterfactual address for our owner, or a deployed account of known code that names
/// our owner. An answer that does not come is a no.
pub(super) async fn sender(
    case: &Case<'_>,
    request: &UserOperationRequest,
    spec: &AccountSpec,
    owner: Address,
) -> Ruling {
    let sender = request.op.sender();
    let expected = spec.address(owner, request.account.salt);
    if sender == expected {
        return Ok(());
    }
    let refuse = |message: String| Err(Refusal::new(Rule::Sender, message));
    if request.op.factory().is_some() {
        return refuse(format!("{sender} is not {expected}, which the factory gives our owner"));
    }
    let found = match case.accounts.read(request.chain, sender, spec).await {
        Ok(found) => found,
        Err(error) => return refuse(format!("{sender} could not be read: {error}")),
    };
    if !spec.recognises(&found.code, found.implementation) {
        return refuse(format!(
            "{sender} is not {expected}, and its code is not of a known account"
        ));
    }
    match found.owner {
        Some(theirs) if theirs == owner => Ok(()),
        Some(theirs) => refuse(format!("the owner of {sender} is {theirs}, ours is {owner}")),
        None => refuse(format!("{sender} names no owner, ours is {owner}")),
    }
}
