//! `GET /metrics`, for this machine only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonrpsee::server::{HttpBody, HttpResponse};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Upper ends of the buckets of whatever is measured in seconds.
const SECONDS: &[f64] =
    &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0];

/// How long a connection may last.
const LIMIT: Duration = Duration::from_secs(10);

/// How often histograms are drained while nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

/// A listener that shows the figures until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Figures are for this machine only.
    #[error("{0} is beyond this machine: figures are shown on loopback addresses only")]
    BeyondLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}")]
    Address {
        /// Which one.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Something else counts in this process.
    #[error("figures cannot be recorded")]
    Recorder(#[from] BuildError),
}

impl MetricsServer {
    /// Begins to count, and shows the figures on a loopback address.
    ///
    /// # Errors
    /// When the address is another or cannot be had.
    pub async fn start(address: SocketAddr) -> Result<Self, MetricsError> {
        if !address.ip().is_loopback() {
            return Err(MetricsError::BeyondLoopback(address));
        }
        let handle = recorder()?;
        let failed = |source| MetricsError::Address { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { address, task: tokio::spawn(serve(listener, handle)) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One recorder a process.
fn recorder() -> Result<PrometheusHandle, MetricsError> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?;
    let handle = builder.install_recorder()?;
    super::describe();
    Ok(RECORDER.get_or_init(|| handle).clone())
}

async fn serve(listener: TcpListener, handle: PrometheusHandle) {
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = upkeep.tick() => handle.run_upkeep(),
            Ok((socket, _)) = listener.accept() => {
                tokio::spawn(tokio::time::timeout(LIMIT, answer(socket, handle.clone())));
            }
        }
    }
}

async fn answer(socket: TcpStream, handle: PrometheusHandle) {
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let found = request.method() == Method::GET && request.uri().path() == "/metrics";
        let text = found.then(|| handle.render());
        async move { Ok::<_, Infallible>(page(text)) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    if let Err(error) = http.serve_connection(TokioIo::new(socket), service).await {
        tracing::debug!(%error, "a reader of figures went away");
    }
}

fn page(text: Option<String>) -> HttpResponse {
    let status = if text.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = HttpResponse::new(HttpBody::from(text.unwrap_or_default()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
