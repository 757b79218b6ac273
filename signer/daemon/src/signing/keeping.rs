//! What a session heard of the others' journals, on its way to disk while the rounds go on.
//!
//! A head must be durable before it can have helped to a signature, so that the last round waits for it, and nothing
//! before does.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::failure::Failure;
use crate::heads::Heads;
use crate::store::StoreError;

/// The write that is under way, until somebody waited for it.
pub(super) struct Keeping(Option<JoinHandle<Result<(), StoreError>>>);

impl Keeping {
    /// Begins to write down what was heard so far. It is finished even if nobody waits.
    pub(super) fn begin(heads: &Arc<Heads>, tasks: &TaskTracker) -> Self {
        let heads = Arc::clone(heads);
        Self(Some(tasks.spawn(async move { heads.keep().await })))
    }

    /// Returns when it is on disk.
    pub(super) async fn done(&mut self) -> Result<(), Failure> {
        let Some(writing) = self.0.take() else { return Ok(()) };
        match writing.await {
            Ok(written) => written.map_err(unkept),
            Err(_) => Err(Failure::internal("the heads of journals could not be kept")),
        }
    }
}

pub(super) fn unkept(error: StoreError) -> Failure {
    tracing::error!(%error, "the heads of journals could not be kept");
    Failure::internal("the heads of journals could not be kept")
}
