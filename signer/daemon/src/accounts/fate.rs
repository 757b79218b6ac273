//! What became of a nonce in a finalized block, as two nodes see it. Only where both say the same is anything said.

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{B256, U256};
use alloy::providers::{DynProvider, Provider as _};
use alloy::rpc::types::{Block, Filter};
use alloy::sol_types::SolEvent as _;
use countersign_userop::IEntryPoint::UserOperationEvent;

use super::{NonceAt, ReadError, RpcAccounts};

/// Blocks that one question about logs spans.
const SPAN: u64 = 2_000;
/// Questions about logs for one nonce. What lies further back is not found.
const QUESTIONS: u64 = 50;

/// What became of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The two nodes do not say the same, or there are no two, or no event tells who used it.
    Unknown,
    /// Nobody used it up to this block.
    Unused(Agreed),
    /// This operation used it up.
    UsedBy(B256, Agreed),
}

/// A finalized block that both nodes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Its number.
    pub number: u64,
    /// Its time, in seconds since 1970.
    pub time_s: u64,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ReadError {
    ReadError::Node(Box::new(error))
}

impl RpcAccounts {
    /// What became of the nonce since `since_s`.
    pub(super) async fn tell_fate(
        node: &DynProvider,
        witness: &DynProvider,
        at: &NonceAt,
        since_s: u64,
    ) -> Result<Fate, ReadError> {
        let Some(block) = agreed(node, witness).await? else { return Ok(Fate::Unknown) };
        let place = Agreed { number: block.header.number, time_s: block.header.timestamp };
        let id = BlockId::hash(block.header.hash);
        let (ours, theirs) = futures::future::try_join(
            Self::next_sequence(node, at, id),
            Self::next_sequence(witness, at, id),
        )
        .await?;
        match (ours > at.nonce, theirs > at.nonce) {
            (false, false) => Ok(Fate::Unused(place)),
            (true, true) => {
                let user = user(node, witness, at, place, since_s).await?;
                Ok(user.map_or(Fate::Unknown, |operation| Fate::UsedBy(operation, place)))
            }
            _ => Ok(Fate::Unknown),
        }
    }
}

/// The lower of the two last finalized blocks, if both nodes have the same one at its height.
async fn agreed(node: &DynProvider, witness: &DynProvider) -> Result<Option<Block>, ReadError> {
    let last = |node: &DynProvider| {
        let node = node.clone();
        async move { node.get_block_by_number(BlockNumberOrTag::Finalized).await.map_err(failed) }
    };
    let (Some(ours), Some(theirs)) = futures::future::try_join(last(node), last(witness)).await?
    else {
        return Ok(None);
    };
    let (lower, other) =
        if ours.header.number <= theirs.header.number { (ours, witness) } else { (theirs, node) };
    let there = other.get_block_by_number(lower.header.number.into()).await.map_err(failed)?;
    Ok(there.filter(|block| block.header.hash == lower.header.hash))
}

/// The operation that used the nonce up, looked for from `block` backwards.
async fn user(
    node: &DynProvider,
    witness: &DynProvider,
    at: &NonceAt,
    block: Agreed,
    since_s: u64,
) -> Result<Option<B256>, ReadError> {
    let mut to = block.number;
    for _ in 0..QUESTIONS {
        let from = to.saturating_sub(SPAN.saturating_sub(1));
        let (ours, theirs) =
            futures::future::try_join(used(node, at, from, to), used(witness, at, from, to))
                .await?;
        if ours.is_some() || theirs.is_some() {
            return Ok(ours.filter(|ours| Some(*ours) == theirs));
        }
        let first = node.get_block_by_number(from.into()).await.map_err(failed)?;
        if from == 0 || first.is_none_or(|block| block.header.timestamp < since_s) {
            return Ok(None);
        }
        to = from.saturating_sub(1);
    }
    Ok(None)
}

async fn used(
    node: &DynProvider,
    at: &NonceAt,
    from: u64,
    to: u64,
) -> Result<Option<B256>, ReadError> {
    let filter = Filter::new()
        .address(at.entry_point)
        .event_signature(UserOperationEvent::SIGNATURE_HASH)
        .topic2(at.sender.into_word())
        .from_block(from)
        .to_block(to);
    let logs = node.get_logs(&filter).await.map_err(failed)?;
    let event = |log: &alloy::rpc::types::Log| {
        // A node that answers with more than it was asked for is not believed.
        let event = UserOperationEvent::decode_log(&log.inner).ok()?;
        let within = log.block_number.is_some_and(|number| (from..=to).contains(&number));
        let ours = event.address == at.entry_point
            && event.sender == at.sender
            && event.nonce == U256::from(at.nonce);
        (within && ours && !log.removed).then_some(event.userOpHash)
    };
    Ok(logs.iter().find_map(event))
}
