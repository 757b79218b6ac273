//! Several endpoints: the next one is asked when one fails, and none is listed twice.

use countersign_bundler_client::{BundlerClient, BundlerError};
use countersign_devnet::{HostileServer, Reply};
use countersign_userop::ChainId;
use serde_json::{Value, json};

use crate::hostile::{CHAIN, must_be_dead, options};

#[tokio::test]
async fn a_question_goes_on_to_an_endpoint_that_answers() {
    let replies = [
        Reply::Hang,
        Reply::Raw(502, String::new()),
        Reply::Raw(404, String::new()),
        Reply::Result(json!("nonsense")),
        Reply::Flood,
        Reply::Error { status: 200, code: -32603, message: "oops", data: Value::Null },
    ];
    for reply in replies {
        let bad = HostileServer::start(reply.clone()).await.unwrap();
        let good = HostileServer::start(Reply::Result(json!("0x2105"))).await.unwrap();
        let urls = [must_be_dead(), bad.url(), good.url()];
        let client = BundlerClient::with_failover(urls, CHAIN, options()).unwrap();

        assert_eq!(client.chain_id().await.unwrap(), ChainId::new(8453), "{reply:?}");
        assert_eq!((bad.calls().len(), good.calls().len()), (1, 1), "{reply:?}");
    }
}

#[tokio::test]
async fn what_one_service_decided_is_not_asked_elsewhere() {
    let no = Reply::Error { status: 200, code: -32500, message: "AA23", data: Value::Null };
    let first = HostileServer::start(no).await.unwrap();
    let second = HostileServer::start(Reply::Result(json!("0x1"))).await.unwrap();
    let client =
        BundlerClient::with_failover([first.url(), second.url()], CHAIN, options()).unwrap();

    let error = client.chain_id().await.unwrap_err();

    assert!(matches!(error, BundlerError::Rejected(_)), "{error:?}");
    assert!(second.calls().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_is_listed_twice_is_asked_once_a_round() {
    let server = HostileServer::start(Reply::Raw(500, String::new())).await.unwrap();
    let same = server.url().replace("/rpc", "/./rpc");
    let client =
        BundlerClient::with_failover([server.url(), same, server.url()], CHAIN, options()).unwrap();

    client.chain_id().await.unwrap_err();

    assert_eq!(client.endpoint_count(), 1);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn an_address_that_cannot_be_called_is_refused_by_name() {
    for url in ["", "not a url", "ftp://example.org", "file:///etc/passwd", "ws://localhost:1"] {
        let error = BundlerClient::new(url, CHAIN, options()).unwrap_err();
        assert!(matches!(&error, BundlerError::BadEndpoint { url: named } if named == url));
    }
    let none: [&str; 0] = [];
    let error = BundlerClient::with_failover(none, CHAIN, options()).unwrap_err();
    assert!(matches!(error, BundlerError::NoEndpoint));
}
