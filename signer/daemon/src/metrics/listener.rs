//! Where the metrics are read: plain HTTP on a loopback address.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::wire;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Metrics, MetricsError};

/// How long one connection may last.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once.
const READERS: usize = 16;

/// A bound listener for whoever reads the metrics.
pub(crate) struct Watched {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Watched {
    /// Listens, if an address is given.
    pub(crate) async fn bind(addr: Option<SocketAddr>) -> Result<Option<Self>, MetricsError> {
        let Some(at) = addr else { return Ok(None) };
        if !at.ip().is_loopback() {
            return Err(MetricsError::NotLoopback(at));
        }
        let failed = |source| MetricsError::Listen { at, source };
        let listener = TcpListener::bind(at).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        tracing::info!(%addr, "metrics are shown");
        Ok(Some(Self { listener, addr }))
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(
        self,
        metrics: Arc<Metrics>,
        bans: impl Fn() -> Vec<wire::BanInfo> + Clone + Send + 'static,
        stop: CancellationToken,
    ) {
        let readers = Arc::new(Semaphore::new(READERS));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            // One too many is dropped.
            let Ok(place) = Arc::clone(&readers).try_acquire_owned() else { continue };
            let (metrics, bans) = (Arc::clone(&metrics), bans.clone());
            tokio::spawn(async move {
                let answer = service_fn(move |request: Request<Incoming>| {
                    let response = answer(&request, || metrics.render(&bans()));
                    async move { Ok::<_, Infallible>(response) }
                });
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                // A reader that is slow or gone is no trouble.
                let _ = tokio::time::timeout(PATIENCE, served).await;
                drop(place);
            });
        }
    }
}

fn answer<T>(request: &Request<T>, render: impl FnOnce() -> String) -> Response<Full<Bytes>> {
    if request.method() == Method::GET && request.uri().path() == "/metrics" {
        return Response::new(Full::new(render().into()));
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
