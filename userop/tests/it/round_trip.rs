//! Any operation survives its JSON; its hash covers what it should and nothing else.

use alloy::primitives::{Address, Bytes, U256};
use countersign_userop::{
    ChainId, Eip7702Auth, EntryPointVersion, Factory, Fees, GasLimits, Paymaster, UserOpHash,
    UserOperation, versioned,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::from)
}

fn word() -> impl Strategy<Value = U256> {
    any::<[u8; 32]>().prop_map(U256::from_be_bytes)
}

fn data() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn signature() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 1..200).prop_map(Bytes::from)
}

prop_compose! {
    fn authorization()(
        chain in any::<u64>(), address in address(), nonce in any::<u64>(),
        y_parity in any::<bool>(), r in word(), s in word(),
    ) -> Eip7702Auth {
        Eip7702Auth { chain_id: ChainId::new(chain), address, nonce, y_parity, r, s }
    }
}

prop_compose! {
    fn paymaster()(
        address in address(), limits in any::<[u128; 2]>(), data in data(),
        signature in proptest::option::of(signature()),
    ) -> Paymaster {
        let [verification_gas_limit, post_op_gas_limit] = limits;
        Paymaster { address, verification_gas_limit, post_op_gas_limit, data, signature }
    }
}

prop_compose! {
    fn operation()(
        version in proptest::sample::select(&EntryPointVersion::ALL[..]),
        sender in address(), nonce in word(), call_data in data(), gas in any::<[u128; 5]>(),
        factory in proptest::option::of((address(), data())), marker in any::<bool>(),
        auth in proptest::option::of(authorization()),
        paymaster in proptest::option::of(paymaster()), signature in data(),
    ) -> UserOperation {
        let [call, verification, pre_verification, max_fee_per_gas, max_priority_fee_per_gas] = gas;
        let marker = marker && version.supports_eip7702_marker() && auth.is_some();
        let factory = factory.map(|(address, data)| match marker {
            true => Factory::eip7702(data),
            false => Factory::contract(address, data),
        });
        UserOperation::new(version, sender, nonce, call_data)
            .with_factory(factory)
            .with_gas(GasLimits { call, verification, pre_verification })
            .with_fees(Fees { max_fee_per_gas, max_priority_fee_per_gas })
            .with_paymaster(paymaster)
            .with_signature(signature)
            .with_eip7702_auth(auth)
    }
}

fn hash(op: &UserOperation) -> UserOpHash {
    op.hash(op.version().canonical_address(), ChainId::new(1))
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    #[serde(with = "versioned")]
    op: UserOperation,
}

proptest! {
    #[test]
    fn any_operation_survives_its_json(op in operation()) {
        let json = op.to_json();
        prop_assert_eq!(&UserOperation::from_json(op.version(), &json).unwrap(), &op);
        let text = serde_json::to_string(&Stored { op: op.clone() }).unwrap();
        prop_assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), Stored { op });
    }

    #[test]
    fn the_hash_covers_neither_signature(op in operation(), signature in signature()) {
        let before = hash(&op);
        prop_assert_eq!(hash(&op.clone().with_signature(signature.clone())), before);
        if op.paymaster().is_some_and(|paymaster| paymaster.signature.is_some()) {
            let op = op.with_paymaster_signature(signature);
            prop_assert_eq!(hash(&op), before);
        }
    }

    #[test]
    fn the_hash_covers_every_other_field(op in operation(), byte in 1_u8..) {
        let original = hash(&op);
        for name in op.to_json().as_object().unwrap().keys() {
            let mut json = op.to_json();
            let uncovered = ["signature", "paymasterSignature", "eip7702Auth"];
            let marker = name.starts_with("factory") && op.factory().is_some_and(Factory::is_eip7702);
            if uncovered.contains(&name.as_str()) || (name == "factory" && marker) {
                continue;
            }
            let text = json[name].as_str().unwrap().to_owned();
            json[name] = change(&text, byte).into();
            let changed = UserOperation::from_json(op.version(), &json).unwrap();
            prop_assert_ne!(hash(&changed), original, "{}", name);
        }
    }

    #[test]
    fn the_marker_makes_the_hash_cover_the_delegate(
        op in operation(), auth in authorization(), other in address(), data in data(),
    ) {
        prop_assume!(op.version().supports_eip7702_marker() && auth.address != other);
        let op = op.with_factory(Some(Factory::eip7702(data)));
        let one = op.clone().with_eip7702_auth(Some(auth.clone()));
        let two = op.with_eip7702_auth(Some(Eip7702Auth { address: other, ..auth }));
        prop_assert_ne!(hash(&one), hash(&two));
    }

    #[test]
    fn the_hash_covers_chain_and_entry_point(op in operation(), chain in 2_u64.., other in address()) {
        let entry_point = op.version().canonical_address();
        prop_assert_ne!(op.hash(entry_point, ChainId::new(chain)), hash(&op));
        prop_assert_ne!(op.hash(other, ChainId::new(1)), hash(&op));
    }
}

/// Changes the last digit of bytes or of a quantity; puts bytes where there are none.
fn change(text: &str, byte: u8) -> String {
    if text == "0x" {
        return format!("0x{}", format!("{byte:02x}").repeat(20));
    }
    let (head, last) = text.split_at(text.len() - 1);
    let last = u8::from_str_radix(last, 16).expect("hex") ^ (byte % 15 + 1);
    format!("{head}{last:x}")
}
