//! Whatever a stranger sends: an answer or an error, in bounded time, and no panic.

use alloy::primitives::{Address, U256};
use countersign_userop::{
    AccountKind, AccountSpec, ChainId, ChainlessDomain, Descriptors, EntryPointVersion, TypedData,
    UserOperation, preview_operation,
};
use proptest::prelude::*;

use crate::typed_data::any_json;

const HERE: Address = Address::repeat_byte(0x11);

/// Operations of every version with this call data, previewed with and without their account.
fn preview_everywhere(call_data: &[u8]) {
    for version in EntryPointVersion::ALL {
        let op = UserOperation::new(version, HERE, U256::ZERO, call_data.to_vec().into());
        for kind in [AccountKind::Countersign, AccountKind::SimpleAccount] {
            let spec = AccountSpec::new(kind, version, HERE, HERE).ok();
            let shown = preview_operation(&op, HERE, ChainId::new(1), spec.as_ref());
            assert_eq!(shown.hash(), shown.canonical().hash());
            assert!(!shown.lines().is_empty());
            let _ = shown.effects();
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_an_operation_or_an_error(text in prop::collection::vec(any::<u8>(), 0..400)) {
        for version in EntryPointVersion::ALL {
            prop_assert!(UserOperation::from_slice(version, &text).is_err());
        }
        let mut descriptors = Descriptors::new();
        let _ = descriptors.add(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn any_json_is_an_operation_or_an_error(json in any_json()) {
        for version in EntryPointVersion::ALL {
            let _ = UserOperation::from_json(version, &json);
        }
    }

    #[test]
    fn any_call_data_has_a_preview(call_data in prop::collection::vec(any::<u8>(), 0..600)) {
        preview_everywhere(&call_data);
    }

    #[test]
    fn a_changed_execution_has_a_preview(
        at in 0_usize..600,
        byte in any::<u8>(),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6),
    ) {
        let spec = AccountSpec::new(AccountKind::SimpleAccount, EntryPointVersion::V0_8, HERE, HERE)
            .expect("a known kind");
        let call = |data: &Vec<u8>| countersign_userop::Call {
            to: HERE,
            value: U256::from(data.len()),
            data: data.clone().into(),
        };
        let calls: Vec<_> = parts.iter().map(call).collect();
        let mut data = spec.encode_calls(&calls).expect("calls").to_vec();
        if let Some(place) = data.get_mut(at) {
            *place = byte;
        }
        preview_everywhere(&data);
    }
}

#[test]
fn text_that_nests_or_grows_without_end_is_refused() {
    let deep = [b'['; 200_000];
    let long = vec![b' '; 2 << 20];
    for text in [&deep[..], &long] {
        for version in EntryPointVersion::ALL {
            assert!(UserOperation::from_slice(version, text).is_err());
        }
        assert!(TypedData::from_slice(text, ChainlessDomain::Granted).is_err());
        assert!(Descriptors::new().add(&String::from_utf8_lossy(text)).is_err());
    }
}
