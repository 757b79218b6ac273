//! Accepting connections: with TLS, or without where nobody else can listen.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::server::{HttpRequest, HttpResponse, StopHandle, serve_with_graceful_shutdown};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::{BoxError, Service};

use crate::config::TlsConfig;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long to rest when the system has no connection to give.
const REST: Duration = Duration::from_millis(100);

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {address}")]
    Address {
        /// Which one.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Keys would travel in clear.
    #[error("{address} is beyond this machine: configure [tls], or listen on a loopback address")]
    Plain {
        /// Where it would have listened.
        address: SocketAddr,
    },
    /// A file of the TLS configuration cannot be read.
    #[error("cannot read {}", path.display())]
    Pem {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not go together.
    #[error("certificate and key cannot be used")]
    Tls(#[from] rustls::Error),
    /// An origin that no browser sends.
    #[error("{0:?} is no origin of a web page")]
    Origin(String),
}

/// Reads certificate and key.
pub(super) fn acceptor(config: &TlsConfig) -> Result<TlsAcceptor, ListenError> {
    let pem = |path: &PathBuf, source| ListenError::Pem { path: path.clone(), source };
    let chain = CertificateDer::pem_file_iter(&config.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| pem(&config.cert, error))?;
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|error| pem(&config.key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// What serves a connection.
#[derive(Clone)]
pub(super) struct Listening<S> {
    pub(super) service: S,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) stop: StopHandle,
    pub(super) places: Arc<Semaphore>,
}

impl<S> Listening<S>
where
    S: Service<HttpRequest<hyper::body::Incoming>, Response = HttpResponse>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    /// Accepts until told to stop.
    pub(super) async fn accept(self, listener: TcpListener) {
        let stopped = self.stop.clone().shutdown();
        tokio::pin!(stopped);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stopped => return,
            };
            match accepted {
                Ok((socket, _)) => self.take(socket),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// A connection beyond the bound is closed unread.
    fn take(&self, socket: TcpStream) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("a connection was closed: as many as may be are open");
            return;
        };
        let this = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let _ = socket.set_nodelay(true);
            match &this.tls {
                None => this.serve(socket).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await {
                    Ok(Ok(socket)) => this.serve(socket).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
        });
    }

    fn serve<I>(&self, socket: I) -> impl Future<Output = ()> + use<I, S>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let stopped = self.stop.clone().shutdown();
        let service = self.service.clone();
        async move {
            if let Err(error) = serve_with_graceful_shutdown(socket, service, stopped).await {
                tracing::debug!(%error, "a connection ended");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_certificate_or_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&cert, "nothing").unwrap();
        let error = acceptor(&TlsConfig { cert, key }).err().unwrap();
        assert!(error.to_string().contains("key.pem"), "{error}");
    }
}
