//! What calls do to whom.

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, aliases::U48, aliases::U160},
    sol,
    sol_types::SolCall,
};
use countersign_userop::{
    AccountKind, AccountSpec, Action, AdminClass, Asset, Call, ChainId, Effects, EntryPointVersion,
    UserOperation, preview, preview_operation,
};
use proptest::prelude::*;

sol! {
    struct Part3Value {
        address target;
        bool allowFailure;
        uint256 value;
        bytes callData;
    }
    struct Part2 {
        address target;
        bytes callData;
    }
    struct Details {
        address token;
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }
    struct PermitBatch {
        Details[] details;
        address spender;
        uint256 sigDeadline;
    }
    struct Move {
        address from;
        address to;
        uint160 amount;
        address token;
    }
    struct Pair {
        address token;
        address spender;
    }
    function aggregate3Value(Part3Value[] calls) external payable;
    function tryBlockAndAggregate(bool requireSuccess, Part2[] calls) external payable;
    function blockAndAggregate(Part2[] calls) external payable;
    function multicall(bytes[] data) external payable;
    interface Until {
        function multicall(uint256 deadline, bytes[] data) external payable;
    }
    interface Erc20 {
        function transfer(address to, uint256 amount) external;
        function transferFrom(address from, address to, uint256 amount) external;
        function approve(address spender, uint256 amount) external;
        function increaseAllowance(address spender, uint256 amount) external;
        function setApprovalForAll(address operator, bool approved) external;
    }
    interface Permit2 {
        function approve(address token, address spender, uint160 amount, uint48 expiration) external;
        function permit(address owner, PermitBatch permitBatch, bytes signature) external;
        function transferFrom(Move[] transferDetails) external;
        function lockdown(Pair[] approvals) external;
    }
    interface Admin {
        function rotateOwner(address newOwner, bytes proof) external;
        function setGuardian(address newGuardian) external;
        function cancelOwnerChange() external;
        function transferOwnership(address newOwner) external;
        function renounceOwnership() external;
        function addOwnerWithThreshold(address owner, uint256 threshold) external;
        function swapOwner(address prevOwner, address oldOwner, address newOwner) external;
        function installModule(uint256 moduleTypeId, address module, bytes initData) external;
        function upgradeToAndCall(address newImplementation, bytes data) external;
        function upgradeAndCall(address proxy, address implementation, bytes data) external;
        function grantRole(bytes32 role, address account) external;
        function withdrawTo(address to, uint256 amount) external;
        function withdrawStake(address to) external;
    }
}

const ACCOUNT: Address = Address::repeat_byte(0xac);
const TOKEN: Address = Address::repeat_byte(0x70);
const FRIEND: Address = Address::repeat_byte(0xf1);
const OTHER: Address = Address::repeat_byte(0x07);
const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
const PERMIT2: Address = address!("0x000000000022D473030F116dDEE9F6B43aC78BA3");

pub(crate) fn spec() -> AccountSpec {
    let (factory, implementation) = (Address::repeat_byte(0xfa), Address::repeat_byte(0x1e));
    AccountSpec::new(AccountKind::Countersign, EntryPointVersion::V0_8, factory, implementation)
        .expect("a known kind")
}

fn call(to: Address, value: u64, data: Vec<u8>) -> Call {
    Call { to, value: U256::from(value), data: data.into() }
}

fn operation(calls: &[Call]) -> UserOperation {
    let data = spec().encode_calls(calls).expect("calls");
    UserOperation::new(EntryPointVersion::V0_8, ACCOUNT, U256::ZERO, data)
}

fn effects(calls: &[Call]) -> Effects {
    preview(&operation(calls), Some(&spec())).effects()
}

fn transfer(amount: u64) -> Vec<u8> {
    Erc20::transferCall { to: FRIEND, amount: U256::from(amount) }.abi_encode()
}

fn approve(amount: U256) -> Vec<u8> {
    Erc20::approveCall { spender: FRIEND, amount }.abi_encode()
}

fn tokens() -> Asset {
    Asset::Token { token: TOKEN }
}

