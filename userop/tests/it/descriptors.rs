//! ERC-7730 descriptors give words, and nothing but words.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::SolCall,
};
use countersign_userop::{
    Call, ChainId, Descriptors, EntryPointVersion, OperationPreview, UserOperation, Words,
    preview_operation,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    effects::spec,
    typed_data::{any_json, mail, read},
};

sol! {
    function swap(address pool, Leg[] legs, uint256 deadline) external payable;
    struct Leg {
        address token;
        uint256 amount;
    }
    function transfer(address to, uint256 value) external;
}

const ROUTER: Address = Address::repeat_byte(0x60);
const TOKEN: Address = Address::repeat_byte(0x70);
const FRIEND: Address = Address::repeat_byte(0xf1);
const CHAIN: ChainId = ChainId::new(10);

fn router() -> Value {
    json!({
        "context": { "contract": { "deployments": [{ "chainId": 10, "address": ROUTER }] } },
        "metadata": { "owner": "Router Inc.", "enums": { "mode": { "1": "fast" } } },
        "display": {
            "definitions": { "until": { "label": "Until", "format": "date",
                "params": { "encoding": "timestamp" } } },
            "formats": {
                "swap(address pool,(address token,uint256 amount)[] legs,uint256 deadline)": {
                    "intent": "Swap",
                    "fields": [
                        { "path": "@.value", "label": "Pay", "format": "amount" },
                        { "path": "#.pool", "label": "Pool", "format": "addressName" },
                        { "path": "legs.[-1].amount", "label": "Get", "format": "tokenAmount",
                          "params": { "tokenPath": "legs.[-1].token" } },
                        { "path": "legs.[]", "fields": [
                            { "path": "token", "label": "Token", "format": "raw" },
                        ] },
                        { "path": "deadline", "$ref": "$.display.definitions.until" },
                        { "path": "nowhere", "label": "Nothing" },
                    ],
                },
            },
        },
    })
}

fn token() -> Value {
    json!({
        "context": { "contract": {
            "deployments": [{ "chainId": 10, "address": TOKEN }],
            "abi": [{ "type": "function", "name": "transfer", "stateMutability": "nonpayable",
                "inputs": [{ "name": "to", "type": "address" }, { "name": "value", "type": "uint256" }],
                "outputs": [] }],
        } },
        "metadata": { "token": { "ticker": "TOK", "decimals": 6 } },
        "display": { "formats": { "0xa9059cbb": {
            "intent": { "Send": "tokens" },
            "fields": [
                { "path": "value", "label": "Amount", "format": "tokenAmount",
                  "params": { "threshold": "0xff000000", "message": "All" } },
                { "path": "to", "label": "To", "format": "addressName" },
            ],
        } } },
    })
}

fn set(files: &[Value]) -> Descriptors {
    let mut set = Descriptors::new();
    for file in files {
        set.add(&file.to_string()).expect("a descriptor");
    }
    set
}

fn shown(to: Address, value: u64, data: Vec<u8>) -> OperationPreview {
    let call = Call { to, value: U256::from(value), data: data.into() };
    let data = spec().encode_calls(&[call]).expect("calls");
    let op = UserOperation::new(EntryPointVersion::V0_8, FRIEND, U256::ZERO, data);
    preview_operation(&op, EntryPointVersion::V0_8.canonical_address(), CHAIN, Some(&spec()))
}

fn words(set: &Descriptors, shown: &OperationPreview) -> Option<Words> {
    set.call(CHAIN, shown.leaves()[0])
}

fn swap() -> Vec<u8> {
    let leg = |amount: u64| Leg { token: TOKEN, amount: U256::from(amount) };
    let legs = vec![leg(1), leg(2)];
    swapCall { pool: FRIEND, legs, deadline: U256::from(951_782_400) }.abi_encode()
}

fn transfer(value: u64) -> Vec<u8> {
    transferCall { to: FRIEND, value: U256::from(value) }.abi_encode()
}

#[test]
fn words_stand_beside_a_call_of_the_descriptors_contract() {
    let set = set(&[router(), token()]);
    let swap = words(&set, &shown(ROUTER, 7, swap())).expect("words");
    let send = words(&set, &shown(TOKEN, 0, transfer(1_500_000))).expect("words");
    insta::assert_snapshot!([swap.lines(), send.lines()].concat().join("\n"));
    let all = words(&set, &shown(TOKEN, 0, transfer(0xff00_0000))).expect("words");
    assert_eq!(all.fields[0].value, "All (4278.19008 TOK)");
}

#[test]
fn words_never_change_what_is_bound() {
    let shown = shown(ROUTER, 7, swap());
    let (before, lines) = (shown.hash(), shown.lines());
    assert!(words(&set(&[router()]), &shown).is_some());
    assert_eq!((shown.hash(), shown.lines()), (before, lines));
}

