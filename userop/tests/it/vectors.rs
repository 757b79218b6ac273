//! Operations with the packed form and the hash that viem gives them.

use countersign_userop::{ChainId, EntryPointVersion, PackedOp, UserOperation};
use serde_json::Value;

fn must_load() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../vectors/userop_hashes.json"))
        .expect("the file is JSON");
    file["vectors"].as_array().expect("a list of vectors").clone()
}

fn must_read(vector: &Value) -> UserOperation {
    let version: EntryPointVersion =
        vector["version"].as_str().expect("text").parse().expect("a version");
    let op = UserOperation::from_json(version, &vector["userOp"]);
    assert!(op.is_ok(), "vector {}: {op:?}", vector["id"]);
    op.expect("checked")
}

fn same_text(ours: impl ToString, theirs: &Value, what: &str, vector: &Value) {
    let theirs = theirs.as_str().expect("a string").to_lowercase();
    assert_eq!(ours.to_string().to_lowercase(), theirs, "{what} of vector {}", vector["id"]);
}

#[test]
fn hashes_every_vector_as_viem_does() {
    let vectors = must_load();
    assert_eq!(vectors.len(), 50);
    for vector in &vectors {
        let entry_point = vector["entryPoint"].as_str().unwrap().parse().unwrap();
        let chain = ChainId::new(vector["chainId"].as_u64().unwrap());
        let hash = must_read(vector).hash(entry_point, chain);
        same_text(hash, &vector["hash"], "hash", vector);
    }
}

#[test]
fn packs_every_vector_as_viem_does() {
    let mut packed_ones = 0;
    for vector in &must_load() {
        let PackedOp::Packed(op) = must_read(vector).pack() else { continue };
        packed_ones += 1;
        let theirs = &vector["packed"];
        same_text(op.sender, &theirs["sender"], "sender", vector);
        same_text(format!("{:#x}", op.nonce), &theirs["nonce"], "nonce", vector);
        same_text(op.initCode, &theirs["initCode"], "initCode", vector);
        same_text(op.callData, &theirs["callData"], "callData", vector);
        same_text(op.accountGasLimits, &theirs["accountGasLimits"], "accountGasLimits", vector);
        same_text(op.gasFees, &theirs["gasFees"], "gasFees", vector);
        same_text(op.paymasterAndData, &theirs["paymasterAndData"], "paymasterAndData", vector);
        same_text(op.signature, &theirs["signature"], "signature", vector);
    }
    assert!(packed_ones > 30, "only {packed_ones} vectors have a packed form");
}

#[test]
fn writes_every_vector_back_as_it_was() {
    for vector in &must_load() {
        let op = must_read(vector);
        let theirs = vector["userOp"].to_string().to_lowercase();
        let theirs: Value = serde_json::from_str(&theirs).unwrap();
        let ours: Value = serde_json::from_str(&op.to_json().to_string().to_lowercase()).unwrap();
        assert_eq!(ours, theirs, "vector {}", vector["id"]);
    }
}