#[test]
fn sums_saturate_and_never_wrap() {
    let all = Erc20::transferCall { to: FRIEND, amount: U256::MAX }.abi_encode();
    let effects = effects(&[call(TOKEN, 0, all.clone()), call(TOKEN, 0, all)]);
    assert_eq!(effects.total_out(ACCOUNT, tokens()), U256::MAX);
}

#[test]
fn wei_sent_into_a_multicall_counts_once() {
    let data: Vec<Bytes> = vec![transfer(1).into(), transfer(2).into()];
    let forms = [
        multicallCall { data: data.clone() }.abi_encode(),
        Until::multicallCall { deadline: U256::MAX, data }.abi_encode(),
    ];
    for form in forms {
        let effects = effects(&[call(OTHER, 7, form)]);
        assert_eq!(effects.total_out(ACCOUNT, Asset::Native), U256::from(7));
        // The contract calls its own code as the account, so `transfer` is its own token's.
        let own = Asset::Token { token: OTHER };
        assert_eq!(effects.total_out(ACCOUNT, own), U256::from(3));
    }
}

#[test]
fn wei_in_a_batch_of_the_account_itself_counts_where_it_leaves() {
    let inner = [call(ACCOUNT, 0, vec![]), call(OTHER, 5, vec![])];
    let own = spec().encode_calls(&inner).unwrap().to_vec();
    let effects = effects(&[call(ACCOUNT, 9, own)]);
    assert_eq!(effects.total_out(ACCOUNT, Asset::Native), U256::from(5));
}

#[test]
fn what_multicall3_moves_is_not_the_accounts_unless_it_says_from_whom() {
    let from_account =
        Erc20::transferFromCall { from: ACCOUNT, to: FRIEND, amount: U256::from(4) }.abi_encode();
    let part = |value: u64, data: Vec<u8>| Part3Value {
        target: TOKEN,
        allowFailure: false,
        value: U256::from(value),
        callData: data.into(),
    };
    let calls = vec![part(2, transfer(100)), part(0, from_account)];
    let effects = effects(&[call(MULTICALL3, 3, aggregate3ValueCall { calls }.abi_encode())]);
    assert_eq!(effects.total_out(ACCOUNT, tokens()), U256::from(4));
    assert_eq!(effects.total_out(MULTICALL3, tokens()), U256::from(100));
    assert_eq!(effects.total_out(ACCOUNT, Asset::Native), U256::from(3));
    let targets: Vec<_> = effects.calls.iter().map(|call| call.target).collect();
    assert_eq!(targets, [MULTICALL3, TOKEN, TOKEN]);
}

#[test]
fn every_form_of_multicall3_is_looked_into() {
    let calls = || vec![Part2 { target: TOKEN, callData: transfer(1).into() }];
    let forms = [
        tryBlockAndAggregateCall { requireSuccess: false, calls: calls() }.abi_encode(),
        blockAndAggregateCall { calls: calls() }.abi_encode(),
    ];
    for form in forms {
        let shown = preview(&operation(&[call(MULTICALL3, 0, form)]), Some(&spec()));
        assert!(matches!(shown.leaves()[0].action, Action::Transfer { .. }), "{shown}");
    }
}

#[test]
fn the_upper_half_of_amounts_is_unlimited() {
    let half = U256::ONE << 255;
    let cases = [(U256::MAX, true), (half, true), (half - U256::ONE, false), (U256::ZERO, false)];
    for (amount, unlimited) in cases {
        let found = effects(&[call(TOKEN, 0, approve(amount))]);
        assert_eq!(found.unlimited_approvals().count() == 1, unlimited, "{amount}");
        assert_eq!(found.approvals().count(), 1);
    }
    let more = Erc20::increaseAllowanceCall { spender: FRIEND, amount: half }.abi_encode();
    assert_eq!(effects(&[call(TOKEN, 0, more)]).unlimited_approvals().count(), 1);
    let all = Erc20::setApprovalForAllCall { operator: FRIEND, approved: true }.abi_encode();
    assert_eq!(effects(&[call(TOKEN, 0, all)]).unlimited_approvals().count(), 1);
    let none = Erc20::setApprovalForAllCall { operator: FRIEND, approved: false }.abi_encode();
    assert_eq!(effects(&[call(TOKEN, 0, none)]).approvals().count(), 0);
}

