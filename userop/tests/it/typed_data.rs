//! Typed data: one reading, the right digest, permits seen, disguises refused.

mod permits;

use std::{borrow::Cow, time::Duration};

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::{Eip712Domain, SolStruct},
};
use countersign_userop::{
    ChainlessDomain, EntryPointVersion, OnceSlot, ParseError, TypedData, TypedValue,
};
use proptest::prelude::*;
use serde_json::{Value, json};

sol! {
    struct Order {
        address maker;
        uint256[] amounts;
        bytes32 salt;
        int128 delta;
        bytes note;
        bool open;
        Leg leg;
    }
    struct Leg {
        string name;
        uint8 number;
    }
}

pub(crate) fn read(json: &Value) -> Result<TypedData, ParseError> {
    TypedData::from_json(json, ChainlessDomain::Refused)
}

pub(crate) fn refused(json: &Value) -> String {
    read(json).expect_err("refused").field().to_owned()
}

/// The example in the standard's text.
pub(crate) fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" },
                { "name": "version", "type": "string" },
                { "name": "chainId", "type": "uint256" },
                { "name": "verifyingContract", "type": "address" },
            ],
            "Person": [
                { "name": "name", "type": "string" },
                { "name": "wallet", "type": "address" },
            ],
            "Mail": [
                { "name": "from", "type": "Person" },
                { "name": "to", "type": "Person" },
                { "name": "contents", "type": "string" },
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail", "version": "1", "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
            "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
            "contents": "Hello, Bob!",
        },
    })
}

/// The example with the value at a JSON pointer replaced.
fn mail_with(pointer: &str, value: Value) -> Value {
    let mut json = mail();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = json.pointer_mut(parent).expect("it is there");
    match parent.as_array_mut() {
        Some(items) => items[name.parse::<usize>().expect("an index")] = value,
        None => parent[name] = value,
    }
    json
}

#[test]
fn the_standards_own_example_has_its_digest() {
    let read = read(&mail()).unwrap();
    let expected = "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2";
    assert_eq!(format!("{:#x}", read.digest()), expected);
    assert_eq!(TypedData::from_json(&read.to_json(), ChainlessDomain::Refused), Ok(read.clone()));
    assert_eq!(read.slot(), OnceSlot::Digest { digest: read.digest() });
    assert_eq!(read.permit(), None);
    insta::assert_snapshot!(format!("{:?}\n{}", read.canonical(), read.lines().join("\n")));
}

#[test]
fn every_type_is_hashed_as_the_compiled_struct_is() {
    let order = Order {
        maker: Address::repeat_byte(3),
        amounts: vec![U256::MAX, U256::from(2)],
        salt: [9; 32].into(),
        delta: -5,
        note: vec![1, 2, 3].into(),
        open: true,
        leg: Leg { name: "né".into(), number: 255 },
    };
    let json = json!({
        "types": {
            "Order": [
                { "name": "maker", "type": "address" }, { "name": "amounts", "type": "uint256[]" },
                { "name": "salt", "type": "bytes32" }, { "name": "delta", "type": "int128" },
                { "name": "note", "type": "bytes" }, { "name": "open", "type": "bool" },
                { "name": "leg", "type": "Leg" },
            ],
            "Leg": [{ "name": "name", "type": "string" }, { "name": "number", "type": "uint8" }],
        },
        "primaryType": "Order",
        "domain": { "name": "Shop", "chainId": "0x2105" },
        "message": {
            "maker": format!("{:#x}", order.maker), "amounts": [U256::MAX.to_string(), "0x2"],
            "salt": format!("0x{}", "09".repeat(32)), "delta": -5, "note": "0x010203",
            "open": true, "leg": { "name": "né", "number": 255 },
        },
    });
    let domain =
        Eip712Domain::new(Some(Cow::Borrowed("Shop")), None, Some(U256::from(8453)), None, None);
    assert_eq!(read(&json).unwrap().digest(), order.eip712_signing_hash(&domain));
    assert_eq!(
        read(&json).unwrap().message().field("delta"),
        Some(&TypedValue::Number("-5".into()))
    );
}

