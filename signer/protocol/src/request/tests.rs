//! The stored and sent form of requests, and what is not one.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, Bytes, U256};
use countersign_userop::{
    AccountKind, ChainId, EntryPointVersion, Fees, GasLimits, SponsorWindow, UserOperation,
};

use serde_json::json;

use super::{
    AccountClaim, PaymasterApprovalRequest, Request, RequestError, SignableKind, Slot, SlotDomain,
    UserOperationRequest,
};

fn op(version: EntryPointVersion) -> UserOperation {
    let call_data = Bytes::from_static(&[1, 2, 3, 4]);
    UserOperation::new(version, Address::repeat_byte(0x11), U256::from(5), call_data)
        .with_gas(GasLimits { call: 100, verification: 200, pre_verification: 300 })
        .with_fees(Fees { max_fee_per_gas: 7, max_priority_fee_per_gas: 2 })
}

pub(crate) fn user_operation() -> Request {
    let version = EntryPointVersion::V0_7;
    Request::UserOperation(UserOperationRequest {
        entry_point: version.canonical_address(),
        chain: ChainId::new(1),
        version,
        account: AccountClaim {
            kind: AccountKind::Countersign,
            factory: Address::repeat_byte(0x22),
            salt: U256::from(9),
        },
        op: op(version),
        intent: None,
    })
}

fn paymaster_approval() -> Request {
    let version = EntryPointVersion::V0_8;
    Request::PaymasterApproval(PaymasterApprovalRequest {
        version,
        entry_point: version.canonical_address(),
        chain: ChainId::new(1),
        op: op(version),
        paymaster: Address::repeat_byte(0x33),
        delegate: Address::ZERO,
        window: SponsorWindow::new(2_000_000_000, 1_000_000_000).unwrap(),
    })
}

/// One of each kind that stands alone.
fn alone() -> Vec<Request> {
    let (one, other) = (Address::repeat_byte(0x55), Address::repeat_byte(0x66));
    let permit = json!({
        "types": { "Permit": [
            { "name": "owner", "type": "address" }, { "name": "spender", "type": "address" },
            { "name": "value", "type": "uint256" }, { "name": "nonce", "type": "uint256" },
            { "name": "deadline", "type": "uint256" },
        ] },
        "primaryType": "Permit",
        "domain": { "name": "Token", "chainId": 1, "verifyingContract": other },
        "message": {
            "owner": one, "spender": other, "value": "7", "nonce": "3", "deadline": "2000000000",
        },
    });
    let transaction = json!({
        "chainId": "0x1", "from": one, "nonce": "0x3", "to": other, "value": "0x1", "data": "0x",
        "gas": "0x5208", "maxFeePerGas": "0x2", "maxPriorityFeePerGas": "0x1",
    });
    [
        ("typedData", permit),
        ("message", json!({ "message": "0x68656c6c6f" })),
        (
            "authorization",
            json!({ "chainId": "0x1", "authority": one, "address": other, "nonce": "0x3" }),
        ),
        ("transaction", transaction),
        (
            "ownerProof",
            json!({ "chainId": "0x1", "account": other, "newOwner": one, "nonce": "0x3" }),
        ),
        (
            "canary",
            json!({ "key": "main", "epoch": "0x1", "transcript": B256::ZERO, "counter": "0x3" }),
        ),
    ]
    .map(|(kind, signable)| {
        let body = json!({ "signable": signable });
        let request = json!({ "version": 1, "kind": kind, "body": body });
        Request::from_json(request.to_string().as_bytes()).unwrap()
    })
    .into()
}

pub(crate) fn every_kind() -> Vec<Request> {
    [user_operation(), paymaster_approval()].into_iter().chain(alone()).collect()
}

fn text(request: &Request) -> String {
    String::from_utf8(request.canonical_bytes()).unwrap()
}

#[test]
fn the_wire_form_of_each_kind_is_pinned() {
    for request in every_kind() {
        let kind = request.kind().as_str();
        insta::assert_snapshot!(kind, format!("{}\n{}", text(&request), request.hash()));
    }
}

#[test]
fn each_kind_survives_the_wire() {
    let kinds: Vec<SignableKind> = every_kind().iter().map(Request::kind).collect();
    assert_eq!(kinds, SignableKind::ALL);
    for request in every_kind() {
        let again = Request::from_json(&request.canonical_bytes()).unwrap();
        assert_eq!(again, request);
        assert_eq!(again.hash(), request.hash());
    }
}