#[test]
fn permit2_is_understood() {
    let expiration = U48::from(5);
    let approve =
        Permit2::approveCall { token: TOKEN, spender: FRIEND, amount: U160::MAX, expiration };
    let details = vec![
        Details { token: TOKEN, amount: U160::from(6), expiration, nonce: U48::from(1) },
        Details { token: OTHER, amount: U160::MAX, expiration, nonce: U48::from(1) },
    ];
    let batch = PermitBatch { details, spender: FRIEND, sigDeadline: U256::from(9) };
    let permit =
        Permit2::permitCall { owner: ACCOUNT, permitBatch: batch, signature: Bytes::new() };
    let moves = vec![Move { from: ACCOUNT, to: FRIEND, amount: U160::from(8), token: TOKEN }];
    let moves = Permit2::transferFromCall { transferDetails: moves };
    let lockdown =
        Permit2::lockdownCall { approvals: vec![Pair { token: TOKEN, spender: FRIEND }] };
    let calls = [
        call(PERMIT2, 0, approve.abi_encode()),
        call(PERMIT2, 0, permit.abi_encode()),
        call(PERMIT2, 0, moves.abi_encode()),
        call(PERMIT2, 0, lockdown.abi_encode()),
    ];
    let found = effects(&calls);
    assert!(found.is_understood());
    assert_eq!(found.approvals().count(), 3);
    assert_eq!(found.unlimited_approvals().count(), 2);
    assert_eq!(found.total_out(ACCOUNT, tokens()), U256::from(8));
    insta::assert_snapshot!(preview(&operation(&calls), Some(&spec())));
}

#[test]
fn changes_of_command_are_named_by_what_they_are_about() {
    let cases: [(Vec<u8>, AdminClass); 11] = [
        (
            Admin::rotateOwnerCall { newOwner: FRIEND, proof: Bytes::new() }.abi_encode(),
            AdminClass::Owner,
        ),
        (Admin::setGuardianCall { newGuardian: FRIEND }.abi_encode(), AdminClass::Guardian),
        (Admin::cancelOwnerChangeCall {}.abi_encode(), AdminClass::Owner),
        (Admin::transferOwnershipCall { newOwner: FRIEND }.abi_encode(), AdminClass::Owner),
        (Admin::renounceOwnershipCall {}.abi_encode(), AdminClass::Owner),
        (
            Admin::addOwnerWithThresholdCall { owner: FRIEND, threshold: U256::ONE }.abi_encode(),
            AdminClass::Owner,
        ),
        (
            Admin::swapOwnerCall { prevOwner: TOKEN, oldOwner: OTHER, newOwner: FRIEND }
                .abi_encode(),
            AdminClass::Owner,
        ),
        (
            Admin::installModuleCall {
                moduleTypeId: U256::ONE,
                module: FRIEND,
                initData: Bytes::new(),
            }
            .abi_encode(),
            AdminClass::Module,
        ),
        (
            Admin::upgradeToAndCallCall { newImplementation: FRIEND, data: Bytes::new() }
                .abi_encode(),
            AdminClass::Upgrade,
        ),
        (
            Admin::upgradeAndCallCall { proxy: OTHER, implementation: FRIEND, data: Bytes::new() }
                .abi_encode(),
            AdminClass::Upgrade,
        ),
        (Admin::grantRoleCall { role: B256::ZERO, account: FRIEND }.abi_encode(), AdminClass::Role),
    ];
    let calls: Vec<_> = cases.iter().map(|(data, _)| call(ACCOUNT, 0, data.clone())).collect();
    let found: Vec<_> = effects(&calls).admin.iter().map(|change| change.class).collect();
    assert_eq!(found, cases.map(|(_, class)| class));
    insta::assert_snapshot!(preview(&operation(&calls), Some(&spec())));
}

