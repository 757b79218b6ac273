//! Numbers as the services write them: `0x` quantities, and from some of them plain numbers.

use alloy::primitives::U256;
use serde::{Deserialize, Deserializer, de::Error};

/// A number of at most 128 bits, which is what a gas limit may be.
pub(crate) fn gas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    narrow(U256::deserialize(deserializer)?)
}

/// The same, where it may be missing or null.
pub(crate) fn optional_gas<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u128>, D::Error> {
    Option::<U256>::deserialize(deserializer)?.map(narrow).transpose()
}

fn narrow<E: Error>(value: U256) -> Result<u128, E> {
    u128::try_from(value).map_err(|_| E::custom("a gas value has more than 128 bits"))
}
