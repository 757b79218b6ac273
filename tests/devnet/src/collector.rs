//! A collector of traces: the OTLP service as processes find it, which keeps what it is told.

use std::{
    collections::BTreeMap,
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::bail;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span, status::StatusCode},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A collector; it is gone when it drops.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    desk: Desk,
    task: JoinHandle<()>,
}

/// A span as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldSpan {
    /// Who told it: `service.name`.
    pub program: String,
    /// Its name.
    pub name: String,
    /// Its trace, in hex.
    pub trace_id: String,
    /// Its own id, in hex.
    pub span_id: String,
    /// The span that it is part of, in hex; empty at a trace's beginning.
    pub parent_id: String,
    /// What is said of it.
    pub attributes: BTreeMap<String, String>,
    /// How many events hang on it.
    pub events: usize,
    /// Whether it is marked as one that went wrong.
    pub failed: bool,
}

impl Collector {
    /// A collector on a free port that takes what it is told.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let desk = Desk::default();
        let service = TraceServiceServer::new(desk.clone());
        let task = tokio::spawn(async move {
            let connections = TcpListenerStream::new(listener);
            // It ends with its task.
            let _ = Server::builder().add_service(service).serve_with_incoming(connections).await;
        });
        Ok(Self { address, desk, task })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it takes nothing and answers nobody.
    pub fn hang(&self) {
        self.desk.state().hangs = true;
    }

    /// How often it was asked to take something.
    pub fn asked(&self) -> usize {
        self.desk.state().asked
    }

    /// All that it was told.
    pub fn spans(&self) -> Vec<ToldSpan> {
        self.desk.state().spans.clone()
    }

    /// Waits until it was told enough; gives all of it.
    ///
    /// # Errors
    /// When it was not, within a time: shows what there is.
    pub async fn told(
        &self,
        within: Duration,
        enough: impl Fn(&[ToldSpan]) -> bool,
    ) -> anyhow::Result<Vec<ToldSpan>> {
        let deadline = Instant::now() + within;
        loop {
            let spans = self.spans();
            if enough(&spans) {
                return Ok(spans);
            }
            if Instant::now() > deadline {
                bail!("not told enough within {within:?}: {spans:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where messages are taken.
#[derive(Debug, Clone, Default)]
struct Desk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<ToldSpan>,
    asked: usize,
    hangs: bool,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl TraceService for Desk {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let hangs = {
            let mut state = self.state();
            state.asked += 1;
            state.hangs
        };
        if hangs {
            pending::<()>().await;
        }
        let told = request.into_inner().resource_spans.into_iter().flat_map(read);
        self.state().spans.extend(told);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn read(of_one: ResourceSpans) -> Vec<ToldSpan> {
    let about = attributes(of_one.resource.map(|resource| resource.attributes).unwrap_or_default());
    let program = about.get("service.name").cloned().unwrap_or_default();
    let spans = of_one.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans.map(|span| told(&program, span)).collect()
}

fn told(program: &str, span: Span) -> ToldSpan {
    let failed = span.status.is_some_and(|status| status.code() == StatusCode::Error);
    ToldSpan {
        program: program.to_owned(),
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        attributes: attributes(span.attributes),
        events: span.events.len(),
        failed,
    }
}

fn attributes(list: Vec<KeyValue>) -> BTreeMap<String, String> {
    list.into_iter().map(|one| (one.key, text(one.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|any| any.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    alloy::hex::encode(bytes)
}