#[test]
fn a_change_of_command_without_an_execution_is_seen_too() {
    let data = Admin::rotateOwnerCall { newOwner: FRIEND, proof: Bytes::new() }.abi_encode();
    let op = UserOperation::new(EntryPointVersion::V0_8, ACCOUNT, U256::ZERO, data.into());
    let shown = preview(&op, Some(&spec()));
    assert_eq!(shown.effects().admin[0].class, AdminClass::Owner);
    assert!(!shown.is_understood() && !shown.effects().is_understood());
    let disguised =
        UserOperation::new(EntryPointVersion::V0_8, ACCOUNT, U256::ZERO, transfer(1).into());
    assert!(!preview(&disguised, Some(&spec())).is_understood());
}

#[test]
fn a_deposit_that_leaves_counts_and_a_whole_stake_counts_as_everything() {
    let entry_point = EntryPointVersion::V0_8.canonical_address();
    let calls = [
        call(
            entry_point,
            0,
            Admin::withdrawToCall { to: FRIEND, amount: U256::from(3) }.abi_encode(),
        ),
        call(entry_point, 0, Admin::withdrawStakeCall { to: FRIEND }.abi_encode()),
    ];
    let found = effects(&calls[..1]);
    let deposit = Asset::Deposit { entry_point };
    assert_eq!(found.total_out(ACCOUNT, deposit), U256::from(3));
    assert_eq!(effects(&calls).total_out(ACCOUNT, deposit), U256::MAX);
}

#[test]
fn a_delegate_is_a_change_of_command() {
    let auth = countersign_userop::Eip7702Auth {
        chain_id: ChainId::new(0),
        address: FRIEND,
        nonce: 0,
        y_parity: false,
        r: U256::ONE,
        s: U256::ONE,
    };
    let op = operation(&[]).with_eip7702_auth(Some(auth));
    let entry_point = EntryPointVersion::V0_8.canonical_address();
    let shown = preview_operation(&op, entry_point, ChainId::new(1), Some(&spec()));
    assert_eq!(shown.effects().admin[0].class, AdminClass::Delegate);
    assert!(shown.lines().iter().any(|line| line.contains("every chain")));
}

proptest! {
    #[test]
    fn any_call_data_is_taken_apart_without_panic(
        selector in prop::sample::select(selectors()),
        words in prop::collection::vec(any::<u8>(), 0..40),
        tail in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut data = selector.to_vec();
        for word in words {
            data.extend([0; 31]);
            data.push(word);
        }
        data.extend(tail);
        let shown = preview(&operation(&[call(TOKEN, 1, data)]), Some(&spec()));
        prop_assert_eq!(shown.effects().is_understood(), shown.is_understood());
        prop_assert!(!shown.lines().is_empty());
    }
}

fn selectors() -> Vec<[u8; 4]> {
    vec![
        multicallCall::SELECTOR,
        Until::multicallCall::SELECTOR,
        aggregate3ValueCall::SELECTOR,
        blockAndAggregateCall::SELECTOR,
        Permit2::permitCall::SELECTOR,
        Permit2::transferFromCall::SELECTOR,
        Admin::installModuleCall::SELECTOR,
        Erc20::transferCall::SELECTOR,
    ]
}

#[test]
fn offsets_that_share_their_bytes_are_not_unfolded() {
    // 1,500 items, all of them the same 64 KiB: 96 MiB if they were copied out.
    let count = 1500_usize;
    let word = |n: usize| U256::from(n).to_be_bytes::<32>();
    let mut data = multicallCall::SELECTOR.to_vec();
    data.extend(word(32));
    data.extend(word(count));
    for _ in 0..count {
        data.extend(word(32 * count));
    }
    data.extend(word(64 * 1024));
    data.extend(vec![0; 64 * 1024]);
    let shown = preview(&operation(&[call(TOKEN, 0, data)]), Some(&spec()));
    assert_eq!(shown.leaves().len(), 1);
    assert!(!shown.is_understood());
}

#[test]
fn call_data_of_the_greatest_size_is_taken_apart_to_its_leaves() {
    let parts: Vec<Bytes> = vec![Bytes::new(); 2000];
    let data = multicallCall { data: parts }.abi_encode();
    let shown = preview(&operation(&[call(TOKEN, 0, data)]), Some(&spec()));
    assert_eq!(shown.leaves().len(), 2000);
}
