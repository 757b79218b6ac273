//! Lies of which each half is true: one operation for one cosigner, another for the other.

use alloy::primitives::{Address, Bytes, U256};
use countersign_protocol::{SignCall, SignReply, UserOperationRequest};
use countersign_userop::{Call, Fees, GasLimits, UserOperation};

use super::liar::Liar;
use crate::shared::scene;

/// An operation under the same nonce, as good as the other by every rule, that pays somebody else.
fn another(liar: &Liar, truth: &UserOperationRequest) -> UserOperationRequest {
    let call = Call { to: Address::repeat_byte(0xc0), value: U256::from(1), data: Bytes::new() };
    let calls = liar.spec.encode_calls(&[call]).unwrap();
    let op = UserOperation::new(truth.version, truth.op.sender(), truth.op.nonce(), calls)
        .with_factory(truth.op.factory().cloned())
        .with_gas(GasLimits { call: 90_000, verification: 300_000, pre_verification: 50_000 })
        .with_fees(Fees { max_fee_per_gas: 2_000, max_priority_fee_per_gas: 1_000 });
    UserOperationRequest { op, ..truth.clone() }
}

#[tokio::test]
async fn two_members_that_are_shown_different_operations_sign_neither_and_ban_nobody() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(4);
    let first = liar.call(&[1, 2], truth.clone());
    // One attempt, so that the two meet.
    let second = SignCall { attempt: first.attempt, ..liar.call(&[1, 2], another(&liar, &truth)) };

    let replies = liar.ask_each(&[(1, &first), (2, &second)]).await;

    for (index, reply) in (1..).zip(&replies) {
        assert!(matches!(reply, SignReply::Failed { .. }), "cosigner {index}: {reply:?}");
    }
    // Each wrote down, before it spoke to the other, what it had been shown and that it would have signed it.
    let records = [liar.record(1, &first), liar.record(2, &second)];
    for record in &records {
        assert_eq!(record["decision"], "allowed", "{record}");
        assert_eq!(record["caller"], "gateway", "{record}");
    }
    assert_ne!(records[0]["digest"], records[1]["digest"], "{records:#?}");
    // It was the gateway's lie: no member is taken for a cheat.
    for index in 1..=3 {
        assert_eq!(liar.operator(index, &["bans"]), "", "cosigner {index}");
    }
    // The nonce is used up where it was shown: neither operation can be had from these two any more.
    for request in [truth.clone(), another(&liar, &truth)] {
        let call = liar.call(&[1, 2], request);
        for reply in liar.ask(&[1, 2], &call).await {
            assert!(!matches!(reply, SignReply::Signed(_)), "{reply:?}");
        }
    }
    liar.must_leave_the_honest_gateway_served("after showing two operations").await;
}
