//! ERC-7677 answers, proper and not.

use alloy::primitives::{Address, Bytes};
use countersign_bundler_client::{
    BundlerError, ClientOptions, Fault, PaymasterClient, PaymasterData, PaymasterStub, Reach,
};
use countersign_devnet::{HostileServer, Reply};
use countersign_userop::{EntryPointVersion, MAX_FIELD_BYTES, Paymaster};
use serde_json::{Value, json};

use crate::hostile::{CHAIN, operation, options};

const PAYMASTER: Address = Address::repeat_byte(0xaa);

async fn stub(version: EntryPointVersion, answer: Value) -> Result<PaymasterStub, BundlerError> {
    let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
    let client = PaymasterClient::new(&server.url(), options())?;
    let context = json!({"policy": 1});
    let outcome =
        client.stub_data(&operation(version), version.canonical_address(), CHAIN, &context).await;
    let call = &server.calls()[0];
    assert_eq!(call["method"], "pm_getPaymasterStubData");
    assert_eq!(call["params"][1], json!(version.canonical_address()));
    assert_eq!(call["params"][2], "0x7a69");
    assert_eq!(call["params"][3], context);
    outcome
}

async fn data(version: EntryPointVersion, answer: Value) -> Result<PaymasterData, BundlerError> {
    let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
    let client = PaymasterClient::new(&server.url(), options())?;
    client.data(&operation(version), version.canonical_address(), CHAIN, &Value::Null).await
}

#[tokio::test]
async fn a_stub_has_its_gas_limits_sponsor_and_finality() {
    let answer = json!({
        "paymaster": PAYMASTER, "paymasterData": "0xbeef",
        "paymasterVerificationGasLimit": "0x10", "paymasterPostOpGasLimit": "0x20",
        "sponsor": {"name": "Somebody"}, "isFinal": true, "unknown": 1,
    });

    let stub = stub(EntryPointVersion::V0_7, answer).await.unwrap();

    assert_eq!(stub.paymaster.address, PAYMASTER);
    assert_eq!(stub.paymaster.data, Bytes::from(vec![0xbe, 0xef]));
    assert_eq!(stub.paymaster.verification_gas_limit, 0x10);
    assert_eq!(stub.paymaster.post_op_gas_limit, 0x20);
    assert!(stub.is_final && stub.has_verification_gas_limit);
    assert_eq!(stub.sponsor.unwrap().name, "Somebody");
}

#[tokio::test]
async fn a_stub_without_its_post_op_gas_limit_is_refused_from_0_7_on() {
    let answer = json!({"paymaster": PAYMASTER, "paymasterData": "0x"});

    let error = stub(EntryPointVersion::V0_8, answer).await.unwrap_err();

    assert!(format!("{error:?}").contains("paymasterPostOpGasLimit"), "{error:?}");
}

#[tokio::test]
async fn the_form_of_0_6_is_one_field() {
    let packed: Bytes = [PAYMASTER.as_slice(), &[1, 2]].concat().into();

    let stub = stub(EntryPointVersion::V0_6, json!({"paymasterAndData": packed})).await.unwrap();

    assert_eq!((stub.paymaster.address, stub.paymaster.data), (PAYMASTER, vec![1, 2].into()));
    assert!(!stub.is_final && stub.sponsor.is_none());
}

#[tokio::test]
async fn the_signature_of_0_9_travels_apart() {
    let answer =
        json!({"paymaster": PAYMASTER, "paymasterData": "0x01", "paymasterSignature": "0x02"});

    let v0_9 = data(EntryPointVersion::V0_9, answer.clone()).await.unwrap();
    let v0_8 = data(EntryPointVersion::V0_8, answer).await.unwrap();

    assert_eq!(v0_9.paymaster.signature, Some(vec![2].into()));
    assert_eq!(v0_8.paymaster.signature, None);
}

