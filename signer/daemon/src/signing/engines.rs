//! Where the processor time goes: as many engines compute for one root key as there are cores.
//!
//! The fewer checks are under way when the first one fails, the fewer run after it. More would not be
//! faster either. An engine that has done its work takes the next that waits, without being sent for.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

/// The engines of all root keys.
pub(super) struct Engines {
    of_each: usize,
    of_key: Mutex<BTreeMap<[u8; 33], Arc<Queue>>>,
}

/// The work was not done in time, or died.
#[derive(Debug)]
pub(super) enum EngineFailure {
    /// The deadline came first. The work may still be going on.
    Late,
    /// The engine panicked.
    Died,
}

/// What waits for the engines of one key, in the order in which it came.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    at_work: usize,
}

/// A piece of work that tells its outcome to whoever waits for it.
type Job = Box<dyn FnOnce() + Send>;

impl Engines {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with(cores)
    }

    fn with(of_each: usize) -> Self {
        Self { of_each, of_key: Mutex::default() }
    }

    /// Does `work` for the root key on a thread of its own, and answers no later than at `deadline`. What nobody waits
    /// for any more is not begun; what is under way keeps its engine to its end.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        root: &[u8; 33],
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineFailure> {
        let span = tracing::Span::current();
        let (tell, told) = oneshot::channel();
        let job = move || {
            if !tell.is_closed() {
                // Whoever waits may have gone meanwhile.
                let _ = tell.send(span.in_scope(work));
            }
        };
        let queue = self.of(root);
        if queue.state().takes(Box::new(job), self.of_each) {
            tokio::task::spawn_blocking(move || queue.work());
        }
        match tokio::time::timeout_at(deadline, told).await {
            Ok(done) => done.map_err(|_| EngineFailure::Died),
            Err(_) => Err(EngineFailure::Late),
        }
    }

    fn of(&self, root: &[u8; 33]) -> Arc<Queue> {
        let mut all = self.of_key.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(*root).or_default())
    }
}

impl Queue {
    /// One engine, until nothing waits.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A job owns all that it works on; whoever waits for it learns that it died.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("an engine died");
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        let job = state.waiting.pop_front();
        if job.is_none() {
            state.at_work = state.at_work.saturating_sub(1);
        }
        job
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes one more job, and says whether an engine is to be started for it.
    fn takes(&mut self, job: Job, of_each: usize) -> bool {
        self.waiting.push_back(job);
        let is_free = self.at_work < of_each;
        self.at_work = self.at_work.saturating_add(usize::from(is_free));
        is_free
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_key_has_no_more_engines_than_it_may() {
        let (engines, at_work) = (Engines::with(2), Arc::new(AtomicUsize::new(0)));
        let deadline = Instant::now() + Duration::from_secs(20);
        let work = |_| {
            let at_work = Arc::clone(&at_work);
            engines.compute(&[2; 33], deadline, move || {
                let others = at_work.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
                at_work.fetch_sub(1, Ordering::SeqCst);
                others
            })
        };
        let others = futures::future::try_join_all((0..24).map(work)).await.unwrap();
        assert!(others.iter().all(|others| *others < 2), "{others:?}");
    }

    #[tokio::test]
    async fn nobody_waits_beyond_the_deadline_and_another_key_does_not_wait_at_all() {
        let engines = Engines::with(1);
        let (let_go, until) = std::sync::mpsc::channel::<()>();
        let soon = Instant::now() + Duration::from_millis(20);
        let held = engines.compute(&[2; 33], soon, move || until.recv().is_ok()).await;
        assert!(matches!(held, Err(EngineFailure::Late)));
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(matches!(engines.compute(&[2; 33], soon, || ()).await, Err(EngineFailure::Late)));
        let later = Instant::now() + Duration::from_secs(20);
        engines.compute(&[3; 33], later, || ()).await.unwrap();
        let_go.send(()).unwrap();
        engines.compute(&[2; 33], later, || ()).await.unwrap();
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let engines = Engines::with(1);
        let (let_go, until) = std::sync::mpsc::channel::<()>();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(engines.compute(&[2; 33], soon, move || until.recv().is_ok()).await.is_err());
        let begun = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&begun);
        let abandoned = move || seen.fetch_add(1, Ordering::SeqCst);
        assert!(engines.compute(&[2; 33], soon, abandoned).await.is_err());
        let_go.send(()).unwrap();
        let later = Instant::now() + Duration::from_secs(20);
        engines.compute(&[2; 33], later, || ()).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn an_engine_that_dies_takes_no_other_work_along() {
        let engines = Engines::with(1);
        let later = Instant::now() + Duration::from_secs(20);
        let died = engines.compute(&[2; 33], later, || panic!("told to")).await;
        assert!(matches!(died, Err::<(), _>(EngineFailure::Died)));
        engines.compute(&[2; 33], later, || ()).await.unwrap();
    }
}
