//! The canonical form of a preview stays what it is, and binds all that is signed for.

use alloy::{
    primitives::{Address, Bytes, U256, bytes},
    sol,
    sol_types::SolCall,
};
use countersign_userop::{
    Call, ChainId, EntryPointVersion, Fees, GasLimits, OperationPreview, Paymaster, SponsorWindow,
    UserOperation, preview_operation, preview_sponsorship,
};

use crate::effects::spec;

sol! {
    function approve(address spender, uint256 amount) external;
}

const SENDER: Address = Address::repeat_byte(0x5e);
const TOKEN: Address = Address::repeat_byte(0x70);
const FRIEND: Address = Address::repeat_byte(0xf1);

fn calls() -> Vec<Call> {
    let approve = approveCall { spender: FRIEND, amount: U256::MAX }.abi_encode();
    vec![
        Call { to: FRIEND, value: U256::from(7), data: Bytes::new() },
        Call { to: TOKEN, value: U256::ZERO, data: approve.into() },
        Call { to: TOKEN, value: U256::ZERO, data: bytes!("deadbeef0102") },
    ]
}

fn operation(calls: &[Call]) -> UserOperation {
    let data = spec().encode_calls(calls).expect("calls");
    let gas = GasLimits { call: 1000, verification: 2000, pre_verification: 3000 };
    let fees = Fees { max_fee_per_gas: 10, max_priority_fee_per_gas: 1 };
    UserOperation::new(EntryPointVersion::V0_8, SENDER, (U256::ONE << 64) + U256::ONE, data)
        .with_gas(gas)
        .with_fees(fees)
}

fn shown(op: &UserOperation) -> OperationPreview {
    let entry_point = EntryPointVersion::V0_8.canonical_address();
    preview_operation(op, entry_point, ChainId::new(8453), Some(&spec()))
}

#[test]
fn the_canonical_form_and_its_hash_are_pinned() {
    let paymaster = Paymaster { address: TOKEN, ..Paymaster::default() };
    let op = operation(&calls())
        .with_factory(Some(spec().factory_call(FRIEND, U256::from(4))))
        .with_paymaster(Some(paymaster));
    let shown = shown(&op);
    let canonical = shown.canonical();
    let text = String::from_utf8(canonical.as_bytes().to_vec()).unwrap();
    insta::assert_snapshot!(format!("{text}\n{}", shown.hash()));
    insta::assert_snapshot!("lines_of_an_operation", shown.lines().join("\n"));
}

#[test]
fn one_changed_byte_of_what_is_not_understood_changes_the_hash() {
    let mut other = calls();
    other[2].data = bytes!("deadbeef0103");
    assert_ne!(shown(&operation(&calls())).hash(), shown(&operation(&other)).hash());
    let undecoded = |data: Bytes| {
        shown(&UserOperation::new(EntryPointVersion::V0_8, SENDER, U256::ZERO, data)).hash()
    };
    assert_ne!(undecoded(bytes!("0102030405")), undecoded(bytes!("0102030406")));
}

#[test]
fn chain_entry_point_and_account_kind_are_part_of_it() {
    let op = operation(&calls());
    let here = EntryPointVersion::V0_8.canonical_address();
    let base = preview_operation(&op, here, ChainId::new(1), Some(&spec())).hash();
    let others = [
        preview_operation(&op, here, ChainId::new(2), Some(&spec())),
        preview_operation(&op, FRIEND, ChainId::new(1), Some(&spec())),
        preview_operation(&op, here, ChainId::new(1), None),
    ];
    for other in others {
        assert_ne!(base, other.hash(), "{other:?}");
    }
}

#[test]
fn signatures_that_come_later_are_not_part_of_it() {
    let version = EntryPointVersion::V0_9;
    let paymaster = Paymaster {
        address: TOKEN,
        signature: Some(Bytes::from_static(&[1])),
        ..Paymaster::default()
    };
    let op = UserOperation::new(version, SENDER, U256::ZERO, Bytes::new())
        .with_paymaster(Some(paymaster));
    let signed = op
        .clone()
        .with_signature(Bytes::from_static(&[2]))
        .with_paymaster_signature(Bytes::from_static(&[3]));
    assert_eq!(shown(&op).hash(), shown(&signed).hash());
}

#[test]
fn an_approval_to_pay_is_another_kind_and_binds_its_window() {
    let op = operation(&calls());
    let window = |until| SponsorWindow::new(until, 5).expect("a window");
    let (entry_point, chain) = (EntryPointVersion::V0_8.canonical_address(), ChainId::new(8453));
    let shown_until =
        |until| preview_sponsorship(&op, TOKEN, entry_point, chain, Address::ZERO, window(until));
    assert_ne!(shown_until(9).canonical().hash(), shown_until(10).canonical().hash());
    assert_ne!(shown_until(9).canonical().hash(), shown(&op).hash());
    assert!(shown_until(9).lines()[0].contains("until second 9"));
}
