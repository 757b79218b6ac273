//! Lies about what, where, for whom and with whom.

use alloy::primitives::{Address, Bytes, U256};
use countersign_protocol::UserOperationRequest;
use countersign_userop::{AccountSpec, ChainId, EntryPointVersion};

use super::liar::{Liar, retold};
use crate::shared::scene;

const STRANGER: Address = Address::repeat_byte(0x5a);

#[tokio::test]
async fn another_chain_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let mut lie = liar.truth(0);
    lie.chain = ChainId::new(1);
    liar.must_be_refused("another chain", "feature", &liar.call(&[1, 2], lie)).await;
    liar.must_leave_the_honest_gateway_served("after a lie about the chain").await;
}

#[tokio::test]
async fn another_entry_point_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    for address in [STRANGER, EntryPointVersion::V0_7.canonical_address()] {
        let lie = UserOperationRequest { entry_point: address, ..liar.truth(0) };
        let call = liar.call(&[1, 2], lie);
        liar.must_be_refused("another EntryPoint", "entry-point", &call).await;
    }
    liar.must_leave_the_honest_gateway_served("after a lie about the EntryPoint").await;
}

#[tokio::test]
async fn another_sender_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(0);
    let calls = truth.op.call_data().clone();
    let factory = truth.op.factory().cloned();
    // With and without init code; the latter is looked up on the cosigner's own node.
    for factory in [factory, None] {
        let lie = retold(&truth, STRANGER, calls.clone(), factory);
        liar.must_be_refused("another sender", "sender", &liar.call(&[1, 2], lie)).await;
    }
    liar.must_leave_the_honest_gateway_served("after a lie about the sender").await;
}

#[tokio::test]
async fn an_unknown_factory_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let mut lie = liar.truth(0);
    lie.account.factory = STRANGER;
    liar.must_be_refused("a claimed factory", "account", &liar.call(&[1, 2], lie)).await;

    let truth = liar.truth(0);
    let foreign =
        AccountSpec::new(liar.spec.kind, liar.spec.version, STRANGER, liar.spec.implementation);
    let factory = foreign.unwrap().factory_call(liar.owner, liar.salt);
    let (sender, calls) = (truth.op.sender(), truth.op.call_data().clone());
    let lie = retold(&truth, sender, calls, Some(factory));
    liar.must_be_refused("a factory in init code", "init-code", &liar.call(&[1, 2], lie)).await;
    liar.must_leave_the_honest_gateway_served("after a lie about the factory").await;
}

#[tokio::test]
async fn init_code_for_another_owner_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(0);
    let (sender, calls) = (truth.op.sender(), truth.op.call_data().clone());
    let factories = [
        liar.spec.factory_call(STRANGER, liar.salt),
        liar.spec.factory_call(liar.owner, liar.salt + U256::from(1)),
    ];
    for factory in factories {
        let lie = retold(&truth, sender, calls.clone(), Some(factory));
        liar.must_be_refused("another owner", "init-code", &liar.call(&[1, 2], lie)).await;
    }
    liar.must_leave_the_honest_gateway_served("after a lie about the owner").await;
}

#[tokio::test]
async fn calls_that_do_not_decode_are_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    let truth = liar.truth(0);
    let whole = truth.op.call_data().clone();
    let torn = whole.slice(..whole.len() - 40);
    for calls in [Bytes::from_static(b"\xde\xad\xbe\xef"), torn] {
        let lie = retold(&truth, truth.op.sender(), calls, truth.op.factory().cloned());
        liar.must_be_refused("calls", "calls", &liar.call(&[1, 2], lie)).await;
    }
    liar.must_leave_the_honest_gateway_served("after a lie about the calls").await;
}

#[tokio::test]
async fn a_wrong_quorum_is_refused_by_name() {
    let liar = Liar::new(scene().await).await;
    for quorum in [&[1, 2, 3][..], &[3, 4], &[1, 2, 9]] {
        let call = liar.call(quorum, liar.truth(0));
        liar.must_be_refused("the quorum", "quorum", &call).await;
    }
    liar.must_leave_the_honest_gateway_served("after a lie about the quorum").await;
}
