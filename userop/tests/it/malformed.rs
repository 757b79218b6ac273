//! Malformed operations: each error names its field.

use countersign_userop::{EntryPointVersion, Factory, MAX_FIELD_BYTES, UserOperation};
use serde_json::{Value, json};

/// A correct operation with every field of its version.
fn full(version: EntryPointVersion) -> Value {
    let mut op = json!({
        "sender": "0x1111111111111111111111111111111111111111",
        "nonce": "0x10000000000000002",
        "callData": "0xabcd",
        "callGasLimit": "0x1",
        "verificationGasLimit": "0x2",
        "preVerificationGas": "0x3",
        "maxFeePerGas": "0x4",
        "maxPriorityFeePerGas": "0x5",
        "signature": "0x5151",
        "eip7702Auth": {
            "chainId": "0x1", "address": "0x7777777777777777777777777777777777777777",
            "nonce": "0x0", "yParity": "0x1", "r": "0x1", "s": "0x2",
        },
    });
    let parts = match version {
        EntryPointVersion::V0_6 => json!({
            "initCode": "0x2222222222222222222222222222222222222222aa",
            "paymasterAndData": "0x3333333333333333333333333333333333333333bb",
        }),
        _ => json!({
            "factory": "0x2222222222222222222222222222222222222222",
            "factoryData": "0xaa",
            "paymaster": "0x3333333333333333333333333333333333333333",
            "paymasterVerificationGasLimit": "0x6",
            "paymasterPostOpGasLimit": "0x7",
            "paymasterData": "0xbb",
        }),
    };
    let object = op.as_object_mut().expect("an object");
    object.extend(parts.as_object().expect("an object").clone());
    if version == EntryPointVersion::V0_9 {
        op["paymasterSignature"] = json!("0x99");
    }
    op
}

fn field_of_error(version: EntryPointVersion, op: &Value) -> String {
    let error = UserOperation::from_json(version, op).expect_err("malformed");
    assert!(error.to_string().contains(error.field()), "{error}");
    error.field().to_owned()
}

#[test]
fn accepts_the_operations_that_the_other_tests_break() {
    for version in EntryPointVersion::ALL {
        assert!(UserOperation::from_json(version, &full(version)).is_ok(), "{version}");
    }
}

#[test]
fn names_every_field_whose_hex_is_wrong() {
    let wrong = [
        json!("11"),
        json!("0xzz"),
        json!("-0x1"),
        json!("0x-1"),
        json!(-1),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!("0X11"),
        json!("0x 1"),
        json!(format!("0x{}", "1".repeat(2 * MAX_FIELD_BYTES + 2))),
    ];
    for version in EntryPointVersion::ALL {
        for name in full(version).as_object().unwrap().keys() {
            for value in &wrong {
                if name == "eip7702Auth" && value.is_object() {
                    continue;
                }
                let mut op = full(version);
                op[name] = value.clone();
                let field = field_of_error(version, &op);
                let field = field.strip_prefix("eip7702Auth.").unwrap_or(&field);
                let expected = if name == "eip7702Auth" { "authorization" } else { name };
                assert_eq!(field, expected, "{version} {name} {value}");
            }
        }
    }
}

