//! What is too much for the server.

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
async fn what_is_no_request_is_refused_as_such() {
    let gateway = TestGateway::must_start().await;
    let bearer = format!("Bearer {}", gateway.key);
    let (_, answer) = gateway.must_post(Some(&bearer), "{").await;
    assert_eq!(answer["error"]["code"], -32700, "{answer}");
    let (_, answer) = gateway.must_post(Some(&bearer), r#"{"id":1,"method":7}"#).await;
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    gateway.stop().await;
}