#[tokio::test]
async fn missing_or_mistyped_fields_are_malformed() {
    let answers = [
        json!({}),
        json!(null),
        json!({"paymaster": PAYMASTER}),
        json!({"paymaster": "0x12", "paymasterData": "0x"}),
        json!({"paymaster": PAYMASTER, "paymasterData": "0x1"}),
        json!({"paymaster": PAYMASTER, "paymasterData": "0x", "paymasterPostOpGasLimit": -1}),
    ];
    for answer in answers {
        let error = data(EntryPointVersion::V0_7, answer.clone()).await.unwrap_err();
        let malformed =
            matches!(error, BundlerError::Failed { fault: Fault::Malformed { .. }, .. });
        assert!(malformed, "{answer}: {error:?}");
    }
    let short = json!({"paymasterAndData": "0x1234"});
    assert!(data(EntryPointVersion::V0_6, short).await.is_err());
}

#[tokio::test]
async fn what_an_operations_json_may_not_hold_an_answer_may_not_either() {
    let long = format!("0x{}", "00".repeat(MAX_FIELD_BYTES + 1));
    let signature = format!("0x{}", "01".repeat(65_536));
    // The paymaster signature's magic after a length that reaches before the data.
    let bad_length = "0x01ffff22e325a297439656";
    let named = |data: &str, signature: Option<&str>| json!({"paymaster": PAYMASTER, "paymasterData": data, "paymasterSignature": signature});
    let answers = [
        (EntryPointVersion::V0_6, json!({"paymasterAndData": long})),
        (EntryPointVersion::V0_7, named(&long, None)),
        (EntryPointVersion::V0_9, named("0x", Some(&signature))),
        (EntryPointVersion::V0_9, named(bad_length, None)),
    ];
    for (version, answer) in answers {
        let server = HostileServer::start(Reply::Result(answer)).await.unwrap();
        let roomy = ClientOptions { max_body: 1 << 20, ..options() };
        let client = PaymasterClient::new(&server.url(), roomy).unwrap();
        let op = operation(version);
        let asked = client.data(&op, version.canonical_address(), CHAIN, &Value::Null).await;
        let error = asked.unwrap_err();
        let malformed =
            matches!(error, BundlerError::Failed { fault: Fault::Malformed { .. }, .. });
        assert!(malformed, "{version}: {error:?}");
    }
    assert!(data(EntryPointVersion::V0_8, named(bad_length, None)).await.is_ok());
}

#[tokio::test]
async fn the_data_that_is_signed_is_asked_for_once() {
    let server = HostileServer::start(Reply::Raw(503, "busy".into())).await.unwrap();
    let client = PaymasterClient::new(&server.url(), options()).unwrap();
    let version = EntryPointVersion::V0_7;
    let (op, at) = (operation(version), version.canonical_address());
    let error = client.data(&op, at, CHAIN, &Value::Null).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(server.count("pm_getPaymasterData"), 1);
    client.stub_data(&op, at, CHAIN, &Value::Null).await.unwrap_err();
    assert_eq!(server.count("pm_getPaymasterStubData"), 3);
}

#[tokio::test]
async fn a_client_for_the_public_internet_goes_nowhere_else() {
    let server = HostileServer::start(Reply::Result(json!({}))).await.unwrap();
    let public = ClientOptions { reach: Reach::PublicInternet, ..options() };
    let refused = PaymasterClient::new(&server.url(), public).unwrap_err();
    assert!(matches!(refused, BundlerError::BadEndpoint { .. }), "{refused:?}");
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn gas_limits_of_the_estimate_are_kept_unless_named_again() {
    let estimated = Paymaster {
        address: PAYMASTER,
        verification_gas_limit: 10,
        post_op_gas_limit: 20,
        ..Paymaster::default()
    };
    let answer = json!({"paymaster": PAYMASTER, "paymasterData": "0x01",
        "paymasterPostOpGasLimit": "0x1e"});

    let named = data(EntryPointVersion::V0_7, answer).await.unwrap().onto(&estimated).unwrap();

    assert_eq!((named.verification_gas_limit, named.post_op_gas_limit), (10, 30));
    assert_eq!(named.data, Bytes::from(vec![1]));
}

#[tokio::test]
async fn another_paymaster_than_the_one_estimated_with_is_refused() {
    let estimated = Paymaster { address: Address::repeat_byte(1), ..Paymaster::default() };
    let answer = json!({"paymaster": PAYMASTER, "paymasterData": "0x"});

    let error = data(EntryPointVersion::V0_7, answer).await.unwrap().onto(&estimated).unwrap_err();

    assert!(format!("{error:?}").contains("another paymaster"), "{error:?}");
}
