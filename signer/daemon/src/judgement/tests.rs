//! The rules as tables: one change to a request that passes, and the rule that must refuse it.

use alloy::primitives::{Bytes, U256, address, bytes};
use alloy::sol;
use alloy::sol_types::SolCall as _;
use countersign_protocol::{AccountClaim, ChildNumber, Request, UserOperationRequest};
use countersign_userop::{
    AccountKind, AccountSpec, Call, Eip7702Auth, Factory, Fees, GasLimits, Paymaster,
    SponsorWindow, UserOperation,
};

use super::*;
use crate::accounts::DeployedAccount;
use crate::config::EntryPointConfig;
use crate::world::{GATEWAY, World, config, name, party, paymaster, spec};

const NOW: u64 = 1_700_000_000;

/// What the rules say to `call` at party 1.
async fn judged(world: &World, call: &SignCall) -> Judged {
    let (chains, rules) = config();
    let gateways = BTreeSet::from([GATEWAY.to_owned()]);
    let descriptors = Arc::default();
    let book = Rulebook { gateways, chains, rules, me: party(1), descriptors };
    let key = world.daemons[&1].keys.get(&call.key);
    let case = Case {
        book: &book,
        accounts: world.node.as_ref(),
        caller: GATEWAY,
        call,
        request_hash: B256::from(*call.request.hash().as_bytes()),
        key: key.as_deref(),
        policy: world.policy.current(),
        features: world.features.current(),
        now_s: NOW,
    };
    judge(&case).await
}

async fn must_refuse(world: &World, what: &str, call: &SignCall, rule: Rule) {
    match judged(world, call).await.verdict {
        Err(refusal) => assert_eq!(refusal.rule, rule, "{what}: {refusal}"),
        Ok(()) => panic!("{what} was allowed"),
    }
}

/// The operation of nonce 1, deploying its sender, with one change.
fn operation(
    world: &World,
    change: impl FnOnce(UserOperationRequest) -> UserOperationRequest,
) -> SignCall {
    let mut request = world.operation(1);
    let deploy = spec().factory_call(world.owner(), request.account.salt);
    request.op = request.op.with_factory(Some(deploy));
    world.call(&[1, 2], Request::UserOperation(change(request)))
}

fn with_op(
    request: UserOperationRequest,
    change: impl FnOnce(UserOperation) -> UserOperation,
) -> UserOperationRequest {
    UserOperationRequest { op: change(request.op), ..request }
}

/// The same operation with these calls.
fn calling(request: UserOperationRequest, calls: &[Call]) -> UserOperationRequest {
    let data = spec().encode_calls(calls).unwrap();
    with_op(request, |op| replace_calls(&op, data))
}

fn replace_calls(op: &UserOperation, data: Bytes) -> UserOperation {
    UserOperation::new(op.version(), op.sender(), op.nonce(), data)
        .with_factory(op.factory().cloned())
        .with_gas(op.gas())
        .with_fees(op.fees())
}

fn from_sender(op: &UserOperation, sender: Address) -> UserOperation {
    UserOperation::new(op.version(), sender, op.nonce(), op.call_data().clone())
        .with_gas(op.gas())
        .with_fees(op.fees())
}

fn call_to(to: Address, data: Bytes) -> Call {
    Call { to, value: U256::ZERO, data }
}

#[tokio::test]
async fn a_sound_operation_passes_with_its_digest_slot_and_preview() {
    let world = World::start().await;
    let call = operation(&world, |request| request);
    let judged = judged(&world, &call).await;
    judged.verdict.unwrap();
    let Request::UserOperation(request) = &call.request else { unreachable!() };
    let claim = judged.claim.unwrap();
    assert_eq!(claim.digest, world.digest(request));
    assert_eq!(claim.slot.slot, call.request.slot());
    assert!(judged.preview.iter().any(|line| line.to_lowercase().contains("bebebe")));
}

