//! What stands alone, asked of whole daemons: each kind signs for its own key, and each rule refuses by name.

use alloy::primitives::{address, hex};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use countersign_policy::Policy;
use countersign_protocol::{
    ChildNumber, IntentKey, SignableIntent, SignableRequest, SignedIntent, wire,
};
use countersign_userop::{EntryPointVersion, Signable, SignableKind};
use serde_json::{Value, json};

use super::*;
use crate::accounts::DeployedAccount;
use crate::world::{paymaster, spec};

const TOKEN: Address = address!("7070707070707070707070707070707070707070");
const DELEGATE: Address = address!("7702770277027702770277027702770277027702");
const FRIEND: Address = address!("bebebebebebebebebebebebebebebebebebebebe");

/// Everything that has a name is granted.
const GRANTED: &str = r#"
version = 1
waive_intents = true
policies = '''
@id("all")
@grants("undecodable, owner, delegate, raw-typed-data, permit, plain-account, every-chain, unlimited-approval")
permit (principal, action, resource) unless { context.exceeded.contains("tokens") };
'''
[[limits]]
name = "tokens"
asset = "0x7070707070707070707070707070707070707070"
chain = 31337
max = "100"
window_s = 3600
"#;

/// Everything is permitted, and nothing granted.
const BLANKET: &str = r#"
version = 1
waive_intents = true
policies = '''
@id("all")
permit (principal, action, resource);
'''
"#;

async fn world(policy: &str) -> World {
    let world = World::start().await;
    world.policy.replace(Policy::parse(policy).unwrap());
    world
}

fn one(kind: SignableKind, json: &Value) -> Signable {
    Signable::from_json(kind, json).unwrap().unwrap()
}

fn message(bytes: &[u8]) -> Signable {
    one(SignableKind::Message, &json!({ "message": hex::encode_prefixed(bytes) }))
}

fn authorization(authority: Address, delegate: Address, nonce: u64) -> Signable {
    let nonce = format!("{nonce:#x}");
    let json = json!({
        "chainId": "0x7a69", "authority": authority, "address": delegate, "nonce": nonce,
    });
    one(SignableKind::Authorization, &json)
}

/// A transaction of nonce 1 that sends one wei, with one change.
fn transaction(from: Address, field: &str, value: Value) -> Signable {
    let mut json = json!({
        "chainId": "0x7a69", "from": from, "nonce": "0x1", "to": FRIEND, "value": "0x1",
        "gas": "0x5208", "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00",
    });
    json[field] = value;
    one(SignableKind::Transaction, &json)
}

/// An ERC-2612 permit over so many tokens.
fn permit(owner: Address, amount: u64, nonce: u64) -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    json!({
        "types": { "Permit": [
            field("owner", "address"), field("spender", "address"), field("value", "uint256"),
            field("nonce", "uint256"), field("deadline", "uint256"),
        ] },
        "primaryType": "Permit",
        "domain": { "name": "Token", "chainId": 31_337, "verifyingContract": TOKEN },
        "message": {
            "owner": owner, "spender": FRIEND, "value": amount.to_string(),
            "nonce": nonce.to_string(), "deadline": "2000000000",
        },
    })
}

/// A permit2 transfer of so many tokens.
fn permit2(amount: u64, nonce: u64) -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    json!({
        "types": {
            "PermitTransferFrom": [
                field("permitted", "TokenPermissions"), field("spender", "address"),
                field("nonce", "uint256"), field("deadline", "uint256"),
            ],
            "TokenPermissions": [field("token", "address"), field("amount", "uint256")],
        },
        "primaryType": "PermitTransferFrom",
        "domain": {
            "name": "Permit2", "chainId": 31_337,
            "verifyingContract": "0x000000000022d473030f116ddee9f6b43ac78ba3",
        },
        "message": {
            "permitted": { "token": TOKEN, "amount": amount.to_string() }, "spender": FRIEND,
            "nonce": nonce.to_string(), "deadline": "2000000000",
        },
    })
}

