//! Signed -> Submitted: a bundler takes it.

use countersign_bundler_client::{AaCode, BundlerError, Rejection, RpcCode};
use countersign_userop::UserOperation;
use serde_json::json;

use super::{
    Done, Halt, Job, ending, fault,
    halt::{chained, failure},
    replace::{self, Renewal},
    stage::{Generation, History, Signed, Submitted},
};
use crate::{
    clock,
    service::Failure,
    world::{ChainParts, World},
};

/// Hands it over. Sending the same operation again does no harm: one that the bundler knows, or that
/// the chain has, counts as handed over. It is sent even when its approval seems to be over: only what
/// a bundler was offered is made anew.
pub(super) async fn submit(
    world: &World,
    job: &Job<'_>,
    signed: Signed,
) -> Result<Done<Submitted>, Halt> {
    let chain = world.chain(job.intent().wallet.chain)?;
    let said = send(chain, job, &signed.generation, &signed.history).await?;
    let Signed { generation, history } = signed;
    let detail = json!({ "userOpHash": generation.hash, "bundler": said });
    let history = History { last: None, ..history };
    let next = Submitted { generation, history, sent_ms: clock::unix_ms(), resent: 0 };
    Ok(Done::new("submit", next, detail))
}

/// Sends it to the bundlers, and says what they said.
pub(super) async fn send(
    chain: &ChainParts,
    job: &Job<'_>,
    generation: &Generation,
    history: &History,
) -> Result<&'static str, Halt> {
    let wallet = &job.intent().wallet;
    let sent = chain.bundler.send_user_operation(&generation.op, wallet.entry_point).await;
    let Err(error) = sent else {
        fault::reach("accepted");
        return Ok("accepted");
    };
    if error.rejection().is_some_and(Rejection::is_already_known) {
        return Ok("knew it");
    }
    if ending::is_on_chain(chain, wallet, history).await? {
        return Ok("had it included");
    }
    tracing::warn!(id = job.intent().id, error = chained(&error), "bundler did not take it");
    Err(refused(chain, job, generation, history, &error).await)
}

/// What a bundler's no means for an operation that is signed. It ends nothing: see [`ending`].
async fn refused(
    chain: &ChainParts,
    job: &Job<'_>,
    generation: &Generation,
    history: &History,
    error: &BundlerError,
) -> Halt {
    let Some(rejection) = error.rejection() else {
        return Halt::Retry(failure("bundler_unavailable", chained(error)));
    };
    let why = |kind| failure(kind, &rejection.message);
    let renewed = |why| renewed(chain, job, generation, history, why);
    match (rejection.code, rejection.aa) {
        (_, Some(AaCode::InvalidNonce)) => nonce_is_refused(chain, job, &generation.op).await,
        (_, Some(AaCode::PaymasterExpiredOrNotDue)) | (RpcCode::OutOfTimeRange, _) => {
            match generation.window {
                // The bundler's clock differs from the chain's: a new window would not help.
                Some(window) if replace::holds(chain, window).await.unwrap_or(true) => {
                    Halt::Retry(why("bundler_refused"))
                }
                _ => renewed(why("approval_expired")).await,
            }
        }
        _ if is_underpriced(&rejection.message) => renewed(why("underpriced")).await,
        (code, None) if code.is_retryable() => Halt::Retry(why("bundler_unavailable")),
        _ => Halt::Drop(why("bundler_refused")),
    }
}

/// A new generation, or, where none can be made, another try with this one.
async fn renewed(
    chain: &ChainParts,
    job: &Job<'_>,
    generation: &Generation,
    history: &History,
    why: Failure,
) -> Halt {
    let last = history.last.clone().or_else(|| Some(Box::new(generation.clone())));
    let kept = History { last, ..history.clone() };
    let renewal = replace::renew(chain, &job.intent().sponsor, &generation.op, kept, why).await;
    match renewal {
        Ok(Renewal::New(priced, why)) => Halt::Renew(priced, why),
        Ok(Renewal::Impossible(why)) => last_try(chain, history, why).await,
        Err(halt) => halt,
    }
}

fn is_underpriced(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("underpriced")
        || message.contains("must be at least")
        || message.contains("fee too low")
}

/// What there is is tried until no approval of it holds any more.
async fn last_try(chain: &ChainParts, history: &History, why: Failure) -> Halt {
    match ending::approvals_are_over(chain, history).await {
        Ok(true) => Halt::Drop(why),
        Ok(false) => Halt::Retry(why),
        Err(error) => error.into(),
    }
}

/// The chain may have gone past our nonce without us, or operations before ours are still to come.
async fn nonce_is_refused(chain: &ChainParts, job: &Job<'_>, op: &UserOperation) -> Halt {
    let why = failure("bundler_refused", "the bundler refuses the nonce");
    let wallet = &job.intent().wallet;
    let next = chain.node.next_sequence(wallet.entry_point, wallet.address, op.nonce_key());
    match next.await {
        Ok(next) if next > op.nonce().as_limbs()[0] => Halt::Drop(why),
        Ok(_) => Halt::Retry(why),
        Err(error) => error.into(),
    }
}
