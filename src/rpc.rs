//! JSON-RPC over HTTP and WebSocket: the shape of each method, who may call, and what a failure says.

mod cors;
mod countersign;
mod discover;
mod error;
mod eth;
mod gate;
mod listen;
mod markdown;
mod params;
mod pm;
mod schema;
mod table;
mod throttle;
mod wallet;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_userop::ChainId;
use jsonrpsee::RpcModule;
use jsonrpsee::server::{
    BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle, stop_channel,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

#[cfg(test)]
pub(crate) use self::error::chain;
use self::error::{Code, RpcError};
pub use self::listen::ListenError;
use self::schema::Chain;
use self::table::Method;
use crate::config::HttpConfig;
use crate::keys::ApiKeys;
use crate::service::{Caller, Gateway};

/// The largest answer that is sent.
const MAX_RESPONSE_BYTES: u32 = 8 * 1024 * 1024;
/// A WebSocket that does not answer pings is closed.
const PING_EVERY: Duration = Duration::from_secs(30);

/// What every call shares.
#[derive(Debug)]
pub(crate) struct Context {
    gateway: Gateway,
    keys: ApiKeys,
}

impl Context {
    /// The chain that a call means: the one it names, or the first that is configured. The caller's key opens
    /// it.
    fn chain(&self, caller: &Caller, named: Option<Chain>) -> Result<ChainId, RpcError> {
        let first = || self.gateway.config().chains.first().map(|chain| chain.id);
        let chain = named
            .map(|chain| chain.0)
            .or_else(first)
            .ok_or_else(|| RpcError::new(Code::UnsupportedChain, "no chain is configured"))?;
        crate::wallet::chain_is_open(caller, chain)?;
        Ok(chain)
    }
}

/// A server that answers until it is stopped.
#[derive(Debug)]
pub struct RpcServer {
    address: SocketAddr,
    handle: ServerHandle,
}

impl RpcServer {
    /// Listens and answers for this gateway, with TLS where it is configured.
    ///
    /// # Errors
    /// When the address cannot be had, or would let keys travel in clear.
    pub async fn start(
        gateway: Gateway,
        keys: ApiKeys,
        address: SocketAddr,
    ) -> Result<Self, ListenError> {
        let config = gateway.config().clone();
        let tls = config.tls.as_ref().map(listen::acceptor).transpose()?;
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(ListenError::Plain { address });
        }
        let cors = cors::layer(&config.http.cors_origins)?;
        let failed = |source| ListenError::Address { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut module = RpcModule::new(Context { gateway: gateway.clone(), keys: keys.clone() });
        for method in methods() {
            method.register(&mut module);
        }
        let gate = gate::GateLayer::new(Context { gateway, keys });
        let (stop, handle) = stop_channel();
        let service = Server::builder()
            .set_config(bounds(&config.http))
            .set_http_middleware(tower::ServiceBuilder::new().layer(cors).layer(gate))
            .to_service_builder()
            .build(module, stop.clone());
        let places = Arc::new(Semaphore::new(config.http.connections as usize));
        tokio::spawn(listen::Listening { service, tls, stop, places }.accept(listener));
        Ok(Self { address, handle })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no further calls and waits for those that are running.
    pub async fn stop(self) {
        // Stopping twice is the only failure, and this consumes the server.
        let _ = self.handle.stop();
        self.handle.stopped().await;
    }
}

fn bounds(http: &HttpConfig) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(http.body_bytes)
        .max_response_body_size(MAX_RESPONSE_BYTES)
        .max_connections(http.connections)
        .max_subscriptions_per_connection(0)
        .set_batch_request_config(BatchRequestConfig::Limit(http.batch))
        .enable_ws_ping(PingConfig::new().ping_interval(PING_EVERY))
        .build()
}

/// Every method, in the order of the documents.
fn methods() -> Vec<Method> {
    [wallet::methods(), countersign::methods(), eth::methods(), pm::methods(), discover::methods()]
        .concat()
}

/// The OpenRPC document of the API.
#[must_use]
pub fn openrpc() -> Value {
    discover::document(&methods())
}

/// docs/API.md.
#[must_use]
pub fn markdown() -> String {
    markdown::write(&methods())
}

#[cfg(test)]
mod tests;
