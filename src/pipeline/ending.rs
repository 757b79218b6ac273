//! When an operation that was signed is dead: never by what somebody says, only by what the chain shows.

use super::{
    halt::failure,
    stage::{Generation, History, Stage},
};
use crate::{
    chain::{ChainError, Head},
    service::{Failure, ServiceError, Wallet},
    world::{ChainParts, World},
};

/// What [`Failure`] calls it when another operation took the nonce.
pub(super) const NONCE_USED: &str = "nonce_used";

/// Why it is not known whether an operation can still land.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Where a signed operation stands, whatever was said of it.
#[derive(Debug)]
pub(super) enum Standing {
    /// One of its generations is on chain.
    Landed,
    /// Any of its generations may land yet.
    Open,
    /// None of them can.
    Dead(Failure),
}

/// Looks where an operation of which something was signed stands now.
pub(super) async fn standing(
    world: &World,
    wallet: &Wallet,
    stage: &Stage,
) -> Result<Standing, Unknown> {
    let chain = world.chain(wallet.chain)?;
    let none = History::default();
    let history = stage.history().unwrap_or(&none);
    let head = chain.node.head().await?;
    let why = over(chain, wallet, stage, history, head).await?;
    // The chain is searched after the proof was taken, and no less far: what used the nonce may be ours.
    if is_on_chain(chain, wallet, history).await? {
        return Ok(Standing::Landed);
    }
    if chain.node.head().await?.number < head.number {
        return Ok(Standing::Open);
    }
    Ok(why.map_or(Standing::Open, Standing::Dead))
}

/// Whether any generation is on chain.
pub(super) async fn is_on_chain(
    chain: &ChainParts,
    wallet: &Wallet,
    history: &History,
) -> Result<bool, ChainError> {
    let from = history.from_block.unwrap_or_default();
    chain.node.has(wallet.entry_point, &history.hashes, from).await
}

/// The chain's sequence passed the nonce, in a block that has its confirmations; or no approval of
/// any signed generation holds any more.
async fn over(
    chain: &ChainParts,
    wallet: &Wallet,
    stage: &Stage,
    history: &History,
    head: Head,
) -> Result<Option<Failure>, ChainError> {
    let op = stage.op();
    let block = head.number.saturating_sub(chain.node.config().confirmations.saturating_sub(1));
    let (entry_point, lane) = (wallet.entry_point, op.nonce_key());
    let next = chain.node.sequence_at(entry_point, wallet.address, lane, Some(block)).await?;
    if next > op.nonce().as_limbs()[0] {
        let text = "the nonce was used by an operation from elsewhere";
        return Ok(Some(failure(NONCE_USED, text)));
    }
    Ok(last_approval(history).filter(|last| head.timestamp > *last).map(|last| {
        let text = format!("the paymaster's approval held until {last}, and no new one was made");
        failure("approval_expired", text)
    }))
}

/// No approval of anything that was signed holds any more, as the newest block tells the time.
pub(super) async fn approvals_are_over(
    chain: &ChainParts,
    history: &History,
) -> Result<bool, ChainError> {
    let now = chain.node.head().await?.timestamp;
    Ok(last_approval(history).is_some_and(|last| now > last))
}

/// The end of the last approval, if every generation that was signed depends on one.
fn last_approval(history: &History) -> Option<u64> {
    let ends: Option<Vec<u64>> =
        history.signed.iter().map(|window| window.map(|window| window.valid_until())).collect();
    ends?.into_iter().max()
}

/// The generation to go back to, if a newer one was on its way.
pub(super) fn earlier(stage: &Stage) -> Option<(&Generation, &History)> {
    let newer = matches!(
        stage,
        Stage::Priced(_) | Stage::Sponsored(_) | Stage::Sealed(_) | Stage::Signed(_)
    );
    let history = stage.history().filter(|_| newer)?;
    Some((history.last.as_deref()?, history))
}
