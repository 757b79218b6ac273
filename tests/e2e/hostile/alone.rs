//! What is no operation, made to pass for one: it does not even read as a request.

use alloy::primitives::{Address, hex};
use countersign_protocol::{Request, SignCall, SignReply};
use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use super::liar::Liar;
use crate::shared::scene;

/// A cosigner says that these bytes are no request, and has it on record.
async fn must_be_no_request(liar: &Liar, kind: &str, signable: &Value, told: &str) {
    let call = liar.call(&[1, 2], liar.truth(0));
    let request = json!({ "version": 1, "kind": kind, "body": { "signable": signable } });
    match liar.ask_raw(1, &call, request.to_string().into_bytes()).await {
        SignReply::Refused { rule, message } => {
            assert_eq!(rule, "parse", "{message}");
            assert!(message.contains(told), "{kind}: {message}");
        }
        other => panic!("{kind}: {other:?}"),
    }
}

fn mail(domain: &Value) -> Value {
    json!({
        "primaryType": "Mail",
        "types": { "Mail": [{ "name": "words", "type": "string" }] },
        "domain": domain,
        "message": { "words": "all is well" },
    })
}

fn hash(liar: &Liar, call: &SignCall) -> String {
    let Request::UserOperation(request) = &call.request else { panic!("no operation") };
    assert_eq!(request.version, liar.spec.version);
    request.op.hash(request.entry_point, request.chain).to_string()
}

#[tokio::test]
async fn a_message_that_is_a_user_operations_hash_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let hash = hash(&liar, &liar.call(&[1, 2], liar.truth(21)));
    let letters = hex::encode_prefixed(hash.as_bytes());
    for message in [hash.clone(), letters] {
        must_be_no_request(&liar, "message", &json!({ "message": message }), "32 bytes").await;
    }
    liar.must_leave_the_honest_gateway_served("after a message that was a hash").await;
}

#[tokio::test]
async fn typed_data_that_an_entry_point_would_take_for_an_operation_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let domain = json!({
        "name": "ERC4337", "version": "1", "chainId": 31_337,
        "verifyingContract": EntryPointVersion::V0_8.canonical_address(),
    });
    must_be_no_request(&liar, "typedData", &mail(&domain), "EntryPoint").await;
    liar.must_leave_the_honest_gateway_served("after typed data of an EntryPoint").await;
}

#[tokio::test]
async fn typed_data_with_an_empty_domain_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    must_be_no_request(&liar, "typedData", &mail(&json!({})), "empty").await;
    liar.must_leave_the_honest_gateway_served("after typed data of no domain").await;
}

#[tokio::test]
async fn an_owner_is_delegated_to_nobody_where_that_kind_is_switched_off_nor_on_every_chain() {
    let liar = Liar::new(scene().await).await;
    let zero = json!({
        "chainId": "0x0", "authority": liar.owner, "address": Address::repeat_byte(0x5a),
        "nonce": "0x0",
    });
    must_be_no_request(&liar, "authorization", &zero, "zero").await;
    let here = json!({
        "chainId": "0x7a69", "authority": liar.owner, "address": Address::repeat_byte(0x5a),
        "nonce": "0x0",
    });
    let request = json!({ "version": 1, "kind": "authorization", "body": { "signable": here } });
    let call = liar.call(&[1, 2], liar.truth(0));
    match liar.ask_raw(1, &call, request.to_string().into_bytes()).await {
        SignReply::Refused { rule, message } => {
            assert_eq!(rule, "feature", "{message}");
        }
        other => panic!("{other:?}"),
    }
    liar.must_leave_the_honest_gateway_served("after a delegation").await;
}

#[tokio::test]
async fn bytes_that_are_no_request_are_refused_and_on_record() {
    let liar = Liar::new(scene().await).await;
    let good = liar.call(&[1, 2], liar.truth(0));
    let whole = good.request.canonical_bytes();
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    for bytes in [vec![], b"{}".to_vec(), whole[..whole.len() - 1].to_vec(), vec![0xff; 64], deep] {
        match liar.ask_raw(1, &good, bytes).await {
            SignReply::Refused { rule, .. } => assert_eq!(rule, "parse"),
            other => panic!("{other:?}"),
        }
    }
    liar.must_leave_the_honest_gateway_served("after garbage").await;
}
