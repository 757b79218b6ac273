//! EIP-7702: a delegation gives a key's account other code, so it is refused unless configured.

use alloy::primitives::Address;
use countersign_userop::{Authorization, UserOperation};

use super::{Refusal, Rule, Ruling};
use crate::config::{ChainConfig, RulesConfig};

/// The operation installs no delegate.
pub(super) fn delegation(op: &UserOperation, rules: &RulesConfig) -> Ruling {
    match op.eip7702_auth() {
        Some(auth) if !rules.allow_eip7702 => {
            let message = format!("it delegates the sender to {}", auth.address);
            Err(Refusal::new(Rule::Delegation, message))
        }
        _ => Ok(()),
    }
}

/// The delegate that an approval is bound to is the one that the operation installs, if it does.
pub(super) fn approved_delegate(
    op: &UserOperation,
    delegate: Address,
    rules: &RulesConfig,
) -> Ruling {
    delegation(op, rules)?;
    if !delegate.is_zero() && !rules.allow_eip7702 {
        let message = format!("the sender is delegated to {delegate}");
        return Err(Refusal::new(Rule::Delegation, message));
    }
    match op.eip7702_auth() {
        Some(auth) if auth.address != delegate => {
            let installed = auth.address;
            let message = format!("it installs {installed}, the approval is bound to {delegate}");
            Err(Refusal::new(Rule::Delegation, message))
        }
        _ => Ok(()),
    }
}

/// An authorization gives the code of a configured contract, or takes all code away.
pub(super) fn configured(authorization: &Authorization, chain: &ChainConfig) -> Ruling {
    let delegate = authorization.address;
    if delegate.is_zero() || chain.delegates.contains(&delegate) {
        return Ok(());
    }
    let message = format!("the delegate {delegate} is not configured on chain {}", chain.id);
    Err(Refusal::new(Rule::Delegation, message))
}
