//! No kind can ask for another kind's digest.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, Bytes, U256, hex};
use countersign_userop::{
    AccountKind, AccountSpec, Authorization, Canary, ChainId, ChainlessDomain, EntryPointVersion,
    Message, OwnerProof, Transaction, TypedData, UserOperation, sponsor_approval_digest,
};
use serde_json::{Value, json};

const ACCOUNT: Address = Address::repeat_byte(0x11);
const OWNER: Address = Address::repeat_byte(0x22);

fn operation(version: EntryPointVersion) -> UserOperation {
    UserOperation::new(version, ACCOUNT, U256::from(9), Bytes::from_static(&[1, 2, 3, 4]))
}

fn message(bytes: &[u8]) -> Option<B256> {
    let json = json!({ "message": hex::encode_prefixed(bytes) });
    Message::from_json(&json).ok().map(|message| message.digest())
}

fn typed(json: &Value) -> Option<B256> {
    let read = |chainless| TypedData::from_json(json, chainless).ok().map(|data| data.digest());
    read(ChainlessDomain::Granted).or_else(|| read(ChainlessDomain::Refused))
}

/// Members written as `type name`.
fn members(text: &str) -> Value {
    let member = |text: &str| {
        let (kind, name) = text.split_once(' ').expect("type and name");
        json!({ "name": name, "type": kind })
    };
    text.split(',').map(member).collect()
}

fn owner_proof() -> OwnerProof {
    let json = json!({ "chainId": 1, "account": ACCOUNT, "newOwner": OWNER, "nonce": "0x0" });
    OwnerProof::from_json(&json).expect("well formed")
}

#[test]
fn a_message_cannot_be_an_operation_of_any_version() {
    for version in EntryPointVersion::ALL {
        let hash = operation(version).hash(version.canonical_address(), ChainId::new(1));
        assert_eq!(message(hash.as_b256().as_slice()), None, "{version}");
        assert_eq!(message(hash.to_string().as_bytes()), None, "{version}");
    }
    // What such an account's owner signs is the personal form of a hash: nothing but 32 bytes gives it.
    let (version, other) = (EntryPointVersion::V0_7, Address::repeat_byte(1));
    let spec = AccountSpec::new(AccountKind::SimpleAccount, version, other, other).unwrap();
    let hash = operation(version).hash(version.canonical_address(), ChainId::new(1));
    let wrapped = [b"\x19Ethereum Signed Message:\n32", hash.as_b256().as_slice()].concat();
    assert_eq!(message(&wrapped), None);
    assert_ne!(spec.owner_digest(hash), *hash.as_b256());
}

#[test]
fn typed_data_cannot_be_an_operation() {
    let version = EntryPointVersion::V0_8;
    let op = operation(version);
    let packed = "address sender,uint256 nonce,bytes initCode,bytes callData,\
        bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData";
    let zero = B256::ZERO;
    let mut json = json!({
        "types": { "PackedUserOperation": members(packed) },
        "primaryType": "PackedUserOperation",
        "domain": {
            "name": "ERC4337", "version": "1", "chainId": 1,
            "verifyingContract": version.canonical_address(),
        },
        "message": {
            "sender": ACCOUNT, "nonce": 9, "initCode": "0x", "callData": "0x01020304",
            "accountGasLimits": zero, "preVerificationGas": 0, "gasFees": zero,
            "paymasterAndData": "0x",
        },
    });
    // The library agrees that this is the operation's hash: only our refusal stands in between.
    let library: alloy::dyn_abi::TypedData =
        serde_json::from_value(with_domain_type(&json)).unwrap();
    let hash = op.hash(version.canonical_address(), ChainId::new(1));
    assert_eq!(library.eip712_signing_hash().unwrap(), *hash.as_b256());
    assert_eq!(typed(&json), None);
    // Each of the three guards holds by itself.
    json["domain"]["name"] = json!("Another");
    assert_eq!(typed(&json), None);
    json["domain"]["verifyingContract"] = json!(Address::repeat_byte(9));
    assert_eq!(typed(&json), None);
    json["types"]["Harmless"] = json["types"]["PackedUserOperation"].clone();
    json["primaryType"] = json!("Harmless");
    assert!(typed(&json).is_some());
    json["domain"]["name"] = json!("ERC4337");
    assert_eq!(typed(&json), None);
}

