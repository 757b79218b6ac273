//! Signed -> Submitted: a bundler takes it.

use countersign_bundler_client::{AaCode, BundlerError, Rejection, RpcCode};
use countersign_userop::{SponsorWindow, UserOperation};
use serde_json::json;

use super::{
    Done, Halt, Job, fault,
    halt::{chained, failure},
    replace,
    stage::{History, Signed, Submitted},
};
use crate::{
    clock,
    service::{Failure, Wallet},
    world::{ChainParts, World},
};

/// Hands it over. Sending the same operation again does no harm: one that the bundler knows, or that
/// the chain has, counts as handed over.
pub(super) async fn submit(
    world: &World,
    job: &Job<'_>,
    signed: Signed,
) -> Result<Done<Submitted>, Halt> {
    let wallet = &job.intent().wallet;
    let chain = world.chain(wallet.chain)?;
    let Signed { op, hash, window, history } = signed;
    if !is_on_chain(chain, wallet, &history).await? {
        replace::while_window_holds(chain, window, &op, &history).await?;
    }
    let said = send(chain, job, &op, window, &history).await?;
    let detail = json!({ "userOpHash": hash, "bundler": said });
    let sent_ms = clock::unix_ms();
    let next = Submitted { op, hash, window, history, sent_ms, resent: 0 };
    Ok(Done::new("submit", next, detail))
}

/// Sends it to the bundlers, and says what they said.
pub(super) async fn send(
    chain: &ChainParts,
    job: &Job<'_>,
    op: &UserOperation,
    window: Option<SponsorWindow>,
    history: &History,
) -> Result<&'static str, Halt> {
    let wallet = &job.intent().wallet;
    let Err(error) = chain.bundler.send_user_operation(op, wallet.entry_point).await else {
        fault::reach("accepted");
        return Ok("accepted");
    };
    if error.rejection().is_some_and(Rejection::is_already_known) {
        return Ok("knew it");
    }
    if is_on_chain(chain, wallet, history).await? {
        return Ok("had it included");
    }
    tracing::warn!(id = job.intent().id, error = chained(&error), "bundler did not take it");
    Err(refused(chain, job, op, window, history, &error).await)
}

async fn is_on_chain(chain: &ChainParts, wallet: &Wallet, history: &History) -> Result<bool, Halt> {
    let from = history.from_block.unwrap_or_default();
    Ok(chain.node.find(wallet.entry_point, &history.hashes, from).await?.is_some())
}

/// What a bundler's no means for an operation that is signed.
async fn refused(
    chain: &ChainParts,
    job: &Job<'_>,
    op: &UserOperation,
    window: Option<SponsorWindow>,
    history: &History,
    error: &BundlerError,
) -> Halt {
    let Some(rejection) = error.rejection() else {
        return Halt::Retry(failure("bundler_unavailable", chained(error)));
    };
    let why = |kind| failure(kind, &rejection.message);
    let renewed =
        |why: Failure| replace::renew::<()>(chain, &job.intent().sponsor, op, history, why);
    let halt = match (rejection.code, rejection.aa) {
        (_, Some(AaCode::InvalidNonce)) => nonce_is_used(chain, job, op).await,
        (_, Some(AaCode::PaymasterExpiredOrNotDue)) | (RpcCode::OutOfTimeRange, _) => {
            match window {
                // The bundler's clock differs from the chain's: a new window would not help.
                Some(window) if replace::holds(chain, window).await.unwrap_or(true) => {
                    Err(Halt::Retry(why("bundler_refused")))
                }
                _ => renewed(why("approval_expired")).await,
            }
        }
        _ if is_underpriced(&rejection.message) => renewed(why("underpriced")).await,
        (code, None) if code.is_retryable() => Err(Halt::Retry(why("bundler_unavailable"))),
        _ => Err(Halt::Drop(why("bundler_refused"))),
    };
    halt.err().unwrap_or_else(|| Halt::Retry(why("bundler_unavailable")))
}

fn is_underpriced(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("underpriced")
        || message.contains("must be at least")
        || message.contains("fee too low")
}

/// The chain went past our nonce without us: it can never be used again. Unless the node lags.
async fn nonce_is_used(chain: &ChainParts, job: &Job<'_>, op: &UserOperation) -> Result<(), Halt> {
    let wallet = &job.intent().wallet;
    let next = chain.node.next_sequence(wallet.entry_point, wallet.address, op.nonce_key()).await?;
    if next <= op.nonce().as_limbs()[0] || job.attempts < 3 {
        return Err(Halt::Retry(failure("bundler_refused", "the bundler refuses the nonce")));
    }
    Err(Halt::Drop(failure("nonce_used", "the nonce was used by an operation from elsewhere")))
}
