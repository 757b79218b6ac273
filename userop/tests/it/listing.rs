//! Documents of operations: what the command line reads.

use countersign_userop::{hash_vectors, list_operations, preview_vectors};
use serde_json::{Value, json};

fn must_load() -> Value {
    serde_json::from_str(include_str!("../vectors/userop_hashes.json")).expect("the file is JSON")
}

#[test]
fn hashes_an_object_with_vectors_and_a_bare_array_alike() {
    let document = must_load();
    let expected: Vec<_> = document["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vector| vector["hash"].as_str().unwrap().to_owned())
        .collect();
    for document in [&document, &document["vectors"]] {
        let hashes = hash_vectors(document).unwrap();
        let hashes: Vec<_> = hashes.iter().map(ToString::to_string).collect();
        assert_eq!(hashes, expected);
    }
}

#[test]
fn previews_each_operation_of_a_document() {
    assert_eq!(preview_vectors(&must_load()).unwrap().len(), 50);
}

#[test]
fn hashes_for_any_entry_point_and_any_chain_notation() {
    let mut item = must_load()["vectors"][1].clone();
    let original = hash_vectors(&json!([item])).unwrap();
    item["chainId"] = json!("0x14a34");
    assert_eq!(hash_vectors(&json!([item])).unwrap(), original);
    item["entryPoint"] = json!("0x00000000000000000000000000000000000000aa");
    item["surprise"] = json!({"nobody": "minds"});
    assert_ne!(hash_vectors(&json!([item])).unwrap(), original);
}

#[test]
fn names_the_item_and_the_field_that_is_wrong() {
    let cases = [
        ("/version", json!("0.5"), "item 1: field `version` is none of 0.6, 0.7, 0.8, 0.9"),
        ("/version", json!(0.7), "item 1: field `version` must be a string"),
        ("/version", Value::Null, "item 1: field `version` is missing"),
        ("/chainId", json!(-1), "item 1: field `chainId` must not be negative"),
        ("/chainId", json!(1.5), "item 1: field `chainId` must be a number or a hex quantity"),
        ("/chainId", json!("137"), "item 1: field `chainId` must start with 0x"),
        ("/entryPoint", json!("0x00"), "item 1: field `entryPoint` is shorter than 20 bytes"),
        ("/userOp", json!([]), "item 1: field `userOp` must be an object"),
        ("/userOp", Value::Null, "item 1: field `userOp` is missing"),
        (
            "/userOp/callData",
            json!("0x1"),
            "item 1: field `userOp.callData` has an odd number of hexadecimal digits",
        ),
    ];
    let vectors = must_load()["vectors"].clone();
    for (path, value, expected) in cases {
        let mut document = json!([vectors[0], vectors[1]]);
        *document[1].pointer_mut(path).unwrap() = value;
        assert_eq!(hash_vectors(&document).unwrap_err().to_string(), expected);
    }
}

#[test]
fn refuses_a_document_without_a_list() {
    for document in [json!({}), json!({"vectors": 1}), json!("text"), Value::Null] {
        assert!(list_operations(&document).is_err(), "{document}");
    }
    assert_eq!(hash_vectors(&json!([])).unwrap(), []);
}
