//! Who gets in, and who does not.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::{PinnedClient, PinnedServer, Pins, SERVER_NAME, TlsError, certified, certified_key};
use crate::identity::Identity;

const LIMIT: Duration = Duration::from_secs(10);

struct Server {
    identity: Identity,
    addr: String,
    accepted: tokio::task::JoinHandle<Result<super::PinnedStream, TlsError>>,
}

/// A server that lets in `allowed` and accepts one connection.
async fn must_serve(allowed: &Identity) -> Server {
    let identity = Identity::generate().unwrap();
    let server = PinnedServer::new(&identity, [allowed.public()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let accepted = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        server.accept(tcp, LIMIT).await
    });
    Server { identity, addr, accepted }
}

async fn connect_raw(server: &Server, config: rustls::ClientConfig) {
    let tcp = TcpStream::connect(&server.addr).await.unwrap();
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    // Only what the server makes of it matters.
    let _ = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
}

fn verifier(server: &Server) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Pins::new([server.identity.public()], &ring::default_provider()))
}

#[tokio::test]
async fn both_sides_learn_each_others_keys() {
    let client = Identity::generate().unwrap();
    let server = must_serve(&client).await;
    let pinned = PinnedClient::new(&client, server.identity.public()).unwrap();
    let stream = pinned.connect(&server.addr).await.unwrap();
    assert_eq!(stream.peer().key, server.identity.public());
    let accepted = server.accepted.await.unwrap().unwrap();
    assert_eq!(accepted.peer().key, client.public());
}

#[tokio::test]
async fn a_client_whose_key_is_not_pinned_is_refused() {
    let (client, stranger) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let server = must_serve(&client).await;
    let pinned = PinnedClient::new(&stranger, server.identity.public()).unwrap();
    // In TLS 1.3 the client may only learn of it with its first read.
    let _ = pinned.connect(&server.addr).await;
    assert!(matches!(server.accepted.await.unwrap(), Err(TlsError::Io(_))));
}

#[tokio::test]
async fn a_server_whose_key_is_not_pinned_is_refused() {
    let (client, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let server = must_serve(&client).await;
    let pinned = PinnedClient::new(&client, other.public()).unwrap();
    assert!(matches!(pinned.connect(&server.addr).await, Err(TlsError::Io(_))));
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let client = Identity::generate().unwrap();
    let server = must_serve(&client).await;
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier(&server))
        .with_client_cert_resolver(certified(&client).unwrap());
    connect_raw(&server, config).await;
    let Err(TlsError::Io(error)) = server.accepted.await.unwrap() else { panic!("let in") };
    assert!(
        error.to_string().contains("Tls12NotOffered") || error.to_string().contains("version"),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let server = must_serve(&Identity::generate().unwrap()).await;
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier(&server))
        .with_no_client_auth();
    connect_raw(&server, config).await;
    assert!(matches!(server.accepted.await.unwrap(), Err(TlsError::Io(_))));
}

#[tokio::test]
async fn a_pinned_certificate_without_its_private_key_is_refused() {
    let (client, thief) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let server = must_serve(&client).await;
    let stolen = certified_key(&client).unwrap().cert;
    let key = certified_key(&thief).unwrap().key;
    let provider = Arc::new(ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier(&server))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
            stolen, key,
        ))));
    connect_raw(&server, config).await;
    assert!(matches!(server.accepted.await.unwrap(), Err(TlsError::Io(_))));
}

#[tokio::test]
async fn a_client_that_says_nothing_is_dropped_in_time() {
    let identity = Identity::generate().unwrap();
    let server = PinnedServer::new(&identity, [identity.public()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let error = server.accept(tcp, Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, TlsError::TimedOut), "{error}");
}
