//! The access list of a transaction, bounded.

use alloy::eips::eip2930::{AccessList, AccessListItem};
use serde_json::{Value, json};

use crate::{ParseError, Problem, canonical, fields, fields::Fields};

/// The most accounts in it, and the most slots of each.
const MAX_ENTRIES: usize = 256;

/// Reads `[{"address", "storageKeys"}]`.
pub(super) fn read(value: &Value) -> Result<AccessList, Problem> {
    let items = array(value)?;
    let read = items.iter().map(|item| read_item(item).map_err(|error| error.problem().clone()));
    read.collect::<Result<_, _>>().map(AccessList)
}

/// The list as JSON.
pub(super) fn body(list: &AccessList) -> Value {
    let item = |item: &AccessListItem| {
        let (address, keys) = (canonical::json(&item.address), canonical::json(&item.storage_keys));
        json!({ "address": address, "storageKeys": keys })
    };
    list.0.iter().map(item).collect()
}

fn read_item(value: &Value) -> Result<AccessListItem, ParseError> {
    let mut fields = Fields::of(value, "accessList")?;
    let address = fields.required("address", fields::address)?;
    let storage_keys = fields.required("storageKeys", |keys| {
        array(keys)?.iter().map(fields::word).collect::<Result<_, _>>()
    })?;
    fields.finish()?;
    Ok(AccessListItem { address, storage_keys })
}

fn array(value: &Value) -> Result<&Vec<Value>, Problem> {
    match value.as_array() {
        Some(items) if items.len() > MAX_ENTRIES => Err(Problem::TooMany { max: MAX_ENTRIES }),
        Some(items) => Ok(items),
        None => Err(Problem::WrongType { expected: "an array" }),
    }
}
