//! Sponsored -> Sealed: from here on the operation has a hash, and keeps it.

use serde_json::json;

use super::{
    Done, Halt, Job,
    stage::{Floor, Sealed, Sponsored},
};
use crate::world::World;

/// Computes the hash and remembers, before any cosigner sees it, from which block on to look for it.
pub(super) async fn seal(
    world: &World,
    job: &Job<'_>,
    sponsored: Sponsored,
) -> Result<Done<Sealed>, Halt> {
    let Sponsored { op, approval, mut history } = sponsored;
    let wallet = &job.intent().wallet;
    let hash = *op.hash(wallet.entry_point, wallet.chain).as_b256();
    if history.from_block.is_none() {
        history.from_block = Some(world.chain(wallet.chain)?.node.head().await?.number);
    }
    history.hashes.push(hash);
    history.floor = Some(Floor { gas: op.gas(), fees: op.fees() });
    let detail = json!({ "userOpHash": hash, "generation": history.hashes.len() });
    Ok(Done::new("seal", Sealed { op, hash, approval, history }, detail))
}