fn mail(domain: &Value) -> Value {
    json!({
        "types": { "Mail": [{ "name": "words", "type": "string" }] },
        "primaryType": "Mail", "domain": domain, "message": { "words": "hello" },
    })
}

fn typed(json: &Value) -> Signable {
    one(SignableKind::TypedData, json)
}

/// A call for this by the child of a key; a canary is of the key itself.
fn call(world: &World, key: &str, signable: Signable) -> SignCall {
    let child = match signable {
        Signable::Canary(_) => None,
        _ => ChildNumber::new(crate::world::CHILD),
    };
    let request = Request::Signable(SignableRequest { signable, intent: None });
    SignCall { key: name(key), child, ..world.call(&[1, 2], request) }
}

async fn must_sign_for(world: &World, key: &str, signable: Signable) {
    let digest = signable.digest();
    let (lines, preview) = (signable.lines(), *signable.canonical().hash().as_b256());
    let replies = world.ask_all(&call(world, key, signable)).await;
    for reply in &replies {
        let signed = must_sign(reply);
        assert_eq!(recovered(signed, digest), world.address(key));
        assert_eq!((&signed.saw, signed.preview), (&lines, preview));
    }
}

async fn must_refuse(world: &World, key: &str, what: &str, signable: Signable, by: &str) {
    let replies = world.ask_all(&call(world, key, signable)).await;
    for reply in &replies {
        assert_eq!(rule(reply), by, "{what}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_key_signs_each_kind_and_says_what_it_saw() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    for signable in [
        message(b"hello"),
        typed(&mail(&json!({ "name": "Post", "chainId": 31_337 }))),
        typed(&mail(&json!({ "name": "Post" }))),
        typed(&permit(us, 60, 1)),
        authorization(us, DELEGATE, 1),
        authorization(us, Address::ZERO, 2),
        transaction(us, "value", json!("0x2")),
    ] {
        must_sign_for(&world, "purse", signable.clone()).await;
        // The same again is a signature of the same digest again.
        must_sign_for(&world, "purse", signable).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_signs_only_the_kinds_that_its_purpose_covers() {
    let world = world(GRANTED).await;
    for (key, signable) in [
        ("sponsor", message(b"hello")),
        ("sponsor", typed(&mail(&json!({ "chainId": 31_337 })))),
        ("sponsor", transaction(world.address("sponsor"), "value", json!("0x1"))),
        ("sponsor", authorization(world.address("sponsor"), DELEGATE, 1)),
        ("sponsor", proof(world.address("sponsor"))),
        ("purse", proof(world.address("purse"))),
    ] {
        must_refuse(&world, key, key, signable, "purpose").await;
    }
    let operation = Request::UserOperation(world.operation(1));
    let mut by_purse = world.call(&[1, 2], operation);
    by_purse.key = name("purse");
    assert_eq!(rule(&world.ask(1, &by_purse).await), "purpose");
}

fn proof(new_owner: Address) -> Signable {
    let json = json!({
        "chainId": "0x7a69", "account": FRIEND, "newOwner": new_owner, "nonce": "0x0",
    });
    one(SignableKind::OwnerProof, &json)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_owns_accounts_signs_as_a_plain_account_only_what_is_granted_by_name() {
    let us = |world: &World| world.address("treasury");
    let blanket = world(BLANKET).await;
    let owner = us(&blanket);
    blanket.node.accounts.lock().unwrap().insert(TOKEN, nothing());
    for (what, signable) in [
        ("a transaction", transaction(owner, "value", json!("0x1"))),
        ("an authorization", authorization(owner, DELEGATE, 1)),
        ("a permit", typed(&permit(owner, 1, 1))),
        ("a proof", proof(owner)),
    ] {
        must_refuse(&blanket, "treasury", what, signable, "policy").await;
    }
    let granted = world(GRANTED).await;
    let owner = us(&granted);
    granted.node.accounts.lock().unwrap().insert(TOKEN, nothing());
    for signable in [
        transaction(owner, "value", json!("0x1")),
        authorization(owner, DELEGATE, 1),
        typed(&permit(owner, 1, 1)),
        proof(owner),
    ] {
        must_sign_for(&granted, "treasury", signable).await;
    }
}

/// What a node says of a place with no account of ours.
fn nothing() -> DeployedAccount {
    DeployedAccount { code: vec![1].into(), implementation: B256::ZERO, owner: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_name_needs_its_grant() {
    let world = world(BLANKET).await;
    let us = world.address("purse");
    must_sign_for(&world, "purse", message(b"hello")).await;
    for (what, signable) in [
        ("bytes that are no text", message(&[0xff, 0, 1])),
        ("raw typed data", typed(&mail(&json!({ "chainId": 31_337 })))),
        ("a permit", typed(&permit(us, 1, 1))),
        ("a permit2 transfer", typed(&permit2(1, 1))),
        ("an authorization", authorization(us, DELEGATE, 1)),
        ("a new contract", transaction(us, "to", Value::Null)),
        ("a function that nobody knows", transaction(us, "data", json!("0x12345678"))),
    ] {
        must_refuse(&world, "purse", what, signable, "policy").await;
    }
    must_sign_for(&world, "purse", transaction(us, "value", json!("0x1"))).await;
    let narrow = BLANKET.replace("permit (", "@grants(\"raw-typed-data\")\npermit (");
    world.policy.replace(Policy::parse(&narrow).unwrap());
    must_sign_for(&world, "purse", typed(&mail(&json!({ "chainId": 31_337 })))).await;
    let everywhere = typed(&mail(&json!({ "name": "Post" })));
    must_refuse(&world, "purse", "typed data for every chain", everywhere, "policy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signer_that_a_request_names_is_our_own_address() {
    let world = world(GRANTED).await;
    for (key, signable) in [
        ("purse", authorization(FRIEND, DELEGATE, 1)),
        ("purse", transaction(FRIEND, "value", json!("0x1"))),
        // The address of the key itself is not that of its child.
        ("purse", transaction(world.address("treasury"), "value", json!("0x1"))),
        ("treasury", proof(TOKEN)),
    ] {
        let kind = signable.kind().as_str();
        must_refuse(&world, key, kind, signable, "signer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegate_and_a_chain_are_configured_or_refused() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    must_refuse(&world, "purse", "a delegate", authorization(us, FRIEND, 1), "delegation").await;
    for signable in [
        transaction(us, "chainId", json!("0x1")),
        typed(&mail(&json!({ "chainId": 1 }))),
        one(
            SignableKind::Authorization,
            &json!({ "chainId": "0x1", "authority": us, "address": DELEGATE, "nonce": "0x1" }),
        ),
    ] {
        let kind = signable.kind().as_str();
        must_refuse(&world, "purse", kind, signable, "chain").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_bounded_in_cost_and_calls_no_entry_point() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    let dear = json!("0xffffffffffffff");
    must_refuse(&world, "purse", "a dear one", transaction(us, "maxFeePerGas", dear), "cost").await;
    let gas = json!("0x1dcd6500000");
    must_refuse(&world, "purse", "much gas", transaction(us, "gas", gas), "cost").await;
    let entry_point = json!(EntryPointVersion::V0_7.canonical_address());
    must_refuse(&world, "purse", "a deposit", transaction(us, "to", entry_point), "targets").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_takes_one_transaction_or_the_same_dearer() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    must_sign_for(&world, "purse", transaction(us, "value", json!("0x1"))).await;
    for (field, value) in [
        ("value", json!("0x2")),
        ("to", json!(TOKEN)),
        ("data", json!("0xa9059cbb")),
        ("gas", json!("0x5209")),
        ("accessList", json!([{ "address": TOKEN, "storageKeys": [] }])),
    ] {
        must_refuse(&world, "purse", field, transaction(us, field, value), "journal").await;
    }
    let mut dearer = transaction(us, "value", json!("0x1"));
    if let Signable::Transaction(one) = &mut dearer {
        one.fees = Fees { max_fee_per_gas: 2_200_000_000, max_priority_fee_per_gas: 1_100_000_000 };
    }
    must_sign_for(&world, "purse", dearer).await;
    // Another nonce is another slot, and so is that of an authorization.
    must_sign_for(&world, "purse", transaction(us, "nonce", json!("0x2"))).await;
    must_sign_for(&world, "purse", authorization(us, DELEGATE, 1)).await;
    let other = authorization(us, Address::ZERO, 1);
    must_refuse(&world, "purse", "another authorization", other, "journal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_counts_as_an_approval_against_the_limits_and_its_nonce_is_used_once() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    let (beyond, other) = (typed(&permit(us, 101, 1)), typed(&permit(us, 41, 2)));
    must_refuse(&world, "purse", "one beyond the limit", beyond, "policy").await;
    must_sign_for(&world, "purse", typed(&permit(us, 60, 1))).await;
    must_refuse(&world, "purse", "two beyond the limit", other, "policy").await;
    let again = typed(&permit(us, 1, 1));
    must_refuse(&world, "purse", "another of the same nonce", again, "journal").await;
    let beyond = typed(&permit2(41, 1));
    must_refuse(&world, "purse", "a permit2 beyond the limit", beyond, "policy").await;
    must_sign_for(&world, "purse", typed(&permit2(40, 1))).await;
    let last = typed(&permit(us, 1, 3));
    must_refuse(&world, "purse", "beyond all of them", last, "policy").await;
    // Each child is a signer of its own: the same permit2 nonce is another's.
    let mut sibling = call(&world, "purse", typed(&permit2(0, 1)));
    sibling.child = ChildNumber::new(9);
    must_sign(&world.ask_all(&sibling).await[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_for_every_chain_counts_on_each() {
    let world = world(GRANTED).await;
    let mut everywhere = permit(world.address("purse"), 101, 1);
    everywhere["domain"].as_object_mut().unwrap().remove("chainId");
    let everywhere = typed(&everywhere);
    must_refuse(&world, "purse", "a permit for every chain", everywhere, "policy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_data_is_verified_by_no_entry_point_no_paymaster_and_no_account_of_ours() {
    let world = world(GRANTED).await;
    let by = |contract: Address| {
        typed(&mail(&json!({ "chainId": 31_337, "verifyingContract": contract })))
    };
    let first = spec().address(world.owner(), U256::ZERO);
    must_refuse(&world, "treasury", "a paymaster", by(paymaster()), "typed-data").await;
    must_refuse(&world, "purse", "a paymaster", by(paymaster()), "typed-data").await;
    must_refuse(&world, "treasury", "our first account", by(first), "typed-data").await;
    must_refuse(&world, "treasury", "what cannot be read", by(FRIEND), "typed-data").await;
    let ours = DeployedAccount {
        code: spec().runtime_code(),
        implementation: spec().implementation.into_word(),
        owner: Some(world.owner()),
    };
    world.node.accounts.lock().unwrap().insert(FRIEND, ours.clone());
    must_refuse(&world, "treasury", "an account of ours", by(FRIEND), "typed-data").await;
    let theirs = DeployedAccount { owner: Some(TOKEN), ..ours };
    world.node.accounts.lock().unwrap().insert(FRIEND, theirs);
    must_sign_for(&world, "treasury", by(FRIEND)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_or_typed_data_that_could_be_an_operation_is_no_request() {
    let world = world(GRANTED).await;
    let operation = world.operation(1);
    let hash = operation.op.hash(operation.entry_point, operation.chain);
    let entry_point = json!({
        "name": "ERC4337", "version": "1", "chainId": 31_337,
        "verifyingContract": EntryPointVersion::V0_8.canonical_address(),
    });
    let sponsor = json!({
        "name": "CountersignPaymaster", "version": "1", "chainId": 31_337,
        "verifyingContract": paymaster(),
    });
    for (kind, signable, told) in [
        ("message", json!({ "message": hash }), "32 bytes"),
        ("message", json!({ "message": hex::encode_prefixed(hash.to_string()) }), "32 bytes"),
        ("typedData", mail(&entry_point), "EntryPoint"),
        ("typedData", mail(&sponsor), "one of ours"),
        ("typedData", mail(&json!({})), "empty"),
        (
            "authorization",
            json!({
                "chainId": "0x0", "authority": world.address("purse"), "address": DELEGATE,
                "nonce": "0x1",
            }),
            "zero",
        ),
    ] {
        let request = json!({ "version": 1, "kind": kind, "body": { "signable": signable } });
        let good = call(&world, "purse", message(b"hello")).to_wire();
        let asked = wire::SignRequest { request: request.to_string().into_bytes(), ..good };
        let answer = world.daemons[&1].signer.answer(GATEWAY, asked).await;
        match SignReply::from_wire(answer).unwrap() {
            SignReply::Refused { rule, message } => {
                assert_eq!(rule, "parse");
                assert!(message.contains(told), "{kind}: {message}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_a_registered_callers_wish_or_refused() {
    let wallet = PrivateKeySigner::random();
    let policy = GRANTED.replace("waive_intents = true", "").replacen(
        "[[limits]]",
        &format!("[[callers]]\nname = \"desk\"\nwallet = \"{}\"\n[[limits]]", wallet.address()),
        1,
    );
    let world = world(&policy).await;
    let us = world.address("purse");
    let wished = |signable: Signable, meant: &Signable, id: &str| {
        let intent = SignableIntent::new(id, meant, us, u64::MAX);
        let signature = wallet.sign_hash_sync(&intent.digest()).unwrap().as_bytes().into();
        let signer = IntentKey::Wallet(wallet.address());
        let intent = Some(SignedIntent { id: id.into(), expiry: u64::MAX, signer, signature });
        let request = Request::Signable(SignableRequest { signable, intent });
        SignCall { key: name("purse"), ..world.call(&[1, 2], request) }
    };
    let (good, other) = (message(b"hello"), message(b"goodbye"));
    must_refuse(&world, "purse", "nobody's wish", good.clone(), "intent").await;
    let altered = wished(other.clone(), &good, "greet");
    assert_eq!(rule(&world.ask(1, &altered).await), "intent");
    must_sign(&world.ask_all(&wished(good.clone(), &good, "greet")).await[0]);
    let again = wished(other.clone(), &other, "greet");
    assert_eq!(rule(&world.ask(1, &again).await), "intent");
    must_sign(&world.ask_all(&wished(other.clone(), &other, "part")).await[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_tries_the_generation_that_we_hold_and_needs_no_grant() {
    let world = world(BLANKET).await;
    let key = world.daemons[&1].keys.get(&name("treasury")).unwrap();
    let good = json!({
        "key": "treasury", "epoch": format!("{:#x}", key.record.epoch),
        "transcript": B256::from(key.record.transcript), "counter": "0x1",
    });
    let canary = |field: &str, value: Value| {
        let mut json = good.clone();
        json[field] = value;
        one(SignableKind::Canary, &json)
    };
    let sound = canary("counter", json!("0x1"));
    let digest = sound.digest();
    let replies = world.ask_all(&call(&world, "treasury", sound)).await;
    assert_eq!(recovered(must_sign(&replies[0]), digest), Address::from(key.share.address()));
    for (field, value) in [
        ("key", json!("sponsor")),
        ("epoch", json!("0x77")),
        ("transcript", json!(B256::repeat_byte(7))),
    ] {
        must_refuse(&world, "treasury", field, canary(field, value), "canary").await;
    }
    let child = SignCall {
        child: ChildNumber::new(1),
        ..call(&world, "treasury", canary("counter", json!("0x2")))
    };
    assert_eq!(rule(&world.ask(1, &child).await), "canary");
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptors_add_words_for_people_and_change_no_hash() {
    let mut world = world(BLANKET).await;
    let mut descriptors = countersign_userop::Descriptors::new();
    let deployments = json!([{ "chainId": 31_337, "address": TOKEN }]);
    let token = json!({
        "context": { "contract": { "deployments": deployments } },
        "metadata": { "owner": "Token Inc." },
        "display": { "formats": { "transfer(address to,uint256 value)": {
            "intent": "Send", "fields": [{ "path": "value", "label": "Amount", "format": "raw" }],
        } } },
    });
    let mut post = token.clone();
    post["context"] = json!({ "eip712": { "domain": { "name": "Post" } } });
    post["display"] = json!({ "formats": { "Mail": { "intent": "Write", "fields": [] } } });
    descriptors.add(&token.to_string()).unwrap();
    descriptors.add(&post.to_string()).unwrap();
    world.descriptors = Arc::new(descriptors);
    // given that party 1 has words and party 2 has none
    world.restart(1).await;
    let narrow = BLANKET.replace("permit (", "@grants(\"raw-typed-data\")\npermit (");
    world.policy.replace(Policy::parse(&narrow).unwrap());
    let us = world.address("purse");
    let data = format!("0xa9059cbb{:0>64}{:064x}", hex::encode(FRIEND), 5);
    let mut transfer = transaction(us, "to", json!(TOKEN));
    if let Signable::Transaction(one) = &mut transfer {
        one.data = data.parse().unwrap();
    }
    let mail = typed(&mail(&json!({ "name": "Post", "chainId": 31_337 })));
    for (signable, words) in
        [(transfer, "words on 1: described as: Send"), (mail, "described as: Write")]
    {
        let lines = signable.lines();
        let replies = world.ask_all(&call(&world, "purse", signable)).await;
        let [with, without] = [must_sign(&replies[0]), must_sign(&replies[1])];
        assert_eq!(with.preview, without.preview);
        assert_eq!(without.saw, lines);
        assert_eq!(with.saw[..lines.len()], lines);
        assert!(with.saw[lines.len()..].iter().any(|line| line.contains(words)), "{:?}", with.saw);
    }
    let audit = world.daemons[&1].store.audit_lines(0, 100).await.unwrap();
    assert!(audit.iter().any(|line| line.contains("described as: Send")), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_switched_on_is_refused_by_the_name_of_its_flag() {
    let world = world(GRANTED).await;
    let us = world.address("purse");
    let on = r#"
        version = 1
        everywhere.requests = ["message"]
        [[chains]]
        id = 31337
        requests = ["userOperation", "transaction"]
        accounts = ["countersign"]
    "#;
    world.features.replace(countersign_protocol::Features::parse(on).unwrap());
    must_sign_for(&world, "purse", message(b"hello")).await;
    must_sign_for(&world, "purse", transaction(us, "value", json!("0x1"))).await;
    let operation = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    must_sign(&world.ask_all(&operation).await[0]);
    let approval = world.call(&[1, 2], Request::PaymasterApproval(world.approval(1)));
    for (asked, flag) in [
        (call(&world, "purse", typed(&permit(us, 1, 1))), "chains.31337.requests.typedData"),
        (
            call(&world, "purse", typed(&mail(&json!({ "name": "Post" })))),
            "everywhere.requests.typedData",
        ),
        (approval, "chains.31337.requests.paymasterApproval"),
    ] {
        match world.ask(1, &asked).await {
            SignReply::Refused { rule, message } => {
                assert_eq!(
                    (rule.as_str(), message),
                    ("feature", format!("the feature {flag} is off"))
                );
            }
            other => panic!("{other:?}"),
        }
    }
    world.features.replace(countersign_protocol::Features::parse("version = 1").unwrap());
    let operation = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    assert_eq!(rule(&world.ask(1, &operation).await), "feature");
}
