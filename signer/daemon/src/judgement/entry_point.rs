//! Which EntryPoint: the address decides what a signature means, the version how the hash is made, so both
//! must be what the operator configured together.

use alloy::primitives::Address;
use countersign_userop::EntryPointVersion;

use super::{Refusal, Rule, Ruling};
use crate::config::ChainConfig;

/// The EntryPoint is configured for the chain, with this version.
pub(super) fn entry_point(
    chain: &ChainConfig,
    address: Address,
    version: EntryPointVersion,
) -> Ruling {
    let configured =
        chain.entry_points.iter().any(|known| known.address == address && known.version == version);
    if configured {
        return Ok(());
    }
    let message =
        format!("EntryPoint {version} at {address} is not configured on chain {}", chain.id);
    Err(Refusal::new(Rule::EntryPoint, message))
}
