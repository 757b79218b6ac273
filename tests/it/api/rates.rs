//! Calls that come too often.

use serde_json::{Value, json};

use super::gateway::TestGateway;

const CHAIN_ID: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

async fn post(gateway: &TestGateway, body: &str) -> (u16, Option<u64>, Value) {
    let request = reqwest::Client::new()
        .post(gateway.url("/"))
        .header("content-type", "application/json")
        .bearer_auth(&gateway.key)
        .body(body.to_owned());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let header = response.headers().get("retry-after");
    let retry = header.map(|value| value.to_str().unwrap().parse().unwrap());
    (status, retry, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_caller_that_comes_too_often_is_told_when_to_come_again() {
    let more = "[limits]\ncaller = { per_s = 1, burst = 2 }\n";
    let gateway = TestGateway::must_start_with(more).await;
    for _ in 0..2 {
        assert_eq!(post(&gateway, CHAIN_ID).await.0, 200);
    }
    let (status, retry, answer) = post(&gateway, CHAIN_ID).await;
    assert_eq!((status, retry), (429, Some(1)), "{answer}");
    assert_eq!(answer["error"]["code"], -32005, "{answer}");
    assert_eq!(answer["error"]["data"], json!({ "of": "caller", "retryAfterS": 1 }));
    assert_eq!(answer["id"], 1, "the answer belongs to its call");
    // As it was told, so it is.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(post(&gateway, CHAIN_ID).await.0, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn a_method_has_a_bucket_of_its_own_and_a_batch_is_answered_call_by_call() {
    let more = "[limits.methods]\n\"eth_chainId\" = { per_s = 1, burst = 1 }\n";
    let gateway = TestGateway::must_start_with(more).await;
    let other = r#"{"jsonrpc":"2.0","id":2,"method":"eth_supportedEntryPoints"}"#;
    let (status, retry, answers) =
        post(&gateway, &format!("[{CHAIN_ID},{CHAIN_ID},{other}]")).await;
    assert_eq!((status, retry), (200, None), "some were answered: {answers}");
    let throttled = |answer: &&Value| answer["error"]["data"]["of"] == "method";
    assert_eq!(answers.as_array().unwrap().iter().filter(throttled).count(), 1, "{answers}");
    assert_eq!(post(&gateway, CHAIN_ID).await.0, 429);
    assert_eq!(post(&gateway, other).await.0, 200);
    gateway.stop().await;
}
