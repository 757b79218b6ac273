//! Whose wish an operation is, who approved it, and what a policy makes of that: asked of whole daemons.

use alloy::primitives::{Bytes, address};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::SolCall as _;
use countersign_policy::Policy;
use countersign_protocol::{
    ApprovalSubject, Intent, IntentKey, SignedApproval, SignedIntent, UserOperationRequest,
};
use countersign_userop::{Call, UserOperation, preview_operation};

use super::*;
use crate::world::{CHAIN, spec};

const LATER: u64 = u64::MAX;

sol! {
    function rotateOwner(address newOwner, bytes proof);
}

/// Daemons under this policy; `WALLET`, `ONE` and `TWO` stand for three people.
async fn world(policies: &str, people: &[&PrivateKeySigner]) -> World {
    let world = World::start().await;
    let mut text = policies.to_owned();
    for (word, person) in ["WALLET", "ONE", "TWO"].iter().zip(people) {
        text = text.replace(word, &person.address().to_string());
    }
    world.policy.replace(Policy::parse(&text).unwrap());
    world
}

const DESK: &str = r#"
version = 1
policies = '''
@id("the desk")
permit (principal == Caller::"desk", action, resource) when { context.intentSigned };
'''
[[callers]]
name = "desk"
wallet = "WALLET"
"#;

/// The operation with its caller's signature under this id.
fn wished(
    request: UserOperationRequest,
    id: &str,
    wallet: &PrivateKeySigner,
) -> UserOperationRequest {
    let calls = spec().decode_calls(request.op.call_data()).unwrap();
    let (chain, sender) = (request.chain, request.op.sender());
    let intent = Intent { id, chain, sender, calls: &calls, expiry: LATER };
    let signature = wallet.sign_hash_sync(&intent.digest()).unwrap();
    let signed = SignedIntent {
        id: id.to_owned(),
        expiry: LATER,
        signer: IntentKey::Wallet(wallet.address()),
        signature: signature.as_bytes().into(),
    };
    UserOperationRequest { intent: Some(signed), ..request }
}

/// The same with other calls and the old signature.
fn altered(request: &UserOperationRequest, calls: &[Call]) -> UserOperationRequest {
    let op = &request.op;
    let data = spec().encode_calls(calls).unwrap();
    let op = UserOperation::new(op.version(), op.sender(), op.nonce(), data)
        .with_gas(op.gas())
        .with_fees(op.fees());
    UserOperationRequest { op, ..request.clone() }
}

async fn answers(world: &World, request: UserOperationRequest) -> Vec<SignReply> {
    world.ask_all(&world.call(&[1, 2], Request::UserOperation(request))).await
}