#[test]
fn every_changed_field_changes_the_hash() {
    let good = text(&user_operation());
    for (from, to) in [
        (r#""chainId":1"#, r#""chainId":2"#),
        ("0x2222", "0x2322"),
        ("0x1111", "0x1211"),
        (r#""nonce":"0x5""#, r#""nonce":"0x6""#),
        ("0x01020304", "0x01020305"),
        (r#""salt":"0x9""#, r#""salt":"0xa""#),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from} is not in {good}");
        let other = Request::from_json(bad.as_bytes()).unwrap();
        assert_ne!(other.hash(), user_operation().hash(), "{from}");
    }
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    let good = text(&user_operation());
    let parse = |text: &str| Request::from_json(text.as_bytes()).unwrap_err();
    let version = parse(&good.replace(r#""version":1}"#, r#""version":2}"#));
    assert!(matches!(version, RequestError::UnknownVersion { version: 2 }), "{version}");
    let kind = parse(&good.replace("userOperation\",\"version", "hash\",\"version"));
    assert!(matches!(kind, RequestError::UnknownKind { .. }), "{kind}");
    let extra = parse(&good.replacen("\"chainId\"", "\"blind\":true,\"chainId\"", 1));
    assert!(extra.to_string().contains("blind"), "{extra}");
    let missing = parse(&good.replacen("\"chainId\":1,", "", 1));
    assert!(missing.to_string().contains("chainId"), "{missing}");
    let hex = parse(&good.replace("0x01020304", "0x0102030"));
    assert!(hex.to_string().contains("callData"), "{hex}");
}

#[test]
fn the_slot_is_the_place_on_chain_that_a_signature_takes() {
    let (one, other) = (user_operation().slot(), paymaster_approval().slot());
    assert_eq!((one.subject, one.nonce), (other.subject, other.nonce));
    assert_ne!(one.kind, other.kind);
    let place =
        "0x0000000071727de22e5e9d8baf0edac6f37da032/0x1111111111111111111111111111111111111111";
    assert_eq!(one.to_string(), format!("userOperation/1/{place}/0x5"));
}

#[test]
fn what_a_chain_counts_takes_its_number_and_what_nothing_counts_its_digest() {
    let slots: Vec<String> = alone().iter().map(|request| request.slot().to_string()).collect();
    let (one, other) = (Address::repeat_byte(0x55), Address::repeat_byte(0x66));
    let key = alloy::primitives::keccak256(format!("main/1/{:#x}", B256::ZERO));
    let hello = alloy::primitives::eip191_hash_message("hello");
    assert_eq!(
        slots,
        [
            format!("typedData/1/{other:#x}/{one:#x}/0x3"),
            format!("message/-/{hello:#x}/-/0x0"),
            format!("authorization/1/-/{one:#x}/0x3"),
            format!("transaction/1/-/{one:#x}/0x3"),
            format!("ownerProof/1/{other:#x}/{one:#x}/0x3"),
            format!("canary/-/{key:#x}/-/0x3"),
        ]
    );
}

#[test]
fn a_kind_is_read_by_its_own_rules_and_by_no_other_kinds() {
    let word = json!({ "message": B256::repeat_byte(1) });
    let everywhere = json!({
        "chainId": "0x0", "authority": Address::ZERO, "address": Address::ZERO, "nonce": "0x3",
    });
    let message = json!({ "message": "0x68656c6c6f" });
    for (kind, signable, told) in [
        ("message", &word, "32 bytes"),
        ("authorization", &everywhere, "chainId"),
        ("transaction", &message, "transaction"),
        ("canary", &message, "key"),
    ] {
        let body = json!({ "signable": signable });
        let request = json!({ "version": 1, "kind": kind, "body": body }).to_string();
        let error = Request::from_json(request.as_bytes()).unwrap_err();
        assert!(matches!(error, RequestError::Malformed(_)), "{error}");
        assert!(error.to_string().contains(told) || kind == "transaction", "{error}");
    }
}

#[test]
fn a_slot_fits_what_has_no_chain_no_contract_and_no_account() {
    let one = user_operation().slot();
    let hash = B256::repeat_byte(0x44);
    let slots = [
        one,
        Slot { chain: None, ..one },
        Slot { domain: SlotDomain::Any, ..one },
        Slot { domain: SlotDomain::Hash(hash), ..one },
        Slot { domain: SlotDomain::Contract(Address::ZERO), ..one },
        Slot { subject: None, ..one },
        Slot { subject: Some(Address::ZERO), ..one },
        Slot { chain: None, domain: SlotDomain::Any, subject: None, nonce: hash.into(), ..one },
    ];
    let texts: BTreeSet<String> = slots.iter().map(Slot::to_string).collect();
    assert_eq!(texts.len(), slots.len(), "{texts:?}");
    assert!(texts.iter().all(|text| text.matches('/').count() == 4), "{texts:?}");
}
