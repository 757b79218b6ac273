//! Which EntryPoint an operation is for.

use std::{fmt, str::FromStr};

use alloy::primitives::{Address, address};

/// The EntryPoint releases this crate knows; an operation's packing and hash depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryPointVersion {
    /// 0.6: one unpacked struct, hashed by `abi.encode`.
    V0_6,
    /// 0.7: gas values packed in pairs, hashed by `abi.encode`.
    V0_7,
    /// 0.8: as 0.7, but the hash is an EIP-712 digest and EIP-7702 senders are known.
    V0_8,
    /// 0.9: as 0.8, but a paymaster's signature travels apart from the signed data.
    V0_9,
}

impl EntryPointVersion {
    /// Every known version, oldest first.
    pub const ALL: [Self; 4] = [Self::V0_6, Self::V0_7, Self::V0_8, Self::V0_9];

    /// Where this release is deployed on public chains.
    pub const fn canonical_address(self) -> Address {
        match self {
            Self::V0_6 => address!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
            Self::V0_7 => address!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
            Self::V0_8 => address!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
            Self::V0_9 => address!("433709009B8330FDa32311DF1C2AFA402eD8D009"),
        }
    }

    /// The version as JSON, configuration and the command line write it: `0.6` to `0.9`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_6 => "0.6",
            Self::V0_7 => "0.7",
            Self::V0_8 => "0.8",
            Self::V0_9 => "0.9",
        }
    }

    /// Whether this EntryPoint knows the EIP-7702 marker in `initCode`.
    pub const fn supports_eip7702_marker(self) -> bool {
        matches!(self, Self::V0_8 | Self::V0_9)
    }

    /// Whether the paymaster's signature travels outside the hashed data.
    pub const fn has_paymaster_signature(self) -> bool {
        matches!(self, Self::V0_9)
    }
}

/// The text names no EntryPoint version that this crate knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown EntryPoint version {found:?}, expected one of 0.6, 0.7, 0.8, 0.9")]
pub struct UnknownVersion {
    found: String,
}

impl FromStr for EntryPointVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownVersion { found: text.chars().take(32).collect() })
    }
}

impl fmt::Display for EntryPointVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for EntryPointVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for EntryPointVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
