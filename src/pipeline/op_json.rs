//! A UserOperation in a stored stage: its version, and the JSON of ERC-7769.

use countersign_userop::{EntryPointVersion, UserOperation};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
struct Stored {
    version: EntryPointVersion,
    op: Value,
}

pub(super) fn serialize<S: Serializer>(
    op: &UserOperation,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Stored { version: op.version(), op: op.to_json() }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<UserOperation, D::Error> {
    let stored = Stored::deserialize(deserializer)?;
    UserOperation::from_json(stored.version, &stored.op).map_err(D::Error::custom)
}
