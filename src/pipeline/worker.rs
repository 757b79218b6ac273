//! Moves operations: claims those that are due and takes each as far as it goes, writing down every
//! step before the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    Job, Stage,
    ending::{self, Standing},
    fault,
    halt::{Done, Halt, failure},
    stage::{Dropped, Generation, History, Submitted},
    step, told,
};
use crate::{
    clock,
    config::LONGEST_STEP,
    figures,
    service::{Failure, TimelineEntry, Wallet},
    store::{Claimed, Lease, Progress, StoreError, StoredOperation},
    world::World,
};

/// A claim outlives every step, and the writing down of what it did.
const LEASE_MS: u64 = 20_000 + 1_000 * LONGEST_STEP.as_secs();

/// How often to look for work that nobody announced.
const LOOK: Duration = Duration::from_millis(200);

/// Tries of a step before an operation that nobody signed is given up: about ten minutes.
const MAX_ATTEMPTS: u32 = 130;

/// One process's worker.
#[derive(Debug)]
pub(crate) struct Worker {
    world: Arc<World>,
}

impl Worker {
    pub(crate) const fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Works until `stop`; then waits for the steps in flight, within the configured bound.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        self.world.store.adopt().await?;
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let free = self.world.config.concurrency.saturating_sub(running.len());
            for claimed in self.claim(free).await {
                let (world, stop) = (Arc::clone(&self.world), stop.clone());
                let span = span_of(&claimed.operation);
                running.spawn(async move { drive(&world, claimed, &stop).await }.instrument(span));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.world.work.notified() => {}
                _ = running.join_next(), if !running.is_empty() && free == 0 => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        let rest = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.world.config.deadlines.shutdown(), rest).await.is_err() {
            tracing::warn!("operations were cut off in a step; they go on at the next start");
        }
        Ok(())
    }

    async fn claim(&self, free: usize) -> Vec<Claimed> {
        if free == 0 {
            return Vec::new();
        }
        let claim = self.world.store.claim(clock::unix_ms(), LEASE_MS, free);
        claim.await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot claim operations");
            Vec::new()
        })
    }
}

/// What the log says of an operation's steps goes under its names.
fn span_of(operation: &StoredOperation) -> tracing::Span {
    let trace = operation.intent.trace.as_ref().map(|trace| trace.trace_id());
    tracing::info_span!(
        "operation",
        seq = operation.seq,
        id = operation.intent.id,
        trace_id = trace
    )
}

/// Takes one operation as far as it goes now.
async fn drive(world: &World, claimed: Claimed, stop: &CancellationToken) {
    let seq = claimed.operation.seq;
    if let Err(error) = advance(world, claimed, stop).await {
        // The claim runs out, and whoever has the operation then goes on from what is stored.
        tracing::error!(seq, %error, "an operation could not be written down");
    }
}

async fn advance(
    world: &World,
    claimed: Claimed,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let lease = &claimed.lease;
    let StoredOperation { stage: mut current, .. } = claimed.operation;
    let operation = StoredOperation { stage: current.clone(), ..claimed.operation };
    let seq = operation.seq;
    let mut attempts = claimed.attempts;
    loop {
        if stop.is_cancelled() {
            let at = clock::unix_ms();
            return save(world, lease, seq, pause(current, at, attempts)).await;
        }
        let job = Job { operation: &operation, stop };
        let started = Instant::now();
        let span = told::span_of(&operation, &current);
        let outcome = step(world, &job, current.clone()).instrument(span.clone());
        let outcome = within_lease(outcome).await;
        told::tell(&span, &outcome);
        drop(span);
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Done { next, note }) => {
                if let Some((step, _)) = &note {
                    figures::step(step, took_ms);
                }
                let entry = note.map(|(step, detail)| entry(step, took_ms, detail));
                attempts = 0;
                let moved = next.name() != current.name();
                current = next;
                save(world, lease, seq, going(current.clone(), entry)).await?;
                if moved {
                    tell(&operation.intent.wallet, &current);
                }
                if moved {
                    fault::reach(current.name_text());
                }
                if current.lets_others_go() {
                    world.work.notify_one();
                }
                if current.is_settled() {
                    return Ok(());
                }
            }
            Err(halt) => {
                if let Halt::Retry(failure) | Halt::Drop(failure) = &halt {
                    figures::halted(failure);
                }
                let halted = Halted { stage: &current, attempts, took_ms };
                match halted.settle(world, &operation.intent.wallet, halt).await? {
                    Next::Pause(progress) => {
                        return save(world, lease, seq, progress).await;
                    }
                    Next::Go(progress) => {
                        attempts = 0;
                        current = progress.stage.clone();
                        save(world, lease, seq, progress).await?;
                        tell(&operation.intent.wallet, &current);
                        fault::reach(match current {
                            Stage::Dropped(_) => "dropped",
                            Stage::Priced(_) => "replaced",
                            _ => "returned",
                        });
                        if current.is_settled() {
                            world.work.notify_one();
                            return Ok(());
                        }
                    }
                }
            }
        }
    }
}

/// What an operation came to, in figures.
fn tell(wallet: &Wallet, stage: &Stage) {
    match stage {
        Stage::Included(included) | Stage::Reverted(included) => {
            figures::landed(wallet, stage.op(), &included.inclusion, included.failure.as_ref());
        }
        Stage::Dropped(dropped) => figures::dropped(&dropped.failure),
        _ => {}
    }
}

async fn save(
    world: &World,
    lease: &Lease,
    seq: i64,
    progress: Progress,
) -> Result<(), StoreError> {
    world.store.save(lease, seq, progress).await
}

