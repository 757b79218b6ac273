//! Calldata that looks like a transfer, and is none.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol;
use alloy::sol_types::{SolCall as _, SolValue as _};
use countersign_userop::Call;

use super::liar::retold;
use super::strict::{HEIR, Strict, strict};
use crate::ledger::transferCall;

sol! {
    function approve(address spender, uint256 amount) returns (bool);
    function execute(bytes32 mode, bytes executionData) external payable;

    struct Inner {
        address target;
        bytes callData;
    }
    function aggregate(Inner[] calls) external payable;
}

fn transfer() -> Vec<u8> {
    transferCall { to: HEIR, amount: U256::from(1) }.abi_encode()
}

/// A call to the token, with what passes for a transfer at a glance.
fn to_token(story: &Strict, data: Vec<u8>) -> Call {
    Call { to: story.world.deployments().token, value: U256::ZERO, data: data.into() }
}

/// The desk signs it as it is; the policy, which knows transfers, does not.
async fn must_be_no_transfer(story: &mut Strict, lie: &str, calls: &[Call]) {
    let request = story.wish(calls);
    let call = story.liar.call(&[1, 2], request);
    story.liar.must_be_refused(lie, "policy", &call).await;
}

#[tokio::test]
async fn what_only_begins_like_a_transfer_is_refused_by_name() {
    let mut story = strict().await;
    let honest = to_token(&story, transfer());
    let good = story.wish(std::slice::from_ref(&honest));
    story.liar.must_be_signed(&story.liar.call(&[1, 2], good)).await;

    let trailing = [&transfer()[..], &[0]].concat();
    let another_word = [&transfer()[..], &[0; 32]].concat();
    let mut dirty = transfer();
    // The receiver's word has twelve bytes before the address, which a token may ignore.
    dirty[4] = 1;
    let short = transfer()[..36].to_vec();
    let cases = [
        ("a byte behind it", trailing),
        ("a word behind it", another_word),
        ("bits above the address", dirty),
        ("an amount that is not there", short),
        ("its name and nothing else", transfer()[..4].to_vec()),
    ];
    for (lie, data) in cases {
        let call = to_token(&story, data);
        must_be_no_transfer(&mut story, lie, &[call]).await;
    }
    story.must_leave_the_honest_gateway_served("after what began like a transfer").await;
}

#[tokio::test]
async fn what_hides_behind_a_transfer_is_refused_by_name() {
    let mut story = strict().await;
    let honest = to_token(&story, transfer());
    let approve = approveCall { spender: HEIR, amount: U256::from(1) }.abi_encode();
    let approve = to_token(&story, approve);
    must_be_no_transfer(&mut story, "behind a transfer", &[honest.clone(), approve.clone()]).await;

    // A stranger's batch of one transfer and one approval.
    let inner = |call: &Call| Inner { target: call.to, callData: call.data.clone() };
    let data = aggregateCall { calls: vec![inner(&honest), inner(&approve)] }.abi_encode();
    let batch = Call { to: Address::repeat_byte(0xba), value: U256::ZERO, data: data.into() };
    must_be_no_transfer(&mut story, "in a stranger's batch", &[batch]).await;

    // The account calls itself, and would do what it is told there.
    let inside = story.liar.spec.encode_calls(std::slice::from_ref(&honest)).unwrap();
    let itself = Call { to: story.liar.sender(), value: U256::ZERO, data: inside };
    let request = story.wish(&[honest, itself]);
    let call = story.liar.call(&[1, 2], request);
    story.liar.must_be_refused_as("the account itself", "targets", "calls itself", &call).await;
    story.must_leave_the_honest_gateway_served("after what hid behind a transfer").await;
}

#[tokio::test]
async fn a_batch_that_two_readers_would_read_differently_is_refused_by_name() {
    let mut story = strict().await;
    let calls = [to_token(&story, transfer()), to_token(&story, transfer())];
    let truth = story.wish(&calls);
    let told = executeCall::abi_decode(truth.op.call_data()).unwrap();

    let word = |n: usize| U256::from(n).to_be_bytes::<32>();
    // The batch stands one word further on, behind a word that no decoder looks at.
    let padded = told.executionData.abi_encode();
    let gap = [&executeCall::SELECTOR[..], &told.mode[..], &word(0x60), &word(0), &padded[32..]];
    // Both calls are the same bytes: the second offset points where the first does.
    let mut shared = told.executionData.to_vec();
    let offsets = 64..128;
    let first: Vec<u8> = shared[offsets.start..offsets.start + 32].to_vec();
    shared[offsets.start + 32..offsets.end].copy_from_slice(&first);
    let shared = executeCall { mode: told.mode, executionData: shared.into() }.abi_encode();
    let trailing = [truth.op.call_data(), &[0; 32][..]].concat();
    let cases: [(&str, Bytes); 3] = [
        ("an offset with a gap", gap.concat().into()),
        ("two offsets to one call", shared.into()),
        ("a word behind it", trailing.into()),
    ];
    for (lie, data) in cases {
        let (sender, factory) = (truth.op.sender(), truth.op.factory().cloned());
        let call = story.liar.call(&[1, 2], retold(&truth, sender, data, factory));
        story.liar.must_be_refused_as(lie, "calls", "canonical", &call).await;
    }
    story.liar.must_be_signed(&story.liar.call(&[1, 2], truth)).await;
    story.must_leave_the_honest_gateway_served("after batches of two readings").await;
}
