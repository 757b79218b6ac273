//! What is counted, and who may read it.

use std::sync::Arc;

use countersign_protocol::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn decisions_refusals_stages_and_answers_are_counted_as_they_were() {
    let world = World::start().await;
    let request = world.operation(1);
    for _ in 0..2 {
        let call = world.call(&[1, 2], Request::UserOperation(request.clone()));
        world.ask_all(&call).await;
    }
    let mut other = request;
    other.op = other.op.with_signature(vec![1].into()).with_fees(countersign_userop::Fees {
        max_fee_per_gas: 2_000_000_001,
        max_priority_fee_per_gas: 1_000_000_000,
    });
    world.ask_all(&world.call(&[1, 2], Request::UserOperation(other))).await;
    let ban = wire::BanInfo { key: "treasury".into(), party: 3, reason: "cheated".into() };
    let text = world.daemons[&1].metrics.render(&[ban]);
    for line in [
        "cosigner_decisions_total{decision=\"allowed\",rule=\"\"} 1",
        "cosigner_decisions_total{decision=\"repeated\",rule=\"\"} 1",
        "cosigner_decisions_total{decision=\"refused\",rule=\"journal\"} 1",
        "cosigner_journal_refusals_total{rule=\"journal\"} 1",
        "cosigner_answers_total{outcome=\"signed\",class=\"\"} 2",
        "cosigner_answers_total{outcome=\"refused\",class=\"\"} 1",
        "cosigner_stage_seconds_count{stage=\"rounds\"} 2",
        "cosigner_engine_sessions 0",
        "cosigner_bans{key=\"treasury\",party=\"3\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(text.lines().all(|line| line.contains("cosigner_") || line.is_empty()), "{text}");
    let peer = world.daemons[&3].metrics.render(&[]);
    assert!(!peer.contains("decision="), "every daemon counts for itself: {peer}");
}

async fn read(addr: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn metrics_are_read_on_this_machine_and_nowhere_else() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(Watched::bind(Some(everywhere)).await, Err(MetricsError::NotLoopback(_))));
    assert!(Watched::bind(None).await.unwrap().is_none(), "off unless asked for");
    let watched = Watched::bind(Some("127.0.0.1:0".parse().unwrap())).await.unwrap().unwrap();
    let (addr, stop) = (watched.addr(), CancellationToken::new());
    let metrics = Arc::new(Metrics::new().unwrap());
    let serving = tokio::spawn(watched.serve(Arc::clone(&metrics), Vec::new, stop.clone()));
    let text = read(addr, "/metrics").await;
    assert!(
        text.starts_with("HTTP/1.1 200") && text.contains("cosigner_engine_sessions 0"),
        "{text}"
    );
    assert!(read(addr, "/").await.starts_with("HTTP/1.1 404"));
    stop.cancel();
    serving.await.unwrap();
}
