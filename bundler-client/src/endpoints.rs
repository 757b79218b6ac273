//! Several endpoints of one service, in order of preference, and how often each is asked.

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use alloy::{
    rpc::client::RpcClient,
    transports::{RpcError, TransportError, TransportErrorKind},
};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{BundlerError, ClientOptions, Fault, Rejection, transport::BoundedHttp};

const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// How one attempt at one endpoint failed.
#[derive(Debug)]
pub(crate) enum Miss {
    /// It answered no.
    Rejected(Rejection),
    /// It gave no proper answer.
    Fault(Fault),
}

#[derive(Debug, Clone)]
struct Endpoint {
    name: String,
    client: RpcClient,
}

/// The endpoints of one service.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    list: Vec<Endpoint>,
    options: ClientOptions,
}

impl Endpoints {
    /// Takes the addresses in order of preference; one that is there twice counts once.
    pub(crate) fn new<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        options: ClientOptions,
    ) -> Result<Self, BundlerError> {
        let mut seen = BTreeSet::new();
        let mut list = Vec::new();
        for url in urls {
            let bad = || BundlerError::BadEndpoint { url: url.as_ref().to_owned() };
            let url = Url::parse(url.as_ref()).map_err(|_| bad())?;
            let is_http = matches!(url.scheme(), "http" | "https");
            if !is_http || !options.reach.allows_host(&url) {
                return Err(bad());
            }
            if !seen.insert(url.to_string()) {
                continue;
            }
            // The path of a hosted bundler often holds an API key: only the origin is shown.
            let name = url.origin().ascii_serialization();
            let http = BoundedHttp::new(url, &options).map_err(|_| bad())?;
            list.push(Endpoint { name, client: RpcClient::new(http, false) });
        }
        if list.is_empty() {
            return Err(BundlerError::NoEndpoint);
        }
        Ok(Self { list, options })
    }

    /// How many different endpoints there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Asks a question that changes nothing: each endpoint in turn, and all of them again, until
    /// one answers or the bounds are reached.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<T, BundlerError> {
        let deadline = Instant::now() + self.options.deadline;
        let mut pause = self.options.backoff;
        let mut last = Miss::Fault(Fault::TimedOut);
        for round in 0..=self.options.retries {
            if round > 0 {
                sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
                pause = (pause * 2).min(MAX_BACKOFF);
            }
            let mut hopeless = true;
            for endpoint in &self.list {
                if Instant::now() >= deadline {
                    return Err(give_up(method, last));
                }
                last = match endpoint.attempt(method, params, deadline).await {
                    Ok(value) => return Ok(value),
                    // What the service decided is not asked elsewhere until somebody agrees.
                    Err(Miss::Rejected(no)) if !no.code.is_retryable() => return Err(no.into()),
                    Err(miss) => miss,
                };
                hopeless &= matches!(&last, Miss::Fault(fault) if !fault.is_retryable());
            }
            if hopeless {
                break;
            }
        }
        Err(give_up(method, last))
    }

    /// Hands something over once. Another endpoint is tried only when the one before certainly saw
    /// nothing of it.
    pub(crate) async fn hand_over<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<T, Miss> {
        let deadline = Instant::now() + self.options.deadline;
        let mut last = Miss::Fault(Fault::TimedOut);
        for endpoint in &self.list {
            last = match endpoint.attempt(method, params, deadline).await {
                Err(Miss::Fault(fault)) if fault.nothing_was_sent() => Miss::Fault(fault),
                outcome => return outcome,
            };
        }
        Err(last)
    }
}

impl Endpoint {
    async fn attempt<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
        deadline: Instant,
    ) -> Result<T, Miss> {
        let call = self.client.request::<_, Value>(Cow::Borrowed(method), params);
        let outcome = match timeout_at(deadline, call).await {
            Ok(Ok(value)) => serde_json::from_value(value).map_err(Fault::malformed),
            Ok(Err(error)) => match miss(error) {
                Miss::Rejected(rejection) => return Err(Miss::Rejected(rejection)),
                Miss::Fault(fault) => Err(fault),
            },
            Err(_) => Err(Fault::TimedOut),
        };
        outcome.map_err(|fault| {
            tracing::warn!(endpoint = %self.name, method, %fault, "no proper answer");
            Miss::Fault(fault)
        })
    }
}

fn miss(error: TransportError) -> Miss {
    match error {
        RpcError::ErrorResp(error) => {
            let data = error.data.and_then(|raw| serde_json::from_str(raw.get()).ok());
            Miss::Rejected(Rejection::new(error.code, &error.message, data))
        }
        RpcError::Transport(TransportErrorKind::Custom(cause)) => {
            Miss::Fault(match cause.downcast::<Fault>() {
                Ok(fault) => *fault,
                Err(other) => Fault::malformed(other),
            })
        }
        RpcError::DeserError { err, .. } => Miss::Fault(Fault::malformed(err)),
        other => Miss::Fault(Fault::malformed(other)),
    }
}

fn give_up(method: &'static str, last: Miss) -> BundlerError {
    match last {
        Miss::Rejected(rejection) => rejection.into(),
        Miss::Fault(fault) => BundlerError::Failed { method, fault },
    }
}
