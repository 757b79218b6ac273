//! The table of methods: each with its handler, its schemas, its errors and an example.
//!
//! The server registers what is in the table and the OpenRPC document describes what is in the table, so neither can
//! have a method that the other lacks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jsonrpsee::Extensions;
use jsonrpsee::RpcModule;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;
use tracing::field::Empty;

use super::error::{Code, RpcError};
use super::throttle::Tally;
use super::{Context, params};
use crate::figures;
use crate::keys::KeyHolder;
use crate::service::Caller;
use crate::trace::TraceContext;

/// What a handler gets beside its parameters.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) context: Arc<Context>,
    pub(super) caller: Caller,
}

type Answer = Result<Value, RpcError>;
type Handler = Arc<dyn Fn(Call, Option<String>) -> BoxFuture<'static, Answer> + Send + Sync>;
type SchemaOf = fn(&mut SchemaGenerator) -> schemars::Schema;

/// One method of the API.
#[derive(Clone)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// The parameters' names in their order.
    pub(super) params: &'static [&'static str],
    pub(super) params_schema: SchemaOf,
    pub(super) result: &'static str,
    pub(super) result_schema: SchemaOf,
    pub(super) errors: &'static [Code],
    pub(super) example: Example,
    handler: Handler,
    #[cfg(test)]
    pub(super) check_example: fn(&'static [&'static str], &Example) -> Result<(), String>,
}

/// A call and its answer as docs/API.md shows them.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) params: Value,
    pub(super) result: Value,
}

/// What a method says of itself.
#[derive(Debug)]
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) params: &'static [&'static str],
    pub(super) result: &'static str,
    pub(super) errors: &'static [Code],
    pub(super) example: Example,
}

impl Method {
    /// A method whose parameters read as `P`, by position in the order of `about.params` or by name.
    pub(super) fn new<P, R, F, Fut>(about: About, handler: F) -> Self
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(Call, P) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        let names = about.params;
        Self {
            name: about.name,
            summary: about.summary,
            description: about.description,
            params: names,
            params_schema: |generator| P::json_schema(generator),
            result: about.result,
            result_schema: |generator| generator.subschema_for::<R>(),
            errors: about.errors,
            example: about.example,
            handler: Arc::new(move |call, text| {
                Box::pin(async move {
                    let params = params::read::<P>(names, text.as_deref())?;
                    let result = handler(call, params).await?;
                    serde_json::to_value(result).map_err(|error| RpcError::internal(&error))
                })
            }),
            #[cfg(test)]
            check_example: |names, example| {
                params::read::<P>(names, Some(&example.params.to_string()))
                    .map_err(|error| format!("params: {error:?}"))?;
                let result: R = serde_json::from_value(example.result.clone())
                    .map_err(|error| format!("result: {error}"))?;
                let again = serde_json::to_value(result).map_err(|error| error.to_string())?;
                if again == example.result {
                    Ok(())
                } else {
                    Err(format!("result: reads as {again}"))
                }
            },
        }
    }

    /// Makes the method callable.
    pub(super) fn register(&self, module: &mut RpcModule<Context>) {
        let (name, handler) = (self.name, Arc::clone(&self.handler));
        module
            .register_async_method(name, move |params, context, extensions| {
                answer(name, Arc::clone(&handler), params, context, extensions)
            })
            .expect("a test holds that names differ");
    }
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Method").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One call: who asks, within what time, under which span. Parameters and results are never logged.
async fn answer(
    name: &'static str,
    handler: Handler,
    params: Params<'static>,
    context: Arc<Context>,
    extensions: Extensions,
) -> Result<Value, ErrorObjectOwned> {
    let holder = extensions.get::<KeyHolder>().cloned();
    let who = holder.as_ref().map_or("", |holder| holder.caller.as_str());
    let trace = extensions.get::<TraceContext>().cloned().unwrap_or_else(TraceContext::fresh);
    let span = tracing::info_span!(
        "rpc",
        otel.kind = "server",
        otel.name = name,
        otel.status_code = Empty,
        method = name,
        caller = who,
        trace_id = Empty,
        code = Empty
    );
    trace.adopt(&span);
    let trace = trace.within(&span);
    span.record("trace_id", trace.trace_id());
    let tally = extensions.get::<Tally>().cloned().unwrap_or_default();
    let text = params.as_str().map(str::to_owned);
    async move {
        let started = Instant::now();
        tally.call();
        let result = admitted(name, handler, holder, trace, text, context).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        figures::answered(name, result.as_ref().err().map_or(0, |error| error.code().number()));
        match &result {
            Ok(_) => tracing::debug!(elapsed_ms, "answered"),
            Err(error) => {
                let span = tracing::Span::current();
                span.record("code", error.code().number());
                span.record("otel.status_code", "ERROR");
                if let Some(seconds) = error.retry_after_s() {
                    tally.throttled(Duration::from_secs(seconds));
                }
                tracing::info!(elapsed_ms, "refused");
            }
        }
        result.map_err(ErrorObjectOwned::from)
    }
    .instrument(span)
    .await
}

/// Runs the handler for a caller whose key still counts: a WebSocket lives longer than a key may.
async fn admitted(
    name: &'static str,
    handler: Handler,
    holder: Option<KeyHolder>,
    trace: TraceContext,
    params: Option<String>,
    context: Arc<Context>,
) -> Answer {
    let holder = holder.ok_or_else(|| RpcError::new(Code::Unauthorized, "no API key"))?;
    let holder = context.keys.still_valid(&holder.key).await?;
    if !holder.scope.has_method(name) {
        let text = format!("the API key is not for {name}");
        return Err(RpcError::new(Code::Unauthorized, text));
    }
    context.gateway.take_token(&holder.caller, name)?;
    let caller = Caller::new(holder.caller).within(holder.scope).traced(trace);
    let deadline = context.gateway.config().http.call();
    let bound = context.gateway.config().http.depth;
    if let Some(text) = &params {
        params::check_depth(text, bound)?;
    }
    tokio::time::timeout(deadline, handler(Call { context, caller }, params)).await.unwrap_or_else(
        |_| Err(RpcError::new(Code::Deadline, format!("no answer within {deadline:?}"))),
    )
}