fn must_all_refuse(replies: &[SignReply], by: &str) {
    for reply in replies {
        assert_eq!(rule(reply), by, "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_registered_caller_signed_for_is_signed() {
    let wallet = PrivateKeySigner::random();
    let world = world(DESK, &[&wallet]).await;
    let good = wished(world.operation(1), "rent", &wallet);
    for reply in answers(&world, good.clone()).await {
        must_sign(&reply);
    }
    must_all_refuse(&answers(&world, world.operation(2)).await, "intent");
    let stranger = PrivateKeySigner::random();
    let theirs = wished(world.operation(2), "rent", &stranger);
    must_all_refuse(&answers(&world, theirs).await, "intent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_alters_or_repeats_an_intent_is_refused_by_name() {
    let wallet = PrivateKeySigner::random();
    let world = world(DESK, &[&wallet]).await;
    let good = wished(world.operation(1), "rent", &wallet);
    let more = Call { to: Address::repeat_byte(0xbe), value: U256::from(2), data: Bytes::new() };
    must_all_refuse(&answers(&world, altered(&good, &[more])).await, "intent");
    for reply in answers(&world, good.clone()).await {
        must_sign(&reply);
    }
    // The same intent under another nonce, and under another nonce key.
    for nonce in [U256::from(2), U256::from(1) << 64] {
        let op = &good.op;
        let again = UserOperation::new(op.version(), op.sender(), nonce, op.call_data().clone())
            .with_gas(op.gas())
            .with_fees(op.fees());
        let again = UserOperationRequest { op: again, ..good.clone() };
        must_all_refuse(&answers(&world, again).await, "intent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_intent_is_refused_by_name() {
    let wallet = PrivateKeySigner::random();
    let world = world(DESK, &[&wallet]).await;
    let mut late = wished(world.operation(1), "rent", &wallet);
    let calls = spec().decode_calls(late.op.call_data()).unwrap();
    let sender = late.op.sender();
    let intent = Intent { id: "rent", chain: CHAIN, sender, calls: &calls, expiry: 1 };
    let signature = wallet.sign_hash_sync(&intent.digest()).unwrap().as_bytes().into();
    let signer = IntentKey::Wallet(wallet.address());
    late.intent = Some(SignedIntent { id: "rent".into(), expiry: 1, signer, signature });
    let replies = answers(&world, late).await;
    must_all_refuse(&replies, "intent");
    assert!(format!("{replies:?}").contains("expired"), "{replies:?}");
}

const TWO_PEOPLE: &str = r#"
version = 1
waive_intents = true
policies = '''
@id("two people")
permit (principal, action, resource) when { context.approvals.contains("clerks:2") };
'''
[groups]
clerks = ["WALLET", "ONE", "TWO"]
"#;

/// A person's approval of what a cosigner would show of the operation.
fn approval(request: &UserOperationRequest, person: &PrivateKeySigner) -> SignedApproval {
    let hash = *request.op.hash(request.entry_point, request.chain).as_b256();
    let shown = preview_operation(&request.op, request.entry_point, request.chain, Some(&spec()));
    let preview = *shown.hash().as_b256();
    let subject = ApprovalSubject { chain: request.chain, hash, preview };
    let signature = person.sign_hash_sync(&subject.digest(LATER)).unwrap();
    SignedApproval {
        approver: person.address(),
        chain_id: request.chain,
        user_op_hash: hash,
        preview,
        expiry: LATER,
        signature: signature.as_bytes().into(),
    }
}

async fn approved(
    world: &World,
    request: &UserOperationRequest,
    approvals: Vec<SignedApproval>,
) -> Vec<SignReply> {
    let call = world.call(&[1, 2], Request::UserOperation(request.clone()));
    world.ask_all(&SignCall { approvals, ..call }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_approve_the_exact_operation_or_it_is_not_signed() {
    let [one, two, three] = [(); 3].map(|()| PrivateKeySigner::random());
    let world = world(TWO_PEOPLE, &[&one, &two, &three]).await;
    let request = world.operation(1);
    let by = |person| approval(&request, person);
    must_all_refuse(&approved(&world, &request, vec![by(&one)]).await, "approval");
    must_all_refuse(&approved(&world, &request, vec![by(&one), by(&one)]).await, "approval");
    let other = approval(&world.operation(2), &two);
    must_all_refuse(&approved(&world, &request, vec![by(&one), other]).await, "approval");
    let forged = SignedApproval { approver: two.address(), ..by(&one) };
    must_all_refuse(&approved(&world, &request, vec![by(&one), forged]).await, "approval");
    for reply in approved(&world, &request, vec![by(&one), by(&three)]).await {
        must_sign(&reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_does_not_count_among_those_who_approve() {
    let [asker, other, third] = [(); 3].map(|()| PrivateKeySigner::random());
    let callers = "[[callers]]\nname = \"desk\"\nwallet = \"WALLET\"\n";
    let policies = format!("{TWO_PEOPLE}\n{callers}");
    let world = world(&policies, &[&asker, &other, &third]).await;
    let request = wished(world.operation(1), "rent", &asker);
    let by = |person| approval(&request, person);
    must_all_refuse(&approved(&world, &request, vec![by(&asker), by(&other)]).await, "approval");
    for reply in approved(&world, &request, vec![by(&other), by(&third)]).await {
        must_sign(&reply);
    }
}

const ROTATION: &str = r#"
version = 1
waive_intents = true
policies = '''
@id("rotation")
@grants("owner")
permit (principal, action, resource);
'''
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_change_of_owner_stops_everything_else_until_it_is_final() {
    let world = world(ROTATION, &[]).await;
    let rotate = rotateOwnerCall {
        newOwner: address!("00000000000000000000000000000000000000aa"),
        proof: Bytes::from(vec![1; 65]),
    };
    let plain = world.operation(1);
    let sender = plain.op.sender();
    let call = Call { to: sender, value: U256::ZERO, data: rotate.abi_encode().into() };
    for reply in answers(&world, altered(&plain, &[call])).await {
        must_sign(&reply);
    }
    must_all_refuse(&answers(&world, world.operation(2)).await, "barrier");
    world.node.consumed.lock().unwrap().insert(sender, U256::from(2));
    for reply in answers(&world, world.operation(2)).await {
        must_sign(&reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_in_the_answer_and_on_record() {
    let world = World::start().await;
    let request = world.operation(1);
    let shown = preview_operation(&request.op, request.entry_point, request.chain, Some(&spec()));
    let hash = *shown.hash().as_b256();
    for reply in answers(&world, request).await {
        assert_eq!(must_sign(&reply).preview, hash);
    }
    let lines = world.daemons[&1].store.audit_lines(0, 10).await.unwrap();
    assert!(lines.iter().any(|line| line.contains(&hash.to_string())), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_read_again_holds_from_the_next_request_on() {
    let world = World::start().await;
    for reply in answers(&world, world.operation(1)).await {
        must_sign(&reply);
    }
    world
        .policy
        .replace(Policy::parse("version = 1\nwaive_intents = true\npolicies = ''").unwrap());
    must_all_refuse(&answers(&world, world.operation(2)).await, "policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_says_what_would_be_said_and_leaves_nothing_behind() {
    let capped = r#"
version = 1
waive_intents = true
policies = '''
@id("all")
permit (principal, action, resource);
@id("capped")
forbid (principal, action, resource) when { context.exceeded.contains("tiny") };
'''
[[limits]]
name = "tiny"
asset = "native"
max = "1"
window_s = 3600
"#;
    let world = world(capped, &[]).await;
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let signer = &world.daemons[&1].signer;
    for _ in 0..3 {
        let (_, told) = signer.explain(GATEWAY, &call).await.unwrap();
        told.verdict.unwrap();
        let (verdict, exceeded) = told.policy.unwrap();
        assert!(verdict.to_string().contains("\"all\"") && exceeded.is_empty(), "{verdict}");
    }
    assert_eq!(world.daemons[&1].store.audit_head().await.unwrap().count, 0);
    for reply in world.ask_all(&call).await {
        must_sign(&reply);
    }
    let next = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    let (_, told) = signer.explain(GATEWAY, &next).await.unwrap();
    assert_eq!(told.verdict.unwrap_err().rule, Rule::Policy);
    assert!(told.policy.unwrap().1.contains("tiny"));
}
