//! ERC-7677 for our own paymaster: anybody with an API key may ask for their own wallets.

use alloy::primitives::Address;
use countersign_userop::{ChainId, Paymaster, UserOperation};
use serde_json::Value;

use super::{Caller, Result, ServiceError, SponsorAnswer};
use crate::{
    pipeline,
    sponsor::{Sponsor, SponsorError},
    wallet,
    world::World,
};

/// Data of the right form, to estimate with.
pub(super) async fn stub(
    world: &World,
    caller: &Caller,
    chain: ChainId,
    entry_point: Address,
    op: &Value,
) -> Result<SponsorAnswer> {
    let (sponsor, op) = asked(world, caller, chain, entry_point, op).await?;
    let window = sponsor.window().await?;
    Ok(answer(&op, sponsor.stub(window), false))
}

/// The approval, signed by a quorum.
pub(super) async fn data(
    world: &World,
    caller: &Caller,
    chain: ChainId,
    entry_point: Address,
    op: &Value,
) -> Result<SponsorAnswer> {
    let (sponsor, op) = asked(world, caller, chain, entry_point, op).await?;
    let window = sponsor.window().await?;
    let op = op.with_paymaster(Some(sponsor.stub(window)));
    let (paymaster, _) = sponsor
        .approve(&world.quorum, &op, window, caller.trace())
        .await
        .map_err(|error| match error {
            SponsorError::Quorum(error) => error.into(),
            SponsorError::Chain(error) => error.into(),
            error => ServiceError::internal(error),
        })?;
    Ok(answer(&op, paymaster, true))
}

/// We pay for wallets of the caller and for nobody else's.
async fn asked<'a>(
    world: &'a World,
    caller: &Caller,
    chain: ChainId,
    entry_point: Address,
    op: &Value,
) -> Result<(Sponsor<'a>, UserOperation)> {
    let version = world.version(chain, entry_point)?;
    let sponsor = Sponsor::of(&world.chain(chain)?.node, version).ok_or(ServiceError::NoSponsor)?;
    let op = pipeline::parse_operation(version, op)?;
    wallet::find(world, caller, chain, op.sender()).await?;
    Ok((sponsor, op))
}

fn answer(op: &UserOperation, paymaster: Paymaster, is_final: bool) -> SponsorAnswer {
    SponsorAnswer {
        version: op.version(),
        paymaster: paymaster.address,
        data: paymaster.data,
        signature: paymaster.signature,
        verification_gas_limit: paymaster.verification_gas_limit,
        post_op_gas_limit: paymaster.post_op_gas_limit,
        is_final,
    }
}
