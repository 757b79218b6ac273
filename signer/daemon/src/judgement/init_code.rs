//! What deploys the sender: the configured factory, for our owner, giving this very sender, or nothing.

use alloy::primitives::Address;
use countersign_userop::{AccountSpec, UserOperation};

use super::{Refusal, Rule, Ruling};

/// If the operation deploys its sender, then by the configured factory, for our owner.
pub(super) fn init_code(op: &UserOperation, spec: &AccountSpec, owner: Address) -> Ruling {
    let refuse = |message: String| Err(Refusal::new(Rule::InitCode, message));
    let Some(factory) = op.factory() else { return Ok(()) };
    if factory.is_eip7702() {
        return refuse("the sender is a delegated key, not an account of ours".into());
    }
    let (theirs, salt) = match spec.parse_factory(factory) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(error.to_string()),
    };
    if theirs != owner {
        return refuse(format!("it deploys an account of {theirs}, our owner is {owner}"));
    }
    let deployed = spec.address(owner, salt);
    if deployed != op.sender() {
        return refuse(format!("it deploys {deployed}, the sender is {}", op.sender()));
    }
    Ok(())
}
