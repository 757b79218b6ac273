//! TLS 1.3 between parties that know each other's keys beforehand: no certificate authority, no
//! names, no dates. A certificate is only the wrapping of an Ed25519 key, and the key must be one
//! that is pinned.

use std::collections::HashSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tonic::transport::server::Connected;
use tonic::transport::{Channel, Endpoint};
use zeroize::Zeroize as _;

use crate::identity::{Identity, IdentityError, IdentityKey};

/// Flow-control windows that hold a whole signing round, so that no frame waits for credit.
const WINDOW_BYTES: u32 = 4 << 20;
/// Every party answers to this name; the key is what is checked.
const SERVER_NAME: &str = "cosigner.countersign";

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The identity could not be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The certificate around the identity could not be made.
    #[error("the identity certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// The TLS stack refused.
    #[error("the TLS configuration was refused")]
    Tls(#[from] rustls::Error),
    /// The socket failed, or the handshake did.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The handshake did not end in time.
    #[error("the TLS handshake did not end in time")]
    TimedOut,
    /// The address is not `host:port`.
    #[error("{addr:?} is no address of the form host:port")]
    Address {
        /// What was given.
        addr: String,
    },
}

/// The accepting side: it lets in the pinned keys and nobody else.
#[derive(Clone)]
pub struct PinnedServer {
    acceptor: TlsAcceptor,
}

impl PinnedServer {
    /// Accepts as `identity` whoever owns one of the `pinned` keys.
    ///
    /// # Errors
    /// If the identity cannot be wrapped in a certificate.
    pub fn new(
        identity: &Identity,
        pinned: impl IntoIterator<Item = IdentityKey>,
    ) -> Result<Self, TlsError> {
        let certified = certified(identity)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Pins::new(pinned, &provider));
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(certified);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Performs the handshake on one accepted socket.
    ///
    /// # Errors
    /// If the other side's key is not pinned, it speaks no TLS 1.3, or it takes longer than `limit`.
    pub async fn accept(&self, tcp: TcpStream, limit: Duration) -> Result<PinnedStream, TlsError> {
        tcp.set_nodelay(true)?;
        let handshake = tokio::time::timeout(limit, self.acceptor.accept(tcp));
        let tls = handshake.await.map_err(|_| TlsError::TimedOut)??;
        PinnedStream::new(TlsStream::Server(tls))
    }
}

impl std::fmt::Debug for PinnedServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinnedServer").finish_non_exhaustive()
    }
}

/// The connecting side: it speaks to the one pinned key and to nobody else.
#[derive(Clone)]
pub struct PinnedClient {
    connector: TlsConnector,
}

impl PinnedClient {
    /// Connects as `identity` to the owner of `server`.
    ///
    /// # Errors
    /// If the identity cannot be wrapped in a certificate.
    pub fn new(identity: &Identity, server: IdentityKey) -> Result<Self, TlsError> {
        let certified = certified(identity)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Pins::new([server], &provider));
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(certified);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Connects to `addr` and performs the handshake.
    ///
    /// # Errors
    /// If nobody answers there, or another key does.
    pub async fn connect(&self, addr: &str) -> Result<PinnedStream, TlsError> {
        let tcp = TcpStream::connect(addr).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
        let tls = self.connector.connect(name, tcp).await?;
        PinnedStream::new(TlsStream::Client(tls))
    }
}

impl std::fmt::Debug for PinnedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinnedClient").finish_non_exhaustive()
    }
}

/// A gRPC channel to `addr`: one HTTP/2 connection, made at the first call and again when it broke.
///
/// # Errors
/// If the address is malformed or the identity cannot be used.
pub fn pinned_channel(
    identity: &Identity,
    server: IdentityKey,
    addr: &str,
    connect_limit: Duration,
) -> Result<Channel, TlsError> {
    let client = PinnedClient::new(identity, server)?;
    let malformed = || TlsError::Address { addr: addr.to_owned() };
    // Plain to tonic: the connector below does the TLS.
    let uri = http::Uri::try_from(format!("http://{addr}")).map_err(|_| malformed())?;
    if uri.port_u16().is_none() || uri.path() != "/" {
        return Err(malformed());
    }
    let endpoint = Endpoint::from(uri)
        .connect_timeout(connect_limit)
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true);
    let addr = addr.to_owned();
    let connector = tower::service_fn(move |_: http::Uri| {
        let (client, addr) = (client.clone(), addr.clone());
        async move {
            let stream = client.connect(&addr).await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(hyper_util::rt::TokioIo::new(stream))
        }
    });
    Ok(endpoint.connect_with_connector_lazy(connector))
}

/// A TLS connection whose other end proved to own a pinned key.
#[derive(Debug)]
pub struct PinnedStream {
    tls: TlsStream<TcpStream>,
    peer: PeerConnection,
}

impl PinnedStream {
    fn new(tls: TlsStream<TcpStream>) -> Result<Self, TlsError> {
        let (tcp, session) = tls.get_ref();
        let addr = tcp.peer_addr().ok();
        let key = session
            .peer_certificates()
            .and_then(|chain| chain.first())
            .and_then(|certificate| spki_of(certificate).ok())
            .ok_or(rustls::Error::NoCertificatesPresented)?;
        Ok(Self { tls, peer: PeerConnection { key, addr } })
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> PeerConnection {
        self.peer
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct PeerConnection {
    /// The pinned key that it proved to own.
    pub key: IdentityKey,
    /// Its socket address, for the log.
    pub addr: Option<std::net::SocketAddr>,
}

impl Connected for PinnedStream {
    type ConnectInfo = PeerConnection;

    fn connect_info(&self) -> PeerConnection {
        self.peer
    }
}

impl AsyncRead for PinnedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(cx, buf)
    }
}

impl AsyncWrite for PinnedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}

/// The identity's key in a certificate that it signed itself. What is copied of it on the way is wiped.
fn certified(identity: &Identity) -> Result<Arc<SingleCertAndKey>, TlsError> {
    Ok(Arc::new(SingleCertAndKey::from(certified_key(identity)?)))
}

fn certified_key(identity: &Identity) -> Result<CertifiedKey, TlsError> {
    let pkcs8 = identity.expose_pkcs8()?;
    let pkcs8 = PrivatePkcs8KeyDer::from(pkcs8.as_slice());
    let mut pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &rcgen::PKCS_ED25519)?;
    let params = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
    let certificate = params.self_signed(&pair);
    pair.zeroize();
    let key = ring::sign::any_eddsa_type(&pkcs8)?;
    Ok(CertifiedKey::new(vec![certificate?.der().clone()], key))
}

fn spki_of(certificate: &CertificateDer<'_>) -> Result<IdentityKey, rustls::Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    IdentityKey::from_spki(&parsed.subject_public_key_info())
        .ok_or(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// Accepts a certificate when its key is one of the pinned ones, in either direction.
#[derive(Debug)]
struct Pins {
    keys: HashSet<IdentityKey>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pins {
    fn new(keys: impl IntoIterator<Item = IdentityKey>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { keys: keys.into_iter().collect(), algorithms }
    }

    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        let key = spki_of(certificate)?;
        if self.keys.contains(&key) {
            return Ok(());
        }
        tracing::warn!(fingerprint = %key.fingerprint(), "a key that is not pinned was refused");
        Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn tls12() -> rustls::Error {
        rustls::Error::PeerIncompatible(rustls::PeerIncompatible::Tls13RequiredForQuic)
    }
}

impl ServerCertVerifier for Pins {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(Self::tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for Pins {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(Self::tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

#[cfg(test)]
mod tests;
