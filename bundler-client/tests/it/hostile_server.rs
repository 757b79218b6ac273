//! An HTTP server that answers whatever a test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What a call is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A result, under the call's own id.
    Result(Value),
    /// An error object, under the call's own id and an HTTP status.
    Error { status: u16, code: i64, message: &'static str, data: Value },
    /// A JSON value as the whole body; `"$id"` in it becomes the call's id.
    Body(Value),
    /// These bytes as the body, under an HTTP status.
    Raw(u16, String),
    /// A redirect to another address.
    Redirect(String),
    /// Nothing, ever.
    Hang,
    /// A header that promises a body, one byte of it at a time without end.
    Drip,
    /// An endless body at full speed.
    Flood,
    /// The connection is closed in the middle of the body.
    Break,
}

/// A running server; it stops when it drops.
#[derive(Debug)]
pub(crate) struct HostileServer {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl HostileServer {
    /// A server that gives every call the same reply.
    pub(crate) async fn must_start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = calls.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), seen.clone()));
            }
        });
        Self { address, calls, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/rpc", self.address)
    }

    /// The calls that arrived.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address on which nobody listens.
pub(crate) fn must_be_dead() -> String {
    format!("http://127.0.0.1:{}/", countersign_devnet::free_port().unwrap())
}

async fn serve(mut stream: TcpStream, reply: Reply, calls: Arc<Mutex<Vec<Value>>>) {
    while let Some(call) = read_call(&mut stream).await {
        let id = call["id"].clone();
        calls.lock().unwrap().push(call);
        if answer(&mut stream, &reply, id).await.is_err() {
            return;
        }
    }
}

async fn answer(stream: &mut TcpStream, reply: &Reply, id: Value) -> std::io::Result<()> {
    let (status, body) = match reply {
        Reply::Result(result) => {
            (200, json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
        }
        Reply::Error { status, code, message, data } => {
            let error = json!({"code": code, "message": message, "data": data});
            (*status, json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
        }
        Reply::Body(body) => (200, body.to_string().replace("\"$id\"", &id.to_string())),
        Reply::Raw(status, body) => (*status, body.clone()),
        Reply::Redirect(to) => {
            let head = format!("HTTP/1.1 307 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).await;
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Reply::Flood => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
            loop {
                stream.write_all(&[b' '; 65_536]).await?;
            }
        }
        Reply::Break => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{").await?;
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
    };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

async fn read_call(stream: &mut TcpStream) -> Option<Value> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .unwrap_or(0);
        if body.len() >= length {
            return serde_json::from_str(body).ok();
        }
    }
}
