//! Who verifies typed data: no contract that takes the key's word for something that has a kind of its own.

use alloy::primitives::{Address, U256};
use countersign_protocol::KeyPurpose;
use countersign_userop::{AccountSpec, TypedData};

use super::{Case, Refusal, Rule, Ruling};
use crate::config::ChainConfig;
use crate::keys::LiveKey;

/// The verifying contract is no EntryPoint, no paymaster of ours, and no account that our owner controls.
pub(super) async fn typed_data(
    case: &Case<'_>,
    key: &LiveKey,
    data: &TypedData,
    owner: Address,
) -> Ruling {
    let refuse = |error: countersign_userop::ParseError| {
        Refusal::new(Rule::TypedData, format!("typed data: {error}"))
    };
    data.refuse_verified_by(&known(case, owner)).map_err(refuse)?;
    let Some(contract) = data.domain().verifying_contract else { return Ok(()) };
    if key.record.purpose != KeyPurpose::Accounts {
        // Only keys of this purpose own accounts.
        return Ok(());
    }
    for chain in case.book.chains.iter().filter(|chain| concerns(data, chain)) {
        for spec in &chain.accounts {
            if is_ours(case, chain, contract, spec, owner).await? {
                data.refuse_verified_by(&[contract]).map_err(refuse)?;
            }
        }
    }
    Ok(())
}

/// Data without a chain holds on every one.
fn concerns(data: &TypedData, chain: &ChainConfig) -> bool {
    data.chain().is_none_or(|theirs| theirs == chain.id)
}

/// EntryPoints and paymasters of every chain, and the accounts that our owner gets with the first salt.
fn known(case: &Case<'_>, owner: Address) -> Vec<Address> {
    let mut known = Vec::new();
    for chain in &case.book.chains {
        known.extend(chain.entry_points.iter().map(|entry_point| entry_point.address));
        known.extend(chain.paymasters.iter().map(|paymaster| paymaster.address));
        known.extend(chain.accounts.iter().map(|spec| spec.address(owner, U256::ZERO)));
    }
    known
}

/// Whether our own node finds an account of ours there. An answer that does not come is a no to the request.
async fn is_ours(
    case: &Case<'_>,
    chain: &ChainConfig,
    contract: Address,
    spec: &AccountSpec,
    owner: Address,
) -> Ruling<bool> {
    let found = case.accounts.read(chain.id, contract, spec).await.map_err(|error| {
        Refusal::new(Rule::TypedData, format!("{contract} could not be read: {error}"))
    })?;
    Ok(spec.recognises(&found.code, found.implementation) && found.owner == Some(owner))
}
