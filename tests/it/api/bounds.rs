//! What is too much for the server.

use jsonrpsee::core::client::ClientT;
use jsonrpsee::rpc_params;
use serde_json::{Value, json};

use super::gateway::TestGateway;

#[tokio::test]
async fn a_batch_is_answered_in_order_and_bounded() {
    let gateway = TestGateway::must_start().await;
    let bearer = format!("Bearer {}", gateway.key);
    let calls = |count: usize| {
        let call = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId" });
        Value::from((0..count).map(call).collect::<Vec<_>>()).to_string()
    };
    let (_, answers) = gateway.must_post(Some(&bearer), &calls(32)).await;
    let ids: Vec<_> =
        answers.as_array().unwrap().iter().map(|a| a["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..32).collect::<Vec<_>>());
    let (_, refused) = gateway.must_post(Some(&bearer), &calls(33)).await;
    assert_eq!(refused["error"]["code"], -32010, "{refused}");
    gateway.stop().await;
}

#[tokio::test]
async fn an_oversized_body_is_refused_unread() {
    let gateway = TestGateway::must_start().await;
    let bearer = format!("Bearer {}", gateway.key);
    let padding = "x".repeat(2 * 1024 * 1024);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [padding] });
    let (status, answer) = gateway.must_post(Some(&bearer), &body.to_string()).await;
    assert!(status == 413 || answer["error"]["code"] == -32007, "{status} {answer}");
    gateway.stop().await;
}

#[tokio::test]
async fn parameters_that_nest_too_deep_are_refused_over_http_and_websocket() {
    let gateway = TestGateway::must_start_with("[http]\ndepth = 4\n").await;
    let nested = |levels: usize| {
        serde_json::from_str::<Value>(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)))
            .unwrap()
    };
    let shallow = gateway.must_call("wallet_getCapabilities", nested(4)).await;
    assert_eq!(shallow["error"]["code"], -32602, "{shallow}");
    assert!(!shallow.to_string().contains("deeper"), "{shallow}");
    let deep = gateway.must_call("wallet_getCapabilities", nested(5)).await;
    assert!(deep["error"]["message"].as_str().unwrap().contains("deeper than 4"), "{deep}");

    let socket = gateway.connect(&gateway.key).await.unwrap();
    let refused = socket.request::<Value, _>("eth_chainId", rpc_params![nested(4)]).await;
    assert!(refused.unwrap_err().to_string().contains("deeper than 4"));
    drop(socket);

    // Deeper than a stack could follow.
    let bearer = format!("Bearer {}", gateway.key);
    let abyss = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (_, answer) = gateway.must_post(Some(&bearer), &abyss).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("deeper than 4"), "{answer}");
    gateway.stop().await;
}

#[tokio::test]
async fn bounds_are_those_of_the_configuration() {
    let more = "[http]\nbody_bytes = 200\nbatch = 2\n";
    let gateway = TestGateway::must_start_with(more).await;
    let bearer = format!("Bearer {}", gateway.key);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let (_, refused) = gateway.must_post(Some(&bearer), &format!("[{call},{call},{call}]")).await;
    assert_eq!(refused["error"]["code"], -32010, "{refused}");
    let long = format!("{call}{}", " ".repeat(200));
    let (status, answer) = gateway.must_post(Some(&bearer), &long).await;
    assert!(status == 413 || answer["error"]["code"] == -32007, "{status} {answer}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let gateway = TestGateway::must_start_with("[http]\nrequest_ms = 300\n").await;
    let mut socket = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{",
        gateway.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 512];
    let read = tokio::time::timeout(std::time::Duration::from_secs(10), socket.read(&mut answer));
    let length = read.await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    gateway.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_unread() {
    use tokio::io::AsyncReadExt as _;

    let gateway = TestGateway::must_start_with("[http]\nconnections = 2\n").await;
    let open = || tokio::net::TcpStream::connect(gateway.address());
    let (first, second) = (open().await.unwrap(), open().await.unwrap());
    let mut third = open().await.unwrap();
    let mut byte = [0; 1];
    let end = tokio::time::timeout(std::time::Duration::from_secs(10), third.read(&mut byte));
    assert_eq!(end.await.unwrap().unwrap(), 0, "it was not closed");
    drop((first, second));
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_as_such() {
    let gateway = TestGateway::must_start().await;
    let bearer = format!("Bearer {}", gateway.key);
    let (_, answer) = gateway.must_post(Some(&bearer), "{").await;
    assert_eq!(answer["error"]["code"], -32700, "{answer}");
    let (_, answer) = gateway.must_post(Some(&bearer), r#"{"id":1,"method":7}"#).await;
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    gateway.stop().await;
}
