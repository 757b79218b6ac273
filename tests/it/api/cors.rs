//! Calls by web pages.

use super::gateway::TestGateway;

/// What the gateway says to a page's browser that asks whether the page may call.
async fn preflight(gateway: &TestGateway, origin: &str) -> (Option<String>, Option<String>) {
    let request = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, gateway.url("/"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let response = request.send().await.unwrap();
    let header =
        |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    (header("access-control-allow-origin"), header("access-control-allow-headers"))
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_no_others() {
    let more = "[http]\ncors_origins = [\"https://app.example\"]\n";
    let gateway = TestGateway::must_start_with(more).await;
    let (origin, headers) = preflight(&gateway, "https://app.example").await;
    assert_eq!(origin.as_deref(), Some("https://app.example"));
    assert!(headers.unwrap().contains("authorization"));
    assert_eq!(preflight(&gateway, "https://other.example").await.0, None);
    gateway.stop().await;

    let closed = TestGateway::must_start().await;
    assert_eq!(preflight(&closed, "https://app.example").await.0, None);
    closed.stop().await;
}