#[tokio::test]
async fn what_is_not_configured_is_refused() {
    let world = World::start().await;
    let other = Address::repeat_byte(0x77);
    type Change = fn(UserOperationRequest) -> UserOperationRequest;
    let table: [(&str, Rule, Change); 4] = [
        ("another chain", Rule::Chain, |request| UserOperationRequest {
            chain: ChainId::new(1),
            ..request
        }),
        ("another EntryPoint", Rule::EntryPoint, |request| UserOperationRequest {
            entry_point: Address::repeat_byte(0x77),
            ..request
        }),
        ("the EntryPoint of another version", Rule::EntryPoint, |request| UserOperationRequest {
            entry_point: EntryPointVersion::V0_8.canonical_address(),
            ..request
        }),
        ("an operation of another version than its request", Rule::EntryPoint, |request| {
            UserOperationRequest {
                version: EntryPointVersion::V0_8,
                entry_point: EntryPointVersion::V0_8.canonical_address(),
                ..request
            }
        }),
    ];
    for (what, rule, change) in table {
        must_refuse(&world, what, &operation(&world, change), rule).await;
    }
    let claims = [
        ("another factory", AccountClaim { factory: other, ..world.operation(1).account }),
        (
            "another kind",
            AccountClaim { kind: AccountKind::SimpleAccount, ..world.operation(1).account },
        ),
    ];
    for (what, account) in claims {
        let call = operation(&world, |request| UserOperationRequest { account, ..request });
        must_refuse(&world, what, &call, Rule::Account).await;
    }
}

#[tokio::test]
async fn an_account_is_of_the_entry_point_version_that_it_is_configured_for() {
    let world = World::start().await;
    // given an operation of version 0.8 whose account is configured for 0.7 only
    let version = EntryPointVersion::V0_8;
    let mut request = world.operation(1);
    request.op = of_version(&request.op, version);
    request.version = version;
    request.entry_point = version.canonical_address();
    let call = world.call(&[1, 2], Request::UserOperation(request));
    must_refuse(&world, "the account of another version", &call, Rule::Account).await;
}

fn of_version(op: &UserOperation, version: EntryPointVersion) -> UserOperation {
    UserOperation::new(version, op.sender(), op.nonce(), op.call_data().clone())
        .with_gas(op.gas())
        .with_fees(op.fees())
}

#[tokio::test]
async fn what_deploys_its_sender_must_have_the_sender_that_our_factory_gives() {
    let world = World::start().await;
    // given a foreign sender that our node takes for an account of ours
    let sender = Address::repeat_byte(0x55);
    let ours = DeployedAccount {
        code: spec().runtime_code(),
        implementation: spec().implementation.into_word(),
        owner: Some(world.owner()),
    };
    world.node.accounts.lock().unwrap().insert(sender, ours);
    let call = operation(&world, |request| {
        let factory = request.op.factory().cloned();
        with_op(request, |op| from_sender(&op, sender).with_factory(factory))
    });
    must_refuse(&world, "a foreign sender with a factory", &call, Rule::Sender).await;
}

#[tokio::test]
async fn a_sender_that_is_not_ours_is_refused() {
    let world = World::start().await;
    let stranger = Address::repeat_byte(0x55);
    let call = operation(&world, |request| with_op(request, |op| from_sender(&op, stranger)));
    must_refuse(&world, "a sender that our node does not know", &call, Rule::Sender).await;

    let salt = U256::from(6);
    let call = operation(&world, |request| {
        let account = AccountClaim { salt, ..request.account };
        UserOperationRequest { account, ..request }
    });
    must_refuse(&world, "another salt", &call, Rule::Sender).await;

    let mut call = operation(&world, |request| request);
    call.child = ChildNumber::new(4);
    must_refuse(&world, "the account of another child", &call, Rule::Sender).await;
}

#[tokio::test]
async fn a_deployed_account_passes_only_with_known_code_and_our_owner() {
    let world = World::start().await;
    let sender = Address::repeat_byte(0x55);
    let good = DeployedAccount {
        code: spec().runtime_code(),
        implementation: spec().implementation.into_word(),
        owner: Some(world.owner()),
    };
    let stranger = Some(Address::repeat_byte(0x66));
    let table = [
        ("our owner behind known code", good.clone(), true),
        ("another owner", DeployedAccount { owner: stranger, ..good.clone() }, false),
        ("no owner", DeployedAccount { owner: None, ..good.clone() }, false),
        ("no code", DeployedAccount { code: Bytes::new(), ..good.clone() }, false),
        ("unknown code", DeployedAccount { code: bytes!("60006000fd"), ..good.clone() }, false),
        (
            "a delegated key",
            DeployedAccount { code: [&[0xef, 1, 0][..], &[9; 20]].concat().into(), ..good.clone() },
            false,
        ),
        (
            "another implementation",
            DeployedAccount { implementation: B256::repeat_byte(9), ..good.clone() },
            false,
        ),
    ];
    for (what, account, allowed) in table {
        world.node.accounts.lock().unwrap().insert(sender, account);
        let call = operation(&world, |request| with_op(request, |op| from_sender(&op, sender)));
        let verdict = judged(&world, &call).await.verdict;
        assert_eq!(verdict.is_ok(), allowed, "{what}: {verdict:?}");
        if let Err(refusal) = verdict {
            assert_eq!(refusal.rule, Rule::Sender, "{what}");
        }
    }
}

