//! Verdicts, by the example policies and against them.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256, address};

use countersign_userop::SignableKind;

use crate::{Asset, CallFacts, Facts, Flow, Grant, Policy, Time, Verdict};

const DESK: &str = "treasury-desk";
const USDC: Address = address!("a0b86991c6218b36c1d19d4a2e9eb0ce3606eb48");

/// An operation on chain 1 that sends `wei` to somebody.
fn sends(wei: u64) -> Facts {
    Facts {
        kind: SignableKind::UserOperation,
        caller: DESK.into(),
        intent_signed: true,
        key: "treasury".into(),
        purpose: "accounts".into(),
        chain: 1,
        account: Some(Address::repeat_byte(0xac)),
        account_kind: Some("countersign".into()),
        entry_point: Some(Address::repeat_byte(0xee)),
        entry_point_version: Some("0.8".into()),
        deploys: false,
        sponsor: None,
        calls: vec![call("send", Address::repeat_byte(0xbe))],
        needs: Vec::new(),
        flows: vec![Flow { asset: Asset::Native, amount: U256::from(wei) }],
        fee_ceiling: U256::from(1_000),
        time: Time { hour: 12, weekday: 3 },
        typed_data: None,
    }
}

fn call(function: &str, target: Address) -> CallFacts {
    CallFacts {
        target,
        function: function.into(),
        selector: None,
        sends_value: function == "send",
        depth: 0,
        from: None,
        recipient: None,
        spender: None,
        unlimited: false,
        needs: Vec::new(),
    }
}

fn example(name: &str) -> Policy {
    let path = format!("{}/policies/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    Policy::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The verdict with nothing taken before and nobody's approval.
fn judge(policy: &Policy, facts: &Facts) -> Verdict {
    judge_after(policy, facts, U256::ZERO, &[])
}

/// The verdict when `total` was taken of every limit before.
fn judge_after(policy: &Policy, facts: &Facts, total: U256, approved: &[(&str, usize)]) -> Verdict {
    let measures = policy.measures(facts);
    let exceeded: BTreeSet<String> = measures
        .iter()
        .filter(|measure| measure.exceeds(total))
        .map(|measure| measure.limit.name.clone())
        .collect();
    let approved: BTreeMap<String, usize> =
        approved.iter().map(|(group, count)| ((*group).to_owned(), *count)).collect();
    policy.judge(facts, &exceeded, &approved)
}

#[track_caller]
fn must_deny(verdict: &Verdict, reason: &str) {
    assert!(!verdict.is_allowed(), "{verdict}");
    assert!(verdict.to_string().contains(reason), "{verdict}");
}

#[test]
fn a_treasury_sends_up_to_its_daily_cap() {
    let policy = example("treasury");
    let verdict = judge(&policy, &sends(5_000_000_000_000_000_000));
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge_after(&policy, &sends(1), U256::MAX, &[]), "within the limits");
    must_deny(&judge(&policy, &sends(5_000_000_000_000_000_001)), "within the limits");
}

#[test]
fn a_treasury_transfers_one_token_and_no_other() {
    let policy = example("treasury");
    let transfer = |token, amount: u64| {
        let flow = Flow { asset: Asset::Token(token), amount: U256::from(amount) };
        Facts { calls: vec![call("transfer", token)], flows: vec![flow], ..sends(0) }
    };
    let verdict = judge(&policy, &transfer(USDC, 20_000_000_000));
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge(&policy, &transfer(USDC, 20_000_000_001)), "within the limits");
    must_deny(&judge(&policy, &transfer(Address::repeat_byte(1), 1)), "no policy permits call 1");
}

#[test]
fn a_treasury_hears_nobody_else_and_no_unsigned_intent() {
    let policy = example("treasury");
    let other = Facts { caller: "somebody".into(), ..sends(1) };
    must_deny(&judge(&policy, &other), "no policy permits the request");
    let unsigned = Facts { intent_signed: false, ..sends(1) };
    must_deny(&judge(&policy, &unsigned), "no policy permits the request");
}

#[test]
fn the_fee_ceiling_holds_for_each_operation_alone() {
    let policy = example("treasury");
    let dear = Facts { fee_ceiling: U256::from(50_000_000_000_000_001_u64), ..sends(1) };
    must_deny(&judge(&policy, &dear), "within the limits");
}

#[test]
fn an_allow_list_grants_unknown_functions_of_its_contracts_only() {
    let policy = example("allow-list");
    let unknown = |target| Facts {
        calls: vec![CallFacts { needs: vec![Grant::Undecodable], ..call("unknown", target) }],
        ..sends(0)
    };
    let verdict = judge(&policy, &unknown(Address::repeat_byte(0x11)));
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge(&policy, &unknown(Address::repeat_byte(0x33))), "no policy permits");
    let two = Facts {
        calls: vec![
            call("transfer", Address::repeat_byte(0x11)),
            call("transfer", Address::repeat_byte(0x33)),
        ],
        ..sends(0)
    };
    must_deny(&judge(&policy, &two), "no policy permits");
}

#[test]
fn deploy_only_deploys_once_and_calls_nothing() {
    let policy = example("deploy-only");
    let deploy = Facts { deploys: true, calls: Vec::new(), ..sends(0) };
    let verdict = judge(&policy, &deploy);
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge_after(&policy, &deploy, U256::from(1), &[]), "once an account");
    must_deny(&judge(&policy, &Facts { deploys: true, ..sends(0) }), "no policy permits");
    must_deny(&judge(&policy, &Facts { deploys: false, ..deploy }), "no policy permits");
}

