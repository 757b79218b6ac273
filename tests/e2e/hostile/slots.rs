//! A nonce is signed for once; a replacement is the same operation, dearer.

use countersign_protocol::UserOperationRequest;
use countersign_userop::GasLimits;

use super::liar::{Liar, with_fees};
use crate::shared::scene;

#[tokio::test]
async fn a_second_operation_for_a_used_nonce_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(1);
    liar.must_be_signed(&liar.call(&[1, 2], truth.clone())).await;

    let second = liar.another(&truth);
    liar.must_be_refused("a second operation", "journal", &liar.call(&[1, 2], second)).await;
    // What was signed once may be asked for again.
    liar.must_be_signed(&liar.call(&[1, 2], truth)).await;
    liar.must_leave_the_honest_gateway_served("after a second operation").await;
}

#[tokio::test]
async fn a_replacement_with_lower_gas_limits_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(2);
    liar.must_be_signed(&liar.call(&[1, 2], truth.clone())).await;
    let lower = [
        GasLimits { call: 89_999, verification: 300_000, pre_verification: 50_000 },
        GasLimits { call: 90_000, verification: 299_999, pre_verification: 50_000 },
        GasLimits { call: 90_000, verification: 300_000, pre_verification: 49_999 },
    ];
    for gas in lower {
        let dearer = with_fees(truth.clone(), 4_000, 2_000);
        let lower = UserOperationRequest { op: dearer.op.with_gas(gas), ..truth.clone() };
        liar.must_be_refused("lower gas", "journal", &liar.call(&[1, 2], lower)).await;
    }
    liar.must_leave_the_honest_gateway_served("after lower gas limits").await;
}

#[tokio::test]
async fn a_replacement_with_fees_raised_too_little_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(3);
    liar.must_be_signed(&liar.call(&[1, 2], truth.clone())).await;
    for (max, tip) in [(2_199, 1_100), (2_200, 1_099), (2_000, 1_000 + 1), (1_000, 500)] {
        let cheap = with_fees(truth.clone(), max, tip);
        liar.must_be_refused("cheap", "journal", &liar.call(&[1, 2], cheap)).await;
    }
    // By a tenth, it is a replacement.
    liar.must_be_signed(&liar.call(&[1, 2], with_fees(truth, 2_200, 1_100))).await;
    liar.must_leave_the_honest_gateway_served("after cheap replacements").await;
}
