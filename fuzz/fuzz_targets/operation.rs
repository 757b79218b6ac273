//! An operation from JSON: what is read is written, packed, hashed and shown, and reads back as the same.

#![no_main]

use countersign_userop::{ChainId, EntryPointVersion, UserOperation, preview_operation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((version, text)) = input.split_first() else { return };
    let version = EntryPointVersion::ALL[usize::from(*version) % EntryPointVersion::ALL.len()];
    let Ok(json) = serde_json::from_slice(text) else { return };
    let Ok(op) = UserOperation::from_json(version, &json) else { return };
    let again = UserOperation::from_json(version, &op.to_json()).expect("what we wrote");
    assert_eq!(again, op);
    let (entry_point, chain) = (version.canonical_address(), ChainId::new(1));
    assert_eq!(again.hash(entry_point, chain), op.hash(entry_point, chain));
    let shown = preview_operation(&op, entry_point, chain, None);
    assert_eq!(shown.hash(), preview_operation(&again, entry_point, chain, None).hash());
    assert!(!shown.lines().is_empty());
});
