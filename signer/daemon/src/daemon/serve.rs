//! The two sockets: the network's, behind mutual TLS, and the operator's.

use std::time::Duration;

use countersign_protocol::wire::MAX_MESSAGE_BYTES as MAX_CALL_BYTES;
use countersign_protocol::wire::cosigner_server::CosignerServer;
use countersign_protocol::wire::operator_server::OperatorServer;
use countersign_protocol::wire::peer_server::PeerServer;
use countersign_protocol::{PinnedServer, PinnedStream};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::handshakes::Handshakes;
use crate::gateway::GatewayService;
use crate::operator::OperatorService;
use crate::transport::{MAX_MESSAGE_BYTES, PeerService};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Connections that may wait to be served.
const READY: usize = 256;
/// Flow-control windows that hold a whole signing round, so that no frame waits for credit.
const WINDOW_BYTES: u32 = 4 << 20;

pub(super) async fn serve_network(
    listener: TcpListener,
    tls: PinnedServer,
    gateway: GatewayService,
    peer: PeerService,
    stop: CancellationToken,
) {
    let gateway = CosignerServer::new(gateway)
        .max_decoding_message_size(MAX_CALL_BYTES)
        .max_encoding_message_size(MAX_CALL_BYTES);
    let peer = PeerServer::new(peer)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let server = Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_concurrent_streams(1024)
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .add_service(gateway)
        .add_service(peer);
    let connections = accept(listener, tls, stop.clone());
    let served = server.serve_with_incoming_shutdown(connections, stop.cancelled()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the network server ended");
    }
}

/// Accepts sockets and performs the handshakes side by side, so that a slow one holds up nobody.
fn accept(
    listener: TcpListener,
    tls: PinnedServer,
    stop: CancellationToken,
) -> ReceiverStream<std::io::Result<PinnedStream>> {
    let (ready, connections) = mpsc::channel(READY);
    let handshakes = Handshakes::new();
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (tcp, addr) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(place) = handshakes.begin(addr.ip()) else {
                tracing::debug!(%addr, "too many handshakes at once, a connection was dropped");
                continue;
            };
            let (tls, ready) = (tls.clone(), ready.clone());
            tokio::spawn(async move {
                match tls.accept(tcp, HANDSHAKE).await {
                    // If nobody serves any more, the connection just closes.
                    Ok(stream) => drop(ready.send(Ok(stream)).await),
                    Err(error) => {
                        tracing::warn!(%addr, error = &error as &dyn std::error::Error, "a handshake failed")
                    }
                }
                drop(place);
            });
        }
    });
    ReceiverStream::new(connections)
}

pub(super) async fn serve_operator(
    listener: UnixListener,
    service: OperatorService,
    stop: CancellationToken,
) {
    let served = Server::builder()
        .add_service(OperatorServer::new(service))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop.cancelled())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the operator's server ended");
    }
}
