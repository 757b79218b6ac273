//! Accounts: calls go in and come out again, anything else is refused by name.

use alloy::primitives::{Address, B256, Bytes, U256, address, b256, bytes};
use countersign_userop::{
    AccountError, AccountKind, AccountSpec, Call, EntryPointVersion, Factory, UserOpHash,
};

const KINDS: [(AccountKind, EntryPointVersion); 6] = [
    (AccountKind::SimpleAccount, EntryPointVersion::V0_6),
    (AccountKind::SimpleAccount, EntryPointVersion::V0_7),
    (AccountKind::SimpleAccount, EntryPointVersion::V0_8),
    (AccountKind::Countersign, EntryPointVersion::V0_7),
    (AccountKind::Countersign, EntryPointVersion::V0_8),
    (AccountKind::Countersign, EntryPointVersion::V0_9),
];

fn specs() -> impl Iterator<Item = AccountSpec> {
    KINDS.into_iter().map(|(kind, version)| {
        AccountSpec::new(kind, version, Address::repeat_byte(0xfa), Address::repeat_byte(0x1e))
            .expect("a known kind")
    })
}

fn call(byte: u8, value: u64) -> Call {
    let data = Bytes::from(vec![byte; usize::from(byte)]);
    Call { to: Address::repeat_byte(byte), value: U256::from(value), data }
}

#[test]
fn decodes_the_calls_that_it_encoded() {
    let lists = [vec![], vec![call(7, 5)], vec![call(1, 0), call(0, 0), call(70, 0)]];
    for spec in specs() {
        for calls in &lists {
            let data = spec.encode_calls(calls).unwrap();
            assert_eq!(&spec.decode_calls(&data).unwrap(), calls, "{spec:?}");
        }
    }
}

#[test]
fn sends_wei_within_a_batch_except_on_simple_0_6() {
    let calls = [call(1, 1), call(2, 2)];
    for spec in specs() {
        let encoded = spec.encode_calls(&calls);
        if spec.version == EntryPointVersion::V0_6 {
            assert_eq!(encoded, Err(AccountError::ValueInBatch));
        } else {
            assert_eq!(spec.decode_calls(&encoded.unwrap()).unwrap(), calls, "{spec:?}");
        }
    }
}

#[test]
fn refuses_any_change_of_length_in_call_data() {
    for spec in specs() {
        let data = spec.encode_calls(&[call(40, 0), call(3, 0)]).unwrap();
        let longer = [&data[..], &[0; 32]].concat();
        assert!(spec.decode_calls(&longer).is_err(), "{spec:?}");
        for length in 1..data.len() {
            assert!(spec.decode_calls(&data[..length]).is_err(), "{spec:?} {length}");
        }
    }
}

#[test]
fn refuses_functions_that_execute_nothing() {
    let upgrade = bytes!("4f1ef286000000000000000000000000");
    for spec in specs() {
        let expected = AccountError::NotExecute("0x4f1ef286".to_owned());
        assert_eq!(spec.decode_calls(&upgrade), Err(expected), "{spec:?}");
    }
}

#[test]
fn refuses_execution_modes_that_forgive_failure() {
    let spec = specs().last().unwrap();
    let mut data = spec.encode_calls(&[call(1, 0), call(2, 0)]).unwrap().to_vec();
    data[5] = 0x01; // the mode's second byte: go on after a failed call
    assert!(matches!(spec.decode_calls(&data), Err(AccountError::UnsupportedMode(_))));
}

#[test]
fn reads_owner_and_salt_from_its_own_factory_call_only() {
    let owner = address!("c96aAa54E2d44c299564da76e1cD3184A2386B8D");
    let salt = U256::from(77);
    for spec in specs() {
        let factory = spec.factory_call(owner, salt);
        assert_eq!(spec.parse_factory(&factory), Ok((owner, salt)));

        let elsewhere = Factory::contract(Address::ZERO, factory.data.clone());
        assert!(matches!(spec.parse_factory(&elsewhere), Err(AccountError::OtherFactory { .. })));
        let longer = Factory::contract(spec.factory, [&factory.data[..], &[0]].concat().into());
        assert_eq!(spec.parse_factory(&longer), Err(AccountError::NotCreateAccount));
        let marker = Factory::eip7702(factory.data);
        assert!(spec.parse_factory(&marker).is_err());
    }
}

/// The factories give the same ones: the root package's `tests/it/` asks them on a chain.
#[test]
fn addresses_stay_where_they_are() {
    let owner = address!("c96aAa54E2d44c299564da76e1cD3184A2386B8D");
    let addresses: Vec<_> = specs()
        .map(|spec| {
            format!("{} {} {}", spec.kind, spec.version, spec.address(owner, U256::from(77)))
        })
        .collect();
    insta::assert_snapshot!(addresses.join("\n"));
}

#[test]
fn addresses_differ_by_every_input() {
    for spec in specs() {
        let (owner, salt) = (Address::repeat_byte(1), U256::from(1));
        let other = AccountSpec::new(spec.kind, spec.version, spec.factory, Address::ZERO).unwrap();
        let addresses = std::collections::BTreeSet::from([
            spec.address(owner, salt),
            spec.address(owner, U256::from(2)),
            spec.address(Address::repeat_byte(2), salt),
            other.address(owner, salt),
        ]);
        assert_eq!(addresses.len(), 4, "{spec:?}");
    }
}

#[test]
fn the_owner_signs_the_eip191_form_up_to_0_7_and_the_hash_itself_later() {
    let hash = UserOpHash::new(B256::repeat_byte(0x42));
    let prefixed = b256!("af94b6c49b9b53cc835329cf1aedc45d15fa50aae67d678de5a034b89579289a");
    for spec in specs() {
        let digest = spec.owner_digest(hash);
        match spec.version {
            EntryPointVersion::V0_6 | EntryPointVersion::V0_7 => assert_eq!(digest, prefixed),
            _ => assert_eq!(digest, *hash.as_b256()),
        }
    }
}

#[test]
fn recognises_a_proxy_by_code_and_implementation() {
    for spec in specs() {
        let (code, word) = (spec.runtime_code(), spec.implementation.into_word());
        assert!(spec.recognises(&code, word), "{spec:?}");
        assert!(!spec.recognises(&code[1..], word), "{spec:?}");
        assert!(!spec.recognises(&[], word), "{spec:?}");
        assert!(!spec.recognises(&code, B256::ZERO), "{spec:?}");
    }
}

#[test]
fn reads_a_spec_from_configuration_and_refuses_kinds_that_do_not_exist() {
    let json = |kind: &str, version: &str| {
        format!(
            r#"{{"kind": "{kind}", "entry_point_version": "{version}",
            "factory": "0x91E60e0613810449d098b0b5Ec8b51A0FE8c8985",
            "implementation": "0x1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"}}"#
        )
    };
    for (kind, version) in KINDS {
        let text = json(&kind.to_string(), version.as_str());
        let spec: AccountSpec = serde_json::from_str(&text).unwrap();
        assert_eq!((spec.kind, spec.version), (kind, version));
        let again = serde_json::from_value(serde_json::to_value(spec).unwrap()).unwrap();
        assert_eq!(spec, again);
    }
    for (kind, version) in [("simple", "0.9"), ("countersign", "0.6"), ("kernel", "0.7")] {
        assert!(serde_json::from_str::<AccountSpec>(&json(kind, version)).is_err());
    }
}
