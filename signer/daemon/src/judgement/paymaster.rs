//! Whose money: an approval is signed only for a configured paymaster, by the key that it is configured for.

use countersign_protocol::{PaymasterApprovalRequest, SignCall};

use super::{Refusal, Rule, Ruling};
use crate::config::{ChainConfig, PaymasterConfig};

/// The configured paymaster that the approval is for.
pub(super) fn paymaster<'a>(
    chain: &'a ChainConfig,
    request: &PaymasterApprovalRequest,
    call: &SignCall,
) -> Ruling<&'a PaymasterConfig> {
    let refuse = |message: String| Err(Refusal::new(Rule::Paymaster, message));
    let address = request.paymaster;
    let known = chain
        .paymasters
        .iter()
        .find(|known| known.address == address && known.version == request.version);
    let Some(known) = known else {
        let version = request.version;
        return refuse(format!("no paymaster {address} is configured for EntryPoint {version}"));
    };
    if known.key != call.key {
        return refuse(format!("{address} accepts the key {}, not {}", known.key, call.key));
    }
    if call.child.is_some() {
        return refuse("a paymaster accepts its key itself, not a child of it".into());
    }
    match request.op.paymaster() {
        Some(named) if named.address == address => Ok(known),
        Some(named) => refuse(format!("the operation names the paymaster {}", named.address)),
        None => refuse("the operation names no paymaster and no gas limits for it".into()),
    }
}
