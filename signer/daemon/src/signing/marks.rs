//! Notes of what counts as signed, gathered while one commit is under way and written with the next.

use std::sync::{Mutex, PoisonError};

use crate::journal::Signed;
use crate::store::{Store, StoreError};

/// What is not written down yet.
#[derive(Default)]
pub(super) struct Marks {
    waiting: Mutex<Vec<Signed>>,
    /// One writer at a time: whoever waits for it finds its note written with those of the others.
    writing: tokio::sync::Mutex<()>,
}

impl Marks {
    /// Notes one more.
    pub(super) fn add(&self, signed: Signed) {
        self.waiting().push(signed);
    }

    /// Returns when everything that was noted so far is on disk. What could not be written waits for the next.
    pub(super) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let _alone = self.writing.lock().await;
        let signed = std::mem::take(&mut *self.waiting());
        if signed.is_empty() {
            return Ok(());
        }
        let written = store.mark_signed(&signed).await;
        if written.is_err() {
            self.waiting().extend(signed);
        }
        written
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Signed>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
