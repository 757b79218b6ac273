//! A descriptor's JSON, as far as we use it.

use alloy::json_abi::{AbiItem, Function};
use serde_json::{Map, Value, json};

use super::{Descriptor, Format, Key, MAX_TEXT, Subject, arguments, signature};
use crate::{ParseError, Problem, fields, signable::printable};

/// The most deployments, formats and fields of a format.
const MAX_DEPLOYMENTS: usize = 256;
const MAX_FORMATS: usize = 512;
const MAX_FIELDS: usize = 64;
/// No key of a format is longer.
const MAX_KEY: usize = 2048;
/// No intent and no label is longer.
pub(super) const MAX_WORDS: usize = 128;

type Read<T> = Result<T, ParseError>;

pub(super) fn descriptor(text: &str) -> Read<Descriptor> {
    let error = |problem| ParseError::new("descriptor", problem);
    if text.len() > MAX_TEXT {
        return Err(error(Problem::TooLong { max: MAX_TEXT }));
    }
    let json: Value =
        serde_json::from_str(text).map_err(|_| error(Problem::Invalid("is no JSON")))?;
    if json.get("includes").is_some() {
        return Err(ParseError::new(
            "includes",
            Problem::Invalid("is not followed, merge the files"),
        ));
    }
    let formats = object(&json, "/display/formats")?;
    if formats.len() > MAX_FORMATS {
        return Err(ParseError::new("display.formats", Problem::TooMany { max: MAX_FORMATS }));
    }
    let subject = subject(&json)?;
    let abi = functions(json.pointer("/context/contract/abi"));
    let formats =
        formats.iter().filter_map(|(key, value)| format(&subject, &abi, key, value)).collect();
    let root = json!({
        "metadata": json.get("metadata"),
        "display": { "definitions": json.pointer("/display/definitions") },
    });
    Ok(Descriptor { subject, formats, root })
}

fn subject(json: &Value) -> Read<Subject> {
    if let Some(contract) = json.pointer("/context/contract") {
        let deployments = deployments(contract, "context.contract.deployments")?;
        return match deployments.is_empty() {
            true => Err(ParseError::new("context.contract.deployments", Problem::Missing)),
            false => Ok(Subject::Contract { deployments }),
        };
    }
    let Some(domain) = json.pointer("/context/eip712") else {
        return Err(ParseError::new("context", Problem::Needs("context.contract")));
    };
    let text = |name: &str| domain.pointer("/domain")?.get(name)?.as_str().map(str::to_owned);
    let deployments = deployments(domain, "context.eip712.deployments")?;
    Ok(Subject::Domain { deployments, name: text("name"), version: text("version") })
}

fn deployments(
    context: &Value,
    name: &'static str,
) -> Read<Vec<(crate::ChainId, alloy::primitives::Address)>> {
    let error = |problem| ParseError::new(name, problem);
    let Some(list) = context.get("deployments") else { return Ok(Vec::new()) };
    let list = list.as_array().ok_or_else(|| error(Problem::WrongType { expected: "an array" }))?;
    if list.len() > MAX_DEPLOYMENTS {
        return Err(error(Problem::TooMany { max: MAX_DEPLOYMENTS }));
    }
    let read = |deployment: &Value| {
        let member = |name| deployment.get(name).ok_or(Problem::Missing);
        let chain = fields::chain_id(member("chainId")?)?;
        Ok((chain, fields::address(member("address")?)?))
    };
    list.iter().map(|deployment| read(deployment).map_err(error)).collect()
}

/// The functions of an ABI that is in the file itself.
fn functions(abi: Option<&Value>) -> Vec<Function> {
    let items = abi.and_then(Value::as_array).into_iter().flatten().take(MAX_FORMATS);
    let function = |item: &Value| match serde_json::from_value(item.clone()) {
        Ok(AbiItem::Function(function)) => Some(function.into_owned()),
        _ => None,
    };
    items.filter_map(function).filter(arguments::are_modest).collect()
}

/// `None` for a format that we cannot use: its function is unknown, or it says nothing.
fn format(subject: &Subject, abi: &[Function], key: &str, json: &Value) -> Option<Format> {
    let key = match subject {
        Subject::Contract { .. } => Key::Function(Box::new(function(abi, key)?)),
        Subject::Domain { .. } => Key::Type(key.to_owned()),
    };
    let intent = match json.get("intent")? {
        Value::String(text) => text.clone(),
        Value::Object(parts) => {
            parts.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        _ => return None,
    };
    let fields = json.get("fields").and_then(Value::as_array)?;
    let fields = fields.iter().take(MAX_FIELDS).cloned().collect();
    Some(Format { key, intent: printable(&intent, MAX_WORDS), fields })
}

/// By selector from the file's ABI, or written out as the key itself.
fn function(abi: &[Function], key: &str) -> Option<Function> {
    if key.len() > MAX_KEY {
        return None;
    }
    if let Some(digits) = key.strip_prefix("0x") {
        let selector = hex::decode(digits).ok()?;
        return abi.iter().find(|f| f.selector().as_slice() == selector).cloned();
    }
    let parsed = signature::function(key).filter(arguments::are_modest)?;
    // A key without names gets them from the ABI, if there is one.
    Some(abi.iter().find(|f| f.selector() == parsed.selector()).cloned().unwrap_or(parsed))
}

fn object<'a>(json: &'a Value, pointer: &str) -> Read<&'a Map<String, Value>> {
    let name = pointer.trim_start_matches('/').replace('/', ".");
    let value = json.pointer(pointer).ok_or_else(|| ParseError::new(&*name, Problem::Missing))?;
    let expected = Problem::WrongType { expected: "an object" };
    value.as_object().ok_or_else(|| ParseError::new(&*name, expected))
}
