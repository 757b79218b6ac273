//! Serde for an operation that stands alone: `{"version": "0.7", "userOp": {…}}`.
//!
//! For fields of ours, as `#[serde(with = "countersign_userop::versioned")]`; JSON-RPC has the
//! bare operation, whose version follows from the EntryPoint beside it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{EntryPointVersion, UserOperation};

#[derive(Serialize)]
struct Borrowed<'a> {
    version: EntryPointVersion,
    #[serde(rename = "userOp")]
    op: &'a UserOperation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    version: EntryPointVersion,
    #[serde(rename = "userOp")]
    op: serde_json::Value,
}

/// Writes the operation with its version.
///
/// # Errors
/// Only the serializer's own.
pub fn serialize<S: Serializer>(op: &UserOperation, serializer: S) -> Result<S::Ok, S::Error> {
    Borrowed { version: op.version(), op }.serialize(serializer)
}

/// Reads an operation with its version. Needs a self-describing format.
///
/// # Errors
/// As [`UserOperation::from_json`], besides the deserializer's own.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserOperation, D::Error> {
    let Owned { version, op } = Owned::deserialize(deserializer)?;
    UserOperation::from_json(version, &op).map_err(D::Error::custom)
}