fn with_domain_type(json: &Value) -> Value {
    let mut json = json.clone();
    json["types"]["EIP712Domain"] =
        members("string name,string version,uint256 chainId,address verifyingContract");
    json
}

#[test]
fn typed_data_cannot_be_an_owner_proof() {
    let json = json!({
        "types": { "OwnerProof": members("address newOwner,uint256 nonce") },
        "primaryType": "OwnerProof",
        "domain": {
            "name": "CountersignAccount", "version": "1", "chainId": 1,
            "verifyingContract": ACCOUNT,
        },
        "message": { "newOwner": OWNER, "nonce": 0 },
    });
    let library: alloy::dyn_abi::TypedData =
        serde_json::from_value(with_domain_type(&json)).unwrap();
    assert_eq!(library.eip712_signing_hash().unwrap(), owner_proof().digest());
    assert_eq!(typed(&json), None);
}

#[test]
fn typed_data_cannot_be_what_a_safe_or_a_nested_signature_wants() {
    let safe = "address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,\
        uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce";
    let safe = json!({
        "types": { "SafeTx": members(safe) }, "primaryType": "SafeTx",
        "domain": { "chainId": 1, "verifyingContract": OWNER },
        "message": {
            "to": OWNER, "value": 0, "data": "0x", "operation": 0, "safeTxGas": 0, "baseGas": 0,
            "gasPrice": 0, "gasToken": OWNER, "refundReceiver": OWNER, "nonce": 0,
        },
    });
    let nested = json!({
        "types": { "PersonalSign": members("bytes prefixed") }, "primaryType": "PersonalSign",
        "domain": { "name": "Any", "chainId": 1, "verifyingContract": ACCOUNT },
        "message": { "prefixed": "0x01" },
    });
    for json in [safe, nested] {
        let mut renamed = json.clone();
        let name = json["primaryType"].as_str().unwrap();
        renamed["types"]["Harmless"] = json["types"][name].clone();
        renamed["primaryType"] = json!("Harmless");
        assert!(typed(&renamed).is_some(), "only the name is refused");
        assert_eq!(typed(&json), None, "{json}");
    }
}

#[test]
fn a_message_cannot_be_the_preimage_of_another_kind() {
    let typed_preimage = [&[0x19, 0x01][..], &[7; 64]].concat();
    assert_eq!(message(&typed_preimage), None);
    // Preimages of transactions and authorizations are wrapped once more, so their digests differ.
    for prefix in [2_u8, 5] {
        let preimage = [&[prefix, 0xc3][..], &[1, 2, 3]].concat();
        let digest = message(&preimage).expect("a strange message, but one");
        assert_ne!(digest, alloy::primitives::keccak256(&preimage));
    }
}

#[test]
fn all_kinds_give_different_digests_for_the_same_fields() {
    let word = B256::repeat_byte(0x22);
    let mut digests = BTreeSet::new();
    let mut count = 0;
    let mut add = |digest: B256| {
        count += 1;
        digests.insert(digest);
    };
    for version in EntryPointVersion::ALL {
        let hash = operation(version).hash(version.canonical_address(), ChainId::new(1));
        add(*hash.as_b256());
        add(alloy::primitives::eip191_hash_message(hash.as_b256()));
    }
    let op = operation(EntryPointVersion::V0_8);
    let entry_point = EntryPointVersion::V0_8.canonical_address();
    let window = countersign_userop::SponsorWindow::new(9, 1).unwrap();
    add(sponsor_approval_digest(&op, OWNER, entry_point, ChainId::new(1), Address::ZERO, window));
    add(message(&[&word[..], &[0]].concat()).unwrap());
    add(owner_proof().digest());
    let authorization =
        json!({ "chainId": 1, "authority": OWNER, "address": ACCOUNT, "nonce": "0x0" });
    add(Authorization::from_json(&authorization).unwrap().digest());
    let transaction = json!({ "chainId": 1, "from": OWNER, "to": ACCOUNT, "nonce": "0x0",
        "gas": "0x0", "maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0" });
    add(Transaction::from_json(&transaction).unwrap().digest());
    let canary = json!({ "key": "k", "epoch": "0x0", "transcript": word, "counter": "0x0" });
    add(Canary::from_json(&canary).unwrap().digest());
    assert_eq!(digests.len(), count);
}
