//! Messages, authorizations, transactions, owner proofs and canaries: strict JSON, the right digest.

use alloy::{
    consensus::SignableTransaction as _,
    primitives::{Address, B256, U256, eip191_hash_message, hex, keccak256},
    sol_types::SolValue,
};
use countersign_userop::{
    AdminClass, Asset, Authorization, Canary, ChainId, Message, OnceSlot, OwnerProof, ParseError,
    Transaction,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const ONE: &str = "0x1111111111111111111111111111111111111111";
const TWO: &str = "0x2222222222222222222222222222222222222222";

fn field<T: std::fmt::Debug>(result: Result<T, ParseError>) -> String {
    result.expect_err("malformed").field().to_owned()
}

fn message(bytes: &[u8]) -> Result<Message, ParseError> {
    Message::from_json(&json!({ "message": hex::encode_prefixed(bytes) }))
}

fn authorization() -> Value {
    json!({ "chainId": "0x1", "authority": ONE, "address": TWO, "nonce": "0x7" })
}

fn owner_proof() -> Value {
    json!({ "chainId": 31337, "account": ONE, "newOwner": TWO, "nonce": "0x5" })
}

fn canary() -> Value {
    let transcript = format!("{:#x}", B256::repeat_byte(7));
    json!({ "key": "main", "epoch": "0x2", "transcript": transcript, "counter": "0x3" })
}

fn transaction() -> Value {
    json!({
        "type": "0x2", "chainId": "0x1", "from": ONE, "nonce": "0x2", "to": TWO, "value": "0x6",
        "data": "0x", "gas": "0x5", "maxFeePerGas": "0x4", "maxPriorityFeePerGas": "0x3",
    })
}

/// The object with one member replaced, or added.
fn with(mut json: Value, name: &str, value: Value) -> Value {
    json[name] = value;
    json
}

#[test]
fn a_message_is_hashed_as_a_personal_one() {
    let message = message(b"pay 5 to Ada\nnow").unwrap();
    assert_eq!(message.digest(), eip191_hash_message(b"pay 5 to Ada\nnow"));
    assert_eq!(Message::from_json(&message.to_json()), Ok(message.clone()));
    assert_eq!(message.lines()[1..3], ["| pay 5 to Ada", "| now"]);
}

#[test]
fn a_message_that_may_be_a_hash_is_refused() {
    let word = B256::repeat_byte(0xab);
    let text = hex::encode(word);
    let refused: [Vec<u8>; 7] = [
        word.to_vec(),
        text.clone().into_bytes(),
        format!("0x{text}").into_bytes(),
        format!(" 0x{text}\n").into_bytes(),
        b"\x19\x01rest".to_vec(),
        Vec::new(),
        vec![b'a'; countersign_userop::MAX_MESSAGE_BYTES + 1],
    ];
    for bytes in refused {
        assert_eq!(field(message(&bytes)), "message", "{}", hex::encode(bytes));
    }
    for bytes in [&word[..31], &[&word[..], &[1]].concat()] {
        assert!(message(bytes).is_ok());
    }
}

#[test]
fn a_message_that_would_disguise_itself_is_shown_in_hex() {
    for text in ["a\u{202e}b", "a\u{200b}b", "a\rb", "\u{1b}[2J"] {
        let message = message(text.as_bytes()).unwrap();
        assert_eq!(message.text(), None);
        assert!(message.lines()[2].contains(&hex::encode(text)), "{:?}", message.lines());
    }
}

#[test]
fn an_authorization_is_hashed_as_eip7702_says() {
    let read = Authorization::from_json(&authorization()).unwrap();
    let address = hex::decode(&TWO[2..]).unwrap();
    let rlp = [&[0x05, 0xd7, 0x01, 0x94][..], &address, &[0x07]].concat();
    assert_eq!(read.digest(), keccak256(rlp));
    assert_eq!(Authorization::from_json(&read.to_json()), Ok(read));
    assert_eq!(read.effects().admin[0].class, AdminClass::Delegate);
    let OnceSlot::Nonce { chain, nonce, .. } = read.slot() else { panic!("a nonce") };
    assert_eq!((chain.map(|c| c.get()), nonce), (Some(1), U256::from(7)));
}

#[test]
fn an_authorization_for_every_chain_is_refused() {
    for zero in [json!("0x0"), json!(0)] {
        let json = with(authorization(), "chainId", zero);
        assert_eq!(field(Authorization::from_json(&json)), "chainId");
    }
    let json = with(authorization(), "nonce", json!("0xffffffffffffffff"));
    assert_eq!(field(Authorization::from_json(&json)), "nonce");
}

#[test]
fn a_transaction_is_hashed_as_eip1559_says() {
    let read = Transaction::from_json(&transaction()).unwrap();
    let to = hex::decode(&TWO[2..]).unwrap();
    let rlp = [&[0x02, 0xdd, 1, 2, 3, 4, 5, 0x94][..], &to, &[6, 0x80, 0xc0]].concat();
    assert_eq!(read.digest(), keccak256(rlp));
    assert_eq!(read.digest(), read.unsigned().signature_hash());
    assert_eq!(Transaction::from_json(&read.to_json()), Ok(read.clone()));
    assert_eq!(read.max_cost_wei(), U256::from(20));
    assert_eq!(read.effects().total_out(read.from, Asset::Native), U256::from(6));
}

#[test]
fn a_transaction_of_another_type_is_refused_by_name() {
    let cases = [
        ("type", json!("0x4")),
        ("type", json!("0x0")),
        ("authorizationList", json!([])),
        ("blobVersionedHashes", json!([])),
        ("maxFeePerBlobGas", json!("0x1")),
        ("gasPrice", json!("0x1")),
        ("chainId", json!("0x0")),
        ("maxPriorityFeePerGas", json!("0x5")),
        ("input", json!("0x01")),
        ("note", json!("0x01")),
        ("accessList", json!([{ "address": ONE }])),
        ("accessList", json!(vec![json!({ "address": ONE, "storageKeys": [] }); 257])),
    ];
    for (name, value) in cases {
        let json = with(transaction(), name, value.clone());
        assert_eq!(field(Transaction::from_json(&json)), name, "{value}");
    }
}

#[test]
fn a_transaction_that_creates_a_contract_shows_what_it_creates() {
    let json = with(with(transaction(), "to", Value::Null), "data", json!("0x600a"));
    let read = Transaction::from_json(&json).unwrap();
    assert!(!read.effects().is_understood());
    let other = with(json, "data", json!("0x600b"));
    let other = Transaction::from_json(&other).unwrap();
    assert_ne!(read.canonical().hash(), other.canonical().hash());
    assert!(read.lines().iter().any(|line| line.contains("create contract")));
}

#[test]
fn an_owner_proof_is_what_the_account_computes() {
    let read = OwnerProof::from_json(&owner_proof()).unwrap();
    let (account, new_owner) = (Address::repeat_byte(0x11), Address::repeat_byte(0x22));
    let domain_type =
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let domain = keccak256(
        (
            keccak256(domain_type),
            keccak256("CountersignAccount"),
            keccak256("1"),
            U256::from(31337),
            account,
        )
            .abi_encode(),
    );
    let proof = keccak256(
        (keccak256("OwnerProof(address newOwner,uint256 nonce)"), new_owner, U256::from(5))
            .abi_encode(),
    );
    let expected = keccak256([&[0x19, 0x01], domain.as_slice(), proof.as_slice()].concat());
    assert_eq!(read.digest(), expected);
    assert_eq!(OwnerProof::from_json(&read.to_json()), Ok(read));
    for owner in [ONE.to_owned(), format!("{:#x}", Address::ZERO)] {
        let json = with(owner_proof(), "newOwner", json!(owner));
        assert_eq!(field(OwnerProof::from_json(&json)), "newOwner");
    }
}

#[test]
fn every_part_of_a_canary_changes_its_digest() {
    let base = Canary::from_json(&canary()).unwrap();
    assert_eq!(Canary::from_json(&base.to_json()), Ok(base.clone()));
    insta::assert_snapshot!(base.digest(), @"0x1a8dcf7caac8fd0d33824b74e3c9a3df517831e9f57bda6a893383af70b790f9");
    let transcript = format!("{:#x}", B256::repeat_byte(8));
    let others = [
        ("key", json!("main2")),
        ("epoch", json!("0x3")),
        ("transcript", json!(transcript)),
        ("counter", json!("0x2")),
    ];
    for (name, value) in others {
        let other = Canary::from_json(&with(canary(), name, value)).unwrap();
        assert_ne!(other.digest(), base.digest(), "{name}");
        assert_ne!(other.canonical().hash(), base.canonical().hash(), "{name}");
    }
    assert_eq!(field(Canary::from_json(&with(canary(), "key", json!("No")))), "key");
}

#[test]
fn what_is_built_by_hand_is_held_to_the_same() {
    let (none, one) = (ChainId::new(0), ChainId::new(1));
    let (a, b) = (Address::repeat_byte(0x11), Address::repeat_byte(0x22));
    assert_eq!(field(Authorization::new(none, a, b, 0)), "chainId");
    assert_eq!(field(Authorization::new(one, a, b, u64::MAX)), "nonce");
    assert_eq!(field(OwnerProof::new(none, a, b, 0)), "chainId");
    assert_eq!(field(OwnerProof::new(one, a, a, 0)), "newOwner");
    assert_eq!(field(Canary::new("No", 0, B256::ZERO, 0)), "key");
    let read = Authorization::from_json(&authorization());
    assert_eq!(Authorization::new(one, a, b, 7), read);
    assert_eq!(Canary::new("main", 2, B256::repeat_byte(7), 3), Canary::from_json(&canary()));
}

#[test]
fn every_kind_names_what_is_missing_and_what_is_unknown() {
    type Read = fn(&Value) -> Option<ParseError>;
    let kinds: [(Value, Read); 5] = [
        (json!({ "message": "0x6869" }), |json| Message::from_json(json).err()),
        (authorization(), |json| Authorization::from_json(json).err()),
        (owner_proof(), |json| OwnerProof::from_json(json).err()),
        (canary(), |json| Canary::from_json(json).err()),
        (transaction(), |json| Transaction::from_json(json).err()),
    ];
    for (good, read) in kinds {
        assert_eq!(read(&good), None);
        let unknown = with(good.clone(), "extra", json!("0x1"));
        assert_eq!(read(&unknown).map(|e| e.field().to_owned()).as_deref(), Some("extra"));
        for name in good.as_object().unwrap().keys() {
            if ["type", "to", "value", "data"].contains(&name.as_str()) {
                continue;
            }
            let mut without = good.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&without).map(|e| e.field().to_owned()).as_ref(), Some(name));
            let wrong = read(&with(good.clone(), name, json!({ "a": [1.5] })));
            assert_eq!(wrong.map(|e| e.field().to_owned()).as_ref(), Some(name));
        }
        assert!(read(&json!([])).is_some());
    }
}

