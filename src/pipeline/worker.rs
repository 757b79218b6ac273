//! Moves operations: claims those that are due and takes each as far as it goes, writing down every
//! step before the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Job, Stage, fault,
    halt::{Done, Halt},
    stage::{Dropped, History, Priced, Sealed, Signed, Sponsored, Submitted},
    step,
};
use crate::{
    clock,
    service::{Failure, TimelineEntry},
    store::{Claimed, Progress, StoreError, StoredOperation},
    world::World,
};

/// A claim outlives every step.
const LEASE_MS: u64 = 120_000;

/// How often to look for work that nobody announced.
const LOOK: Duration = Duration::from_millis(200);

/// Tries of a step before an operation that nobody signed is given up: about ten minutes.
const MAX_ATTEMPTS: u32 = 130;

/// One process's worker.
#[derive(Debug)]
pub(crate) struct Worker {
    world: Arc<World>,
    name: Arc<str>,
}

impl Worker {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let name = format!("{:016x}", rand::random::<u64>());
        Self { world, name: name.into() }
    }

    /// Works until `stop`; then waits for the steps in flight, within the configured bound.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        self.world.store.adopt().await?;
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let free = self.world.config.concurrency.saturating_sub(running.len());
            for claimed in self.claim(free).await {
                let (world, name) = (Arc::clone(&self.world), Arc::clone(&self.name));
                let stop = stop.clone();
                running.spawn(async move { drive(&world, &name, claimed, &stop).await });
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
        let claim = self.world.store.claim(&self.name, clock::unix_ms(), LEASE_MS, free);
        claim.await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot claim operations");
            Vec::new()
        })
    }
}

/// Takes one operation as far as it goes now.
async fn drive(world: &World, worker: &str, claimed: Claimed, stop: &CancellationToken) {
    let seq = claimed.operation.seq;
    if let Err(error) = advance(world, worker, claimed, stop).await {
        // The claim runs out, and whoever has the operation then goes on from what is stored.
        tracing::error!(seq, %error, "an operation could not be written down");
    }
}

async fn advance(
    world: &World,
    worker: &str,
    claimed: Claimed,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let StoredOperation { stage: mut current, .. } = claimed.operation;
    let operation = StoredOperation { stage: current.clone(), ..claimed.operation };
    let seq = operation.seq;
    let mut attempts = claimed.attempts;
    loop {
        if stop.is_cancelled() {
            let at = clock::unix_ms();
            return save(world, worker, seq, pause(current, at, attempts)).await;
        }
        let job = Job { operation: &operation, stop, attempts };
        let started = Instant::now();
        let outcome = step(world, &job, current.clone()).await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Done { next, note }) => {
                let entry = note.map(|(step, detail)| entry(step, took_ms, detail));
                attempts = 0;
                let moved = next.name() != current.name();
                current = next;
                save(world, worker, seq, going(current.clone(), entry)).await?;
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
            Err(halt) => match settle(halt, &current, attempts, took_ms)? {
                Next::Pause(progress) => return save(world, worker, seq, progress).await,
                Next::Go(progress) => {
                    attempts = 0;
                    current = progress.stage.clone();
                    save(world, worker, seq, progress).await?;
                    fault::reach(if current.is_settled() { "dropped" } else { "replaced" });
                    if current.is_settled() {
                        world.work.notify_one();
                        return Ok(());
                    }
                }
            },
        }
    }
}

async fn save(world: &World, worker: &str, seq: i64, progress: Progress) -> Result<(), StoreError> {
    world.store.save(worker, seq, progress).await
}

/// What follows from a step that made no next stage.
enum Next {
    Pause(Progress),
    Go(Progress),
}

fn settle(halt: Halt, current: &Stage, attempts: u32, took_ms: u64) -> Result<Next, StoreError> {
    let now = clock::unix_ms();
    Ok(match halt {
        Halt::Store(error) => return Err(error),
        Halt::Wait(rest) => {
            let until = now.saturating_add(u64::try_from(rest.as_millis()).unwrap_or(u64::MAX));
            Next::Pause(pause(current.clone(), until, attempts))
        }
        Halt::Retry(failure) if attempts < MAX_ATTEMPTS || is_signed(current) => {
            let attempts = attempts.saturating_add(1);
            let until = now.saturating_add(backoff_ms(attempts));
            // The first tries are told, and then one in sixteen.
            let told = attempts <= 4 || attempts.is_multiple_of(16);
            let entry = told.then(|| entry("retry", took_ms, json!(failure)));
            Next::Pause(Progress { entry, ..pause(current.clone(), until, attempts) })
        }
        Halt::Retry(failure) | Halt::Drop(failure) => {
            let entry = entry("drop", took_ms, json!(failure));
            Next::Go(going(Stage::Dropped(dropped(current, failure)), Some(entry)))
        }
        Halt::Renew(priced, failure) => {
            let entry = entry("replace", took_ms, json!(failure));
            Next::Go(going(Stage::Priced(*priced), Some(entry)))
        }
    })
}

/// Once a signature exists the operation may reach the chain, whoever brings it there: it is not
/// given up for want of patience.
const fn is_signed(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Signed(_) | Stage::Submitted(_) | Stage::Included(_) | Stage::Reverted(_)
    )
}

fn dropped(stage: &Stage, failure: Failure) -> Dropped {
    let history = match stage {
        Stage::Priced(Priced { history, .. })
        | Stage::Sponsored(Sponsored { history, .. })
        | Stage::Sealed(Sealed { history, .. })
        | Stage::Signed(Signed { history, .. })
        | Stage::Submitted(Submitted { history, .. })
        | Stage::Dropped(Dropped { history, .. }) => history.clone(),
        Stage::Included(included) | Stage::Reverted(included) => included.submitted.history.clone(),
        Stage::Draft(_) => History::default(),
    };
    Dropped { op: stage.op().clone(), failure, history }
}

fn going(stage: Stage, entry: Option<TimelineEntry>) -> Progress {
    let lease_until_ms = clock::unix_ms() + LEASE_MS;
    Progress { stage, entry, release_until_ms: None, lease_until_ms, attempts: 0 }
}

const fn pause(stage: Stage, until_ms: u64, attempts: u32) -> Progress {
    Progress { stage, entry: None, release_until_ms: Some(until_ms), lease_until_ms: 0, attempts }
}

/// 0.25 s, doubling up to 5 s.
fn backoff_ms(attempts: u32) -> u64 {
    (250_u64 << attempts.saturating_sub(1).min(5)).min(5_000)
}

pub(super) fn entry(step: &str, took_ms: u64, detail: serde_json::Value) -> TimelineEntry {
    TimelineEntry { at_ms: clock::unix_ms(), step: step.to_owned(), took_ms, detail }
}