/// A step never outlives its claim. It is cut off where a kill could have cut it off, and goes on from
/// there.
async fn within_lease(
    step: impl Future<Output = Result<Done<Stage>, Halt>>,
) -> Result<Done<Stage>, Halt> {
    tokio::time::timeout(LONGEST_STEP, step).await.unwrap_or_else(|_| {
        let text = format!("the step did not end within {LONGEST_STEP:?}");
        Err(Halt::Retry(failure("step_timed_out", text)))
    })
}

/// What follows from a step that made no next stage.
enum Next {
    Pause(Progress),
    Go(Progress),
}

/// A stage whose step did not work, and how it went.
struct Halted<'a> {
    stage: &'a Stage,
    attempts: u32,
    took_ms: u64,
}

impl Halted<'_> {
    async fn settle(&self, world: &World, wallet: &Wallet, halt: Halt) -> Result<Next, StoreError> {
        Ok(match halt {
            Halt::Store(error) => return Err(error),
            Halt::Wait(rest) => {
                let rest = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
                let until = clock::unix_ms().saturating_add(rest);
                Next::Pause(pause(self.stage.clone(), until, self.attempts))
            }
            Halt::Renew(priced, failure) => {
                self.go("replace", Stage::Priced(*priced), json!(failure))
            }
            Halt::Drop(failure) if self.stage.may_land() => {
                self.not_dead(world, wallet, failure, true).await
            }
            Halt::Retry(failure) if self.stage.may_land() => {
                let newer = ending::earlier(self.stage).is_some();
                let refused = newer && self.attempts >= MAX_ATTEMPTS;
                match newer {
                    true => self.not_dead(world, wallet, failure, refused).await,
                    false => self.again(failure),
                }
            }
            Halt::Retry(failure) if self.attempts < MAX_ATTEMPTS => self.again(failure),
            Halt::Retry(failure) | Halt::Drop(failure) => self.dropped(failure),
        })
    }

    /// A signature exists. Whatever was said, only the chain ends the operation; until then the last
    /// generation that a bundler was given is watched, or this one is tried again.
    async fn not_dead(
        &self,
        world: &World,
        wallet: &Wallet,
        failure: Failure,
        refused: bool,
    ) -> Next {
        let standing = ending::standing(world, wallet, self.stage).await;
        let earlier = ending::earlier(self.stage);
        match (standing, earlier) {
            (Ok(Standing::Dead(why)), _) if why.kind == ending::NONCE_USED => self.dropped(why),
            // Without an approval that holds, a new one may still be had.
            (Ok(Standing::Dead(_)), _) if refused => self.dropped(failure),
            (Ok(Standing::Landed), Some((generation, history))) => {
                self.go("return", back(generation, history), json!({ "landed": true }))
            }
            (Ok(Standing::Open), Some((generation, history))) if refused => {
                self.go("return", back(generation, history), json!(failure))
            }
            (Ok(Standing::Open), None) if refused => match self.again(failure) {
                // Later operations of the wallet need not wait for what may never come.
                Next::Pause(paused) => Next::Pause(Progress { blocks_lane: true, ..paused }),
                go => go,
            },
            (Ok(_), _) => self.again(failure),
            (Err(error), _) => {
                tracing::warn!(%error, "cannot tell whether an operation can still land");
                self.again(failure)
            }
        }
    }

    /// The first tries are told, and then one in sixteen.
    fn again(&self, failure: Failure) -> Next {
        let attempts = self.attempts.saturating_add(1);
        let until = clock::unix_ms().saturating_add(backoff_ms(attempts));
        let told = attempts <= 4 || attempts.is_multiple_of(16);
        let entry = told.then(|| entry("retry", self.took_ms, json!(failure)));
        Next::Pause(Progress { entry, ..pause(self.stage.clone(), until, attempts) })
    }

    fn dropped(&self, failure: Failure) -> Next {
        let detail = json!(failure);
        let history = self.stage.history().cloned().unwrap_or_default();
        let dropped = Dropped { op: self.stage.op().clone(), failure, history };
        self.go("drop", Stage::Dropped(dropped), detail)
    }

    fn go(&self, step: &str, stage: Stage, detail: Value) -> Next {
        Next::Go(going(stage, Some(entry(step, self.took_ms, detail))))
    }
}

/// The generation that is watched again.
fn back(generation: &Generation, history: &History) -> Stage {
    let returns = history.returns.saturating_add(1);
    let history = History { last: None, returns, ..history.clone() };
    let generation = generation.clone();
    Stage::Submitted(Submitted { generation, history, sent_ms: clock::unix_ms(), resent: 0 })
}

fn going(stage: Stage, entry: Option<TimelineEntry>) -> Progress {
    let lease_until_ms = clock::unix_ms() + LEASE_MS;
    Progress {
        stage,
        entry,
        release_until_ms: None,
        lease_until_ms,
        attempts: 0,
        blocks_lane: false,
    }
}

const fn pause(stage: Stage, until_ms: u64, attempts: u32) -> Progress {
    Progress {
        stage,
        entry: None,
        release_until_ms: Some(until_ms),
        lease_until_ms: 0,
        attempts,
        blocks_lane: false,
    }
}

/// 0.25 s, doubling up to 5 s; a minute for what has not worked for long.
fn backoff_ms(attempts: u32) -> u64 {
    if attempts > MAX_ATTEMPTS {
        return 60_000;
    }
    (250_u64 << attempts.saturating_sub(1).min(5)).min(5_000)
}

pub(crate) fn entry(step: &str, took_ms: u64, detail: serde_json::Value) -> TimelineEntry {
    TimelineEntry { at_ms: clock::unix_ms(), step: step.to_owned(), took_ms, detail }
}