#[tokio::test]
async fn what_deploys_the_sender_must_be_ours() {
    let world = World::start().await;
    let owner = world.owner();
    let salt = world.operation(1).account.salt;
    let table: [(&str, Factory); 5] = [
        ("an account of another owner", spec().factory_call(Address::repeat_byte(9), salt)),
        ("another account of ours", spec().factory_call(owner, U256::from(6))),
        (
            "another factory",
            Factory { address: Address::repeat_byte(9), ..spec().factory_call(owner, salt) },
        ),
        (
            "another call of the factory",
            Factory { data: bytes!("deadbeef"), ..spec().factory_call(owner, salt) },
        ),
        ("a delegated key", Factory::eip7702(Bytes::new())),
    ];
    for (what, factory) in table {
        let call =
            operation(&world, |request| with_op(request, |op| op.with_factory(Some(factory))));
        must_refuse(&world, what, &call, Rule::InitCode).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_takes_the_account_is_refused() {
    let world = World::start().await;
    let ours = world.operation(1).op.sender();
    let unreadable =
        operation(&world, |request| with_op(request, |op| replace_calls(&op, bytes!("deadbeef"))));
    must_refuse(&world, "undecodable call data", &unreadable, Rule::Calls).await;
    // transferOwnership(address)
    let take = bytes!("f2fde38b0000000000000000000000005555555555555555555555555555555555555555");
    let batch = spec().encode_calls(&[call_to(ours, take.clone())]).unwrap();
    let multicall = address!("cA11bde05977b3631167028862bE2a173976CA11");
    let table = [
        ("a call to itself", call_to(ours, take.clone())),
        ("a batch in itself", call_to(ours, batch)),
        (
            "a call to its EntryPoint",
            call_to(EntryPointVersion::V0_7.canonical_address(), Bytes::new()),
        ),
        (
            "a call to another EntryPoint",
            call_to(EntryPointVersion::V0_6.canonical_address(), bytes!("205c2878")),
        ),
    ];
    for (what, bad) in table {
        let harmless = call_to(multicall, Bytes::new());
        for calls in [vec![bad.clone()], vec![harmless, bad.clone()]] {
            let call = operation(&world, |request| calling(request, &calls));
            must_refuse(&world, what, &call, Rule::Targets).await;
        }
    }
    let itself = operation(&world, |request| calling(request, &[call_to(ours, Bytes::new())]));
    judged(&world, &itself).await.verdict.expect("wei to itself changes nothing");
}

sol! {
    /// What Multicall3 takes.
    #[derive(Debug)]
    struct Call3 { address target; bool allowFailure; bytes callData; }
    function aggregate3(Call3[] calls) external payable;
}

#[tokio::test]
async fn targets_are_looked_for_in_inner_calls_and_among_configured_entry_points() {
    let world = World::start().await;
    let (chains, _) = config();
    let mut chain = chains[0].clone();
    let own = Address::repeat_byte(0xee);
    chain.entry_points.push(EntryPointConfig { version: EntryPointVersion::V0_7, address: own });
    let within = |target: Address| {
        let call = Call3 { target, allowFailure: false, callData: Bytes::new() };
        let data = aggregate3Call { calls: vec![call] }.abi_encode();
        call_to(address!("cA11bde05977b3631167028862bE2a173976CA11"), data.into())
    };
    let weighed = |call: Call| {
        let request = calling(world.operation(1), &[call]);
        let preview = countersign_userop::preview(&request.op, Some(&spec()));
        targets::targets(&preview, &chain, &world.policy.current())
    };
    let harmless = Address::repeat_byte(0xbe);
    let canonical = EntryPointVersion::V0_9.canonical_address();
    assert_eq!(weighed(within(harmless)), Ok(()));
    for (what, call) in [
        ("a configured EntryPoint", call_to(own, Bytes::new())),
        ("a configured EntryPoint within a batch", within(own)),
        ("a canonical EntryPoint within a batch", within(canonical)),
    ] {
        assert_eq!(weighed(call).map_err(|refusal| refusal.rule), Err(Rule::Targets), "{what}");
    }
}

#[tokio::test]
async fn cost_and_delegation_are_bounded() {
    let world = World::start().await;
    let dear = operation(&world, |request| {
        let fees = Fees { max_fee_per_gas: 1_000_000_000_001, max_priority_fee_per_gas: 1 };
        with_op(request, |op| op.with_fees(fees))
    });
    must_refuse(&world, "a fee above the ceiling", &dear, Rule::Cost).await;
    let hungry = operation(&world, |request| {
        let gas = GasLimits { call: 1_000_000_000, verification: 1, pre_verification: 1 };
        with_op(request, |op| op.with_gas(gas))
    });
    must_refuse(&world, "a cost above the ceiling", &hungry, Rule::Cost).await;
    let wrapping = operation(&world, |request| {
        let gas = GasLimits { call: u128::MAX, verification: u128::MAX, pre_verification: 1 };
        with_op(request, |op| op.with_gas(gas))
    });
    must_refuse(&world, "a cost near the top of its range", &wrapping, Rule::Cost).await;
    let delegating =
        operation(&world, |request| with_op(request, |op| op.with_eip7702_auth(auth())));
    must_refuse(&world, "an EIP-7702 authorization", &delegating, Rule::Delegation).await;
}

fn auth() -> Option<Eip7702Auth> {
    Some(Eip7702Auth {
        chain_id: ChainId::new(31_337),
        address: Address::repeat_byte(9),
        nonce: 0,
        y_parity: false,
        r: U256::from(1),
        s: U256::from(1),
    })
}

#[tokio::test]
async fn the_quorum_must_be_the_keys_and_ours() {
    let world = World::start().await;
    let table: [(&str, &[u8]); 6] = [
        ("one alone", &[1]),
        ("more than the threshold", &[1, 2, 3]),
        ("without us", &[2, 3]),
        ("a stranger", &[1, 4]),
        ("zero", &[0, 1]),
        ("one twice", &[1, 1]),
    ];
    for (what, quorum) in table {
        let mut call = operation(&world, |request| request);
        call.quorum = quorum.to_vec();
        must_refuse(&world, what, &call, Rule::Quorum).await;
    }
}

#[tokio::test]
async fn a_key_serves_its_purpose_only() {
    let world = World::start().await;
    let mut call = operation(&world, |request| request);
    call.key = name("sponsor");
    must_refuse(&world, "an operation by a paymaster key", &call, Rule::Purpose).await;
    let mut call = world.call(&[1, 2], Request::PaymasterApproval(world.approval(1)));
    call.key = name("treasury");
    must_refuse(&world, "an approval by an account key", &call, Rule::Purpose).await;
    call.key = name("unknown");
    must_refuse(&world, "a key that is not here", &call, Rule::Key).await;
}

#[tokio::test]
async fn a_caller_who_no_longer_waits_is_refused() {
    let world = World::start().await;
    let mut call = operation(&world, |request| request);
    call.deadline = std::time::Duration::ZERO;
    must_refuse(&world, "no time left", &call, Rule::Deadline).await;
}

/// An approval within its window at [`NOW`], with one change.
fn approval(
    world: &World,
    change: impl FnOnce(&mut countersign_protocol::PaymasterApprovalRequest),
) -> SignCall {
    let mut request = world.approval(1);
    request.window = SponsorWindow::new(NOW + 60, 0).unwrap();
    change(&mut request);
    world.call(&[1, 2], Request::PaymasterApproval(request))
}

#[tokio::test]
async fn a_sound_approval_passes_and_promises_its_whole_cost() {
    let world = World::start().await;
    let judged = judged(&world, &approval(&world, |_| ())).await;
    judged.verdict.unwrap();
    let exposure = judged.exposure.unwrap();
    let request = world.approval(1);
    assert_eq!(exposure.wei, request.op.max_cost_wei());
    assert_eq!((exposure.paymaster, exposure.valid_until), (paymaster(), NOW + 60));
}

#[tokio::test]
async fn an_approval_beyond_its_bounds_is_refused() {
    let world = World::start().await;
    let stranger = Address::repeat_byte(0x77);
    type Change = Box<dyn FnOnce(&mut countersign_protocol::PaymasterApprovalRequest)>;
    let of = |change: Change| approval(&world, change);
    let window = |until| SponsorWindow::new(until, 0).unwrap();
    let table: Vec<(&str, Rule, SignCall)> = vec![
        (
            "a paymaster that is not ours",
            Rule::Paymaster,
            of(Box::new(move |r| r.paymaster = stranger)),
        ),
        (
            "an operation of another paymaster",
            Rule::Paymaster,
            of(Box::new(move |r| {
                let other = Paymaster { address: stranger, ..Paymaster::default() };
                r.op = r.op.clone().with_paymaster(Some(other));
            })),
        ),
        (
            "an operation without a paymaster",
            Rule::Paymaster,
            of(Box::new(|r| r.op = r.op.clone().with_paymaster(None))),
        ),
        ("a window that has passed", Rule::Window, of(Box::new(move |r| r.window = window(NOW)))),
        ("a window too long", Rule::Window, of(Box::new(move |r| r.window = window(NOW + 3_601)))),
        ("a delegated sender", Rule::Delegation, of(Box::new(move |r| r.delegate = stranger))),
        (
            "a delegating operation",
            Rule::Delegation,
            of(Box::new(|r| r.op = r.op.clone().with_eip7702_auth(auth()))),
        ),
        (
            "undecodable call data",
            Rule::Calls,
            of(Box::new(|r| {
                let paymaster = r.op.paymaster().cloned();
                r.op = replace_calls(&r.op, bytes!("deadbeef")).with_paymaster(paymaster);
            })),
        ),
        ("another chain", Rule::Chain, of(Box::new(|r| r.chain = ChainId::new(1)))),
        ("another EntryPoint", Rule::EntryPoint, of(Box::new(move |r| r.entry_point = stranger))),
    ];
    for (what, rule, call) in table {
        must_refuse(&world, what, &call, rule).await;
    }
    let mut child = approval(&world, |_| ());
    child.child = ChildNumber::new(1);
    must_refuse(&world, "a child of the paymaster's key", &child, Rule::Paymaster).await;
}

#[tokio::test]
async fn an_approval_is_for_a_paymaster_of_its_version_and_key_and_within_the_ceiling() {
    let world = World::start().await;
    let (chains, _) = config();
    let version = EntryPointVersion::V0_8;
    let paymaster_of = |call: &SignCall| {
        let Request::PaymasterApproval(request) = &call.request else { unreachable!() };
        let known = paymaster::paymaster(&chains[0], request, call);
        known.map(|_| ()).map_err(|refusal| refusal.rule)
    };
    assert_eq!(paymaster_of(&approval(&world, |_| ())), Ok(()));
    let mut of_other_key = approval(&world, |_| ());
    of_other_key.key = name("another-sponsor");
    assert_eq!(paymaster_of(&of_other_key), Err(Rule::Paymaster));
    let of_other_version = approval(&world, |request| request.version = version);
    assert_eq!(paymaster_of(&of_other_version), Err(Rule::Paymaster));

    let other_op = approval(&world, |request| {
        request.version = version;
        request.entry_point = version.canonical_address();
    });
    must_refuse(&world, "an operation of another version", &other_op, Rule::EntryPoint).await;
    let dear = approval(&world, |request| {
        let fees = Fees { max_fee_per_gas: 1_000_000_000_001, max_priority_fee_per_gas: 1 };
        request.op = request.op.clone().with_fees(fees);
    });
    must_refuse(&world, "a fee above the ceiling", &dear, Rule::Cost).await;
}

#[tokio::test]
async fn a_configured_delegation_must_be_the_one_that_is_approved() {
    let (_, rules) = config();
    let rules = RulesConfig { allow_eip7702: true, ..rules };
    let world = World::start().await;
    let op = world.operation(1).op.with_eip7702_auth(auth());
    let same = Address::repeat_byte(9);
    assert_eq!(delegation::approved_delegate(&op, same, &rules), Ok(()));
    let other = delegation::approved_delegate(&op, Address::ZERO, &rules).unwrap_err();
    assert_eq!(other.rule, Rule::Delegation);
}

#[test]
fn the_names_of_the_rules_are_part_of_the_interface() {
    let names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    insta::assert_snapshot!(names.join("\n"));
}

#[test]
fn an_account_spec_of_the_tests_is_the_configured_one() {
    let (chains, _) = config();
    let specs: &[AccountSpec] = &chains[0].accounts;
    assert!(specs.contains(&spec()));
}
