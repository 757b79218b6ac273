//! Call data: as an account's own, and as that of a call inside of it. What is decoded is shown, and counted.

#![no_main]

use alloy::primitives::{Address, Bytes, U256};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, EntryPointVersion, UserOperation, preview_operation,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, data)) = input.split_first() else { return };
    let kind = if choice & 1 == 0 { AccountKind::Countersign } else { AccountKind::SimpleAccount };
    let version = EntryPointVersion::V0_7;
    let (factory, implementation) = (Address::repeat_byte(0xfa), Address::repeat_byte(0x11));
    let Ok(spec) = AccountSpec::new(kind, version, factory, implementation) else { return };
    let data = Bytes::copy_from_slice(data);
    show(&spec, data.clone());
    let sender = Address::repeat_byte(0xac);
    // A token, the account itself, an EntryPoint.
    for to in [Address::repeat_byte(0x70), sender, version.canonical_address()] {
        let call = Call { to, value: U256::from(*choice), data: data.clone() };
        if let Ok(data) = spec.encode_calls(&[call.clone(), call]) {
            show(&spec, data);
        }
    }
});

fn show(spec: &AccountSpec, data: Bytes) {
    let sender = Address::repeat_byte(0xac);
    let op = UserOperation::new(spec.version, sender, U256::ZERO, data);
    let entry_point = spec.version.canonical_address();
    let shown = preview_operation(&op, entry_point, ChainId::new(1), Some(spec));
    let decoded = spec.decode_calls(op.call_data());
    assert_eq!(decoded.is_err(), shown.preview.undecoded.is_some());
    if let Ok(calls) = decoded {
        assert_eq!(calls.len(), shown.preview.calls.len());
        // What decodes is the one encoding of its calls.
        let again = spec.encode_calls(&calls);
        assert!(again.is_err() || spec.decode_calls(&again.expect("encoded")).is_ok());
    }
    let _ = (shown.lines(), shown.effects(), shown.hash());
}
