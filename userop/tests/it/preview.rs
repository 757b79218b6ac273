//! Previews reach the leaves and name what people know.

use alloy::{
    primitives::{Address, Bytes, U256, bytes},
    sol,
    sol_types::SolCall,
};
use countersign_userop::{
    AccountKind, AccountSpec, Action, Call, EntryPointVersion, Paymaster, Preview, UserOperation,
    preview,
};

sol! {
    struct Part {
        address target;
        bool allowFailure;
        bytes callData;
    }
    function aggregate3(Part[] calls) external payable;
    function multicall(bytes[] data) external;
    function transfer(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external;
    function setApprovalForAll(address operator, bool approved) external;

    interface Nft {
        function safeTransferFrom(address from, address to, uint256 id) external;
    }
    interface Multi {
        function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data) external;
    }
}

const SENDER: Address = Address::repeat_byte(0x5e);
const TOKEN: Address = Address::repeat_byte(0x70);
const FRIEND: Address = Address::repeat_byte(0xf1);

fn spec() -> AccountSpec {
    let (factory, implementation) = (Address::repeat_byte(0xfa), Address::repeat_byte(0x1e));
    AccountSpec::new(AccountKind::Countersign, EntryPointVersion::V0_8, factory, implementation)
        .expect("a known kind")
}

fn call(to: Address, data: impl Into<Bytes>) -> Call {
    Call { to, value: U256::ZERO, data: data.into() }
}

fn transfer(amount: u64) -> Vec<u8> {
    transferCall { to: FRIEND, amount: U256::from(amount) }.abi_encode()
}

fn operation(calls: &[Call]) -> UserOperation {
    let data = spec().encode_calls(calls).expect("calls");
    UserOperation::new(EntryPointVersion::V0_8, SENDER, U256::from(3), data)
}

fn shown(calls: &[Call]) -> Preview {
    preview(&operation(calls), Some(&spec()))
}

#[test]
fn finds_the_leaves_of_batches_within_batches() {
    let aggregate = aggregate3Call {
        calls: vec![
            Part { target: TOKEN, allowFailure: false, callData: transfer(1).into() },
            Part { target: TOKEN, allowFailure: true, callData: transfer(2).into() },
        ],
    };
    let parts = vec![transfer(3).into(), aggregate.abi_encode().into()];
    let multicall = multicallCall { data: parts }.abi_encode();
    let own = spec().encode_calls(&[call(FRIEND, multicall), call(TOKEN, transfer(4))]).unwrap();

    let preview = shown(&[call(SENDER, own), call(TOKEN, transfer(5))]);

    let amounts: Vec<_> = preview
        .leaves()
        .into_iter()
        .map(|leaf| match &leaf.action {
            Action::Transfer { to, amount } if *to == FRIEND => amount.to::<u64>(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(amounts, [3, 1, 2, 4, 5]);
    assert!(preview.is_understood());
}

#[test]
fn reads_the_same_with_and_without_knowing_the_account() {
    let op = operation(&[call(TOKEN, transfer(1)), call(TOKEN, transfer(2))]);
    assert_eq!(preview(&op, None), preview(&op, Some(&spec())));
}

#[test]
fn tells_what_happens_in_plain_lines() {
    let all = setApprovalForAllCall { operator: FRIEND, approved: true };
    let nft = Nft::safeTransferFromCall { from: SENDER, to: FRIEND, id: U256::from(9) };
    let multi = Multi::safeBatchTransferFromCall {
        from: SENDER,
        to: FRIEND,
        ids: vec![U256::from(1), U256::from(2)],
        amounts: vec![U256::from(10), U256::from(20)],
        data: Bytes::new(),
    };
    let calls = [
        Call { to: FRIEND, value: U256::from(7), data: Bytes::new() },
        call(TOKEN, transfer(5)),
        call(TOKEN, approveCall { spender: FRIEND, amount: U256::MAX }.abi_encode()),
        call(TOKEN, all.abi_encode()),
        call(TOKEN, nft.abi_encode()),
        call(TOKEN, multi.abi_encode()),
        Call { to: FRIEND, value: U256::from(1), data: bytes!("deadbeef00") },
        call(FRIEND, bytes!("ab")),
        call(SENDER, multicallCall { data: vec![transfer(8).into()] }.abi_encode()),
    ];
    let paymaster = Paymaster { address: TOKEN, ..Paymaster::default() };
    let op = operation(&calls)
        .with_factory(Some(spec().factory_call(FRIEND, U256::from(4))))
        .with_paymaster(Some(paymaster));
    insta::assert_snapshot!(preview(&op, Some(&spec())));
}

#[test]
fn serializes_for_programs() {
    let preview =
        shown(&[call(SENDER, multicallCall { data: vec![transfer(8).into()] }.abi_encode())]);
    insta::assert_json_snapshot!(preview);
}

#[test]
fn shows_call_data_of_an_unknown_account_as_one_unknown_call() {
    let op =
        UserOperation::new(EntryPointVersion::V0_7, SENDER, U256::ZERO, bytes!("12345678000000"));
    for spec in [None, Some(&spec())] {
        let preview = preview(&op, spec);
        assert!(preview.undecoded.is_some());
        assert!(!preview.is_understood());
        let [only] = &preview.leaves()[..] else { panic!("{preview:?}") };
        assert_eq!(only.to, SENDER);
        assert!(matches!(only.action, Action::Unknown { bytes: 7, .. }));
    }
}

#[test]
fn names_nothing_whose_arguments_are_not_canonical() {
    let longer = [transfer(5), vec![0]].concat();
    let mut dirty = transfer(5);
    dirty[4] = 1; // above the 20 bytes of an address
    for data in [longer, dirty, transfer(5)[..67].to_vec()] {
        let preview = shown(&[call(TOKEN, data)]);
        assert!(matches!(preview.calls[0].action, Action::Unknown { selector: Some(_), .. }));
        assert!(!preview.is_understood());
    }
}

#[test]
fn looks_into_a_bounded_number_of_levels() {
    let mut data = transfer(1);
    for _ in 0..100 {
        data = multicallCall { data: vec![data.into()] }.abi_encode();
    }
    let preview = shown(&[call(TOKEN, data)]);
    assert_eq!(preview.leaves().len(), 1);
    assert!(!preview.is_understood());
}
