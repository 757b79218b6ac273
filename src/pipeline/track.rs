//! Submitted -> Included or Reverted, as our own node tells it; and back, when the chain changes its
//! mind.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    Done, Halt, Job, Stage,
    ending::{self, Standing},
    halt::failure,
    replace::{self, Renewal},
    stage::{Generation, History, Included, Submitted},
    submit,
};
use crate::{
    chain::{Found, Reason, decode_revert},
    clock,
    service::Failure,
    world::{ChainParts, World},
};

/// How long one look may last before the claim is renewed.
const LOOK: Duration = Duration::from_secs(20);

/// So many times the same operation is sent again before it is replaced by a dearer one.
const RESENDS: u32 = 2;

/// Waits until a block holds it and enough blocks follow.
pub(super) async fn include(
    world: &World,
    job: &Job<'_>,
    submitted: Submitted,
) -> Result<Done<Stage>, Halt> {
    let chain = world.chain(job.intent().wallet.chain)?;
    let mut heads = chain.node.heads();
    let until = Instant::now() + LOOK;
    loop {
        heads.mark_unchanged();
        match find(chain, job, &submitted).await? {
            Some(found) if found.confirmations >= chain.node.config().confirmations => {
                return Ok(included(submitted, found));
            }
            Some(_) => {}
            None if is_overdue(chain, &submitted) => return resend(world, job, submitted).await,
            None => {}
        }
        tokio::select! {
            _ = heads.changed() => {}
            () = job.stop.cancelled() => return Err(Halt::Wait(Duration::ZERO)),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        if Instant::now() > until {
            return Err(Halt::Wait(Duration::ZERO));
        }
    }
}

/// Watches an included operation until no reorganisation can reach it.
pub(super) async fn watch(
    world: &World,
    job: &Job<'_>,
    included_before: Included,
) -> Result<Done<Stage>, Halt> {
    let chain = world.chain(job.intent().wallet.chain)?;
    let Included { submitted, inclusion, failure, .. } = included_before;
    let Some(found) = find(chain, job, &submitted).await? else {
        let detail = json!({ "lostBlock": inclusion.block_hash, "number": inclusion.block_number });
        // Due at once: the bundler may believe that it is done.
        let pending = Submitted { sent_ms: 0, resent: 0, ..submitted };
        return Ok(Done::new("reorg", Stage::Submitted(pending), detail));
    };
    if found.inclusion.block_hash != inclusion.block_hash {
        let moved = included(submitted, found);
        return Ok(Done { note: moved.note.map(|(_, detail)| ("reorg", detail)), ..moved });
    }
    if found.confirmations >= chain.node.config().reorg_depth {
        let settled = Included { submitted, inclusion, failure, settled: true };
        return Ok(Done::quietly(wrap(settled)));
    }
    let age = clock::unix_ms().saturating_sub(submitted.sent_ms);
    Err(Halt::Wait(Duration::from_millis((age / 4).clamp(1_000, 30_000))))
}

async fn find(
    chain: &ChainParts,
    job: &Job<'_>,
    submitted: &Submitted,
) -> Result<Option<Found>, Halt> {
    let history = &submitted.history;
    let from = history.from_block.unwrap_or_default();
    Ok(chain.node.find(job.intent().wallet.entry_point, &history.hashes, from).await?)
}

fn included(submitted: Submitted, found: Found) -> Done<Stage> {
    let inclusion = found.inclusion;
    let failure = (!inclusion.success).then(|| {
        let data = found.revert.unwrap_or_default();
        let reason: Reason = decode_revert(&data);
        Failure { data: Some(data), ..failure("reverted", reason) }
    });
    let detail = json!({
        "transactionHash": inclusion.transaction_hash,
        "blockNumber": inclusion.block_number,
        "success": inclusion.success,
        "actualGasCost": inclusion.actual_gas_cost,
        "actualGasUsed": inclusion.actual_gas_used,
        "reason": failure.as_ref().map(|failure| &failure.message),
    });
    let included = Included { submitted, inclusion, failure, settled: false };
    Done::new("include", wrap(included), detail)
}

fn wrap(included: Included) -> Stage {
    if included.inclusion.success { Stage::Included(included) } else { Stage::Reverted(included) }
}

fn is_overdue(chain: &ChainParts, submitted: &Submitted) -> bool {
    let waited = clock::unix_ms().saturating_sub(submitted.sent_ms);
    waited > chain.node.config().resubmit_s.saturating_mul(1_000)
}

/// Nothing came of it: the same again, and after a while the same nonce at a higher fee. Where that
/// cannot be had, the same goes on.
async fn resend(world: &World, job: &Job<'_>, submitted: Submitted) -> Result<Done<Stage>, Halt> {
    let wallet = &job.intent().wallet;
    let chain = world.chain(wallet.chain)?;
    let stage = Stage::Submitted(submitted.clone());
    let standing = ending::standing(world, wallet, &stage).await?;
    if let Standing::Dead(why) = &standing
        && why.kind == ending::NONCE_USED
    {
        return Err(Halt::Drop(why.clone()));
    }
    let Submitted { generation, history, resent, .. } = submitted;
    let why = reason_to_renew(chain, &generation, &history, resent).await?;
    let mut detail = json!({ "userOpHash": generation.hash });
    if let Some(why) = why {
        let last = Some(Box::new(generation.clone()));
        let sponsor = &job.intent().sponsor;
        let kept = History { last, ..history.clone() };
        match replace::renew(chain, sponsor, &generation.op, kept, why).await? {
            Renewal::New(priced, why) => return Err(Halt::Renew(priced, why)),
            Renewal::Impossible(why) if matches!(standing, Standing::Dead(_)) => {
                return Err(Halt::Drop(why));
            }
            Renewal::Impossible(why) => detail["notReplaced"] = json!(why),
        }
    }
    detail["bundler"] = json!(submit::send(chain, job, &generation, &history).await?);
    let sent_ms = clock::unix_ms();
    let next = Submitted { generation, history, sent_ms, resent: resent.saturating_add(1) };
    Ok(Done::new("resubmit", Stage::Submitted(next), detail))
}

async fn reason_to_renew(
    chain: &ChainParts,
    generation: &Generation,
    history: &History,
    resent: u32,
) -> Result<Option<Failure>, Halt> {
    if let Some(window) = generation.window
        && !replace::holds(chain, window).await?
    {
        let text = format!("it held until {}", window.valid_until());
        return Ok(Some(failure("approval_expired", text)));
    }
    let patience = RESENDS << history.returns.min(6);
    Ok((resent >= patience).then(|| failure("not_included", "no block took it at this fee")))
}
