//! JSON-RPC over HTTP and WebSocket: the shape of each method, who may call, and what a failure says.

mod countersign;
mod discover;
mod error;
mod eth;
mod gate;
mod markdown;
mod ordered;
mod params;
mod pm;
mod schema;
mod table;
mod wallet;

use std::net::SocketAddr;
use std::time::Duration;

use countersign_userop::ChainId;
use jsonrpsee::RpcModule;
use jsonrpsee::server::{BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle};
use serde_json::Value;

#[cfg(test)]
pub(crate) use self::error::chain;
use self::error::{Code, RpcError};
use self::schema::Chain;
use self::table::Method;
use crate::keys::ApiKeys;
use crate::service::{Caller, Gateway};

/// The largest request that is read: room for a batch of operations, each of at most 8 KiB on chain.
const MAX_REQUEST_BYTES: u32 = 1024 * 1024;
/// The largest answer that is sent.
const MAX_RESPONSE_BYTES: u32 = 8 * 1024 * 1024;
/// Connections at once; further ones are answered 429.
const MAX_CONNECTIONS: u32 = 512;
/// Calls in one batch.
const MAX_BATCH: u32 = 32;
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

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

impl RpcServer {
    /// Listens and answers for this gateway.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn start(
        gateway: Gateway,
        keys: ApiKeys,
        address: SocketAddr,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address, source };
        let mut module = RpcModule::new(Context { gateway: gateway.clone(), keys: keys.clone() });
        for method in methods() {
            method.register(&mut module);
        }
        let gate = gate::GateLayer::new(Context { gateway, keys });
        let server = Server::builder()
            .set_config(bounds())
            .set_http_middleware(tower::ServiceBuilder::new().layer(gate))
            .build(address)
            .await
            .map_err(failed)?;
        let address = server.local_addr().map_err(failed)?;
        Ok(Self { address, handle: server.start(module) })
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

fn bounds() -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(MAX_REQUEST_BYTES)
        .max_response_body_size(MAX_RESPONSE_BYTES)
        .max_connections(MAX_CONNECTIONS)
        .max_subscriptions_per_connection(0)
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
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
