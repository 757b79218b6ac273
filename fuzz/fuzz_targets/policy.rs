//! A policy file from text, and facts before policies: a verdict always, the same one twice, and nothing permitted by
//! nobody.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use alloy::primitives::{Address, U256};
use countersign_policy::{Asset, CallFacts, DEVELOPMENT, Facts, Flow, Grant, Policy, Time};
use countersign_userop::SignableKind;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

const EMPTY: &str = "version = 1\npolicies = ''";

fn policies() -> &'static [Policy] {
    static POLICIES: OnceLock<Vec<Policy>> = OnceLock::new();
    let texts = [
        EMPTY,
        DEVELOPMENT,
        include_str!("../../signer/policy/policies/treasury.toml"),
        include_str!("../../signer/policy/policies/two-approvals.toml"),
        include_str!("../../signer/policy/policies/freeze.toml"),
    ];
    POLICIES.get_or_init(|| texts.map(|text| Policy::parse(text).expect("an example")).into())
}

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input)
        && text.starts_with("version")
    {
        let _ = Policy::parse(text);
        return;
    }
    let mut input = Unstructured::new(input);
    let Ok(facts) = facts(&mut input) else { return };
    for (number, policy) in policies().iter().enumerate() {
        let over =
            policy.measures(&facts).into_iter().filter(|measure| measure.exceeds(U256::ZERO));
        let exceeded: BTreeSet<String> = over.map(|measure| measure.limit.name.clone()).collect();
        let verdict = policy.judge(&facts, &exceeded, &BTreeMap::new());
        assert_eq!(verdict, policy.judge(&facts, &exceeded, &BTreeMap::new()));
        assert!(number > 0 || !verdict.is_allowed(), "nobody permits {facts:?}");
        let _ = verdict.to_string();
    }
});

fn facts(input: &mut Unstructured<'_>) -> Result<Facts> {
    Ok(Facts {
        kind: *input.choose(&SignableKind::ALL)?,
        caller: word(input)?,
        intent_signed: input.arbitrary()?,
        key: word(input)?,
        purpose: word(input)?,
        chain: input.arbitrary()?,
        account: address(input)?,
        account_kind: optional(input)?,
        entry_point: address(input)?,
        entry_point_version: optional(input)?,
        deploys: input.arbitrary()?,
        sponsor: address(input)?,
        calls: several(input, call)?,
        needs: several(input, grant)?,
        flows: several(input, flow)?,
        fee_ceiling: number(input)?,
        time: Time::at(input.arbitrary()?),
        typed_data: match input.arbitrary()? {
            true => Some((word(input)?, word(input)?, address(input)?)),
            false => None,
        },
    })
}

fn call(input: &mut Unstructured<'_>) -> Result<CallFacts> {
    Ok(CallFacts {
        target: Address::from(input.arbitrary::<[u8; 20]>()?),
        function: word(input)?,
        selector: Some(input.arbitrary::<[u8; 4]>()?.into()),
        sends_value: input.arbitrary()?,
        depth: input.arbitrary()?,
        from: address(input)?,
        recipient: address(input)?,
        spender: address(input)?,
        unlimited: input.arbitrary()?,
        needs: several(input, grant)?,
    })
}

fn flow(input: &mut Unstructured<'_>) -> Result<Flow> {
    let token = Asset::Token(Address::from(input.arbitrary::<[u8; 20]>()?));
    let asset = *input.choose(&[Asset::Native, token])?;
    Ok(Flow { asset, amount: number(input)? })
}

fn grant(input: &mut Unstructured<'_>) -> Result<Grant> {
    Ok(*input.choose(&Grant::ALL)?)
}

/// A word that policies speak of, or any text.
fn word(input: &mut Unstructured<'_>) -> Result<String> {
    let known = ["treasury-desk", "treasury", "accounts", "countersign", "send", "transfer", ""];
    Ok(match input.arbitrary()? {
        true => (*input.choose(&known)?).to_owned(),
        false => input.arbitrary()?,
    })
}

fn optional(input: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(if input.arbitrary()? { Some(word(input)?) } else { None })
}

fn address(input: &mut Unstructured<'_>) -> Result<Option<Address>> {
    Ok(input.arbitrary::<Option<[u8; 20]>>()?.map(Address::from))
}

fn number(input: &mut Unstructured<'_>) -> Result<U256> {
    Ok(U256::from_be_bytes(input.arbitrary::<[u8; 32]>()?))
}

fn several<T>(
    input: &mut Unstructured<'_>,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count: u8 = input.int_in_range(0..=4)?;
    (0..count).map(|_| one(input)).collect()
}