#[test]
fn another_chain_contract_function_or_encoding_has_no_words() {
    let set = set(&[router(), token()]);
    assert!(set.call(ChainId::new(11), shown(ROUTER, 7, swap()).leaves()[0]).is_none());
    assert!(words(&set, &shown(FRIEND, 0, swap())).is_none());
    assert!(words(&set, &shown(ROUTER, 0, transfer(1))).is_none());
    assert!(words(&set, &shown(ROUTER, 0, [swap(), vec![0]].concat())).is_none());
    let mut long = swap();
    long.extend(vec![0; 10_000]);
    assert!(words(&set, &shown(ROUTER, 0, long)).is_none());
}

#[test]
fn typed_data_has_words_by_its_domain() {
    let file = |domain: Value, deployments: Value| {
        json!({
            "context": { "eip712": { "domain": domain, "deployments": deployments } },
            "display": { "formats": { "Mail": { "intent": "Send a mail", "fields": [
                { "path": "to.wallet", "label": "To", "format": "addressName" },
                { "path": "contents", "label": "Text" },
            ] } } },
        })
    };
    let data = read(&mail()).unwrap();
    let here = json!([{ "chainId": 1, "address": "0xcccccccccccccccccccccccccccccccccccccccc" }]);
    let there = json!([{ "chainId": 2, "address": "0xcccccccccccccccccccccccccccccccccccccccc" }]);
    let name = json!({ "name": "Ether Mail" });
    for file in [file(name.clone(), json!([])), file(json!({}), here.clone()), file(name, here)] {
        let words = set(&[file]).typed_data(&data).expect("words");
        assert_eq!(words.fields[1].value, "\"Hello, Bob!\"");
    }
    for file in [
        file(json!({}), json!([])),
        file(json!({}), there),
        file(json!({ "name": "Other" }), json!([])),
    ] {
        assert_eq!(set(&[file]).typed_data(&data), None);
    }
}

#[test]
fn a_descriptor_cannot_break_lines_or_grow_without_bound() {
    let mut file = router();
    let format = file.pointer_mut("/display/formats").unwrap().as_object_mut().unwrap();
    let format = format.values_mut().next().unwrap();
    format["intent"] = json!("Swap\n1. send 0 wei\u{202e}".to_owned() + &"x".repeat(10_000));
    let field = json!({ "path": "pool", "label": "a\nb", "format": "enum",
        "params": { "$ref": "$.metadata" } });
    format["fields"] = vec![field; 1000].into();
    let words = words(&set(&[file]), &shown(ROUTER, 7, swap())).expect("words");
    assert!(words.fields.len() <= 64);
    for line in words.lines() {
        assert!(!line.contains(['\n', '\u{202e}']) && line.len() < 1000, "{line}");
    }
}

#[test]
fn hostile_descriptors_are_refused_or_left_out() {
    let mut set = Descriptors::new();
    let deep = format!("{{\"display\":{}", "[".repeat(100_000));
    for text in ["", "{}", "[]", "null", deep.as_str(), &" ".repeat(1 << 20)] {
        assert!(set.add(text).is_err());
    }
    let mut included = router();
    included["includes"] = json!("https://example.org/other.json");
    assert_eq!(set.add(&included.to_string()).unwrap_err().field(), "includes");
    assert!(set.is_empty());
    let keys = [
        "swap(".to_owned() + &"(".repeat(2000),
        "swap(uint256[1000000000] a)".to_owned(),
        "swap(uint256[][][] a)".to_owned(),
        "swap(((((((uint256 a) b) c) d) e) f) g)".to_owned(),
        "0xzz".to_owned(),
        String::new(),
    ];
    for key in keys {
        let mut file = router();
        file["display"]["formats"] = json!({ key.clone(): { "intent": "x", "fields": [] } });
        let mut set = Descriptors::new();
        set.add(&file.to_string()).expect("the file itself is sound");
        let selector = Call { to: ROUTER, value: U256::ZERO, data: Bytes::from(swap()) };
        let data = spec().encode_calls(&[selector]).expect("calls");
        let op = UserOperation::new(EntryPointVersion::V0_8, FRIEND, U256::ZERO, data);
        let shown = preview_operation(&op, ROUTER, CHAIN, Some(&spec()));
        assert_eq!(words(&set, &shown), None, "{key}");
    }
}

proptest! {
    #[test]
    fn any_descriptor_is_read_and_used_without_panic(
        json in any_json(),
        place in prop::sample::select(vec![
            "/context", "/metadata", "/display", "/context/contract/deployments/0/address",
            "/display/definitions/until", "/metadata/enums",
        ]),
    ) {
        let mut set = Descriptors::new();
        let _ = set.add(&json.to_string());
        let mut file = router();
        *file.pointer_mut(place).expect("it is there") = json;
        let _ = set.add(&file.to_string());
        let _ = words(&set, &shown(ROUTER, 7, swap()));
    }
}
