//! What must hold of the table of methods as a whole.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn the_document_describes_exactly_the_registered_methods() {
    let document = openrpc();
    let described: BTreeSet<_> = document["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["name"].as_str().unwrap().to_owned())
        .collect();
    let named: BTreeSet<_> = methods().iter().map(|method| method.name.to_owned()).collect();
    assert_eq!(described, named);
    assert_eq!(named.len(), methods().len(), "two methods share a name");
}

#[test]
fn each_method_names_all_of_its_parameters_and_no_other() {
    let mut generator = schemars::SchemaGenerator::default();
    for method in methods() {
        let schema = Value::from((method.params_schema)(&mut generator));
        let fields: BTreeSet<_> = schema["properties"]
            .as_object()
            .map(|p| p.keys().cloned().collect())
            .unwrap_or_default();
        let named: BTreeSet<_> = method.params.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(fields, named, "{}", method.name);
    }
}

#[test]
fn required_parameters_come_before_optional_ones() {
    for method in openrpc()["methods"].as_array().unwrap() {
        let required: Vec<_> =
            method["params"].as_array().unwrap().iter().map(|p| p["required"] == true).collect();
        assert!(required.is_sorted_by(|a, b| a >= b), "{}", method["name"]);
    }
}

#[test]
fn each_example_reads_as_its_method_reads_it() {
    for method in methods() {
        if let Err(problem) = (method.check_example)(method.params, &method.example) {
            panic!("{}: {problem}", method.name);
        }
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn follow(value: &Value, document: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|inner| follow(inner, document));
            }
            Value::Array(values) => values.iter().for_each(|inner| follow(inner, document)),
            _ => {}
        }
    }
    let document = openrpc();
    follow(&document, &document);
}

#[test]
fn the_published_api_document_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/API.md");
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == markdown(),
        "docs/API.md is stale: cargo run --bin countersign -- openrpc --markdown > docs/API.md"
    );
}
