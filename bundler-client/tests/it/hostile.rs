//! A question is answered properly, or there is an error that says what was wrong.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, U256};
use countersign_bundler_client::{
    AaCode, BundlerClient, BundlerError, ClientOptions, Fault, Reach, RpcCode,
};
use countersign_devnet::{HostileServer, Reply};
use countersign_userop::{ChainId, EntryPointVersion, UserOpHash, UserOperation};
use serde_json::{Value, json};

pub(crate) const CHAIN: ChainId = ChainId::new(31_337);

/// Impatient, so that tests are quick: three rounds in all.
pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(300),
        deadline: Duration::from_secs(10),
        retries: 2,
        backoff: Duration::from_millis(1),
        max_body: 10_000,
        reach: Reach::Anywhere,
    }
}

/// An address on which nobody listens.
pub(crate) fn must_be_dead() -> String {
    format!("http://127.0.0.1:{}/", countersign_devnet::free_port().unwrap())
}

pub(crate) fn must_connect(url: &str) -> BundlerClient {
    BundlerClient::new(url, CHAIN, options()).unwrap()
}

pub(crate) fn operation(version: EntryPointVersion) -> UserOperation {
    UserOperation::new(version, Address::repeat_byte(7), U256::from(3), vec![1, 2, 3].into())
}

/// Asks for the chain id; gives the error and how often the server was called.
async fn must_fail(reply: Reply) -> (BundlerError, usize) {
    let server = HostileServer::start(reply).await.unwrap();
    let error = must_connect(&server.url()).chain_id().await.unwrap_err();
    (error, server.calls().len())
}

