//! The HTTP door: liveness and readiness for anybody, everything else for holders of an API key.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poll, Poll as Polled};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tower::{Layer, Service};

use super::Context;
use super::error::{Code, RpcError};
use super::throttle::Tally;
use crate::keys::KeyHolder;
use crate::trace::TraceContext;

/// Puts the door before a service.
#[derive(Debug, Clone)]
pub(super) struct GateLayer(Arc<Context>);

impl GateLayer {
    /// A door that asks this context.
    pub(super) fn new(context: Context) -> Self {
        Self(Arc::new(context))
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate { context: Arc::clone(&self.0), inner }
    }
}

/// The service behind the door.
#[derive(Debug, Clone)]
pub(super) struct Gate<S> {
    context: Arc<Context>,
    inner: S,
}

impl<S, B> Service<HttpRequest<B>> for Gate<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Poll<'_>) -> Polled<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest<B>) -> Self::Future {
        let context = Arc::clone(&self.context);
        // The service that was polled ready is the one to call.
        let spare = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, spare);
        Box::pin(async move {
            let probe = (request.method() == Method::GET).then(|| Probe::at(request.uri().path()));
            if let Some(probe) = probe.flatten() {
                return Ok(probe.answer(&context).await);
            }
            let presented = bearer(request.headers());
            match holder(&context, presented).await {
                Ok(holder) => request.extensions_mut().insert(holder),
                Err(error) => return Ok(refuse(&error)),
            };
            let tally = Tally::default();
            request.extensions_mut().insert(tally.clone());
            let trace = traced(request.headers());
            request.extensions_mut().insert(trace);
            let limit = context.gateway.config().http.request();
            match tokio::time::timeout(limit, inner.call(request)).await {
                Ok(response) => response.map(|response| tally.settle(response)),
                Err(_) => Ok(too_slow(limit)),
            }
        })
    }
}

/// What a supervisor asks.
#[derive(Debug, Clone, Copy)]
enum Probe {
    /// Does the process answer?
    Live,
    /// Can it serve?
    Ready,
}

impl Probe {
    fn at(path: &str) -> Option<Self> {
        match path {
            "/health/live" => Some(Self::Live),
            "/health/ready" => Some(Self::Ready),
            _ => None,
        }
    }

    async fn answer(self, context: &Context) -> HttpResponse {
        match self {
            Self::Live => respond(StatusCode::OK, &json!({ "status": "live" })),
            Self::Ready => readiness(context).await,
        }
    }
}

async fn readiness(context: &Context) -> HttpResponse {
    let report = context.gateway.readiness().await;
    let (code, status) = match report.ready {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    for part in report.parts.iter().filter(|part| !part.ok) {
        tracing::warn!(part = part.name, message = part.message, "not ready");
    }
    let parts: Vec<Value> = report
        .parts
        .iter()
        .map(|part| json!({ "name": without_addresses(&part.name), "ok": part.ok }))
        .collect();
    respond(code, &json!({ "status": status, "parts": parts }))
}

/// A part's name as anybody may see it: an endpoint's address may carry a credential.
fn without_addresses(name: &str) -> String {
    name.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ")
}

async fn holder(
    context: &Context,
    presented: Result<String, RpcError>,
) -> Result<KeyHolder, RpcError> {
    Ok(context.keys.authenticate(&presented?).await?)
}

/// The trace that a request belongs to; one of its own if it says none.
fn traced(headers: &HeaderMap) -> TraceContext {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.and_then(TraceContext::parse).unwrap_or_else(TraceContext::fresh)
}

/// The key that a request presents.
fn bearer(headers: &HeaderMap) -> Result<String, RpcError> {
    let unauthorized = |message| RpcError::new(Code::Unauthorized, message);
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let header = match (given.next(), given.next()) {
        (Some(header), None) => header,
        (None, _) => return Err(unauthorized("no API key: send `Authorization: Bearer csk_…`")),
        (Some(_), Some(_)) => return Err(unauthorized("more than one Authorization header")),
    };
    header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim().to_owned())
        .ok_or_else(|| unauthorized("the Authorization header must read `Bearer csk_…`"))
}

fn too_slow(limit: Duration) -> HttpResponse {
    let text = format!("the request was not over within {limit:?}");
    respond(StatusCode::REQUEST_TIMEOUT, &RpcError::new(Code::Deadline, text).to_response())
}

fn refuse(error: &RpcError) -> HttpResponse {
    let status = match error.code() {
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = respond(status, &error.to_response());
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn respond(status: StatusCode, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
