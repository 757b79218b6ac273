//! Signatures on what is no operation, by children of keys.

use alloy::{
    consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable as _},
    eips::eip2718::Decodable2718 as _,
    primitives::{Address, B256, U256, eip191_hash_message},
};
use countersign::{
    Caller, CallerSignature, CreateSigner, GivenSignature, ServiceError, SignRequest, Signer,
    ToSign, TraceContext,
};
use countersign_protocol::{IntentKey, Request};
use countersign_userop::Signature65;
use serde_json::json;

use super::{
    stand_in::{Manners, WALLETS, secret},
    world::{Setting, World},
};

async fn signer(world: &World) -> Signer {
    let ask = CreateSigner { key: WALLETS.into(), index: None };
    let signer = world.gateway.create_signer(&World::caller(), ask).await.unwrap();
    assert_eq!(signer.address, secret(WALLETS, Some(signer.index)).address());
    signer
}

fn request(signer: &Signer, what: ToSign) -> SignRequest {
    let signer = CreateSigner { key: signer.key.clone(), index: Some(signer.index) };
    SignRequest { signer, what, intent: None }
}

async fn must_sign(world: &World, signer: &Signer, what: ToSign) -> GivenSignature {
    let given = world.gateway.sign(&World::caller(), request(signer, what)).await.unwrap();
    let bytes: [u8; 65] = given.signature.as_ref().try_into().unwrap();
    let recovered = Signature65::new(bytes).unwrap().recover(given.digest).unwrap();
    assert_eq!((recovered, given.signer), (signer.address, signer.address));
    given
}

#[tokio::test]
async fn a_child_of_a_key_signs_messages_typed_data_authorizations_and_transactions() {
    let world = World::start(Setting::default()).await;
    let signer = signer(&world).await;

    let message = must_sign(&world, &signer, ToSign::Message(b"hello".into())).await;
    assert_eq!(message.digest, eip191_hash_message("hello"));
    assert!(message.shown.iter().any(|line| line.contains("hello")), "{:?}", message.shown);

    let mail = json!({
        "types": { "Mail": [{ "name": "words", "type": "string" }] }, "primaryType": "Mail",
        "domain": { "name": "Post", "chainId": 31_337 }, "message": { "words": "hello" },
    });
    let typed = must_sign(&world, &signer, ToSign::TypedData(mail)).await;
    assert_ne!(typed.digest, message.digest);

    let gives = json!({ "chainId": "0x7a69", "address": Address::ZERO, "nonce": "0x1" });
    must_sign(&world, &signer, ToSign::Authorization(gives)).await;

    let transaction = json!({
        "chainId": "0x7a69", "nonce": "0x0", "to": Address::repeat_byte(0xbe), "value": "0x1",
        "gas": "0x5208", "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00",
    });
    let signed = must_sign(&world, &signer, ToSign::Transaction(transaction.clone())).await;
    let raw = signed.transaction.clone().unwrap();
    let sent = TxEnvelope::decode_2718(&mut raw.as_slice()).unwrap();
    assert_eq!(sent.recover_signer().unwrap(), signer.address);
    assert_eq!(sent.value(), U256::ONE);

    // The same again is the same digest, and lands on a chain.
    let again = must_sign(&world, &signer, ToSign::Transaction(transaction)).await;
    assert_eq!(again.digest, signed.digest);
    world.anvil.set_balance(signer.address, U256::from(10).pow(U256::from(18))).await.unwrap();
    let raw = alloy::primitives::hex::encode_prefixed(again.transaction.unwrap());
    let hash: B256 = world.anvil.rpc().call("eth_sendRawTransaction", json!([raw])).await.unwrap();
    assert_ne!(hash, B256::ZERO);
}

#[tokio::test]
async fn a_callers_intent_reaches_the_cosigners_and_their_refusal_the_caller() {
    let world = World::start(Setting::default()).await;
    let signer = signer(&world).await;
    let intent = CallerSignature {
        expiry: 2_000_000_000,
        signer: IntentKey::Wallet(Address::repeat_byte(7)),
        signature: vec![7; 65].into(),
    };
    let what = ToSign::Message(b"hello".into());
    let ask = SignRequest {
        intent: Some(("greet".into(), intent.clone())),
        ..request(&signer, what.clone())
    };
    world.gateway.sign(&World::caller(), ask).await.unwrap();
    let asked = world.stand_ins.asked.lock().unwrap().last().cloned().unwrap();
    let Request::Signable(asked) = asked else { panic!("{asked:?}") };
    let carried = asked.intent.unwrap();
    assert_eq!((carried.id.as_str(), carried.signer), ("greet", intent.signer));

    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));
    let refused = world.gateway.sign(&World::caller(), request(&signer, what)).await.unwrap_err();
    assert!(
        matches!(&refused, ServiceError::Refused { rule, .. } if rule == "test_rule"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_signer_belongs_to_the_caller_that_had_it_first() {
    let world = World::start(Setting::default()).await;
    let signer = signer(&world).await;
    let other = Caller::new("other");
    let ask = request(&signer, ToSign::Message(b"hello".into()));
    let refused = world.gateway.sign(&other, ask).await.unwrap_err();
    assert!(matches!(refused, ServiceError::ForeignChild { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_signature_belongs_to_its_callers_trace() {
    let world = World::start(Setting::default()).await;
    let signer = signer(&world).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let context = TraceContext::parse(&format!("00-{trace}-b7ad6b7169203331-01")).unwrap();
    let ask = request(&signer, ToSign::Message(b"hello".into()));
    world.gateway.sign(&World::caller().traced(context), ask).await.unwrap();
    let told = world.stand_ins.traced.lock().unwrap().clone();
    assert!(!told.is_empty());
    for header in told {
        let header = header.expect("each cosigner is told");
        assert!(header.starts_with(&format!("00-{trace}-")), "{header}");
    }
}