#[test]
fn canonical_forms_of_all_kinds_are_pinned() {
    let calls = with(
        transaction(),
        "data",
        json!(format!("0x095ea7b3{}{}", format!("{:0>64}", &TWO[2..]), "f".repeat(64))),
    );
    let forms = [
        message(b"hello").unwrap().canonical(),
        Authorization::from_json(&authorization()).unwrap().canonical(),
        OwnerProof::from_json(&owner_proof()).unwrap().canonical(),
        Canary::from_json(&canary()).unwrap().canonical(),
        Transaction::from_json(&calls).unwrap().canonical(),
    ];
    let text = |form: &countersign_userop::CanonicalPreview| format!("{form:?}\n{}", form.hash());
    insta::assert_snapshot!(forms.iter().map(text).collect::<Vec<_>>().join("\n"));
}

proptest! {
    #[test]
    fn any_message_is_shown_on_lines_that_it_cannot_break(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        if let Ok(message) = message(&bytes) {
            for line in message.lines() {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
            prop_assert_eq!(message.digest(), eip191_hash_message(&bytes));
        }
    }

    #[test]
    fn any_json_is_read_without_panic(json in crate::typed_data::any_json()) {
        let _ = Message::from_json(&json);
        let _ = Authorization::from_json(&json);
        let _ = OwnerProof::from_json(&json);
        let _ = Canary::from_json(&json);
        let _ = Transaction::from_json(&json);
    }
}
