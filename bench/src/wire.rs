//! What a signature costs on the wire: proxies on loopback that count the bytes they pass on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Bytes that went through the proxies, TLS and HTTP/2 included, both ways.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    /// How many so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Passes connections on to `port` and counts; gives the address to connect to instead.
///
/// # Errors
/// If no port can be bound.
pub(crate) async fn count_through(port: u16, counter: Counter) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    let addr = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            // The other side is not up yet: the caller connects again.
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            tokio::spawn(pass_on(near_in, far_out, counter.clone()));
            tokio::spawn(pass_on(far_in, near_out, counter.clone()));
        }
    });
    Ok(addr)
}

async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counter: Counter,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        counter.0.fetch_add(read as u64, Ordering::Relaxed);
        let Some(bytes) = buffer.get(..read) else { break };
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    // Whoever still reads on the other side sees the end, as without a proxy.
    let _ = to.shutdown().await;
}