#[test]
fn the_domains_type_follows_from_its_members() {
    let mut without = mail();
    without["types"].as_object_mut().unwrap().remove("EIP712Domain");
    assert_eq!(read(&without).unwrap().digest(), read(&mail()).unwrap().digest());
    let wrong = [
        json!([]),
        json!([{ "name": "name", "type": "string" }]),
        json!([
            { "name": "version", "type": "string" }, { "name": "name", "type": "string" },
            { "name": "chainId", "type": "uint256" },
            { "name": "verifyingContract", "type": "address" },
        ]),
        json!([
            { "name": "name", "type": "string" }, { "name": "version", "type": "string" },
            { "name": "chainId", "type": "uint64" },
            { "name": "verifyingContract", "type": "address" },
        ]),
    ];
    for declared in wrong {
        let json = mail_with("/types/EIP712Domain", declared);
        assert_eq!(refused(&json), "types.EIP712Domain");
    }
    for domain in [json!({}), json!([]), json!("x"), json!({ "name": null })] {
        without["domain"] = domain;
        let error = TypedData::from_json(&without, ChainlessDomain::Granted).unwrap_err();
        assert!(error.field().starts_with("domain"), "{error}");
    }
    without["domain"] = json!({ "chainId": 1, "owner": "x" });
    assert_eq!(refused(&without), "domain.owner");
}

#[test]
fn a_domain_without_a_chain_needs_a_grant() {
    let mut json = mail();
    json["types"].as_object_mut().unwrap().remove("EIP712Domain");
    json["domain"].as_object_mut().unwrap().remove("chainId");
    assert_eq!(refused(&json), "domain.chainId");
    let granted = TypedData::from_json(&json, ChainlessDomain::Granted).unwrap();
    assert_eq!(granted.chain(), None);
    assert!(granted.lines()[0].contains("EVERY chain"));
    assert_eq!(refused(&mail_with("/domain/chainId", json!(0))), "domain.chainId");
}

#[test]
fn domains_and_types_of_other_kinds_are_refused() {
    for name in ["ERC4337", " erc4337", "CountersignAccount", "CountersignIntent", "countersign x"]
    {
        assert_eq!(refused(&mail_with("/domain/name", json!(name))), "domain.name");
    }
    for version in EntryPointVersion::ALL {
        let address = format!("{:#x}", version.canonical_address());
        let json = mail_with("/domain/verifyingContract", json!(address));
        assert_eq!(refused(&json), "domain.verifyingContract");
    }
    let own = Address::repeat_byte(0xcc);
    let error = read(&mail()).unwrap().refuse_verified_by(&[own]).unwrap_err();
    assert_eq!(error.field(), "domain.verifyingContract");
    let reserved = [
        "SafeTx",
        "SafeMessage",
        "PackedUserOperation",
        "TypedDataSign",
        "PersonalSign",
        "OwnerProof",
        "SponsorApproval",
        "CountersignApproval",
        "CoinbaseSmartWalletMessage",
    ];
    for name in reserved {
        let mut json = mail_with("/types/Mail/0/type", json!(name));
        json["types"][name] = json["types"]["Person"].clone();
        assert_eq!(refused(&json), format!("types.{name}"));
    }
}

#[test]
fn each_value_has_one_reading() {
    let cases = [
        ("uint8", json!(256)),
        ("uint8", json!(-1)),
        ("uint8", json!(1.0)),
        ("uint8", json!("01")),
        ("uint8", json!("")),
        ("uint8", json!("1e2")),
        ("uint8", json!(" 1")),
        ("uint8", json!(null)),
        ("uint8", json!(true)),
        ("uint256", json!("9".repeat(79))),
        ("int8", json!(128)),
        ("int8", json!("-129")),
        ("int8", json!("-0")),
        ("bool", json!("true")),
        ("bool", json!(1)),
        ("address", json!("0x1234")),
        ("address", json!("1111111111111111111111111111111111111111")),
        ("bytes", json!("text")),
        ("bytes", json!([1, 2])),
        ("bytes4", json!("0x123456")),
        ("bytes4", json!("0x1234567890")),
        ("string", json!(1)),
        ("uint8[2]", json!([1])),
        ("uint8[]", json!("0x")),
        ("uint8[][]", json!([1])),
    ];
    for (kind, value) in cases {
        let mut json = mail_with("/types/Mail/2/type", json!(kind));
        json["message"]["contents"] = value.clone();
        assert!(refused(&json).starts_with("message.contents"), "{kind} {value}");
    }
}

#[test]
fn structs_have_their_own_members_and_no_other() {
    assert_eq!(refused(&mail_with("/message/from/extra", json!(1))), "message.from.extra");
    let mut json = mail();
    json["message"]["to"].as_object_mut().unwrap().remove("wallet");
    assert_eq!(refused(&json), "message.to.wallet");
    assert_eq!(refused(&mail_with("/message/to", json!(null))), "message.to");
    assert_eq!(refused(&mail_with("/extra", json!(1))), "extra");
}

