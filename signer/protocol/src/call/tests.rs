//! Calls and answers over the wire.

use std::time::Duration;

use super::{Attempt, CallError, ChildNumber, FailureClass, SignCall, SignReply};
use super::{SignedReply, StageTime};
use crate::request::tests::user_operation;

fn call() -> SignCall {
    SignCall {
        key: "main".parse().unwrap(),
        child: ChildNumber::new(7),
        request: user_operation(),
        quorum: vec![1, 3],
        attempt: Attempt([5; 16]),
        approvals: Vec::new(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        deadline: Duration::from_millis(1_500),
    }
}

#[test]
fn a_call_survives_the_wire() {
    let again = SignCall::from_wire(call().to_wire()).unwrap();
    assert_eq!(again.to_wire(), call().to_wire());
    assert_eq!(again.request.hash(), call().request.hash());
}

#[test]
fn each_malformed_field_is_named() {
    let good = call().to_wire();
    let error = |change: fn(&mut crate::wire::SignRequest)| {
        let mut bad = good.clone();
        change(&mut bad);
        SignCall::from_wire(bad).unwrap_err().to_string()
    };
    assert!(error(|m| m.version = 2).contains("format 2"));
    assert!(error(|m| m.key = "../x".into()).contains("../x"));
    assert!(error(|m| m.child = Some(1 << 31)).contains("child"));
    assert!(error(|m| m.attempt = vec![0; 15]).contains("attempt"));
    for quorum in [vec![], vec![2, 1], vec![1, 1], vec![0, 1], vec![1, 256], (1..40).collect()] {
        let bad = crate::wire::SignRequest { quorum, ..good.clone() };
        assert!(matches!(SignCall::from_wire(bad), Err(CallError::Field { name: "quorum" })));
    }
}

#[test]
fn every_answer_survives_the_wire() {
    let failed = |class| SignReply::Failed {
        class,
        message: "why".into(),
        culprits: vec![2],
        suspects: vec![1, 3],
        retryable: true,
    };
    let signed = SignReply::Signed(SignedReply {
        signature: [7; 65],
        saw: vec!["transfer".into()],
        preview: alloy::primitives::B256::repeat_byte(0x9e),
        stages: vec![StageTime { name: "judge".into(), ms: 1.5 }],
    });
    let refused = SignReply::Refused { rule: "chain".into(), message: "unknown".into() };
    use FailureClass::{Caller, Internal, Network, Peer};
    let failures = [Caller, Peer, Network, Internal].map(failed);
    for reply in failures.into_iter().chain([signed, refused]) {
        assert_eq!(SignReply::from_wire(reply.clone().into_wire()).unwrap(), reply);
    }
    assert!(SignReply::from_wire(crate::wire::SignResponse::default()).is_err());
}