#[test]
fn names_the_bytes_that_have_half_a_byte() {
    for version in EntryPointVersion::ALL {
        let op = full(version);
        let bytes =
            op.as_object().unwrap().iter().filter(|(name, value)| {
                !name.contains("Gas") && *name != "nonce" && value.is_string()
            });
        for (name, value) in bytes {
            let mut op = full(version);
            op[name] = json!(format!("{}0", value.as_str().unwrap()));
            let error = UserOperation::from_json(version, &op).unwrap_err();
            let expected = format!("field `{name}` has an odd number of hexadecimal digits");
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn names_the_quantities_that_are_too_long() {
    for version in EntryPointVersion::ALL {
        let op = full(version);
        let gas = op.as_object().unwrap().keys().filter(|name| name.contains("Gas"));
        for name in gas {
            let mut op = full(version);
            op[name] = json!(format!("0x{:x}", u128::MAX));
            assert!(UserOperation::from_json(version, &op).is_ok(), "{name}");
            op[name] = json!("0x100000000000000000000000000000000");
            let error = UserOperation::from_json(version, &op).unwrap_err();
            assert_eq!(error.to_string(), format!("field `{name}` is longer than 16 bytes"));
        }
        let mut op = full(version);
        op["nonce"] = json!(format!("0x1{}", "0".repeat(64)));
        let error = UserOperation::from_json(version, &op).unwrap_err();
        assert_eq!(error.to_string(), "field `nonce` is longer than 32 bytes");
        op["nonce"] = json!("0x");
        let error = UserOperation::from_json(version, &op).unwrap_err();
        assert_eq!(error.to_string(), "field `nonce` has no digits, zero is 0x0");
    }
}

#[test]
fn names_the_fields_that_are_missing() {
    let required = [
        "sender",
        "nonce",
        "callData",
        "callGasLimit",
        "verificationGasLimit",
        "preVerificationGas",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
    ];
    for version in EntryPointVersion::ALL {
        for name in required {
            for gone in [None, Some(Value::Null)] {
                let mut op = full(version);
                let object = op.as_object_mut().unwrap();
                object.remove(name);
                object.extend(gone.map(|null| (name.to_owned(), null)));
                assert_eq!(field_of_error(version, &op), name);
                let unpriced = UserOperation::from_unpriced_json(version, &op);
                assert_eq!(unpriced.is_ok(), name.contains("Gas"), "{name}");
            }
        }
    }
}

#[test]
fn names_the_fields_that_need_each_other() {
    let version = EntryPointVersion::V0_9;
    let cases = [
        ("factory", "factoryData"),
        ("paymaster", "paymasterVerificationGasLimit"),
        ("paymasterVerificationGasLimit", "paymasterVerificationGasLimit"),
        ("paymasterPostOpGasLimit", "paymasterPostOpGasLimit"),
    ];
    for (removed, named) in cases {
        let mut op = full(version);
        op.as_object_mut().unwrap().remove(removed);
        assert_eq!(field_of_error(version, &op), named);
    }
}

#[test]
fn names_the_fields_of_other_versions_and_those_of_none() {
    let foreign = [
        (EntryPointVersion::V0_6, "factory"),
        (EntryPointVersion::V0_6, "paymaster"),
        (EntryPointVersion::V0_6, "paymasterSignature"),
        (EntryPointVersion::V0_7, "initCode"),
        (EntryPointVersion::V0_8, "paymasterAndData"),
        (EntryPointVersion::V0_7, "paymasterSignature"),
        (EntryPointVersion::V0_8, "paymasterSignature"),
        (EntryPointVersion::V0_9, "aggregator"),
        (EntryPointVersion::V0_9, "calldata"),
    ];
    for (version, name) in foreign {
        let mut op = full(version);
        op[name] = json!("0x");
        assert_eq!(field_of_error(version, &op), name, "{version}");
        op[name] = Value::Null;
        assert!(UserOperation::from_json(version, &op).is_ok(), "{version} {name}");
    }
}

#[test]
fn names_the_parts_of_an_authorization() {
    let version = EntryPointVersion::V0_8;
    let cases = [
        ("chainId", json!("0x10000000000000000")),
        ("address", json!("0x11")),
        ("nonce", json!(1)),
        ("yParity", json!("0x2")),
        ("r", json!("0x")),
        ("s", Value::Null),
        ("v", json!("0x1b")),
    ];
    for (name, value) in cases {
        let mut op = full(version);
        op["eip7702Auth"][name] = value;
        assert_eq!(field_of_error(version, &op), format!("eip7702Auth.{name}"));
    }
}

#[test]
fn refuses_the_eip7702_marker_where_its_hash_would_be_a_guess() {
    let mut op = full(EntryPointVersion::V0_8);
    op["factory"] = json!("0x7702");
    assert!(UserOperation::from_json(EntryPointVersion::V0_8, &op).is_ok());
    op.as_object_mut().unwrap().remove("eip7702Auth");
    assert_eq!(field_of_error(EntryPointVersion::V0_8, &op), "eip7702Auth");

    let mut op = full(EntryPointVersion::V0_7);
    op["factory"] = json!("0x7702000000000000000000000000000000000000");
    assert_eq!(field_of_error(EntryPointVersion::V0_7, &op), "factory");

    let mut op = full(EntryPointVersion::V0_6);
    op["initCode"] = json!("0x7702000000000000000000000000000000000000aa");
    assert_eq!(field_of_error(EntryPointVersion::V0_6, &op), "initCode");
}

#[test]
fn reads_the_short_and_the_long_eip7702_marker_as_one() {
    let version = EntryPointVersion::V0_9;
    let mut long = full(version);
    long["factory"] = json!("0x7702000000000000000000000000000000000000");
    let mut short = full(version);
    short["factory"] = json!("0x7702");
    let long = UserOperation::from_json(version, &long).unwrap();
    assert_eq!(UserOperation::from_json(version, &short).unwrap(), long);
    assert!(long.factory().is_some_and(Factory::is_eip7702));
    assert_eq!(long.init_code().len(), 21);
    assert_eq!(long.to_json()["factory"], "0x7702000000000000000000000000000000000000");
}

#[test]
fn moves_a_paymaster_signature_out_of_the_data_as_the_entry_point_does() {
    let version = EntryPointVersion::V0_9;
    let expected = UserOperation::from_json(version, &full(version)).unwrap();
    let mut op = full(version);
    op.as_object_mut().unwrap().remove("paymasterSignature");
    op["paymasterData"] = json!("0xbb99000122e325a297439656");
    assert_eq!(UserOperation::from_json(version, &op).unwrap(), expected);

    op["paymasterData"] = json!("0xbb99000322e325a297439656");
    assert_eq!(field_of_error(version, &op), "paymasterData");

    let mut op = full(version);
    op["paymasterSignature"] = json!("0x");
    assert_eq!(field_of_error(version, &op), "paymasterSignature");
    op["paymasterSignature"] = json!(format!("0x{}", "11".repeat(65_536)));
    assert_eq!(field_of_error(version, &op), "paymasterSignature");
}