#[test]
fn types_that_could_be_read_as_others_are_refused() {
    let names = [
        "uint",
        "int",
        "uint7",
        "uint264",
        "bytes33",
        "function",
        "fixed128x18",
        "a b",
        "Person,uint256 x",
        "Person)Mail(string x",
        "",
        "EIP712Domain",
        "(uint256)",
        "Person[",
        "Person[]x",
        "Person[01]",
        "Person[][][][]",
        "Person[5000]",
    ];
    for name in names {
        let json = mail_with("/types/Mail/0/type", json!(name));
        assert!(refused(&json).starts_with("types.Mail"), "{name}: {}", refused(&json));
    }
    for name in ["", "a b", "x,uint256 y", "x)", "é"] {
        let json = mail_with("/types/Person/0/name", json!(name));
        assert_eq!(refused(&json), "types.Person.name");
    }
    let twice = json!([{ "name": "a", "type": "bool" }, { "name": "a", "type": "bool" }]);
    assert_eq!(refused(&mail_with("/types/Person", twice)), "types.Person");
    assert_eq!(refused(&mail_with("/primaryType", json!("EIP712Domain"))), "primaryType");
    assert_eq!(refused(&mail_with("/primaryType", json!("Nobody"))), "types.Nobody");
}

#[test]
fn types_that_unfold_without_end_are_refused_at_once() {
    let member = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let itself = json!([member("next", "Person[]"), member("name", "string")]);
    assert_eq!(refused(&mail_with("/types/Person", itself)), "types");
    let back = json!([member("back", "Mail")]);
    assert_eq!(refused(&mail_with("/types/Person", back)), "types");
    // Each type has sixteen of the next: 16^7 members if they were written out.
    let mut json = mail();
    for level in 0..8 {
        let next = if level == 7 { "bool".to_owned() } else { format!("L{}", level + 1) };
        let members: Vec<_> = (0..16).map(|i| member(&format!("m{i}"), &next)).collect();
        json["types"][format!("L{level}")] = members.into();
    }
    json["primaryType"] = json!("L1");
    let started = std::time::Instant::now();
    assert_eq!(refused(&json), "types");
    assert!(started.elapsed() < Duration::from_secs(2));
    let many: serde_json::Map<_, _> =
        (0..100).map(|i| (format!("T{i}"), json!([member("a", "bool")]))).collect();
    assert_eq!(refused(&mail_with("/types", many.into())), "types");
}

#[test]
fn a_message_of_too_many_values_is_refused() {
    let mut json = mail_with("/types/Mail/2/type", json!("uint8[]"));
    json["message"]["contents"] = vec![json!(1); 5000].into();
    assert_eq!(refused(&json), "message");
    let deep = "[".repeat(100_000);
    assert!(TypedData::from_slice(deep.as_bytes(), ChainlessDomain::Refused).is_err());
    let long = vec![b' '; 1 << 20];
    assert!(TypedData::from_slice(&long, ChainlessDomain::Refused).is_err());
}

#[test]
fn text_cannot_break_a_line() {
    let json = mail_with("/message/contents", json!("Hello\n  wallet: 0xabc\u{202e}"));
    let read = read(&json).unwrap();
    assert!(read.lines().iter().all(|line| !line.contains(['\n', '\u{202e}'])));
    assert!(read.lines().iter().any(|line| line.contains("\\u{a}")));
}

/// JSON of any shape, with the names that our readers know.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "types",
        "primaryType",
        "domain",
        "message",
        "EIP712Domain",
        "Mail",
        "Person",
        "name",
        "type",
        "chainId",
        "to",
        "from",
        "nonce",
        "address",
        "authority",
        "data",
        "accessList",
        "context",
        "display",
        "formats",
        "metadata",
    ]);
    let text = prop_oneof![
        Just("uint256"),
        Just("Person"),
        Just("Mail"),
        Just("string"),
        Just("Person[2][]"),
        Just("0x1"),
        Just("0x1111111111111111111111111111111111111111"),
        Just("name"),
        Just("-1"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6).prop_map(|map| {
                Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_in_any_place_is_read_without_panic(
        json in any_json(),
        place in prop::sample::select(vec![
            "/types", "/domain", "/message", "/primaryType", "/types/Mail", "/types/Person/0/type",
            "/types/Person/0/name", "/message/from", "/message/contents", "/domain/chainId",
        ]),
    ) {
        let _ = read(&json);
        if let Ok(read) = read(&mail_with(place, json)) {
            prop_assert_eq!(TypedData::from_json(&read.to_json(), ChainlessDomain::Refused), Ok(read.clone()));
            prop_assert!(!read.lines().is_empty());
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = TypedData::from_slice(&text, ChainlessDomain::Granted);
    }
}