fn must_be_malformed(error: &BundlerError) {
    let malformed = matches!(error, BundlerError::Failed { fault: Fault::Malformed { .. }, .. });
    assert!(malformed, "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn an_answer_of_another_type_is_malformed_and_not_asked_for_again() {
    let answers = [json!(null), json!([1]), json!({"a": 1}), json!("0xzz"), json!(true), json!(-1)];
    for answer in answers {
        let (error, calls) = must_fail(Reply::Result(answer)).await;
        must_be_malformed(&error);
        assert_eq!(calls, 1);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_rpc_answer_is_malformed() {
    let deep = "[".repeat(9_000);
    for body in ["", "<html>", "{}", "null", "[]", "{\"jsonrpc\":\"2.0\"", "\u{0}\u{1}", &deep] {
        let (error, _) = must_fail(Reply::Raw(200, body.to_owned())).await;
        must_be_malformed(&error);
    }
}

#[tokio::test]
async fn an_answer_to_another_call_is_malformed() {
    let answers = [
        json!({"jsonrpc": "2.0", "id": 999, "result": "0x1"}),
        json!({"jsonrpc": "2.0", "id": null, "result": "0x1"}),
        json!([{"jsonrpc": "2.0", "id": "$id", "result": "0x1"}]),
    ];
    for answer in answers {
        let (error, _) = must_fail(Reply::Body(answer)).await;
        must_be_malformed(&error);
    }
}

#[tokio::test]
async fn a_body_without_end_is_given_up_at_the_bound() {
    let (error, calls) = must_fail(Reply::Flood).await;

    let too_large =
        matches!(error, BundlerError::Failed { fault: Fault::TooLarge { limit: 10_000 }, .. });
    assert!(too_large, "{error:?}");
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn a_question_that_hangs_is_asked_again_a_bounded_number_of_times() {
    for reply in [Reply::Hang, Reply::Drip] {
        let (error, calls) = must_fail(reply).await;

        let timed_out = matches!(error, BundlerError::Failed { fault: Fault::TimedOut, .. });
        assert!(timed_out, "{error:?}");
        assert!(error.is_retryable());
        assert_eq!(calls, 3);
    }
}

#[tokio::test]
async fn the_deadline_holds_whatever_the_number_of_attempts() {
    let server = HostileServer::start(Reply::Hang).await.unwrap();
    let patient = ClientOptions {
        deadline: Duration::from_millis(300),
        timeout: Duration::from_secs(60),
        retries: 1_000,
        ..options()
    };
    let client = BundlerClient::new(&server.url(), CHAIN, patient).unwrap();
    let started = Instant::now();

    let error = client.chain_id().await.unwrap_err();

    assert!(matches!(error, BundlerError::Failed { fault: Fault::TimedOut, .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_server_error_is_asked_again_and_a_client_error_is_not() {
    for (status, expected_calls, retryable) in
        [(500, 3, true), (502, 3, true), (429, 3, true), (404, 1, false), (401, 1, false)]
    {
        let (error, calls) = must_fail(Reply::Raw(status, "oops".to_owned())).await;

        let named =
            matches!(error, BundlerError::Failed { fault: Fault::Http(s), .. } if s == status);
        assert!(named, "{error:?}");
        assert_eq!((calls, error.is_retryable()), (expected_calls, retryable), "{status}");
    }
}

#[tokio::test]
async fn a_success_under_an_error_status_is_not_believed() {
    let body = json!({"jsonrpc": "2.0", "id": 0, "result": "0x1"}).to_string();

    let (error, _) = must_fail(Reply::Raw(500, body)).await;

    assert!(matches!(error, BundlerError::Failed { fault: Fault::Http(500), .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = HostileServer::start(Reply::Result(json!("0x1"))).await.unwrap();

    let (error, _) = must_fail(Reply::Redirect(elsewhere.url())).await;

    assert!(matches!(error, BundlerError::Failed { fault: Fault::Http(307), .. }), "{error:?}");
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn a_refusal_is_typed_under_any_http_status() {
    for status in [200, 400, 500] {
        let message = "validation failed: AA25 invalid account nonce";
        let reply = Reply::Error { status, code: -32500, message, data: Value::Null };

        let (error, calls) = must_fail(reply).await;

        let rejection = error.rejection().unwrap();
        assert_eq!(rejection.code, RpcCode::ValidationFailed);
        assert_eq!(rejection.aa, Some(AaCode::InvalidNonce));
        assert_eq!(calls, 1);
    }
}

#[tokio::test]
async fn the_reason_is_found_in_the_data_too() {
    let data = json!({"revert": "FailedOp(0, AA24 signature error)"});
    let reply = Reply::Error { status: 200, code: -32500, message: "simulation failed", data };

    let (error, _) = must_fail(reply).await;

    assert_eq!(error.rejection().unwrap().aa, Some(AaCode::AccountSignatureError));
}

#[tokio::test]
async fn an_internal_error_is_asked_again() {
    let message = "database locked";
    let reply = Reply::Error { status: 200, code: -32603, message, data: Value::Null };

    let (error, calls) = must_fail(reply).await;

    assert_eq!(error.rejection().unwrap().code, RpcCode::Internal);
    assert_eq!(calls, 3);
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let error = json!({"code": -32500, "message": "é".repeat(4_000)});
    let body = json!({"jsonrpc": "2.0", "id": "$id", "error": error});

    let (error, _) = must_fail(Reply::Body(body)).await;

    assert!(error.rejection().unwrap().message.len() <= 1024);
}

#[tokio::test]
async fn a_dead_endpoint_is_unreachable() {
    let error = must_connect(&must_be_dead()).chain_id().await.unwrap_err();

    let unreachable = matches!(error, BundlerError::Failed { fault: Fault::Unreachable(_), .. });
    assert!(unreachable, "{error:?}");
}

#[tokio::test]
async fn the_receipt_of_another_operation_is_no_answer() {
    let zero = B256::ZERO;
    let answer = json!({
        "userOpHash": zero, "sender": Address::ZERO, "nonce": "0x0", "actualGasCost": "0x1",
        "actualGasUsed": "0x1", "success": true, "logs": [],
        "reason": "not today",
        "receipt": {
            "transactionHash": zero, "transactionIndex": "0x0", "blockHash": zero,
            "blockNumber": "0x1", "from": Address::ZERO, "to": null,
            "cumulativeGasUsed": "0x1", "gasUsed": "0x1", "logs": [],
        },
    });
    let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
    let client = must_connect(&server.url());

    let read = client.receipt(UserOpHash::new(zero)).await.unwrap().unwrap();
    // Bundlers give data or words.
    assert_eq!(read.reason.as_deref(), Some("not today"));
    let error = client.receipt(UserOpHash::new(B256::repeat_byte(1))).await.unwrap_err();

    must_be_malformed(&error);
    assert!(format!("{error:?}").contains("another operation"), "{error:?}");
}

#[tokio::test]
async fn an_operation_that_does_not_have_its_hash_is_told_but_not_verified() {
    let version = EntryPointVersion::V0_7;
    let entry_point = version.canonical_address();
    let op = operation(version);
    let answer = json!({"userOperation": op.to_json(), "entryPoint": entry_point,
        "blockNumber": null, "blockHash": null, "transactionHash": null});
    let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
    let honest = op.hash(entry_point, CHAIN);
    let other = UserOpHash::new(B256::repeat_byte(1));

    let told = must_connect(&server.url()).by_hash(honest).await.unwrap().unwrap();

    assert_eq!(told.verified(honest, version, CHAIN), Some(op));
    assert_eq!(told.verified(other, version, CHAIN), None);
}

#[tokio::test]
async fn an_estimate_beyond_128_bits_is_malformed() {
    let huge = format!("0x1{}", "0".repeat(32));
    let answer =
        json!({"preVerificationGas": "0x1", "verificationGasLimit": huge, "callGasLimit": "0x1"});
    let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
    let version = EntryPointVersion::V0_7;

    let error = must_connect(&server.url())
        .estimate(&operation(version), version.canonical_address(), None)
        .await
        .unwrap_err();

    must_be_malformed(&error);
}
