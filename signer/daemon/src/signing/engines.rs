//! Where the processor time goes: as many engines compute for one root key as there are cores.
//!
//! The fewer checks are under way when the first one fails, the fewer run after it. More would not be
//! faster either.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The engines of all root keys.
pub(super) struct Engines {
    of_each: usize,
    of_key: Mutex<BTreeMap<[u8; 33], Arc<Semaphore>>>,
}

/// The work was not done in time, or died.
#[derive(Debug)]
pub(super) enum EngineFailure {
    /// The deadline came first. The work may still be going on.
    Late,
    /// The engine panicked.
    Died,
}

impl Engines {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with(cores)
    }

    fn with(of_each: usize) -> Self {
        Self { of_each, of_key: Mutex::default() }
    }

    /// Does `work` for the root key on a thread of its own, and answers no later than at `deadline`.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        root: &[u8; 33],
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineFailure> {
        let engines = self.of(root);
        let worked = async {
            let engine = engines.acquire_owned().await.map_err(|_| EngineFailure::Died)?;
            let span = tracing::Span::current();
            // What is under way keeps its engine, whether or not somebody still waits for it.
            let working = tokio::task::spawn_blocking(move || {
                let done = span.in_scope(work);
                drop(engine);
                done
            });
            working.await.map_err(|_| EngineFailure::Died)
        };
        tokio::time::timeout_at(deadline, worked).await.unwrap_or(Err(EngineFailure::Late))
    }

    fn of(&self, root: &[u8; 33]) -> Arc<Semaphore> {
        let mut all = self.of_key.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(*root).or_insert_with(|| Arc::new(Semaphore::new(self.of_each))))
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
}
