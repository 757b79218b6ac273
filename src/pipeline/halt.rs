//! How a step ends: with the next stage, or with the reason why there is none yet, or none ever.

use std::time::Duration;

use countersign_bundler_client::{BundlerError, RpcCode};
use serde_json::Value;

use super::{ending::Unknown, stage::Priced};
use crate::{
    chain::{ChainError, decode_revert, revert_data},
    quorum::QuorumError,
    service::{Failure, ServiceError},
    sponsor::SponsorError,
    store::StoreError,
};

/// The next stage, and what the timeline shall say of the step.
#[derive(Debug)]
pub(super) struct Done<T> {
    pub(super) next: T,
    /// The step's name and detail; nothing is noted without.
    pub(super) note: Option<(&'static str, Value)>,
}

impl<T> Done<T> {
    pub(super) const fn new(step: &'static str, next: T, detail: Value) -> Self {
        Self { next, note: Some((step, detail)) }
    }

    pub(super) const fn quietly(next: T) -> Self {
        Self { next, note: None }
    }

    pub(super) fn map<U>(self, wrap: impl FnOnce(T) -> U) -> Done<U> {
        Done { next: wrap(self.next), note: self.note }
    }
}

/// Why a step made no next stage.
#[derive(Debug)]
pub(super) enum Halt {
    /// Nothing is wrong; look again later.
    Wait(Duration),
    /// Something is out of order that may be put right.
    Retry(Failure),
    /// It cannot be done.
    Drop(Failure),
    /// The nonce stays, but gas, fees or the paymaster's approval must be made anew.
    Renew(Box<Priced>, Failure),
    /// The store failed; nothing is known to have happened.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ChainError> for Halt {
    fn from(error: ChainError) -> Self {
        Self::Retry(failure("node_unavailable", error))
    }
}

impl From<Unknown> for Halt {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Chain(error) => error.into(),
            Unknown::Service(error) => error.into(),
        }
    }
}

impl From<QuorumError> for Halt {
    fn from(error: QuorumError) -> Self {
        match error {
            QuorumError::Refused(ref refusal) => {
                let rule = Some(refusal.rule.clone());
                Self::Drop(Failure { rule, ..failure("signing_refused", error) })
            }
            QuorumError::Unapproved(_) => {
                let rule = Some("approval".to_owned());
                Self::Drop(Failure { rule, ..failure("signing_refused", error) })
            }
            error if error.is_retryable() => Self::Retry(failure("quorum_unavailable", error)),
            error => Self::Drop(failure("signing_failed", error)),
        }
    }
}

impl From<SponsorError> for Halt {
    fn from(error: SponsorError) -> Self {
        match error {
            SponsorError::Quorum(QuorumError::Refused(refusal)) => Self::Drop(Failure {
                rule: Some(refusal.rule.clone()),
                ..failure("sponsor_refused", QuorumError::Refused(refusal))
            }),
            SponsorError::Quorum(error) => error.into(),
            SponsorError::Chain(error) => error.into(),
            error => Self::Drop(failure("sponsor_misconfigured", error)),
        }
    }
}

impl From<ServiceError> for Halt {
    fn from(error: ServiceError) -> Self {
        Self::Drop(failure("not_served", error))
    }
}

/// What the bundler says before anything was signed: a no is final, trouble is not.
pub(super) fn from_bundler(kind: &str, error: &BundlerError) -> Halt {
    let Some(rejection) = error.rejection() else {
        return Halt::Retry(failure("bundler_unavailable", chained(error)));
    };
    if rejection.code.is_retryable() && rejection.aa.is_none() {
        return Halt::Retry(failure("bundler_unavailable", chained(error)));
    }
    if rejection.code != RpcCode::ExecutionReverted {
        return Halt::Drop(failure(kind, &rejection.message));
    }
    let data = revert_data(rejection);
    let reason = data.as_ref().map(|data| decode_revert(data).to_string());
    let message = reason.unwrap_or_else(|| rejection.message.clone());
    Halt::Drop(Failure { data, ..failure("estimation_reverted", message) })
}

/// A failure of a kind, in the words of an error.
pub(super) fn failure(kind: &str, message: impl std::fmt::Display) -> Failure {
    Failure { kind: kind.to_owned(), message: message.to_string(), rule: None, data: None }
}

/// An error with its causes, for people who have to find out.
pub(super) fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
