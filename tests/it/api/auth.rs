//! Who may call.

use jsonrpsee::core::client::ClientT;
use jsonrpsee::rpc_params;
use serde_json::{Value, json};

use super::gateway::TestGateway;

const CHAIN_ID: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

#[tokio::test]
async fn nothing_but_health_is_answered_without_a_key() {
    let gateway = TestGateway::must_start().await;
    let stranger = format!("Bearer csk_{}_{}", "0".repeat(16), "0".repeat(64));
    let forged = format!("Bearer {}", &gateway.key[..gateway.key.len() - 1].to_owned()) + "x";
    let mut seen = Vec::new();
    for header in [None, Some("Bearer"), Some("Basic abc"), Some(&stranger), Some(&forged)] {
        let (status, answer) = gateway.must_post(header, CHAIN_ID).await;
        assert_eq!(status, 401, "{header:?}");
        assert_eq!(answer["error"]["code"], 4100, "{header:?}");
        seen.push(answer["error"]["message"].as_str().unwrap().to_owned());
    }
    insta::assert_snapshot!(seen.join("\n"));
    let live = reqwest::get(gateway.url("/health/live")).await.unwrap();
    assert_eq!(live.status(), 200);
    gateway.stop().await;
}

#[tokio::test]
async fn every_published_method_is_closed_without_a_key() {
    let gateway = TestGateway::must_start().await;
    for method in countersign::openrpc()["methods"].as_array().unwrap() {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method["name"] }).to_string();
        let (status, _) = gateway.must_post(None, &body).await;
        assert_eq!(status, 401, "{}", method["name"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_next_call_on() {
    let gateway = TestGateway::must_start().await;
    let bearer = format!("Bearer {}", gateway.key);
    let (status, answer) = gateway.must_post(Some(&bearer), CHAIN_ID).await;
    assert_eq!((status, &answer["result"]), (200, &json!("0x7a69")));
    gateway.keys.revoke("shop").await.unwrap();
    let (status, _) = gateway.must_post(Some(&bearer), CHAIN_ID).await;
    assert_eq!(status, 401);
    gateway.stop().await;
}

#[tokio::test]
async fn a_websocket_answers_until_its_key_is_revoked() {
    let gateway = TestGateway::must_start().await;
    let socket = gateway.connect(&gateway.key).await.unwrap();
    let chain: String = socket.request("eth_chainId", rpc_params![]).await.unwrap();
    assert_eq!(chain, "0x7a69");
    gateway.keys.revoke("shop").await.unwrap();
    let refused = socket.request::<Value, _>("eth_chainId", rpc_params![]).await.unwrap_err();
    let jsonrpsee::core::ClientError::Call(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), 4100);
    assert!(gateway.connect(&gateway.key).await.is_err(), "a revoked key opened a socket");
    drop(socket);
    gateway.stop().await;
}

#[tokio::test]
async fn readiness_names_the_parts_that_do_not_answer_and_no_address() {
    let gateway = TestGateway::must_start().await;
    let ready = reqwest::get(gateway.url("/health/ready")).await.unwrap();
    assert_eq!(ready.status(), 503);
    let report: Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
    assert_eq!(report["status"], "not ready");
    assert!(!report.to_string().contains("://"), "{report}");
    assert!(report["parts"].as_array().unwrap().iter().any(|part| part["ok"] == false));
    gateway.stop().await;
}
