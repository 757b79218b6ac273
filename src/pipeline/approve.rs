//! Sealed -> Signed, by way of Awaiting when cosigners want people's approval first.

use std::time::Duration;

use countersign_protocol::SignedApproval;
use serde_json::json;

use super::{
    Done, Halt, Job, Stage,
    halt::failure,
    sign::{self, Answer},
    stage::{Approval, Awaiting, Intent, Sealed},
};
use crate::{
    clock,
    quorum::{QuorumError, Refusal},
    service::MissingApproval,
    store::GivenApproval,
    world::World,
};

/// An approval that ends within so many milliseconds is not shown any more: clocks differ.
const MARGIN_MS: u64 = 5_000;

/// A paymaster's approval that ends within so many seconds ends the wait.
const SPONSOR_MARGIN_S: u64 = 30;

/// Asks a quorum. What is refused only for want of approvals waits for them.
pub(super) async fn sign_or_wait(
    world: &World,
    job: &Job<'_>,
    sealed: Sealed,
) -> Result<Done<Stage>, Halt> {
    let until_ms = end_of_wait(world, job.intent(), &sealed);
    ask(world, job, sealed, &[], until_ms, 0).await
}

/// Asks again once there is an approval that no cosigner was shown yet; ends when the time is over.
pub(super) async fn wait(
    world: &World,
    job: &Job<'_>,
    awaiting: Awaiting,
) -> Result<Done<Stage>, Halt> {
    let Awaiting { sealed, missing, until_ms, shown } = awaiting;
    let now_ms = clock::unix_ms();
    if now_ms >= until_ms {
        return Err(timed_out(&missing));
    }
    let given = world.store.approvals(job.operation.seq, sealed.hash).await?;
    let last = given.iter().map(|given| given.place).max().unwrap_or_default();
    if last <= shown {
        return Err(Halt::Wait(Duration::from_millis(until_ms - now_ms)));
    }
    match ask(world, job, sealed, &given, until_ms, last).await {
        // Made anew, it would be another operation than the one that people approved.
        Err(Halt::Renew(..)) => Err(timed_out(&missing)),
        answer => answer,
    }
}

async fn ask(
    world: &World,
    job: &Job<'_>,
    sealed: Sealed,
    given: &[GivenApproval],
    until_ms: u64,
    shown: i64,
) -> Result<Done<Stage>, Halt> {
    let hold_ms = clock::unix_ms().saturating_add(MARGIN_MS);
    let holds = |approval: &&SignedApproval| approval.expiry.saturating_mul(1_000) > hold_ms;
    let approvals = given.iter().map(|given| &given.approval).filter(holds).cloned().collect();
    match sign::sign(world, job, sealed, approvals).await? {
        Answer::Signed(done) => Ok(done.map(Stage::Signed)),
        // A dearer form of an operation that may land as it is waits for nobody.
        Answer::NotYet(sealed, refusals) if !sealed.history.signed.is_empty() => {
            Err(QuorumError::Unapproved(refusals).into())
        }
        Answer::NotYet(sealed, refusals) => {
            let missing: Vec<_> = refusals.into_iter().map(MissingApproval::from).collect();
            let detail = json!({ "missing": missing, "untilMs": until_ms });
            let next = Awaiting { sealed, missing, until_ms, shown };
            Ok(Done::new("await", Stage::Awaiting(next), detail))
        }
    }
}

/// As long as is configured, but no longer than the paymaster's approval or the caller's intent holds.
fn end_of_wait(world: &World, intent: &Intent, sealed: &Sealed) -> u64 {
    let patience = world.config.approval_wait_s.saturating_mul(1_000);
    let window = match sealed.approval {
        Approval::Given(window) => window,
        Approval::Pending(window) => Some(window),
    };
    let window_end = window.map(|window| window.valid_until().saturating_sub(SPONSOR_MARGIN_S));
    let intent_end = intent.signature.as_ref().map(|signature| signature.expiry);
    let ends = [window_end, intent_end].into_iter().flatten().map(|s| s.saturating_mul(1_000));
    ends.fold(clock::unix_ms().saturating_add(patience), u64::min)
}

fn timed_out(missing: &[MissingApproval]) -> Halt {
    let said = missing.iter().map(|m| format!("{}: {}", m.cosigner, m.message));
    let said = said.collect::<Vec<_>>().join("; ");
    Halt::Drop(failure("approval_timed_out", format!("it was not approved in time ({said})")))
}

impl From<Refusal> for MissingApproval {
    fn from(refusal: Refusal) -> Self {
        Self { cosigner: refusal.cosigner, message: refusal.message }
    }
}
