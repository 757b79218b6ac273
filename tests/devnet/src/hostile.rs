//! A JSON-RPC server that means no good, alone or in front of an honest one.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What a call is answered with.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A result, under the call's own id.
    Result(Value),
    /// An error object, under the call's own id and an HTTP status.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error's number.
        code: i64,
        /// Its words.
        message: &'static str,
        /// What comes with it.
        data: Value,
    },
    /// What a function makes of the call: a result, or an error's code and message.
    Answer(Answerer),
    /// A JSON value as the whole body; `"$id"` in it becomes the call's id.
    Body(Value),
    /// This text as the body, under an HTTP status.
    Raw(u16, String),
    /// A redirect to another address.
    Redirect(String),
    /// Nothing, ever.
    Hang,
    /// A header that promises a body, then a byte of it now and then, without end.
    Drip,
    /// An endless body at full speed.
    Flood,
    /// The connection is closed in the middle of the body.
    Break,
    /// What the honest server at this address answers.
    Forward(String),
    /// The honest server at this address gets the call, and its answer is lost.
    Lose(String),
}

/// Makes the answer to a call.
#[derive(Clone)]
pub struct Answerer(Arc<dyn Answer>);

/// A function from a call to its result, or to an error's code and message.
trait Answer: Fn(&Value) -> Result<Value, (i64, String)> + Send + Sync {}

impl<F: Fn(&Value) -> Result<Value, (i64, String)> + Send + Sync> Answer for F {}

impl Answerer {
    /// Wraps a function from the call to its result, or to an error's code and message.
    pub fn new(
        answer: impl Fn(&Value) -> Result<Value, (i64, String)> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }
}

impl std::fmt::Debug for Answerer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answerer")
    }
}

/// A running server; it stops when it drops.
#[derive(Debug)]
pub struct HostileServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    http: reqwest::Client,
}

#[derive(Debug)]
struct Script {
    reply: Reply,
    by_method: HashMap<String, Reply>,
    calls: Vec<Value>,
}

impl HostileServer {
    /// A server that gives every call the same reply until it is told otherwise.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(reply: Reply) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let script = Script { reply, by_method: HashMap::new(), calls: Vec::new() };
        let http = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared { script: Mutex::new(script), http });
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/rpc", self.address)
    }

    /// The calls that arrived.
    pub fn calls(&self) -> Vec<Value> {
        self.shared.script().calls.clone()
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        self.shared.script().calls.iter().filter(|call| call["method"] == method).count()
    }

    /// From now on, answers every call with this, and no method differently.
    pub fn answer_with(&self, reply: Reply) {
        let mut script = self.shared.script();
        script.reply = reply;
        script.by_method.clear();
    }

    /// From now on, answers this method with this.
    pub fn answer_method_with(&self, method: &str, reply: Reply) {
        self.shared.script().by_method.insert(method.to_owned(), reply);
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call and gives what it is to be answered with.
    fn take(&self, call: Value) -> Reply {
        let mut script = self.script();
        let method = call["method"].as_str().unwrap_or_default();
        let reply = script.by_method.get(method).unwrap_or(&script.reply).clone();
        script.calls.push(call);
        reply
    }

    async fn pass_on(&self, url: &str, call: &Value) -> io::Result<(u16, String)> {
        let response = self.http.post(url).json(call).send().await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(io::Error::other)?))
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Some(call) = read_call(&mut stream).await {
        let reply = shared.take(call.clone());
        if answer(&mut stream, &shared, reply, call).await.is_err() {
            return;
        }
    }
}

async fn answer(
    stream: &mut TcpStream,
    shared: &Shared,
    reply: Reply,
    call: Value,
) -> io::Result<()> {
    let id = &call["id"];
    let (status, body) = match reply {
        Reply::Result(result) => {
            (200, json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
        }
        Reply::Answer(answerer) => {
            let body = match answerer.0(&call) {
                Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                Err((code, message)) => {
                    let error = json!({"code": code, "message": message});
                    json!({"jsonrpc": "2.0", "id": id, "error": error})
                }
            };
            (200, body.to_string())
        }
        Reply::Error { status, code, message, data } => {
            let error = json!({"code": code, "message": message, "data": data});
            (status, json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
        }
        Reply::Body(body) => (200, body.to_string().replace("\"$id\"", &id.to_string())),
        Reply::Raw(status, body) => (status, body),
        Reply::Forward(url) => shared.pass_on(&url, &call).await?,
        Reply::Lose(url) => {
            shared.pass_on(&url, &call).await?;
            std::future::pending().await
        }
        Reply::Hang => std::future::pending().await,
        Reply::Redirect(to) => {
            let head = format!("HTTP/1.1 307 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).await;
        }
        Reply::Drip => return drip(stream).await,
        Reply::Flood => return flood(stream).await,
        Reply::Break => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{").await?;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

async fn drip(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await?;
    loop {
        stream.write_all(b" ").await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn flood(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
    loop {
        stream.write_all(&[b' '; 65_536]).await?;
    }
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
