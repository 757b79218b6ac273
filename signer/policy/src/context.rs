//! Facts in the words of the schema.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::Address;
use serde_json::{Map, Value, json};

use crate::{CallFacts, Facts, Grant};

/// Approvals by group: how many people of it approved.
pub(crate) type Approved = BTreeMap<String, usize>;

/// The context of the decision about the whole request. `None` if a number does not fit the schema.
pub(crate) fn request(
    facts: &Facts,
    exceeded: &BTreeSet<String>,
    approved: &Approved,
) -> Option<Map<String, Value>> {
    let chain = i64::try_from(facts.chain).ok()?;
    let calls = &facts.calls;
    let targets: BTreeSet<String> = calls.iter().map(|call| hex(call.target)).collect();
    let functions: BTreeSet<&str> = calls.iter().map(|call| call.function.as_str()).collect();
    let needs = || facts.needs.iter().chain(calls.iter().flat_map(|call| &call.needs));
    let admin: BTreeSet<&str> =
        needs().filter(|grant| grant.is_admin()).map(|grant| grant.as_str()).collect();
    let mut context = Map::new();
    let mut put = |name: &str, value: Value| context.insert(name.to_owned(), value);
    put("kind", json!(facts.kind.as_str()));
    put("key", json!(facts.key));
    put("purpose", json!(facts.purpose));
    put("chain", json!(chain));
    put("deploys", json!(facts.deploys));
    put("targets", json!(targets));
    put("functions", json!(functions));
    put("admin", json!(admin));
    put("unlimitedApproval", json!(calls.iter().any(|call| call.unlimited)));
    put("undecodable", json!(needs().any(|grant| *grant == Grant::Undecodable)));
    put("intentSigned", json!(facts.intent_signed));
    put("exceeded", json!(exceeded));
    put("approvals", json!(names(approved)));
    put("hour", json!(facts.time.hour));
    put("weekday", json!(facts.time.weekday));
    if let Some((domain, primary, contract)) = &facts.typed_data {
        put("typedDataDomain", json!(domain));
        put("typedDataType", json!(primary));
        if let Some(contract) = contract {
            put("verifyingContract", json!(hex(*contract)));
        }
    }
    let optional = [
        ("account", facts.account.map(hex)),
        ("accountKind", facts.account_kind.clone()),
        ("entryPoint", facts.entry_point.map(hex)),
        ("entryPointVersion", facts.entry_point_version.clone()),
        ("sponsor", facts.sponsor.map(hex)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    Some(context)
}

/// The context of the decision about one call: the request's, and the call's own.
pub(crate) fn call(request: &Map<String, Value>, call: &CallFacts) -> Option<Map<String, Value>> {
    let mut context = request.clone();
    let mut put = |name: &str, value: Value| context.insert(name.to_owned(), value);
    put("target", json!(hex(call.target)));
    put("function", json!(call.function));
    put("sendsValue", json!(call.sends_value));
    put("depth", json!(i64::try_from(call.depth).ok()?));
    put("unlimited", json!(call.unlimited));
    let optional = [
        ("selector", call.selector.map(|selector| selector.to_string())),
        ("from", call.from.map(hex)),
        ("recipient", call.recipient.map(hex)),
        ("spender", call.spender.map(hex)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    Some(context)
}

/// An address as policies write it: lower-case hex.
pub(crate) fn hex(address: Address) -> String {
    format!("{address:#x}")
}

/// Two treasurers make both `treasurers:1` and `treasurers:2` true.
fn names(approved: &Approved) -> BTreeSet<String> {
    approved
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |some| format!("{group}:{some}")))
        .collect()
}
