//! How a session ends without a signature, and who may hear what of it.
//!
//! A member that tampers learns a bit of our secrets from every check that passes, and pays with a ban for
//! the first one that does not. Sessions that were under way when the ban came must not tell it more: not
//! by a message, not by the words of an answer, and not by its time. So once a member of the quorum is
//! banned, every failure is answered with the same words and at the session's own deadline.

use std::sync::Arc;

use countersign_protocol::SignCall;
use tokio::time::Instant;

use super::failure::Failure;
use super::{Inner, LiveKey};

impl Inner {
    /// Says in the log why there is no signature, tells the others that there is none, and gives what the
    /// caller may hear. The session keeps its place until then.
    pub(super) async fn conclude(
        &self,
        key: &LiveKey,
        call: &SignCall,
        deadline: Instant,
        failure: Failure,
    ) -> Failure {
        tracing::warn!(class = ?failure.class, reason = %failure.message, "no signature");
        let others = self.others(&call.quorum);
        let failure = if key.gates.check(&others).is_err() {
            self.settle(key, call).await;
            tokio::time::sleep_until(deadline).await;
            let veiled = Failure::veiled(others);
            if failure.parting.is_some() { veiled.in_rounds() } else { veiled }
        } else {
            failure
        };
        if let Some(parting) = &failure.parting {
            self.farewell(&key.gates, &call.attempt.0, &call.quorum, parting);
        }
        failure
    }

    /// Nobody hears of a ban before it is on record.
    pub(super) async fn settle(&self, key: &LiveKey, call: &SignCall) {
        let (gates, others) = (Arc::clone(&key.gates), self.others(&call.quorum));
        match tokio::task::spawn_blocking(move || gates.settle(&others)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a ban holds only until a restart"),
            Err(error) => tracing::error!(%error, "a ban may not be on record"),
        }
    }
}
