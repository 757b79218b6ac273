//! What people and callers sign by EIP-712: a struct under a domain of a name, version 1 and a chain.
//!
//! The JSON form for `eth_signTypedData_v4` names the types as the compiled struct encodes them, so that a wallet hashes
//! what a cosigner verifies.

use alloy::primitives::B256;
use alloy::sol_types::{Eip712Domain, SolStruct};
use countersign_userop::ChainId;
use serde_json::{Map, Value, json};

/// The domain, by its name and chain.
fn domain(name: &'static str, chain: ChainId) -> Eip712Domain {
    alloy::sol_types::eip712_domain! {
        name: name,
        version: "1",
        chain_id: chain.get(),
    }
}

/// The digest that is signed.
pub(crate) fn digest<S: SolStruct>(name: &'static str, chain: ChainId, signed: &S) -> B256 {
    signed.eip712_signing_hash(&domain(name, chain))
}

/// The same as JSON, with `message` as the struct's own form.
pub(crate) fn typed_data<S: SolStruct>(name: &str, chain: ChainId, message: Value) -> Value {
    let mut types = Map::new();
    let domain = "EIP712Domain(string name,string version,uint256 chainId)";
    for declared in [domain, &S::eip712_encode_type()] {
        types.extend(declared.split_terminator(')').filter_map(members));
    }
    json!({
        "primaryType": S::NAME,
        "types": types,
        "domain": { "name": name, "version": "1", "chainId": chain.get() },
        "message": message,
    })
}

/// A type's name and members, from its encoding up to the closing bracket.
fn members(encoded: &str) -> Option<(String, Value)> {
    let (name, members) = encoded.split_once('(')?;
    let member = |member: &str| {
        let (kind, name) = member.split_once(' ')?;
        Some(json!({ "name": name, "type": kind }))
    };
    Some((name.to_owned(), members.split(',').filter_map(member).collect()))
}
