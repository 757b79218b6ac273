//! The listener with a certificate.

use countersign::{ApiKeys, Gateway, GatewayConfig, ListenError, RpcServer};
use serde_json::Value;

use super::gateway::{TestGateway, must_configure};

/// A folder with a certificate for this machine, and the lines that name it.
fn must_certify() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = made.cert.pem();
    std::fs::write(folder.path().join("cert.pem"), &pem).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let path = folder.path().display();
    let lines = format!("[tls]\ncert = \"{path}/cert.pem\"\nkey = \"{path}/key.pem\"\n");
    (folder, pem, lines)
}

#[tokio::test]
async fn with_a_certificate_calls_are_answered_over_tls_and_not_in_clear() {
    let (_folder, pem, lines) = must_certify();
    let gateway = TestGateway::must_start_with(&lines).await;
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .resolve("localhost", gateway.address())
        .build()
        .unwrap();
    let ask = async |url: String| {
        client
            .post(url)
            .header("content-type", "application/json")
            .bearer_auth(&gateway.key)
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#)
            .send()
            .await
    };
    let port = gateway.address().port();
    let answer = ask(format!("https://localhost:{port}/")).await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"], "0x7a69");
    assert!(ask(gateway.url("/")).await.is_err(), "a key was taken in clear");
    let strangers = reqwest::Client::builder().resolve("localhost", gateway.address()).build();
    let distrusted = strangers.unwrap().get(format!("https://localhost:{port}/health/live"));
    assert!(distrusted.send().await.is_err(), "the test's certificate proves nothing");
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_certificate_nothing_listens_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let config = must_configure(folder.path());
    let keys = ApiKeys::connect(&config.database).await.unwrap();
    let gateway = Gateway::open(config).await.unwrap();
    let refused = RpcServer::start(gateway, keys, "0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(refused, Err(ListenError::Plain { .. })), "{refused:?}");

    let file = folder.path().join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("127.0.0.1:0\"", "0.0.0.0:0\"")).unwrap();
    let error = GatewayConfig::load(&file).unwrap_err().to_string();
    assert!(error.contains("[tls]"), "{error}");
}
