//! An operation is handed over once, and its hash is never lost.

use alloy::primitives::B256;
use countersign_bundler_client::{BundlerClient, BundlerError, Fault, RpcCode};
use countersign_devnet::{HostileServer, Reply};
use countersign_userop::{EntryPointVersion, UserOpHash};
use serde_json::{Value, json};

use crate::hostile::{CHAIN, must_be_dead, must_connect, operation, options};

const VERSION: EntryPointVersion = EntryPointVersion::V0_7;

fn our_hash() -> UserOpHash {
    operation(VERSION).hash(VERSION.canonical_address(), CHAIN)
}

fn must_prefer(first: &str, second: &str) -> BundlerClient {
    BundlerClient::with_failover([first, second], CHAIN, options()).unwrap()
}

async fn send(client: &BundlerClient) -> Result<UserOpHash, BundlerError> {
    client.send_user_operation(&operation(VERSION), VERSION.canonical_address()).await
}

#[tokio::test]
async fn the_confirmed_hash_is_ours() {
    let server = HostileServer::start(Reply::Result(json!(our_hash()))).await.unwrap();

    assert_eq!(send(&must_connect(&server.url())).await.unwrap(), our_hash());

    let calls = server.calls();
    assert_eq!(calls[0]["method"], "eth_sendUserOperation");
    assert_eq!(calls[0]["params"][0], operation(VERSION).to_json());
}

#[tokio::test]
async fn another_hash_than_ours_is_an_error_that_names_both() {
    let lie = UserOpHash::new(B256::repeat_byte(0xee));
    let server = HostileServer::start(Reply::Result(json!(lie))).await.unwrap();

    let error = send(&must_connect(&server.url())).await.unwrap_err();

    let named = matches!(error, BundlerError::HashMismatch { ours, theirs }
        if ours == our_hash() && theirs == lie);
    assert!(named, "{error:?}");
    assert_eq!(error.user_op_hash(), Some(our_hash()));
}

#[tokio::test]
async fn whatever_the_bundler_does_the_operation_is_sent_once_and_its_hash_is_kept() {
    let replies = [
        Reply::Hang,
        Reply::Drip,
        Reply::Flood,
        Reply::Break,
        Reply::Raw(200, "<html>".to_owned()),
        Reply::Raw(503, "busy".to_owned()),
        Reply::Result(json!(true)),
        Reply::Result(Value::Null),
    ];
    for reply in replies {
        let first = HostileServer::start(reply.clone()).await.unwrap();
        let second = HostileServer::start(Reply::Result(json!(our_hash()))).await.unwrap();

        let error = send(&must_prefer(&first.url(), &second.url())).await.unwrap_err();

        assert!(matches!(error, BundlerError::Unconfirmed { .. }), "{reply:?}: {error:?}");
        assert_eq!(error.user_op_hash(), Some(our_hash()));
        assert_eq!((first.calls().len(), second.calls().len()), (1, 0), "{reply:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_not_taken_to_another_bundler() {
    let message = "paymaster is throttled";
    let refusal = Reply::Error { status: 200, code: -32504, message, data: Value::Null };
    let first = HostileServer::start(refusal).await.unwrap();
    let second = HostileServer::start(Reply::Result(json!(our_hash()))).await.unwrap();

    let error = send(&must_prefer(&first.url(), &second.url())).await.unwrap_err();

    assert_eq!(error.rejection().unwrap().code, RpcCode::Throttled);
    assert!(error.is_retryable());
    assert_eq!((first.calls().len(), second.calls().len()), (1, 0));
}

#[tokio::test]
async fn an_endpoint_that_saw_nothing_gives_way_to_the_next() {
    let alive = HostileServer::start(Reply::Result(json!(our_hash()))).await.unwrap();

    let hash = send(&must_prefer(&must_be_dead(), &alive.url())).await.unwrap();

    assert_eq!(hash, our_hash());
}

#[tokio::test]
async fn an_operation_that_nobody_saw_is_not_called_unconfirmed() {
    let error = send(&must_connect(&must_be_dead())).await.unwrap_err();

    let unreachable = matches!(error, BundlerError::Failed { fault: Fault::Unreachable(_), .. });
    assert!(unreachable, "{error:?}");
    assert_eq!(error.user_op_hash(), None);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_bundler_that_holds_the_operation_already_is_recognised() {
    let message = "Operation Already Known";
    let refusal = Reply::Error { status: 200, code: -32602, message, data: Value::Null };
    let server = HostileServer::start(refusal).await.unwrap();

    let error = send(&must_connect(&server.url())).await.unwrap_err();

    assert!(error.rejection().unwrap().is_already_known());
}