#[test]
fn a_plain_account_permits_one_token_within_its_cap_and_nothing_raw() {
    let policy = example("plain-account");
    let permit = |contract, amount: u64, needs: Vec<Grant>| Facts {
        kind: SignableKind::TypedData,
        caller: "desk".into(),
        purpose: "plain".into(),
        calls: Vec::new(),
        needs,
        flows: vec![Flow { asset: Asset::Token(contract), amount: U256::from(amount) }],
        typed_data: Some(("USD Coin".into(), "Permit".into(), Some(contract))),
        ..sends(0)
    };
    let good = permit(USDC, 1_000_000_000, vec![Grant::Permit]);
    let verdict = judge(&policy, &good);
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge_after(&policy, &good, U256::from(1), &[]), "within the cap");
    must_deny(&judge(&policy, &permit(USDC, 1_000_000_001, vec![Grant::Permit])), "within the cap");
    must_deny(&judge(&policy, &permit(Address::ZERO, 1, vec![Grant::Permit])), "no policy permits");
    must_deny(&judge(&policy, &permit(USDC, 1, vec![Grant::RawTypedData])), "raw-typed-data");
    // What names no chain counts on every one.
    let everywhere = Facts { chain: 0, ..permit(USDC, 1_000_000_001, vec![Grant::Permit]) };
    must_deny(&judge(&policy, &everywhere), "within the cap");
    let message =
        Facts { kind: SignableKind::Message, typed_data: None, ..permit(USDC, 0, vec![]) };
    assert!(judge(&policy, &message).is_allowed());
    let unread = Facts { needs: vec![Grant::Undecodable], ..message };
    must_deny(&judge(&policy, &unread), "undecodable");
}

#[test]
fn paymaster_only_sponsors_within_its_budget_and_signs_no_operation() {
    let policy = example("paymaster-only");
    let approval = Facts { kind: SignableKind::PaymasterApproval, ..sends(1) };
    let verdict = judge(&policy, &approval);
    assert!(verdict.is_allowed(), "{verdict}");
    must_deny(&judge_after(&policy, &approval, U256::MAX, &[]), "within the budget");
    must_deny(&judge(&policy, &sends(1)), "no policy permits");
}

#[test]
fn an_amount_above_the_small_one_needs_two_treasurers() {
    let policy = example("two-approvals");
    let small = judge(&policy, &sends(1_000_000_000_000_000_000));
    assert!(small.is_allowed(), "{small}");
    let large = sends(1_000_000_000_000_000_001);
    let Verdict::NeedsApproval { missing } = judge(&policy, &large) else { panic!("no asking") };
    assert_eq!(missing.approvals, ["treasurers:2"]);
    let one = judge_after(&policy, &large, U256::ZERO, &[("treasurers", 1)]);
    must_deny(&one, "needs the approval of treasurers:2");
    let two = judge_after(&policy, &large, U256::ZERO, &[("treasurers", 2)]);
    assert!(two.is_allowed(), "{two}");
    let others = judge_after(&policy, &large, U256::ZERO, &[("clerks", 9)]);
    assert!(!others.is_allowed(), "{others}");
}

#[test]
fn a_freeze_wins_over_every_permit() {
    let policy = example("freeze");
    must_deny(&judge(&policy, &sends(1)), "forbidden by \"frozen\"");
    let other = Facts { key: "other".into(), ..sends(1) };
    assert!(judge(&policy, &other).is_allowed());
}

#[test]
fn a_blanket_permit_grants_nothing_that_has_a_name() {
    let text =
        "version = 1\npolicies = '''\n@id(\"all\")\npermit (principal, action, resource);\n'''";
    let policy = Policy::parse(text).unwrap();
    assert!(judge(&policy, &sends(1)).is_allowed());
    for grant in Grant::ALL {
        let needs = format!("needs the grant \"{grant}\"");
        let whole = Facts { needs: vec![grant], ..sends(1) };
        must_deny(&judge(&policy, &whole), &needs);
        let special = CallFacts { needs: vec![grant], ..call("send", Address::ZERO) };
        let one_call = Facts { calls: vec![special], ..sends(1) };
        must_deny(&judge(&policy, &one_call), &needs);
        let text = text.replace("permit", &format!("@grants(\"{grant}\")\npermit"));
        assert!(judge(&Policy::parse(&text).unwrap(), &whole).is_allowed());
        assert!(judge(&Policy::parse(&text).unwrap(), &one_call).is_allowed());
    }
}

#[test]
fn nothing_is_allowed_by_no_policy() {
    let policy = Policy::parse("version = 1\npolicies = ''").unwrap();
    must_deny(&judge(&policy, &sends(1)), "no policy permits the request");
}

#[test]
fn a_policy_that_fails_is_a_no_even_beside_a_permit() {
    let text = r#"
version = 1
policies = '''
@id("all")
permit (principal, action, resource);
@id("overflows")
permit (principal, action, resource) when { context.chain * 9223372036854775807 == 5 };
'''"#;
    let policy = Policy::parse(text).unwrap();
    let verdict = judge(&policy, &Facts { chain: 31_337, ..sends(1) });
    must_deny(&verdict, "a policy failed");
}

#[test]
fn a_chain_that_no_policy_can_name_is_a_no() {
    let policy = example("development");
    must_deny(&judge(&policy, &Facts { chain: u64::MAX, ..sends(1) }), "too large");
}

#[test]
fn the_development_policy_grants_no_admin_action() {
    let policy = example("development");
    assert!(policy.waives_intents());
    for grant in [Grant::Owner, Grant::Guardian, Grant::Module, Grant::Upgrade, Grant::Delegate] {
        let admin = CallFacts { needs: vec![grant], ..call("rotateOwner", Address::ZERO) };
        must_deny(&judge(&policy, &Facts { calls: vec![admin], ..sends(0) }), "needs the grant");
    }
}
