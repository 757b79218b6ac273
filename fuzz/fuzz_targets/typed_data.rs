//! Typed data from JSON: what is read has one digest and one form, and never that of an operation or of ours.

#![no_main]

use countersign_userop::{ChainlessDomain, EntryPointVersion, TypedData};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(data) = TypedData::from_slice(input, ChainlessDomain::Granted) else { return };
    let again = TypedData::from_json(&data.to_json(), ChainlessDomain::Granted);
    let again = again.expect("what we wrote");
    assert_eq!(
        (again.digest(), again.canonical().hash()),
        (data.digest(), data.canonical().hash())
    );
    let domain = data.domain();
    let entry_points = EntryPointVersion::ALL.map(EntryPointVersion::canonical_address);
    assert!(domain.verifying_contract.is_none_or(|contract| !entry_points.contains(&contract)));
    assert!(domain.name.as_deref().is_none_or(|name| !name.starts_with("Countersign")));
    assert!(data.effects().flows.is_empty() || data.permit().is_some());
    let _ = (data.lines(), data.slot(), data.effects());
});
